/**
 * Preparing: a call as it was asked for becomes a call as it would be executed. Arguments are parsed, paths are
 * resolved to where they really lead, URLs to host and port, commands to words. What comes out is judged, shown to
 * people and executed; nothing else is.
 */
import {
  anyCapabilityOf,
  type CallDenial,
  type Failure,
  failureOf,
  hashJson,
  isJsonArray,
  type JsonObject,
  type JsonValue,
  type PreparedCall,
  type PreparedDestination,
  type PreparedPath,
  secretNameOf,
  type Tool,
  type ToolRegistry,
} from "@heddle/core";
import { splitCommand } from "../guards/commands/split-command.ts";
import { type Destination, parseDestination } from "../guards/destinations/destination.ts";
import { type DestinationPolicy, judgeDestination } from "../guards/destinations/judge-destination.ts";
import { widenedBy } from "../guards/destinations/widened.ts";
import type { FileGuard } from "../guards/files/file-guard.ts";
import { isRefusal, type Refusal } from "../guards/refusal.ts";
import type { CallRequest } from "./call-request.ts";
import { screenCall, screenReach } from "./screen/index.ts";

export interface PrepareParts {
  readonly registry: ToolRegistry;
  readonly files: FileGuard;
  /** What relative paths are relative to, where the run has no input `cwd`. */
  readonly base: string;
  readonly destinations: DestinationPolicy;
  /** Whether actions of plugins can be called. */
  readonly plugins: boolean;
}

/** A call that is ready to be judged, or why there is none. */
export type Preparation = { readonly prepared: PreparedCall } | { readonly denial: CallDenial } | { readonly failure: Failure };

/** A call as hooks are told of it: screened, and its arguments parsed. */
export type Announced =
  | { readonly described: Described; readonly args: JsonObject }
  | { readonly denial: CallDenial }
  | { readonly failure: Failure };

/** What a call asks for, before anything is resolved. */
export function announceCall(request: CallRequest, parts: PrepareParts): Announced {
  const { node, rules } = request;
  const found = describe(request, parts);
  if ("code" in found) return { failure: found };
  const reach = rules.reach.get(node.id);
  const refused = screenCall(found.described, { reach, ...(node.requires === undefined ? {} : { requires: node.requires }) });
  if (refused !== undefined) return { denial: refused };
  const parsed = found.tool?.parse(request.args) ?? { args: request.args };
  return "args" in parsed
    ? { described: found.described, args: parsed.args }
    : { failure: misfit(request, found.described, parsed.problem) };
}

function misfit({ node }: CallRequest, { tool }: Pick<Described, "tool">, problem: string): Failure {
  return failureOf("input-invalid", `${node.id} calls ${tool} with arguments that do not fit: ${problem}`, "invalid", { node: node.id });
}

export async function prepareCall(request: CallRequest, parts: PrepareParts): Promise<Preparation> {
  const { node, rules } = request;
  const found = describe(request, parts);
  if ("code" in found) return { failure: found };
  const reach = rules.reach.get(node.id);
  const refused = screenCall(found.described, { reach, ...(node.requires === undefined ? {} : { requires: node.requires }) });
  if (refused !== undefined) return { denial: refused };
  const misplaced = misplacedSecret(request.args);
  if (misplaced !== undefined) return denied("secret-misplaced", misplaced);
  const resolved = found.tool === undefined ? {} : await argumentsOf(found.tool, request, parts);
  if ("failure" in resolved || "denial" in resolved) return resolved;
  const prepared = await preparedOf(request, parts, found.described, resolved);
  const outside = screenReach(prepared, reach);
  return outside === undefined ? { prepared } : { denial: outside };
}

/** A secret becomes a value in headers alone: anywhere else it would be a value of the call, which is journalled and shown. */
function misplacedSecret(args: JsonObject): string | undefined {
  const place = Object.keys(args).find((name) => name !== "headers" && holdsReference(args[name]));
  if (place === undefined) return undefined;
  return `the argument ${JSON.stringify(place)} refers to a secret, which only headers may do; give the program of a process node its secrets in its environment`;
}

/** A text that talks about references is none. */
function holdsReference(value: JsonValue | undefined): boolean {
  if (typeof value === "string") return secretNameOf(value) !== undefined;
  if (typeof value !== "object" || value === null) return false;
  return (isJsonArray(value) ? value : Object.values(value)).some(holdsReference);
}

export type Described = Pick<PreparedCall, "tool" | "version" | "capability" | "permission"> &
  Partial<Pick<PreparedCall, "plugin" | "person">>;

/** What a node calls: a tool of this process, a person, or an action of a plugin. */
function describe(
  { node }: CallRequest,
  { registry, plugins }: PrepareParts,
): { readonly described: Described; readonly tool?: Tool } | Failure {
  const { capability } = node;
  const tool = node.tool === undefined ? registry.forCapability(capability) : registry.get(node.tool);
  if (tool !== undefined) {
    const { name, version, permission } = tool;
    return { described: { tool: name, version, capability: tool.capability, permission }, tool };
  }
  const person = node.tool === undefined ? personOf(capability) : undefined;
  if (person !== undefined) return { described: { ...personTool, tool: capability, capability, person } };
  const name = node.tool ?? capability;
  if (!plugins || anyCapabilityOf(capability) !== undefined)
    return failureOf("tool-not-found", `no tool here is ${name}`, "denied", { node: node.id });
  const permission = node.permission ?? "modify";
  return { described: { tool: name, version: hashJson({ action: name, permission }), capability, permission, plugin: true } };
}

