/**
 * The manifest frontend: the text of a `1.0` manifest becomes a workflow of the graph discipline, or all
 * that is wrong with it. Pure and total: no text makes it throw, and none makes it work for longer than
 * its length allows.
 *
 * Architecture invariant: nothing is dropped. What the IR has no field for is in `raw`, as it was written.
 */
import { checkIr, HeddleError, isJsonArray, isJsonObject, type JsonObject, type JsonValue, parseJson, WorkflowIr } from "@heddle/core";
import type { Problem } from "../../problem.ts";
import { checkJob } from "./check-job.ts";
import { checkPayloads, type Payloads } from "./check-payloads.ts";
import { checkPolicies } from "./check-policies.ts";
import { checkSchedule, checkTriggers } from "./check-schedule.ts";
import { checkJobServices, countChecks } from "./check-services.ts";
import { jsonPath, listAt, member, objectAt, shown, textAt } from "./json-access.ts";
import { lowerJob } from "./lower-job.ts";
import { createProblemList, type ProblemList } from "./problem-list.ts";
import { readEdges, readEntrypoints, readInitialInputs } from "./read-edges.ts";
import { readNodes } from "./read-nodes.ts";

/** The longest text that is read, and the deepest: what is made of it stays within the bounds of any JSON value. */
export const manifestTextMax = 64 * 1024 * 1024;
export const manifestDepthMax = 64;

/** What a manifest is, as far as it could be read. */
export interface Manifest {
  /** The whole document, unchanged. */
  readonly document: JsonObject;
  readonly graphId: string;
  readonly jobName: string;
  readonly nodes: number;
  readonly serviceChecks: number;
  readonly inputRules: number;
}

export interface CompiledManifest {
  /** Undefined where the text is no JSON object. */
  readonly manifest: Manifest | undefined;
  /** Present where no problem is an error. */
  readonly ir?: WorkflowIr;
  readonly problems: readonly Problem[];
}

export interface ManifestOptions {
  /** What lies below `payloads/`. Absent: files are not looked for. */
  readonly payloads?: Payloads;
  /** What an upload, script or policy that is not there is. Default `warning`. */
  readonly absent?: "warning" | "error";
}

/** Compiles a manifest. Paths of problems are JSON paths: `nodes[3].config.pool`; `$` is the whole document. */
export function compileManifest(text: string, options: ManifestOptions = {}): CompiledManifest {
  const problems = createProblemList();
  const document = readDocument(text, problems);
  if (document === undefined) return { manifest: undefined, problems: problems.all() };
  checkJob(document, problems);
  const read = readNodes(member(document, "nodes"), problems);
  const edges = readEdges(member(document, "edges"), read, problems);
  const entrypoints = readEntrypoints(document, read, problems);
  const inputs = readInitialInputs(member(document, "initial_inputs"), entrypoints, read, problems);
  checkPolicies(document, problems);
  checkJobServices(document, problems);
  checkSchedule(document, problems);
  checkTriggers(document, problems);
  if (options.payloads !== undefined) checkPayloads(read.nodes, options.payloads, options.absent ?? "warning", problems);
  const graphId = textAt(document, "graph_id") ?? "";
  const manifest: Manifest = {
    document,
    graphId,
    jobName: textAt(document, "job_name") ?? graphId,
    nodes: listAt(document, "nodes")?.length ?? 0,
    serviceChecks: countChecks(
      document,
      read.nodes.map(({ node }) => node),
    ),
    inputRules: listAt(objectAt(document, "input_validation") ?? {}, "rules")?.length ?? 0,
  };
  const job = { text, manifest: document, graphId, nodes: read.nodes, edges, entrypoints, inputs };
  const ir = problems.errors > 0 ? undefined : checked(lowerJob(job), problems);
  return { manifest, ...(ir === undefined ? {} : { ir }), problems: problems.all() };
}

/** Whether a document is a manifest of this format, rather than one of ours. */
export function isJobManifest(document: JsonValue): boolean {
  const signs = ["manifest_version", "graph_id", "nodes", "entrypoints", "apiVersion"];
  return isJsonObject(document) && !Object.hasOwn(document, "format") && signs.some((sign) => Object.hasOwn(document, sign));
}

function readDocument(text: string, problems: ProblemList): JsonObject | undefined {
  let document: JsonValue;
  try {
    document = parseJson(text.replace(/^\uFEFF/, ""), manifestTextMax);
  } catch (error) {
    const why = HeddleError.is(error) ? error.message : "it cannot be read";
    problems.error("$", `the manifest is not valid JSON: ${why}`, "A manifest is one JSON object");
    return undefined;
  }
  if (!isJsonObject(document)) {
    problems.error("$", `the manifest must be an object, and is ${shown(document)}`, "A manifest is one JSON object");
    return undefined;
  }
  const deep = tooDeep(document, "$", 1);
  if (deep === undefined) return document;
  problems.error(deep, `the manifest is nested more than ${manifestDepthMax} levels deep`, "Put deep data into a file below payloads/");
  return undefined;
}

/** Where a value is nested too deep. Its own depth is bounded by the parser. */
function tooDeep(value: JsonValue, path: string, depth: number): string | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  if (depth > manifestDepthMax) return path;
  const entries: readonly (readonly [string | number, JsonValue])[] = isJsonArray(value) ? [...value.entries()] : Object.entries(value);
  for (const [step, inner] of entries) {
    // The path is made on the way back, and only where there is something to tell.
    const deep = tooDeep(inner, "", depth + 1);
    if (deep !== undefined) return depth === 1 ? jsonPath(path, step) : "";
  }
  return undefined;
}

/** The IR that was made, held to its own schema: whoever receives it may rely on it. */
function checked(lowered: unknown, problems: ProblemList): WorkflowIr | undefined {
  const help = "The manifest asks for something that a workflow cannot hold; change what the path names";
  const parsed = WorkflowIr.safeParse(lowered);
  for (const issue of parsed.error?.issues ?? [])
    problems.error(jsonPath("$", ...issue.path), `the workflow made of it does not hold: ${issue.message}`, help);
  if (!parsed.success) return undefined;
  for (const { path, message } of checkIr(parsed.data)) problems.error(path, message, help);
  return problems.errors > 0 ? undefined : parsed.data;
}
