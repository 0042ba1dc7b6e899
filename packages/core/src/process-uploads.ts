/**
 * The files of its bundle that a `process` node is given. Pure: the gate asks it when a bundle is
 * loaded, the executor when an attempt starts, and both get the same answer.
 *
 * Only files that the manifest lists can be given, so nothing outside `payloads/` can be named at all.
 */
import { isPayloadPath, type PayloadFile } from "./bundle.ts";
import { type Failure, failureOf } from "./failure.ts";
import type { ProcessNode } from "./ir.ts";
import { isJsonObject, type JsonValue } from "./json.ts";

/** A file of the bundle, and where it goes below the folder of an attempt. */
export interface UploadedFile {
  readonly file: PayloadFile;
  readonly target: string;
}

/**
 * The files that a process node is given, of those of its bundle. The first thing wrong is a failure:
 * `path-escape` for a source or target that leads outside, `bundle-invalid` for one that is not there
 * or in the way of another.
 */
export function uploadsOf(node: ProcessNode, files: readonly PayloadFile[]): readonly UploadedFile[] | Failure {
  const uploaded = new Map<string, UploadedFile>();
  for (const { source, target } of wantedUploads(node)) {
    const from = relativePath(source);
    const to = relativePath(withoutSandbox(target ?? source));
    if (from === undefined || to === undefined) {
      const path = from === undefined ? source : (target ?? source);
      return failureOf("path-escape", `the upload ${JSON.stringify(path)} of ${node.id} leads outside`, "denied", { node: node.id });
    }
    const found = files.filter((file) => from === "" || file.path === from || file.path.startsWith(`${from}/`));
    if (found.length === 0) return invalid(node, `upload source does not exist: ${source}`);
    for (const file of found) {
      const rest = file.path === from ? "" : file.path.slice(from === "" ? 0 : from.length + 1);
      const place = [to, rest].filter((part) => part !== "").join("/");
      if (place === "") return invalid(node, `the upload ${source} of ${node.id} is a file and needs a name to go by`);
      if (contractFiles.has(place)) return invalid(node, `the upload ${source} of ${node.id} would replace ${place}`);
      const before = uploaded.get(place);
      if (before !== undefined && before.file.path !== file.path)
        return invalid(node, `two uploads of ${node.id} have the place ${place}: ${before.file.path} and ${file.path}`);
      uploaded.set(place, { file, target: place });
    }
  }
  return [...uploaded.values()];
}

/** The folder of an attempt has another name, by which bundles that were written for a sandbox know it. */
const sandboxFolder = "/sandbox/job";

/** A path in the folder of an attempt, relative to it. */
export function withoutSandbox(path: string): string {
  return path === sandboxFolder || path.startsWith(`${sandboxFolder}/`) ? `.${path.slice(sandboxFolder.length)}` : path;
}

function invalid(node: ProcessNode, message: string): Failure {
  return failureOf("bundle-invalid", message, "invalid", { node: node.id });
}

/** Where an attempt finds what it is given, in its folder. */
export const processFiles = {
  input: "mirror_neuron_input.json",
  message: "mirror_neuron_message.json",
  body: "mirror_neuron_body",
  context: "mirror_neuron_context.json",
} as const;
const contractFiles: ReadonlySet<string> = new Set(Object.values(processFiles));

interface Wanted {
  readonly source: string;
  readonly target: string | undefined;
}

function wantedUploads({ config, uploads = [] }: ProcessNode): readonly Wanted[] {
  const { upload_path: path, upload_as: as } = config;
  return [
    ...(path === undefined ? [] : [{ source: path, target: as }]),
    ...[...uploads, ...(config.upload_paths ?? []), ...(config.uploads ?? [])].flatMap((upload) => wantedUpload(upload)),
  ];
}

function wantedUpload(upload: JsonValue): readonly Wanted[] {
  if (typeof upload === "string") return [{ source: upload, target: undefined }];
  if (!isJsonObject(upload) || typeof upload["source"] !== "string") return [];
  const target = upload["target"];
  return [{ source: upload["source"], target: typeof target === "string" ? target : undefined }];
}

/** `./a/c/../b/` as `a/b`, the folder itself as the empty text; undefined for what is absolute, climbs out, or is no path of a payload. */
export function relativePath(path: string): string | undefined {
  const parts: string[] = [];
  for (const part of path.split("/")) {
    if (part === "..") {
      if (parts.pop() === undefined) return undefined;
    } else if (part !== "." && part !== "") parts.push(part);
  }
  const plain = parts.join("/");
  return !path.startsWith("/") && (plain === "" || isPayloadPath(plain)) ? plain : undefined;
}
