/** One task on the serving side, as the code that carries it out sees it. What costs something is made when it is asked for. */
import { adoptJson, HeddleError, isOversized, type JsonValue, type LogLevel, valueBytesMax } from "@heddle/core";
import { requestBytesMax } from "../scalars.ts";
import type { ServingFrame, StreamRecorded, StreamTask } from "./frames.ts";
import type { Outbox } from "./outbox.ts";

/** Who wrote a line. */
export type LogSource = "log" | "console" | "stdout" | "stderr";

/** What the code behind a task is given. */
export interface ServingWork {
  readonly task: StreamTask;
  readonly aborted: boolean;
  /** Aborts on timeout, cancel, shutdown, and when the session is over. */
  readonly signal: AbortSignal;
  /** A bounded record of the task's node. Beyond what the other side takes, lines are dropped and counted. */
  log(level: LogLevel, source: LogSource, text: string, fields?: Readonly<Record<string, JsonValue>>): void;
  progress(message: string, step?: number, total?: number): void;
  /** Runs `fn` and records its value durably before returning it; gives what was recorded before instead, where it was. */
  once<Value extends JsonValue>(name: string, fn: () => Value | Promise<Value>): Promise<Value>;
}

const textCharsMax = 8 * 1024;
const fieldsCharsMax = 16 * 1024;
/** Lines of one task that may wait to leave. */
const linesMax = 1_000;
const envelopeBytes = 64 * 1024;

/** Whether JSON text is too long to travel in one frame. */
export function isTooLong(json: string): boolean {
  if (json.length > valueBytesMax) return true;
  return json.length * 3 > requestBytesMax - envelopeBytes && Buffer.byteLength(json) > requestBytesMax - envelopeBytes;
}

interface Recording {
  readonly done: Promise<void>;
  readonly resolve: () => void;
  readonly reject: (error: HeddleError) => void;
}

export class Work implements ServingWork {
  readonly task: StreamTask;
  readonly #outbox: Outbox<ServingFrame>;
  #reason: string | undefined;
  #controller: AbortController | undefined;
  #recorded: Map<string, JsonValue> | undefined;
  #recording: Map<string, Recording> | undefined;
  /** The frame that this task last wrote lines into, and how many are in it. */
  #linesIn: ServingFrame | undefined;
  #lines = 0;
  #dropped = 0;
  #isOver = false;

  constructor(task: StreamTask, outbox: Outbox<ServingFrame>) {
    this.task = task;
    this.#outbox = outbox;
  }

  get aborted(): boolean {
    return this.#reason !== undefined;
  }

  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.#reason !== undefined) this.#controller.abort(this.#reason);
    }
    return this.#controller.signal;
  }

  log(level: LogLevel, source: LogSource, text: string, fields?: Readonly<Record<string, JsonValue>>): void {
    if (this.#isOver) return;
    const line = String(text).slice(0, textCharsMax);
    const fieldsJson = fields === undefined ? undefined : jsonOfFields(fields);
    const frame = this.#outbox.frame(line.length + (fieldsJson?.length ?? 0));
    if (frame !== this.#linesIn) {
      this.#linesIn = frame;
      this.#lines = 0;
      this.#tellDropped(frame);
    }
    if (++this.#lines > linesMax) this.#dropped++;
    else frame.logs.push({ task: this.task.id, level, source, text: line, ...(fieldsJson === undefined ? {} : { fieldsJson }) });
  }

  progress(message: string, step?: number, total?: number): void {
    if (this.#isOver) return;
    const { progress } = this.#outbox.frame(message.length);
    const { id } = this.task;
    const entry = {
      task: id,
      message: message.slice(0, textCharsMax),
      ...(step === undefined ? {} : { step }),
      ...(total === undefined ? {} : { total }),
    };
    // Only where it stands now is of interest.
    const before = progress.findIndex((one) => one.task === id);
    if (before === -1) progress.push(entry);
    else progress[before] = entry;
  }

  async once<Value extends JsonValue>(name: string, fn: () => Value | Promise<Value>): Promise<Value> {
    const known = this.#known().get(name);
    if (known !== undefined) return known as Value;
    const value = adoptJson(await fn());
    await this.#record(name, value);
    return value as Value;
  }

  /** The runtime side has recorded a value, or could not. */
  recorded({ name, error }: StreamRecorded): void {
    const recording = this.#recording?.get(name);
    this.#recording?.delete(name);
    if (error === undefined) recording?.resolve();
    else recording?.reject(new HeddleError("cancelled", error));
  }

  abort(reason: string): void {
    if (this.#reason !== undefined) return;
    this.#reason = reason;
    this.#controller?.abort(reason);
  }

  /** Nothing that it says from now on has a place. */
  end(): void {
    if (this.#dropped > 0) this.#tellDropped(this.#outbox.frame());
    this.#isOver = true;
    if (this.#recording === undefined) return;
    for (const { reject } of this.#recording.values()) reject(new HeddleError("executor-lost", "its task is over, or its session"));
    this.#recording.clear();
  }

  #known(): Map<string, JsonValue> {
    this.#recorded ??= new Map(this.task.once.map(({ name, valueJson }) => [name, JSON.parse(valueJson) as JsonValue]));
    return this.#recorded;
  }

  async #record(name: string, value: JsonValue): Promise<void> {
    const { id } = this.task;
    if (this.#isOver) throw new HeddleError("executor-lost", "its task is over, or its session");
    const valueJson = isOversized(value) ? undefined : JSON.stringify(value);
    if (valueJson === undefined || isTooLong(valueJson)) {
      throw new HeddleError("value-too-large", `the value of once(${JSON.stringify(name)}) has more than ${valueBytesMax} bytes`);
    }
    this.#recording ??= new Map();
    let recording = this.#recording.get(name);
    if (recording === undefined) {
      recording = newRecording();
      this.#recording.set(name, recording);
      this.#outbox.frame(valueJson.length).records.push({ task: id, name, valueJson });
    }
    await recording.done;
    this.#known().set(name, value);
  }

  #tellDropped(frame: ServingFrame): void {
    if (this.#dropped === 0) return;
    const text = `${this.#dropped} lines were dropped: there were more than ${linesMax} at once`;
    this.#dropped = 0;
    frame.logs.push({ task: this.task.id, level: "warn", source: "log", text });
  }
}

function newRecording(): Recording {
  let resolve: () => void = () => undefined;
  let reject: (error: HeddleError) => void = () => undefined;
  const done = new Promise<void>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  // A handler may forget to wait for it.
  done.catch(() => undefined);
  return { done, resolve, reject };
}

function jsonOfFields(fields: Readonly<Record<string, JsonValue>>): string | undefined {
  try {
    const json = JSON.stringify(adoptJson(fields));
    return json.length <= fieldsCharsMax ? json : undefined;
  } catch {
    // Fields that are not JSON help nobody; the line itself is kept.
    return undefined;
  }
}
