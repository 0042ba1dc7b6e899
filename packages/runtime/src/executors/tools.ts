/**
 * Calls of tools that run in this process. A tool is handed what its call was prepared for and nothing else; one that
 * ignores its abort is left behind after the grace.
 */
import { isIP } from "node:net";
import { join } from "node:path";
import {
  failureOf,
  failureOfThrown,
  HeddleError,
  invariant,
  type JsonObject,
  outcomeOfResult,
  type PreparedCall,
  type PreparedDestination,
  type PreparedPath,
  type ProgramResult,
  type ToolContext,
  type ToolEntry,
  type ToolFile,
  type ToolRegistry,
  type ToolRequest,
  type ToolResponse,
  type WalkAnswer,
  type WalkLimits,
} from "@heddle/core";
import type { AbortHandle, Clock, Executor, Outcome, Task, TaskCall } from "@heddle/ports";
import { runProgram } from "../guards/commands/run-program.ts";
import type { HostAndPort } from "../guards/destinations/host-rules.ts";
import type { FollowAnswer, HttpGuard } from "../guards/destinations/http-guard.ts";
import type { DestinationPolicy } from "../guards/destinations/judge-destination.ts";
import { widenedBy } from "../guards/destinations/widened.ts";
import type { ResolvedPath } from "../guards/files/beneath.ts";
import type { FileGuard } from "../guards/files/file-guard.ts";
import { isRefusal, type Refusal, refuse } from "../guards/refusal.ts";
import { inSandbox, provideSandbox, sandboxed } from "../guards/sandbox/provide.ts";
import type { Confine, SandboxProbe } from "../guards/sandbox/sandbox.ts";
import type { Secrets } from "../secrets/secrets.ts";
import { leftBehind, untilAborted } from "./until-aborted.ts";

export interface ToolsOptions {
  readonly registry: ToolRegistry;
  readonly files: FileGuard;
  readonly http: HttpGuard;
  readonly destinations: DestinationPolicy;
  readonly secrets: Secrets;
  readonly sandbox: SandboxProbe;
  /** Every command runs in a sandbox, also where its node does not ask for one. */
  readonly sandboxed: boolean;
  /** What commands run with, and in which folder where the run has no input `cwd`. */
  readonly programs: { readonly environment: Readonly<Record<string, string>>; readonly folder: string };
  readonly clock: Clock;
  readonly graceMs: number;
}

export const toolDefaults = {
  fileBytesMax: 16 * 1024 * 1024,
  walk: { entriesMax: 20_000, depthMax: 32, bytesMax: 64 * 1024 * 1024 },
  programTimeMs: 30_000,
  programOutputBytesMax: 200_000,
} as const;

export function createToolsExecutor(options: ToolsOptions): Executor {
  return {
    execute(task, abort) {
      const { call, node } = task;
      invariant(call !== undefined, "a tool is reached with a call that was judged");
      const tool = options.registry.get(call.prepared.tool);
      if (tool === undefined || tool.version !== call.prepared.version) {
        const failure = failureOf("tool-not-found", `no tool here is ${call.prepared.tool} as it was judged`, "denied", { node: node.id });
        return Promise.resolve({ kind: "failed", failure });
      }
      const context = new CallContext(options, task, call, abort);
      // What throws at once fails the call as what rejects does.
      const given = (async () => (await tool.handler(call.prepared.args, context)) ?? null)();
      return untilAborted(given, abort, options).then(
        (value): Outcome => (value === leftBehind ? { kind: "aborted" } : outcomeOfResult(value, node.id)),
        (thrown: unknown) => outcomeOfThrown(thrown, abort, node.id),
      );
    },
    close: () => Promise.resolve(),
  };
}

function outcomeOfThrown(thrown: unknown, abort: AbortHandle, node: string): Outcome {
  if (abort.aborted) return { kind: "aborted" };
  if (HeddleError.is(thrown) && (thrown.code === "secret-unresolved" || thrown.code === "capability-denied"))
    return { kind: "failed", failure: failureOf(thrown.code, thrown.message, "denied", { node }) };
  if (HeddleError.is(thrown, "call-denied"))
    return { kind: "failed", failure: failureOf("call-denied", thrown.message, "denied", { node, details: thrown.details ?? {} }) };
  const failure = failureOfThrown(thrown, node);
  return { kind: "failed", failure: failure.code === "handler-failed" ? { ...failure, code: "tool-failed" } : failure };
}

