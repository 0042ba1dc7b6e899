/**
 * Tools that run inside the runtime's process: what their authors write, and what a call is given.
 *
 * A tool does not open files, connections or programs itself. It is handed what its call was prepared
 * for, and nothing else: the guards of the gate are the only way to the world that it needs to know.
 */
import * as z from "zod";
import { anyCapabilityOf, type CapabilityParameter } from "./capabilities.ts";
import { HeddleError } from "./errors.ts";
import { type ContentHash, hashJson } from "./hash.ts";
import { Name, type RunId, type TenantId } from "./ids.ts";
import type { Permission } from "./ir-parts.ts";
import { isJsonObject, type JsonObject, type JsonValue } from "./json.ts";
import type { LogLevel } from "./run.ts";

/** What an argument names: a value alone, a path, a URL, the text of a command, or a text that a shell reads. */
export type ArgumentKind = "value" | "path" | "url" | "command" | "script";

/** A file or folder beneath a root, as a call was prepared for it. Its methods throw what the guards refuse: `call-denied` with the reason's code. */
export interface ToolFile {
  readonly root: string;
  /** Beneath the root, with `/`; empty: the root itself. */
  readonly relative: string;
  readonly real: string;
  readonly exists: boolean;
  /** Default of `bytesMax`: 16 MiB. */
  read(limits?: { readonly bytesMax?: number }): Promise<Uint8Array>;
  /** The same as text; bytes that are no UTF-8 are refused. */
  readText(limits?: { readonly bytesMax?: number }): Promise<string>;
  /** Replaces the content in one step; makes missing folders. */
  write(content: string | Uint8Array): Promise<{ readonly bytes: number; readonly created: boolean }>;
  /** Everything beneath it in the order of names, links not followed, within the given bounds; `stopped` where one was reached. */
  walk(
    visit: (entry: ToolEntry) => WalkAnswer | Promise<WalkAnswer>,
    limits?: WalkLimits,
  ): Promise<{ readonly entries: number; readonly stopped: boolean }>;
}

/** What a walk comes to. */
export interface ToolEntry {
  /** Beneath the folder that is walked, with `/`. */
  readonly relative: string;
  readonly kind: "file" | "folder" | "link" | "other";
  /** The beginning of a file as text, during the visit; undefined where it is no text, or the call could not have read it by its own path. */
  readText(bytesMax: number): Promise<string | undefined>;
}

/** `skip`: a folder is not entered; `stop`: the walk is over. */
export type WalkAnswer = "skip" | "stop" | undefined;

export interface WalkLimits {
  /** Default 20,000. */
  readonly entriesMax?: number;
  /** Default 32. */
  readonly depthMax?: number;
  /** Of all that visits read; default 64 MiB. */
  readonly bytesMax?: number;
}

export interface ToolRequest {
  readonly method: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
  /** Default 30 s. */
  readonly timeoutMs?: number;
  /** Default 4 MiB. */
  readonly bodyBytesMax?: number;
}

export interface ToolResponse {
  readonly status: number;
  readonly statusText: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
  /** Where it came from in the end. */
  readonly url: string;
}

export interface ProgramResult {
  /** Null where a signal ended it. */
  readonly exitCode: number | null;
  readonly signal: string | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly truncated: boolean;
  readonly timedOut: boolean;
}

/** What a call has to do its work with. */
export interface ToolContext {
  readonly signal: AbortSignal;
  readonly run: RunId;
  readonly tenant: TenantId;
  readonly node: string;
  /** The same for every attempt at the call. */
  readonly idempotencyKey: string;
  readonly attempt: number;
  /** The file that a path argument names. */
  file(parameter: string): ToolFile;
  /** A request to the destination of a URL argument. Redirects to where the call may go are followed. */
  request(parameter: string, request: ToolRequest): Promise<ToolResponse>;
  /** Runs the command of a command argument in the folder of a root: its words, no shell, nothing inherited. A script argument is read by `/bin/sh`. */
  execute(parameter: string, limits?: { readonly timeoutMs?: number; readonly outputBytesMax?: number }): Promise<ProgramResult>;
  log(level: LogLevel, text: string, fields?: JsonObject): void;
}

export interface ToolParameter {
  readonly name: string;
  readonly kind: ArgumentKind;
  readonly required: boolean;
}

/** A tool, ready to be registered. */
export interface Tool {
  readonly name: string;
  readonly capability: string;
  readonly description: string;
  /** What a call may do. */
  readonly permission: Permission;
  readonly parameters: readonly ToolParameter[];
  /** JSON Schema of its arguments, as a model is shown them. */
  readonly inputSchema: JsonObject;
  /** Of everything above: another declaration is another tool. */
  readonly version: ContentHash;
  /** Arguments with defaults filled in, or what is wrong with them. */
  parse(args: JsonObject): { readonly args: JsonObject } | { readonly problem: string };
  handler(args: JsonObject, context: ToolContext): Promise<JsonValue | undefined> | JsonValue | undefined;
}

export interface ToolDefinition<Input extends z.ZodObject> {
  readonly name: string;
  /** Of the catalog. The tool has at least its required parameters. */
  readonly capability: string;
  /** Given to models word for word. */
  readonly description: string;
  readonly input: Input;
  /** Default: that of the capability. */
  readonly permission?: Permission;
  /** Arguments of its own that name more than a value: those of the capability are known. */
  readonly kinds?: Readonly<Record<string, ArgumentKind>>;
  /** What it throws fails the call with `tool-failed` and the message. */
  readonly handler: (args: z.output<Input>, context: ToolContext) => Promise<JsonValue | undefined> | JsonValue | undefined;
}

