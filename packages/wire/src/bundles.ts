/** The bundles service. */
import { BundleRequest, BundleView, HeddleError, type JsonValue, JsonValueSchema, Page } from "@heddle/core";
import * as z from "zod";
import { pageOf, StoredBundle } from "./answers.ts";
import { type Bundle, BundlesServiceService } from "./gen/heddle/bundles/v1/bundles.js";
import { present, wireMethod } from "./method.ts";
import { emptyAnswer } from "./pages.ts";
import { answerJson, int, num, requestBytesMax, requestJson } from "./scalars.ts";

/** One message of an upload. */
export const BundlePart = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("manifest"), manifest: JsonValueSchema }),
  z.strictObject({
    kind: z.literal("chunk"),
    path: z.string(),
    bytes: z.custom<Uint8Array>((value) => value instanceof Uint8Array),
    last: z.boolean(),
  }),
]);
export type BundlePart = z.infer<typeof BundlePart>;

/** Every method of `BundlesApi`, by its name there. */
export const bundlesWire = {
  put: wireMethod(BundlesServiceService.putBundle, {
    request: BundlePart,
    jsonMembers: ["manifest"],
    response: BundleView,
    toRequest: ({ part }) => {
      if (part === undefined) throw new HeddleError("request-invalid", "a message of the upload is empty");
      if (part.$case === "chunk") return { kind: "chunk", path: part.value.path, bytes: part.value.data, last: part.value.last };
      return { kind: "manifest", manifest: requestJson("manifest_json", part.value, requestBytesMax) };
    },
    fromRequest: (part) => ({
      part:
        part.kind === "manifest"
          ? { $case: "manifestJson" as const, value: JSON.stringify(part.manifest) }
          : { $case: "chunk" as const, value: { path: part.path, data: bufferOf(part.bytes), last: part.last } },
    }),
    toResponse: ({ bundle }) => bundle && toBundle(bundle),
    fromResponse: (view) => ({ bundle: fromBundle(view) }),
  }),
  get: wireMethod(BundlesServiceService.getBundle, {
    request: BundleRequest,
    response: StoredBundle,
    toRequest: ({ hash }) => ({ hash }),
    fromRequest: ({ hash }) => ({ hash }),
    toResponse: ({ bundle, manifestJson }) => ({ view: bundle && toBundle(bundle), manifest: answerJson(manifestJson) }),
    fromResponse: ({ view, manifest }) => ({ bundle: fromBundle(view), manifestJson: JSON.stringify(manifest as unknown as JsonValue) }),
  }),
  list: wireMethod(BundlesServiceService.listBundles, {
    request: Page,
    response: pageOf(BundleView),
    toRequest: (message) => present(message),
    fromRequest: ({ limit, cursor }) => ({ limit, cursor }),
    toResponse: ({ bundles, cursor }) => present({ rows: bundles.map(toBundle), cursor }),
    fromResponse: ({ rows, cursor }) => ({ bundles: rows.map(fromBundle), cursor }),
  }),
  delete: wireMethod(BundlesServiceService.deleteBundle, {
    request: BundleRequest,
    toRequest: ({ hash }) => ({ hash }),
    fromRequest: ({ hash }) => ({ hash }),
    ...emptyAnswer,
  }),
};

/** The same bytes as a Buffer, without a copy. */
function bufferOf(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function toBundle(message: Bundle): unknown {
  const { hash, main, workflows, files, bytes, storedAtMs } = message;
  return { hash, main, workflows, files: num(files), bytes: num(bytes), storedAtMs: num(storedAtMs) };
}

function fromBundle(view: BundleView): Bundle {
  const { hash, main, workflows, files, bytes, storedAtMs } = view;
  return { hash, main, workflows: [...workflows], files: int(files), bytes: int(bytes), storedAtMs: int(storedAtMs) };
}
