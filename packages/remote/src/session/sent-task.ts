/**
 * One task in the hands of another process: what it says is passed on, its time is kept, and it settles
 * once. A task that was given up keeps its slot until the process that has it is done with it.
 */
import { Failure, failureOf, HeddleError, isSafeToRepeat, type JsonValue, type LogLevel, parseJson, valueBytesMax } from "@heddle/core";
import type { AbortHandle, Clock, Outcome, Task } from "@heddle/ports";
import {
  type Outbox,
  type RuntimeFrame,
  responseBytesMax,
  type StreamLog,
  type StreamProgress,
  type StreamRecord,
  type StreamResult,
} from "@heddle/wire";

/** A task to hand over. Its input is written once, by who found it a session. */
export interface SessionWork {
  readonly task: Task;
  readonly abort: AbortHandle;
  /** The handler, or the action. */
  readonly name: string;
  readonly inputJson: string;
  readonly positional: boolean;
  readonly timeRangeJson?: string;
  /** Called once. */
  readonly settle: (outcome: Outcome) => void;
}

export interface SentTaskOptions {
  readonly clock: Clock;
  readonly graceMs: number;
  readonly outbox: Outbox<RuntimeFrame>;
}

const textCharsMax = 8 * 1024;
const fieldsCharsMax = 16 * 1024;
const envelopeBytes = 64 * 1024;

type LogRecord = Parameters<SessionWork["task"]["services"]["log"]>[0];
const levels: ReadonlySet<string> = new Set<LogLevel>(["debug", "info", "warn", "error"]);
const sources: ReadonlySet<string> = new Set<LogRecord["source"]>(["log", "console", "stdout", "stderr"]);

export class SentTask {
  readonly id: number;
  readonly work: SessionWork;
  readonly #options: SentTaskOptions;
  #isSettled = false;
  #isTimedOut = false;
  #disarm: (() => void) | undefined;

  constructor(id: number, work: SessionWork, options: SentTaskOptions) {
    this.id = id;
    this.work = work;
    this.#options = options;
  }

  get isSettled(): boolean {
    return this.#isSettled;
  }