/**
 * Defines a tool.
 *
 * @throws HeddleError `tool-invalid` when the capability is unknown, or a required parameter is missing or of another type.
 */
export function defineTool<Input extends z.ZodObject>(definition: ToolDefinition<Input>): Tool {
  const { name, capability, description, input } = definition;
  const known = anyCapabilityOf(capability);
  const refuse = (message: string): never => {
    throw new HeddleError("tool-invalid", `the tool ${JSON.stringify(name)} ${message}`, { details: { tool: String(name) } });
  };
  if (!Name.safeParse(name).success) return refuse("has no valid name: letters, digits, - _ and . alone");
  if (known === undefined) return refuse(`is for ${JSON.stringify(capability)}, which is no capability of the catalog`);
  const schema = inputSchemaOf(input, refuse);
  const parameters = parametersOf(schema, known.parameters, definition.kinds ?? {}, refuse);
  const permission = definition.permission ?? known.permission;
  return {
    name,
    capability,
    description,
    permission,
    parameters,
    inputSchema: schema,
    version: hashJson({
      name,
      capability,
      description,
      permission,
      parameters: parameters.map(({ kind, name: of }) => [of, kind]),
      schema,
    }),
    parse(args) {
      const parsed = input.safeParse(args);
      if (parsed.success) return { args: withoutUndefined(parsed.data) };
      const lines = parsed.error.issues.slice(0, 5).map(({ path, message }) => `${path.join(".") || "arguments"}: ${message}`);
      return { problem: lines.join("; ") };
    },
    handler: (args, context) => definition.handler(args as z.output<Input>, context),
  };
}

function withoutUndefined(value: object): JsonObject {
  return Object.fromEntries(Object.entries(value).filter(([, member]) => member !== undefined));
}

function inputSchemaOf(input: z.ZodObject, refuse: (message: string) => never): JsonObject {
  try {
    const { $schema: _, ...schema } = z.toJSONSchema(input, { io: "input" });
    return { ...(JSON.parse(JSON.stringify(schema)) as JsonObject), additionalProperties: false };
  } catch (error) {
    return refuse(`has an input without a JSON Schema: ${error instanceof Error ? error.message : "unknown"}`);
  }
}

function parametersOf(
  schema: JsonObject,
  needed: readonly CapabilityParameter[],
  kinds: Readonly<Record<string, ArgumentKind>>,
  refuse: (message: string) => never,
): readonly ToolParameter[] {
  const properties = isJsonObject(schema["properties"] ?? null) ? (schema["properties"] as JsonObject) : {};
  const required = new Set((schema["required"] ?? []) as readonly string[]);
  for (const { name, type, required: must } of needed) {
    const property = properties[name];
    if (property === undefined && must) return refuse(`has no parameter ${name}, which its capability requires`);
    // One with a default always has a value by the time it is judged.
    if (must && !required.has(name) && !hasDefault(property))
      return refuse(`has an optional parameter ${name}, which its capability requires`);
    if (property !== undefined && type !== "json" && (!isJsonObject(property) || property["type"] !== "string"))
      return refuse(`has a parameter ${name} that is no text`);
  }
  for (const name of Object.keys(kinds))
    if (properties[name] === undefined) return refuse(`says what ${name} names, and has no such parameter`);
  // Policies that allow single commands are read as forbidding scripts; one under another capability would escape them.
  for (const [name, kind] of Object.entries(kinds))
    if (kind === "script" && !needed.some((each) => each.name === name && each.names === "script"))
      return refuse(`has a script ${name}, which only a tool for os.shell.script may have`);
  const byName = new Map(needed.map((parameter) => [parameter.name, parameter]));
  return Object.keys(properties).map((name) => ({ name, kind: kinds[name] ?? kindOf(byName.get(name)), required: required.has(name) }));
}

function hasDefault(property: JsonValue | undefined): boolean {
  return isJsonObject(property) && Object.hasOwn(property, "default");
}

function kindOf(parameter: CapabilityParameter | undefined): ArgumentKind {
  if (parameter?.type === "path") return "path";
  return parameter?.names ?? "value";
}

/** Tools by name, and by capability in the order in which they were given. */
export interface ToolRegistry {
  readonly tools: readonly Tool[];
  get(name: string): Tool | undefined;
  /** The first tool for a capability: what a node that names none, and a policy's need, call. */
  forCapability(capability: string): Tool | undefined;
}

/**
 * A registry of any subset of tools.
 *
 * @throws HeddleError `tool-invalid` where two have the same name.
 */
export function createToolRegistry(tools: readonly Tool[]): ToolRegistry {
  const byName = new Map<string, Tool>();
  const byCapability = new Map<string, Tool>();
  for (const tool of tools) {
    if (byName.has(tool.name))
      throw new HeddleError("tool-invalid", `two tools have the name ${tool.name}`, { details: { tool: tool.name } });
    byName.set(tool.name, tool);
    if (!byCapability.has(tool.capability)) byCapability.set(tool.capability, tool);
  }
  return { tools: [...tools], get: (name) => byName.get(name), forCapability: (capability) => byCapability.get(capability) };
}
