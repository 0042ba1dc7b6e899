/**
 * The bundle: `manifest.json` (IR and packaging) and `payloads/` (code, files), content-addressed.
 * The hash of a bundle is the hash of its manifest, and the manifest holds the hash of every file.
 */
import * as z from "zod";
import { CapabilityManifest, capabilityManifestOf, sameReach } from "./capability-manifest.ts";
import { HeddleError } from "./errors.ts";
import { ContentHash, hashJson } from "./hash.ts";
import { Name } from "./ids.ts";
import { bodiesOf, type Node, WorkflowIr } from "./ir.ts";
import { checkIr, type IrProblem } from "./ir-check.ts";
import { adoptJson, type JsonValue } from "./json.ts";

export const bundleFormat = "heddle.bundle/v1";

/** Bytes of one payload file, and of all of them. */
export const payloadFileBytesMax = 64 * 1024 * 1024;
export const payloadBytesMax = 512 * 1024 * 1024;

/**
 * A file below `payloads/`: relative, `/` between parts, no `.` or `..` part, none of `\ : < > " | ? *`,
 * no control character and no device name, so that it names the same file on every system and never
 * one outside.
 */
export const PayloadPath = z
  .string()
  .min(1)
  .max(512)
  .refine((path) => isPayloadPath(path), "expected a relative path below payloads/, without . or .. parts");
export type PayloadPath = z.infer<typeof PayloadPath>;

/** Windows opens a device under these names, whatever the folder and the extension. */
const deviceName = /^(?:con|prn|aux|nul|com[0-9]|lpt[0-9])(?:\.|$)/i;

