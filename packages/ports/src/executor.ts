/**
 * Executors carry out effects of one kind. They are reached through the gate alone.
 *
 * An executor settles each task exactly once, also after an abort; it never rejects.
 */
import type { ContentHash, Failure, JsonObject, JsonValue, LogLevel, Node, PreparedCall, RunId, TenantId } from "@heddle/core";

/** One attempt at one activation. */
export interface Task {
  readonly run: RunId;
  readonly tenant: TenantId;
  readonly bundle: ContentHash;
  readonly node: Node;
  readonly activation: number;
  readonly attempt: number;
  readonly incarnation: string;
  /** The same for every attempt: `<run>/<activation>`. */
  readonly idempotencyKey: string;
  /** The reads of the node, by name, in order. */
  readonly input: Readonly<Record<string, JsonValue>>;
  readonly services: TaskServices;
  /** Of a tool node. */
  readonly call?: TaskCall;
  /** The slots that it was given, where it had to have some. */
  readonly lease?: { readonly pool: string; readonly slots: number; readonly waitedMs: number };
}

/** The call of a tool node, as it was judged. */
export interface TaskCall {
  readonly prepared: PreparedCall;
  /** Whether the same call with these arguments instead would be let through now, without anybody being asked; a failure where not. */
  reconsider(args: JsonObject): Promise<Failure | undefined>;
}

/** Why an attempt that was handed over has not begun. `message`: one clause for people. */
export interface TaskWaiting {
  readonly kind: "slot" | "executor-missing";
  readonly message: string;
}

/** A call that code asks for. Nothing of it is trusted. */
export interface CallWanted {
  readonly tool: string;
  readonly args: JsonValue;
  /** By which later attempts recognise it. Absent: its place in the order of the attempt's calls. */
  readonly name?: string;
}

export type CallAnswer =
  | { readonly kind: "succeeded"; readonly result: JsonValue }
  | { readonly kind: "failed"; readonly failure: Failure };

/** What an attempt may ask of the runtime while it runs. */
export interface TaskServices {
  /** The value recorded under this name by an earlier attempt; undefined where there is none. */
  once(name: string): JsonValue | undefined;
  /** All of them, by name. */
  recorded(): Readonly<Record<string, JsonValue>>;
  /** Records a value durably; resolves after the commit. Rejects when the attempt is no longer wanted. */
  recordOnce(name: string, value: JsonValue): Promise<void>;
  /** Calls a tool for the code of this attempt. What is refused, or does not succeed, is a failure: it never rejects. */
  call(wanted: CallWanted): Promise<CallAnswer>;
  /** The attempt waits for something besides its own work: a place, or somebody who can do it. Undefined: no longer. */
  waiting(reason: TaskWaiting | undefined): void;
  log(record: {
    readonly level: LogLevel;
    readonly source: "log" | "console" | "stdout" | "stderr" | "runtime";
    readonly text: string;
    readonly fields?: { readonly [key: string]: JsonValue };
  }): void;
}

export type Outcome =
  | { readonly kind: "succeeded"; readonly result: JsonValue }
  | { readonly kind: "failed"; readonly failure: Failure }
  /** The process that ran it is gone. `counted`: the pool's own loss window is used up. */
  | { readonly kind: "lost"; readonly message: string; readonly counted: boolean }
  /** It stopped because it was asked to. */
  | { readonly kind: "aborted" };

/** The wish that an attempt stops. The signal is made on first use: most attempts never ask for it. */
export interface AbortHandle {
  readonly aborted: boolean;
  readonly signal: AbortSignal;
  /** Calls back once, when aborted; at once if it is already. */
  onAbort(then: () => void): void;
}

export interface Executor {
  /** It holds attempts to the `timeoutMs` of their node itself, from when they really start: they may have to wait for a place. */
  readonly keepsTime?: boolean;
  /** Carries out a task. The promise settles also after an abort, within the executor's own grace. */
  execute(task: Task, abort: AbortHandle): Promise<Outcome>;
  close(): Promise<void>;
}

/** Where the code of a handler is, below the payload folder. With `method` the export is a class, of which a process makes one instance. */
export interface HandlerCode {
  readonly name: string;
  readonly file: string;
  readonly export: string;
  readonly method?: string;
}

/** A bundle as executors see it. */
export interface BundleCode {
  readonly hash: ContentHash;
  readonly handlers: readonly HandlerCode[];
  /** The verified payload folder on this machine. */
  readonly folder: string;
}
