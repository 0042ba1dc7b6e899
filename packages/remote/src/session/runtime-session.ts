/**
 * The runtime half of a session: hands tasks to one process that serves, keeps their time, and says of
 * each how it ended, once. Workers and plugins share it; it knows neither how its stream came to be nor
 * who chose this process for a task.
 *
 * A session whose other side is silent for the length of the lease is over, and so is one whose other
 * side says what it may not. What was in flight is then `lost`; what it says later is not heard.
 */
import { HeddleError, isErrorCode } from "@heddle/core";
import type { Clock } from "@heddle/ports";
import {
  type ByteStream,
  decodeServingFrame,
  emptyRuntimeFrame,
  encodeRuntimeFrame,
  type Heartbeat,
  Outbox,
  type RuntimeFrame,
  type ServingFrame,
  type StreamHello,
  startHeartbeat,
} from "@heddle/wire";
import { SentTask, type SessionWork } from "./sent-task.ts";

export interface RuntimeSessionOptions {
  readonly id: string;
  readonly stream: ByteStream;
  readonly clock: Clock;
  readonly leaseMs: number;
  /** How long an aborted task may go on before it is given up. Its slot stays taken until it ends. */
  readonly abortGraceMs: number;
  /** Who serves has said who it is. What this throws refuses it. */
  onHello(hello: StreamHello): void;
  /** It may take more than it could before. */
  onFree(): void;
  /** It takes no more tasks; those it has go on. */
  onDrain(): void;
  /** The session is over: in order, or with why. Called once, after every task in flight has settled. */
  onEnd(error: HeddleError | undefined): void;
  /** Whether the loss of a process while it ran this is one too many. Asked once for each name when a session is lost. */
  countLoss(name: string): boolean;
}

/** How long who dialled may take to say hello. */
const helloMsMax = 10_000;

type Phase = "greeting" | "open" | "draining" | "over";

export class RuntimeSession {
  readonly id: string;
  readonly #options: RuntimeSessionOptions;
  readonly #outbox: Outbox<RuntimeFrame>;
  readonly #sent = new Map<number, SentTask>();
  #hello: StreamHello | undefined;
  #phase: Phase = "greeting";
  #heartbeat: Heartbeat | undefined;
  #cancelTimer: () => void;
  #lastTask = 0;