/** A refusal of a guard, as tools and whoever catches their errors meet it. */
function given<Value>(value: Value | Refusal): Value {
  if (isRefusal(value)) throw new HeddleError("call-denied", value.message, { details: { reason: value.refused } });
  return value;
}

class CallContext implements ToolContext {
  readonly #options: ToolsOptions;
  readonly #task: Task;
  readonly #call: TaskCall;
  readonly #abort: AbortHandle;

  constructor(options: ToolsOptions, task: Task, call: TaskCall, abort: AbortHandle) {
    this.#options = options;
    this.#task = task;
    this.#call = call;
    this.#abort = abort;
  }

  get signal(): AbortSignal {
    return this.#abort.signal;
  }
  get run(): ToolContext["run"] {
    return this.#task.run;
  }
  get tenant(): ToolContext["tenant"] {
    return this.#task.tenant;
  }
  get node(): string {
    return this.#task.node.id;
  }
  get idempotencyKey(): string {
    return this.#task.idempotencyKey;
  }
  get attempt(): number {
    return this.#task.attempt;
  }

  file(parameter: string): ToolFile {
    const path = this.#call.prepared.paths.find((each) => each.parameter === parameter);
    if (path === undefined) throw unprepared(this.#call.prepared, parameter, "path");
    return new CallFile(this.#options.files, path, this.#abort.signal, async (real) => {
      const failure = await this.#call.reconsider({ ...this.#call.prepared.args, [parameter]: real });
      return failure === undefined;
    });
  }

  async request(parameter: string, request: ToolRequest): Promise<ToolResponse> {
    const { prepared } = this.#call;
    const url = prepared.args[parameter];
    const destination = prepared.destinations.find((each) => each.parameter === parameter);
    if (destination === undefined || typeof url !== "string") throw unprepared(prepared, parameter, "URL");
    const { method, headers, body, timeoutMs, bodyBytesMax } = request;
    const filled = headers === undefined ? undefined : await this.#options.secrets.headers(headers, placeOf(destination));
    const answer = given(
      await this.#options.http.request({
        url,
        method,
        policy: widenedBy(this.#options.destinations, prepared.widened),
        signal: this.#abort.signal,
        ...(filled === undefined ? {} : { headers: filled.headers, secretHeaders: [...filled.secret] }),
        ...(body === undefined ? {} : { body }),
        limits: {
          ...(timeoutMs === undefined ? {} : { timeMs: timeoutMs }),
          ...(bodyBytesMax === undefined ? {} : { responseBytesMax: bodyBytesMax }),
        },
        follow: (redirect) => this.#follow(parameter, redirect.to.url, redirect.method),
      }),
    );
    return { status: answer.status, statusText: "", headers: answer.headers, body: answer.body, url: answer.url };
  }

  /** Where a redirect leads is prepared and judged like the call itself. */
  async #follow(parameter: string, url: string, method: string): Promise<FollowAnswer> {
    const { args } = this.#call.prepared;
    const failure = await this.#call.reconsider({ ...args, [parameter]: url, ...(args["method"] === undefined ? {} : { method }) });
    return failure === undefined
      ? { kind: "follow" }
      : refuse("redirect-refused", `a redirect to ${url} is not followed: ${failure.message}`);
  }

  async execute(parameter: string, limits: { readonly timeoutMs?: number; readonly outputBytesMax?: number } = {}): Promise<ProgramResult> {
    const { prepared } = this.#call;
    const { files, programs, clock, graceMs } = this.#options;
    const argv = this.#wordsOf(parameter);
    const folder = given(await files.resolve(prepared.folder ?? programs.folder, programs.folder));
    const confine = await this.#confinement(folder.real);
    const result = given(
      await files.inFolder(folder, (startPath) =>
        runProgram({
          argv,
          folder: startPath,
          ...(confine === undefined ? {} : { confine }),
          environment: programs.environment,
          mark: `${this.idempotencyKey}/${this.attempt}`,
          clock,
          signal: this.#abort.signal,
          limits: {
            timeMs: limits.timeoutMs ?? toolDefaults.programTimeMs,
            outputBytesMax: limits.outputBytesMax ?? toolDefaults.programOutputBytesMax,
            graceMs,
          },
        }),
      ),
    );
    const { exitCode = null, signal = null, stdout, stderr, truncated, timedOut } = given(result);
    return { exitCode, signal, stdout, stderr, truncated, timedOut };
  }

  /** In a sandbox a command has the folder that it starts in, to read and write, and no network. */
  async #confinement(folder: string): Promise<Confine | undefined> {
    if (!this.#options.sandboxed && this.#task.node.confinement !== "sandbox") return undefined;
    const sandbox = await provideSandbox(this.#options.sandbox);
    // The folder is open: it is given as what the starter stands in, whatever its path leads to by now.
    const files = { read: [], write: [{ source: ".", place: folder }] };
    return (argv, environment, fd) => sandboxed(sandbox, { argv, folder, environment: inSandbox(environment), files, network: "none", fd });
  }

  /** Of a command those that were judged; a script is one argument of the shell that reads it. */
  #wordsOf(parameter: string): readonly string[] {
    const { prepared } = this.#call;
    const text = prepared.args[parameter];
    const kind = this.#options.registry.get(prepared.tool)?.parameters.find(({ name }) => name === parameter)?.kind;
    if (typeof text === "string" && kind === "script") return ["/bin/sh", "-c", text];
    if (typeof text === "string" && kind === "command" && prepared.argv !== undefined) return prepared.argv;
    throw unprepared(prepared, parameter, "command");
  }

  log(level: Parameters<ToolContext["log"]>[0], text: string, fields?: JsonObject): void {
    this.#task.services.log({ level, source: "log", text, ...(fields === undefined ? {} : { fields }) });
  }
}

