/**
 * The warm processes of one bundle, and which of them runs what.
 *
 * A call that its process has not taken when it dies goes to another. One that it had taken is lost:
 * its activation decides whether that may be repeated. Losses are counted in a window of the pool's
 * own; beyond it they count against the call.
 */
import { failureOf, type JsonValue, type LogLevel } from "@heddle/core";
import type { AbortHandle, BundleCode, Clock, Outcome, Task } from "@heddle/ports";
import type { Confine } from "../../guards/sandbox/sandbox.ts";
import type { CallFrame, FromProcess } from "./frames.ts";
import { HandlerProcess } from "./process.ts";

export interface PoolOptions {
  readonly code: BundleCode;
  readonly processes: number;
  readonly memoryMb: number;
  readonly graceMs: number;
  readonly environment: Readonly<Record<string, string>>;
  readonly clock: Clock;
  /** What confines its processes. Does not throw. */
  readonly confine?: Confine;
}

/** Losses within the window that count against nobody. */
const lossesMax = 10;
const lossWindowMs = 60_000;

interface OpenCall {
  readonly id: number;
  readonly task: Task;
  readonly abort: AbortHandle;
  readonly settle: (outcome: Outcome) => void;
  member: Member | undefined;
  taken: boolean;
  disarm: (() => void) | undefined;
}

interface Member {
  readonly process: HandlerProcess;
  readonly calls: Map<number, OpenCall>;
  loaded: boolean;
  /** The call whose grace ran out, when that is why the process was ended. */
  culprit: OpenCall | undefined;
}

export class HandlerPool {
  readonly #options: PoolOptions;
  readonly #members = new Set<Member>();
  readonly #losses: number[] = [];
  #calls = 0;
  #closed = false;

  constructor(options: PoolOptions) {
    this.#options = options;
  }

