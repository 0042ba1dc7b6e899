/**
 * The bundle backend: workflows, handlers and files become a checked manifest and a map of files. Pure,
 * and total: whatever it is given, it answers with a bundle or with all that is wrong.
 */
import {
  BundleHandler,
  BundleManifest,
  bundleFormat,
  bundleHash,
  type ContentHash,
  canonicalJson,
  checkBundle,
  handlerNamesOf,
  hashBytes,
  isPayloadPath,
  type JsonValue,
  payloadFileBytesMax,
  reachOfBundle,
  WorkflowIr,
} from "@heddle/core";
import type { Problem } from "../../problem.ts";

/** What a bundle is made of. Workflows and handlers may come from anywhere: they are parsed. */
export interface BundleParts {
  readonly main: string;
  readonly workflows: readonly unknown[];
  readonly handlers: readonly unknown[];
  /** By path below `payloads/`. */
  readonly files: ReadonlyMap<string, Uint8Array>;
}

/** What a bundle was made of, where that was a manifest of another runtime. */
export interface ImportedJob {
  readonly graphId: string;
  readonly jobName: string;
  readonly nodes: number;
  readonly serviceChecks: number;
  readonly inputRules: number;
}

/** A bundle, or why there is none. `files` are by path below `payloads/`. */
export type Bundle =
  | {
      readonly valid: true;
      readonly manifest: BundleManifest;
      readonly files: ReadonlyMap<string, Uint8Array>;
      readonly hash: ContentHash;
      /** Warnings alone. */
      readonly problems: readonly Problem[];
      readonly imported?: ImportedJob;
    }
  | {
      readonly valid: false;
      readonly manifest: undefined;
      readonly files: ReadonlyMap<string, Uint8Array>;
      readonly hash: undefined;
      readonly problems: readonly Problem[];
    };

/** The answer where there is no bundle. */
export function noBundle(problems: readonly Problem[]): Bundle {
  return { valid: false, manifest: undefined, files: new Map(), hash: undefined, problems };
}

/** Makes a bundle. Equal parts give equal bytes, in whatever order handlers and files were found. */
export function createBundle(parts: BundleParts): Bundle {
  const problems: Problem[] = [];
  const workflows = parts.workflows.flatMap((given, i) => parseWorkflow(given, i, problems));
  const handlers = parts.handlers.flatMap((given) => {
    const parsed = BundleHandler.safeParse(given);
    if (!parsed.success) problems.push({ path: "handlers", message: parsed.error.issues[0]?.message ?? "is not a handler" });
    return parsed.success ? [parsed.data] : [];
  });
  for (const [path, bytes] of parts.files) {
    if (!isPayloadPath(path)) {
      problems.push({
        path,
        message: "cannot be the name of a file in a bundle",
        help: "Use relative names without \\ : and control characters, and no part that ends in a dot",
      });
    }
    if (bytes.length > payloadFileBytesMax)
      problems.push({ path, message: `has ${bytes.length} bytes, and at most ${payloadFileBytesMax} are accepted` });
  }
  if (problems.length > 0) return noBundle(problems);
  const used = new Set(workflows.flatMap((ir) => handlerNamesOf(ir.nodes)));
  const ordered = [...workflows].sort((a, b) => inOrder(a.id, b.id));
  const declared = handlers.filter(({ name }) => used.has(name)).sort((a, b) => inOrder(a.name, b.name));
  const manifest: BundleManifest = {
    format: bundleFormat,
    main: parts.main,
    workflows: ordered,
    handlers: declared,
    capabilities: reachOfBundle({ workflows: ordered, handlers: declared }),
    files: [...parts.files]
      .map(([path, bytes]) => ({ path, hash: hashBytes(bytes), bytes: bytes.length }))
      .sort((a, b) => inOrder(a.path, b.path)),
  };
  const parsed = BundleManifest.safeParse(JSON.parse(canonicalJson(manifest as unknown as JsonValue)));
  if (!parsed.success) {
    return noBundle(parsed.error.issues.map((issue) => ({ path: issue.path.join(".") || "manifest", message: issue.message })));
  }
  const unsound = checkBundle(parsed.data);
  if (unsound.length > 0) return noBundle(unsound);
  const files = new Map(manifest.files.map(({ path }) => [path, parts.files.get(path) ?? new Uint8Array()]));
  return { valid: true, manifest: parsed.data, files, hash: bundleHash(parsed.data), problems: [] };
}

/** The text of `manifest.json`: canonical order, indented for people. */
export function manifestText(manifest: BundleManifest): string {
  return `${JSON.stringify(JSON.parse(canonicalJson(manifest as unknown as JsonValue)), null, 2)}\n`;
}

function parseWorkflow(given: unknown, index: number, problems: Problem[]): readonly WorkflowIr[] {
  const parsed = WorkflowIr.safeParse(given);
  if (parsed.success) return [parsed.data];
  const named = given as { id?: unknown };
  const id = typeof named?.id === "string" ? named.id : `workflow ${index + 1}`;
  for (const issue of parsed.error.issues) problems.push({ path: [id, ...byId(given, issue.path)].join("/"), message: issue.message });
  return [];
}

/** A path of the schema, with nodes under their ids. */
function byId(value: unknown, path: readonly PropertyKey[]): readonly string[] {
  const [step, ...rest] = path;
  if (step === undefined) return [];
  const inner = (value as Record<PropertyKey, unknown> | undefined)?.[step];
  const id = typeof step === "number" ? ((inner as { id?: unknown })?.id ?? step) : step;
  const below = byId(inner, rest);
  return step === "nodes" && below.length > 0 ? below : [String(id), ...below];
}

function inOrder(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