function personOf(capability: string): "confirm" | "elicit" | undefined {
  if (capability === "user.confirm") return "confirm";
  return capability === "user.elicit" ? "elicit" : undefined;
}

/** Asking a person changes nothing by itself. */
const personTool = { version: hashJson("person"), permission: "read" } as const;

interface Resolved {
  readonly args?: JsonObject;
  readonly paths?: readonly PreparedPath[];
  readonly destinations?: readonly PreparedDestination[];
  readonly argv?: readonly string[];
  readonly folder?: string;
}

async function preparedOf(request: CallRequest, parts: PrepareParts, described: Described, resolved: Resolved): Promise<PreparedCall> {
  const inputPaths = await inputPathsOf(request, parts);
  return {
    ...described,
    args: resolved.args ?? request.args,
    paths: [...(resolved.paths ?? [])],
    destinations: [...(resolved.destinations ?? [])],
    ...(resolved.argv === undefined ? {} : { argv: [...resolved.argv] }),
    ...(resolved.folder === undefined ? {} : { folder: resolved.folder }),
    ...(Object.keys(inputPaths).length === 0 ? {} : { inputPaths }),
    ...(request.widened === undefined ? {} : { widened: [...request.widened] }),
    policies: request.rules.policies.hash,
  };
}

async function argumentsOf(
  tool: Tool,
  request: CallRequest,
  parts: PrepareParts,
): Promise<Resolved | Exclude<Preparation, { prepared: PreparedCall }>> {
  const parsed = tool.parse(request.args);
  if ("args" in parsed) return resolveArguments(tool, parsed.args, request, parts);
  return { failure: misfit(request, { tool: tool.name }, parsed.problem) };
}

async function resolveArguments(
  tool: Tool,
  args: JsonObject,
  request: CallRequest,
  parts: PrepareParts,
): Promise<Resolved | { readonly denial: CallDenial }> {
  const given: Record<string, JsonObject[string]> = { ...args };
  const paths: PreparedPath[] = [];
  const destinations: PreparedDestination[] = [];
  let argv: readonly string[] | undefined;
  let folder: string | undefined;
  for (const { name, kind } of tool.parameters) {
    const text = given[name];
    if (typeof text !== "string") continue;
    if (kind === "path") {
      const path = await parts.files.resolve(text, baseOf(request, parts));
      if (isRefusal(path)) return refusalOf(path, name);
      if (path.kind === "other") return denied("file-kind-refused", `${name} names something that is neither a file nor a folder`);
      paths.push({ parameter: name, root: path.root, real: path.real, relative: path.relative, exists: path.exists });
      given[name] = path.real;
    } else if (kind === "url") {
      const destination = parseDestination(text);
      if (isRefusal(destination)) return refusalOf(destination, name);
      const refused = judgeDestination(destination, widenedBy(parts.destinations, request.widened));
      if (refused !== undefined) return refusalOf(refused, name);
      destinations.push(preparedDestination(name, destination));
    } else if (kind === "command" || kind === "script") {
      // A script has no words: a policy that reads them refuses it, instead of judging the words of the shell.
      const words = kind === "command" ? splitCommand(text) : undefined;
      if (isRefusal(words)) return refusalOf(words, name);
      const at = await parts.files.resolve(".", baseOf(request, parts));
      if (isRefusal(at)) return refusalOf(at, "cwd");
      argv = words?.argv;
      folder = at.real;
    }
  }
  return { args: given, paths, destinations, ...(argv === undefined ? {} : { argv }), ...(folder === undefined ? {} : { folder }) };
}

export function preparedDestination(parameter: string, { scheme, host, port }: Destination): PreparedDestination {
  return { parameter, scheme, host, port };
}

/** Relative paths of a run are relative to its input `cwd`, where it has one. */
export function baseOf({ input }: CallRequest, { base }: PrepareParts): string {
  const { cwd } = input;
  return typeof cwd === "string" && cwd.startsWith("/") ? cwd : base;
}

/** Where the inputs that are paths lead. One that leads nowhere allowed has no value, and a policy that reads it refuses. */
async function inputPathsOf(request: CallRequest, parts: PrepareParts): Promise<Record<string, string>> {
  const { input, rules } = request;
  const { files } = parts;
  const base = baseOf(request, parts);
  const found: Record<string, string> = {};
  const add = async (name: string, text: JsonValue | undefined): Promise<void> => {
    const path = typeof text === "string" ? await files.resolve(text, base) : undefined;
    if (path !== undefined && !isRefusal(path)) found[name] = path.real;
  };
  for (const name of rules.pathInputs) {
    const value = input[name];
    if (value === undefined || !isJsonArray(value)) await add(name, value);
    else for (const [index, text] of value.entries()) await add(`${name}.${index}`, text);
  }
  return found;
}

function refusalOf({ refused, message }: Refusal, parameter: string): { readonly denial: CallDenial } {
  return denied(refused, `${parameter}: ${message}`);
}

function denied(code: string, message: string): { readonly denial: CallDenial } {
  return { denial: { code, message } };
}