  /** Puts it on its way; its time runs from here. False: it is too large for that, has failed, and was not sent. */
  send(): boolean {
    const { task, abort, name, inputJson, positional, timeRangeJson } = this.work;
    const { node } = task;
    const recorded = Object.entries(task.services.recorded()).map(([key, value]) => ({ name: key, valueJson: JSON.stringify(value) }));
    const chars = recorded.reduce((sum, { valueJson }) => sum + valueJson.length, inputJson.length);
    // A character has at most three bytes.
    if (chars * 3 > responseBytesMax - envelopeBytes) {
      const message = `the input of ${node.id} and what it recorded are too large to be sent`;
      this.#settle({ kind: "failed", failure: failureOf("value-too-large", message, "invalid", { node: node.id }) });
      return false;
    }
    this.#options.outbox.frame(chars).tasks.push({
      id: this.id,
      run: task.run,
      node: node.id,
      name,
      activation: task.activation,
      attempt: task.attempt,
      idempotencyKey: task.idempotencyKey,
      incarnation: task.incarnation,
      inputJson,
      positional,
      once: recorded,
      ...(node.timeoutMs === undefined ? {} : { timeoutMs: node.timeoutMs }),
      bundle: task.bundle,
      tenant: task.tenant,
      ...(timeRangeJson === undefined ? {} : { timeRangeJson }),
    });
    if (node.timeoutMs !== undefined) this.#disarm = this.#options.clock.setTimer(node.timeoutMs, () => this.#timeOut());
    abort.onAbort(() => this.#abort(String(abort.signal.reason ?? "cancelled")));
    return true;
  }

  log({ level, source, text, fieldsJson }: StreamLog): void {
    if (this.#isSettled) return;
    const fields = fieldsJson === undefined || fieldsJson.length > fieldsCharsMax ? undefined : objectOf(fieldsJson);
    this.work.task.services.log({
      level: levels.has(level) ? (level as LogLevel) : "info",
      source: sources.has(source) ? (source as LogRecord["source"]) : "log",
      text: text.slice(0, textCharsMax),
      ...(fields === undefined ? {} : { fields }),
    });
  }

  progress({ message, step, total }: StreamProgress): void {
    const fields = { ...(step === undefined ? {} : { step }), ...(total === undefined ? {} : { total }) };
    this.log({ task: this.id, level: "debug", source: "log", text: message, fieldsJson: JSON.stringify(fields) });
  }

  /** Records a value of `once`, and says when that is durable. */
  record({ name, valueJson }: StreamRecord): void {
    const answer = (error?: unknown): void => {
      if (error === undefined) this.#options.outbox.frame(name.length).recorded.push({ task: this.id, name });
      else this.#options.outbox.frame(name.length).recorded.push({ task: this.id, name, error: messageOf(error) });
    };
    if (this.#isSettled) {
      answer(new HeddleError("cancelled", "the task is no longer wanted"));
      return;
    }
    try {
      this.work.task.services.recordOnce(name, parseJson(valueJson)).then(() => answer(), answer);
    } catch (error) {
      answer(error);
    }
  }

  /** The process is done with it. */
  finish(result: StreamResult): void {
    if (this.#isSettled) return;
    const outcome = this.#outcomeOf(result);
    if (this.#isTimedOut && !(outcome.kind === "succeeded" && !isSafeToRepeat(this.work.task.node))) this.#settle(this.#timeout());
    else this.#settle(outcome);
  }

  /** The process is gone. */
  lose(message: string, counted: boolean): void {
    this.#settle({ kind: "lost", message, counted });
  }

  #outcomeOf(result: StreamResult): Outcome {
    const { node } = this.work.task;
    switch (result.kind) {
      case "aborted":
        if (this.work.abort.aborted || this.#isTimedOut) return { kind: "aborted" };
        return { kind: "lost", message: `who ran ${this.work.name} shut down before it was done`, counted: false };
      case "failed":
        return { kind: "failed", failure: failureIn(result.json, node.id) };
      default:
        try {
          return { kind: "succeeded", result: parseJson(result.json) };
        } catch (error) {
          const code = HeddleError.is(error, "value-too-large") ? "value-too-large" : "result-invalid";
          const why =
            code === "value-too-large" ? `gave more than ${valueBytesMax} bytes` : `gave a value that is not JSON: ${messageOf(error)}`;
          return { kind: "failed", failure: failureOf(code, `${node.id} ${why}`, "invalid", { node: node.id }) };
        }
    }
  }

  #timeOut(): void {
    if (this.#isSettled) return;
    this.#isTimedOut = true;
    this.#abort("timeout");
  }

  #abort(reason: string): void {
    if (this.#isSettled) return;
    this.#disarm?.();
    this.#options.outbox.frame().aborts.push({ task: this.id, reason });
    this.#disarm = this.#options.clock.setTimer(this.#options.graceMs, () =>
      this.#settle(this.#isTimedOut ? this.#timeout() : { kind: "aborted" }),
    );
  }

  #timeout(): Outcome {
    const { id, timeoutMs = 0 } = this.work.task.node;
    const failure = failureOf("timeout", `${id} took longer than ${timeoutMs} ms`, "timeout", { retryable: true, node: id });
    return { kind: "failed", failure };
  }

  #settle(outcome: Outcome): void {
    if (this.#isSettled) return;
    this.#isSettled = true;
    this.#disarm?.();
    this.#disarm = undefined;
    this.work.settle(outcome);
  }
}

/** A failure as the other side wrote it. It is of this node, whatever it says. */
function failureIn(json: string, node: string): Failure {
  try {
    return { ...Failure.parse(parseJson(json)), node };
  } catch {
    return failureOf("handler-failed", `${node} failed, and how cannot be read`, "handler", { retryable: true, node });
  }
}

function objectOf(json: string): { readonly [key: string]: JsonValue } | undefined {
  try {
    const value = parseJson(json);
    return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as { [key: string]: JsonValue }) : undefined;
  } catch {
    return undefined;
  }
}

function messageOf(error: unknown): string {
  return HeddleError.is(error) ? error.message : "it could not be recorded";
}