export function isPayloadPath(path: string): boolean {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is refused
  if (/[\\:<>"|?*\u0000-\u001f\u007f]|\p{Surrogate}/u.test(path)) return false;
  return path.split("/").every((part) => part !== "" && part === part.trim() && !part.endsWith(".") && !deviceName.test(part));
}

export const PayloadFile = z.strictObject({
  path: PayloadPath,
  hash: ContentHash,
  bytes: z.number().int().min(0).max(payloadFileBytesMax),
});
export type PayloadFile = z.infer<typeof PayloadFile>;

/** The author's function behind handler nodes of that name. */
export const BundleHandler = z.strictObject({
  name: Name,
  /**
   * The module below `payloads/` and its export; absent: a worker serves it, or the embedding program provides the function.
   * With `method` the export is a class, of which each process makes one instance, and the handler a method of it.
   */
  code: z
    .strictObject({ file: PayloadPath, export: z.string().min(1).max(256), method: z.string().min(1).max(256).exactOptional() })
    .exactOptional(),
});
export type BundleHandler = z.infer<typeof BundleHandler>;

export const BundleManifest = z.strictObject({
  format: z.literal(bundleFormat),
  /** The workflow that `heddle run` starts. */
  main: Name,
  workflows: z.array(WorkflowIr).min(1),
  handlers: z.array(BundleHandler),
  files: z.array(PayloadFile),
  /** What its workflows reach, as the compiler printed it. Refused where computing it again gives another. */
  capabilities: CapabilityManifest.exactOptional(),
});
export type BundleManifest = z.infer<typeof BundleManifest>;

/** The name of a bundle: equal manifests, equal hashes. */
export function bundleHash(manifest: BundleManifest): ContentHash {
  return hashJson(manifest as unknown as JsonValue);
}

/** A bare IR as a bundle of its own, whose handlers the embedding program provides. */
export function anonymousBundle(workflows: readonly WorkflowIr[], main = workflows[0]?.id): BundleManifest {
  if (main === undefined) throw new HeddleError("bundle-invalid", "a bundle needs at least one workflow");
  const names = new Set(workflows.flatMap((ir) => handlerNamesOf(ir.nodes)));
  const handlers = [...names].sort().map((name) => ({ name }));
  return { format: bundleFormat, main, workflows: [...workflows], handlers, files: [] };
}

/** The handlers that nodes name, those in region bodies included, each once. */
export function handlerNamesOf(nodes: readonly Node[]): readonly string[] {
  const names = new Set<string>();
  for (const node of nodes) {
    if (node.kind === "handler") names.add(node.handler);
    for (const { body } of bodiesOf(node)) for (const name of handlerNamesOf(body.nodes)) names.add(name);
  }
  return [...names];
}

/** What a bundle reaches, computed from its workflows whatever it says itself. */
export function reachOfBundle({ workflows, handlers }: Pick<BundleManifest, "workflows" | "handlers">): CapabilityManifest {
  return capabilityManifestOf(workflows, new Set(handlers.filter(({ code }) => code !== undefined).map(({ name }) => name)));
}

/** Everything wrong with a manifest that parses: what `heddle validate` prints and the runtime refuses. */
export function checkBundle(manifest: BundleManifest): readonly IrProblem[] {
  const problems: IrProblem[] = [];
  const ids = new Set(manifest.workflows.map((ir) => ir.id));
  if (ids.size < manifest.workflows.length) problems.push({ path: "workflows", message: "two workflows have the same id" });
  if (!ids.has(manifest.main)) problems.push({ path: "main", message: `main workflow ${manifest.main} is not in the bundle` });
  const files = new Set(manifest.files.map((file) => file.path));
  if (files.size < manifest.files.length) problems.push({ path: "files", message: "two files have the same path" });
  else problems.push(...collisions(manifest.files));
  const total = manifest.files.reduce((bytes, file) => bytes + file.bytes, 0);
  if (total > payloadBytesMax)
    problems.push({ path: "files", message: `payloads have ${total} bytes, and at most ${payloadBytesMax} are accepted` });
  const declared = new Set<string>();
  for (const handler of manifest.handlers) {
    if (declared.has(handler.name)) problems.push({ path: `handlers/${handler.name}`, message: `duplicate handler ${handler.name}` });
    declared.add(handler.name);
    if (handler.code !== undefined && !files.has(handler.code.file)) {
      problems.push({ path: `handlers/${handler.name}`, message: `file ${handler.code.file} is not in payloads/` });
    }
  }
  if (manifest.capabilities !== undefined && !sameReach(manifest.capabilities, reachOfBundle(manifest))) {
    problems.push({
      path: "capabilities",
      message: "the capability manifest is not what the workflows of the bundle reach; compile it again",
    });
  }
  for (const ir of manifest.workflows) {
    problems.push(...checkIr(ir, ids));
    for (const name of handlerNamesOf(ir.nodes)) {
      if (!declared.has(name)) problems.push({ path: `${ir.id}`, message: `handler ${name} is used and not declared in the bundle` });
    }
  }
  return problems;
}

/** Paths that differ in a list and clash in a folder: by case alone, or a file where another needs a folder. */
function collisions(files: readonly PayloadFile[]): readonly IrProblem[] {
  const problems: IrProblem[] = [];
  const folded = new Map<string, string>();
  for (const { path } of files) {
    const key = path.normalize("NFC").toLowerCase();
    const other = folded.get(key);
    if (other !== undefined) problems.push({ path: "files", message: `${other} and ${path} are one file on systems that ignore case` });
    folded.set(key, path);
  }
  for (const [key, path] of folded) {
    for (let slash = key.indexOf("/"); slash !== -1; slash = key.indexOf("/", slash + 1)) {
      const file = folded.get(key.slice(0, slash));
      if (file !== undefined) problems.push({ path: "files", message: `${path} needs a folder where ${file} is a file` });
    }
  }
  return problems;
}

/**
 * Parses a manifest from outside.
 *
 * @throws HeddleError `bundle-invalid`, naming the first problems, when it does not parse or is unsound.
 */
export function parseManifest(value: unknown): BundleManifest {
  const parsed = BundleManifest.safeParse(adoptManifest(value));
  if (!parsed.success) {
    const lines = parsed.error.issues.slice(0, 5).map((issue) => `${issue.path.join(".") || "manifest"}: ${issue.message}`);
    throw new HeddleError("bundle-invalid", `the manifest is not a ${bundleFormat}: ${lines.join("; ")}`);
  }
  const problems = checkBundle(parsed.data);
  if (problems.length > 0) {
    const lines = problems.slice(0, 5).map((problem) => `${problem.path}: ${problem.message}`);
    throw new HeddleError("bundle-invalid", `the bundle is unsound: ${lines.join("; ")}`, { details: { problems: problems.length } });
  }
  return parsed.data;
}

/** A copy that nobody else holds, of bounded depth: what is checked is what is kept. */
function adoptManifest(value: unknown): JsonValue {
  try {
    return adoptJson(value);
  } catch (error) {
    if (!HeddleError.is(error)) throw error;
    throw new HeddleError("bundle-invalid", `the manifest is not a ${bundleFormat}: ${error.message}`, { cause: error });
  }
}