class CallFile implements ToolFile {
  readonly root: string;
  readonly relative: string;
  readonly real: string;
  readonly exists: boolean;
  readonly #files: FileGuard;
  readonly #signal: AbortSignal;
  /** Whether the call might have named this path instead. */
  readonly #mayRead: (real: string) => Promise<boolean>;

  constructor(
    files: FileGuard,
    { root, relative, real, exists }: PreparedPath,
    signal: AbortSignal,
    mayRead: (real: string) => Promise<boolean>,
  ) {
    this.root = root;
    this.relative = relative;
    this.real = real;
    this.exists = exists;
    this.#files = files;
    this.#signal = signal;
    this.#mayRead = mayRead;
  }

  get #path(): ResolvedPath {
    const { root, relative, real, exists } = this;
    // What kind of file it is shows when it is opened.
    return { root, relative, real, exists, kind: exists ? "file" : "missing" };
  }

  async read({ bytesMax = toolDefaults.fileBytesMax } = {}): Promise<Uint8Array> {
    return given(await this.#files.read(this.#path, { bytesMax, signal: this.#signal })).bytes;
  }
  async readText({ bytesMax = toolDefaults.fileBytesMax } = {}): Promise<string> {
    return given(await this.#files.readText(this.#path, { bytesMax, signal: this.#signal })).text;
  }
  async write(content: string | Uint8Array): Promise<{ readonly bytes: number; readonly created: boolean }> {
    return given(await this.#files.write(this.#path, content, { parents: true, signal: this.#signal }));
  }
  async walk(
    visit: (entry: ToolEntry) => WalkAnswer | Promise<WalkAnswer>,
    limits: WalkLimits = {},
  ): Promise<{ entries: number; stopped: boolean }> {
    const walked = given(
      await this.#files.walk(this.#path, {
        ...toolDefaults.walk,
        ...limits,
        signal: this.#signal,
        visit: ({ relative, kind, read }) =>
          visit({
            relative,
            kind,
            // What a policy keeps from being read by its path is not read by the way of its folder either.
            readText: async (bytesMax) => ((await this.#mayRead(join(this.real, relative))) ? textFrom(read(bytesMax)) : undefined),
          }),
      }),
    );
    return { entries: walked.entries, stopped: walked.stopped === "entries" || walked.stopped === "bytes" || walked.tooDeep };
  }
}

async function textFrom(
  reading: Promise<{ readonly bytes: Uint8Array; readonly truncated: boolean } | Refusal>,
): Promise<string | undefined> {
  const read = await reading;
  if (isRefusal(read)) return undefined;
  try {
    // Of a beginning, the last character may be cut through.
    return new TextDecoder("utf-8", { fatal: true }).decode(read.bytes, { stream: read.truncated });
  } catch {
    return undefined;
  }
}

function placeOf({ host, port }: PreparedDestination): HostAndPort {
  return { host, port, isAddress: isIP(host) !== 0 };
}

/** A tool that asks for what its call does not have: a mistake of its author. */
function unprepared({ tool }: PreparedCall, parameter: string, what: string): HeddleError {
  return new HeddleError(
    "tool-invalid",
    `${tool} asks for the ${what} ${parameter}, and its call was prepared with none; declare what ${parameter} names in its kinds`,
  );
}