  execute(task: Task, abort: AbortHandle): Promise<Outcome> {
    if (this.#closed) return Promise.resolve({ kind: "aborted" });
    return new Promise((resolve) => {
      const call: OpenCall = { id: ++this.#calls, task, abort, member: undefined, taken: false, disarm: undefined, settle: resolve };
      this.#place(call);
      abort.onAbort(() => this.#abort(call));
    });
  }

  /** Process ids of the pool: for tests that end them. */
  pids(): readonly number[] {
    return [...this.#members].flatMap((member) => member.process.pid ?? []);
  }

  async close(): Promise<void> {
    this.#closed = true;
    for (const member of this.#members) member.process.kill();
  }

  #place(call: OpenCall): void {
    const member = this.#leastBusy();
    call.member = member;
    call.taken = false;
    member.calls.set(call.id, call);
    member.process.call(frameOf(call));
  }

  #leastBusy(): Member {
    let best: Member | undefined;
    for (const member of this.#members) if (best === undefined || member.calls.size < best.calls.size) best = member;
    if (best !== undefined && (best.calls.size === 0 || this.#members.size >= this.#options.processes)) return best;
    return this.#open();
  }

  #open(): Member {
    const { code, memoryMb, environment, confine } = this.#options;
    const member: Member = {
      calls: new Map(),
      loaded: false,
      culprit: undefined,
      process: new HandlerProcess(code, memoryMb, environment, confine, {
        loaded: () => {
          member.loaded = true;
        },
        loadFailed: (message) => this.#loadFailed(member, message),
        frame: (frame) => this.#frame(member, frame),
        print: (source, text) => this.#print(member, source, text),
        gone: (message) => this.#gone(member, message),
      }),
    };
    this.#members.add(member);
    return member;
  }

  #frame(member: Member, frame: Extract<FromProcess, { readonly call: number }>): void {
    const call = member.calls.get(frame.call);
    if (call === undefined) return;
    switch (frame.kind) {
      case "taken":
        call.taken = true;
        return;
      case "succeeded":
        this.#settle(member, call, { kind: "succeeded", result: frame.result });
        return;
      case "failed":
        this.#settle(member, call, { kind: "failed", failure: frame.failure });
        return;
      case "aborted":
        this.#settle(member, call, { kind: "aborted" });
        return;
      case "record-once":
        this.#recordOnce(member, call, frame.name, frame.value);
        return;
      case "call-tool":
        call.task.services.call(frame.wanted).then(
          (answer) => member.process.toolAnswered(call.id, frame.request, answer),
          () => undefined,
        );
        return;
      case "log": {
        const { level, source, text, fields } = frame;
        call.task.services.log({ level, source, text, ...(fields === undefined ? {} : { fields }) });
        return;
      }
      default:
    }
  }

  #recordOnce(member: Member, call: OpenCall, name: string, value: JsonValue): void {
    call.task.services.recordOnce(name, value).then(
      () => member.process.onceRecorded(call.id, name, undefined),
      (error: unknown) => member.process.onceRecorded(call.id, name, error instanceof Error ? error.message : "it could not be recorded"),
    );
  }

  /** What the process printed itself: of the only call it runs, or of nobody in particular. */
  #print(member: Member, source: "stdout" | "stderr", text: string): void {
    const level: LogLevel = source === "stderr" ? "warn" : "info";
    const [call, ...others] = member.calls.values();
    if (call !== undefined && others.length === 0) call.task.services.log({ level, source, text });
  }

  #settle(member: Member, call: OpenCall, outcome: Outcome): void {
    member.calls.delete(call.id);
    call.disarm?.();
    call.settle(outcome);
  }

  #abort(call: OpenCall): void {
    const { member } = call;
    if (member === undefined || !member.calls.has(call.id)) return;
    member.process.abort(call.id, "aborted");
    call.disarm = this.#options.clock.setTimer(this.#options.graceMs, () => {
      if (member !== call.member || !member.calls.has(call.id)) return;
      member.culprit = call;
      member.process.kill();
    });
  }

  /** The code cannot run at all: every call of this process fails for good. */
  #loadFailed(member: Member, message: string): void {
    this.#members.delete(member);
    for (const call of [...member.calls.values()]) {
      const failure = failureOf("executor-unavailable", `the handlers of the bundle cannot be loaded: ${message}`, "handler", {
        node: call.task.node.id,
      });
      this.#settle(member, call, { kind: "failed", failure });
    }
    member.process.kill();
  }

  #gone(member: Member, message: string): void {
    this.#members.delete(member);
    const calls = [...member.calls.values()];
    member.calls.clear();
    if (this.#closed) {
      for (const call of calls) this.#settle(member, call, { kind: "aborted" });
      return;
    }
    const counted = this.#countLoss(member);
    for (const call of calls) {
      if (call === member.culprit) this.#settle(member, call, { kind: "aborted" });
      else if (call.abort.aborted) this.#settle(member, call, call.taken ? { kind: "lost", message, counted } : { kind: "aborted" });
      else if (call.taken || (!member.loaded && counted)) {
        this.#settle(member, call, { kind: "lost", message: `the process of ${call.task.node.id} was lost: ${message}`, counted });
      } else this.#place(call);
    }
  }

  /** Whether a loss now is one too many for the window. A process that we ended ourselves is no loss. */
  #countLoss(member: Member): boolean {
    if (member.culprit !== undefined) return false;
    const nowMs = this.#options.clock.nowMs();
    while (this.#losses.length > 0 && (this.#losses[0] as number) < nowMs - lossWindowMs) this.#losses.shift();
    this.#losses.push(nowMs);
    return this.#losses.length > lossesMax;
  }
}

function frameOf(call: OpenCall): CallFrame {
  const { task } = call;
  const { node } = task;
  const isPositional = node.kind === "handler" && node.arguments === "positional";
  return {
    kind: "call",
    call: call.id,
    handler: node.kind === "handler" ? node.handler : "",
    args: isPositional ? Object.values(task.input) : [task.input],
    run: task.run,
    node: node.id,
    activation: task.activation,
    attempt: task.attempt,
    key: task.idempotencyKey,
    once: task.services.recorded(),
  };
}