  constructor(options: RuntimeSessionOptions) {
    const { id, stream, clock } = options;
    this.id = id;
    this.#options = options;
    this.#outbox = new Outbox(stream, { empty: emptyRuntimeFrame, encode: encodeRuntimeFrame });
    this.#cancelTimer = clock.setTimer(helloMsMax, () =>
      this.close(new HeddleError("request-invalid", `nothing was said for ${helloMsMax} ms; a session begins with a hello`)),
    );
    stream.open({
      bytes: (bytes) => this.#receive(bytes),
      drained: () => this.#outbox.drained(),
      closed: (error) => {
        const inOrder = this.#phase === "draining" && this.#sent.size === 0;
        this.#end(inOrder ? undefined : (error ?? new HeddleError("executor-lost", "it ended the session")));
        stream.end();
      },
    });
  }

  /** Who serves; undefined until it has said so. */
  get hello(): StreamHello | undefined {
    return this.#hello;
  }

  get inFlight(): number {
    return this.#sent.size;
  }

  /** Tasks that it can be given now. */
  get free(): number {
    return this.#phase === "open" ? Math.max(0, (this.#hello?.slots ?? 0) - this.#sent.size) : 0;
  }

  get isOpen(): boolean {
    return this.#phase === "open";
  }

  /** For people: the name and the instance of who serves. */
  get label(): string {
    return this.#hello === undefined ? "somebody who has not said hello" : `${this.#hello.name} (${this.#hello.instance})`;
  }

  /** Hands over a task. Only while `free` is more than 0: a session that is over has lost it at once. */
  run(work: SessionWork): void {
    if (this.#phase === "over") {
      work.settle({ kind: "lost", message: `${this.label} is gone`, counted: false });
      return;
    }
    const id = ++this.#lastTask;
    const sent = new SentTask(id, work, {
      clock: this.#options.clock,
      graceMs: this.#options.abortGraceMs,
      outbox: this.#outbox,
    });
    if (sent.send()) this.#sent.set(id, sent);
    else this.#options.onFree();
  }

  /** There will be no more tasks: it finishes what it has, and ends the session. */
  drain(): void {
    if (this.#phase === "greeting") this.close(new HeddleError("shutting-down", "no session is begun any more"));
    if (this.#phase !== "open") return;
    this.#phase = "draining";
    this.#outbox.frame().drain = true;
    this.#options.onDrain();
  }

  /** Ends the session now, and says why. Tasks in flight are lost. */
  close(error: HeddleError): void {
    if (this.#phase === "over") return;
    this.#outbox.frame().end = { code: error.code, message: error.message };
    this.#outbox.close();
    this.#options.stream.end(error);
    this.#end(error);
  }

  #receive(bytes: Buffer): void {
    if (this.#phase === "over") return;
    this.#heartbeat?.heard();
    try {
      this.#read(decodeServingFrame(bytes));
    } catch (error) {
      this.close(HeddleError.is(error) ? error : new HeddleError("internal", "the frame could not be carried out", { cause: error }));
    }
  }

  #read({ hello, logs, progress, records, results, draining, end }: ServingFrame): void {
    if (hello !== undefined) this.#greet(hello);
    else if (this.#hello === undefined) throw new HeddleError("request-invalid", "a session begins with a hello");
    for (const one of logs) this.#taskOf(one.task)?.log(one);
    for (const one of progress) this.#taskOf(one.task)?.progress(one);
    for (const one of records) this.#taskOf(one.task)?.record(one);
    if (results.length > 0) {
      for (const one of results) {
        this.#taskOf(one.task)?.finish(one);
        this.#sent.delete(one.task);
      }
      this.#options.onFree();
    }
    if (end !== undefined) {
      const { code, message } = end;
      this.#options.stream.end();
      this.#end(new HeddleError(isErrorCode(code) ? code : "internal", message));
    } else if (draining) this.drain();
  }

  /** Undefined for a task that has ended: what comes late is dropped. */
  #taskOf(id: number): SentTask | undefined {
    if (id < 1 || id > this.#lastTask) throw new HeddleError("request-invalid", `the frame speaks of task ${id}, which was never sent`);
    return this.#sent.get(id);
  }

  #greet(hello: StreamHello): void {
    if (this.#hello !== undefined) throw new HeddleError("request-invalid", "a session has one hello");
    this.#hello = hello;
    this.#options.onHello(hello);
    this.#cancelTimer();
    const { clock, leaseMs } = this.#options;
    this.#heartbeat = startHeartbeat({
      leaseMs,
      setTimer: (delayMs, fire) => clock.setTimer(delayMs, fire),
      beat: () => this.#outbox.beat(),
      silent: () => {
        this.#options.stream.cut();
        this.#end(new HeddleError("executor-lost", `nothing was heard of it for ${leaseMs} ms`));
      },
    });
    this.#outbox.frame().welcome = { session: this.id, leaseMs };
    this.#phase = "open";
    this.#options.onFree();
  }

  #end(error: HeddleError | undefined): void {
    if (this.#phase === "over") return;
    this.#phase = "over";
    this.#heartbeat?.stop();
    this.#cancelTimer();
    this.#outbox.discard();
    const sent = [...this.#sent.values()];
    this.#sent.clear();
    const counted = new Map<string, boolean>();
    for (const one of sent) {
      const { name } = one.work;
      if (!one.isSettled && !counted.has(name)) counted.set(name, this.#options.countLoss(name));
      one.lose(`${this.label} was lost while it ran ${name}: ${error?.message ?? "it ended the session"}`, counted.get(name) === true);
    }
    this.#options.onEnd(error);
  }
}
