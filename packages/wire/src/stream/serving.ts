/**
 * The serving half of a session: says who it is, carries out the tasks that come, and ends in order.
 * Workers and plugins share it; it knows neither how its stream came to be nor what a task means.
 *
 * It runs a task of a session once, whatever arrives. What it had not finished when the session ends is
 * aborted, and its result goes nowhere: the runtime side has given the task to somebody else by then.
 */
import { failureOf, failureOfThrown, type HandlerOutcome, HeddleError, isErrorCode, valueBytesMax } from "@heddle/core";
import type { ByteStream } from "./byte-stream.ts";
import { decodeRuntimeFrame, encodeServingFrame } from "./frame-codec.ts";
import {
  emptyServingFrame,
  type RuntimeFrame,
  type ServingFrame,
  type StreamHello,
  type StreamTask,
  type StreamWelcome,
} from "./frames.ts";
import { type Heartbeat, type SetTimer, startHeartbeat } from "./heartbeat.ts";
import { Outbox } from "./outbox.ts";
import { isTooLong, type ServingWork, Work } from "./serving-work.ts";

/** How a task ended. `aborted`: it stopped because it was asked to. */
export type ServingOutcome = HandlerOutcome | { readonly kind: "aborted" };

export interface ServingOptions {
  readonly stream: ByteStream;
  readonly hello: StreamHello;
  /** Carries out a task. What it throws fails the task. */
  perform(work: ServingWork): ServingOutcome | Promise<ServingOutcome>;
  /** The runtime side takes part. */
  onWelcome?(welcome: StreamWelcome): void;
  /** The session is over: in order, or with why. Called once, and last. */
  onEnd(error: HeddleError | undefined): void;
  /** Default: the timers of the process. */
  readonly setTimer?: SetTimer;
}

/** A session, seen from who serves. */
export interface ServingSession {
  /** Tasks that it carries out now. */
  readonly inFlight: number;
  /** Asks for no more tasks; once those it has are done, the session ends in order. */
  drain(): void;
  /** Asks every task to stop. Their outcomes are still told. */
  abortAll(reason: string): void;
  /** Ends it now: tasks are aborted, and lost to the runtime side. */
  close(): void;
}

/** How long the runtime side may take to answer the hello. */
const welcomeMsMax = 10_000;

const processTimer: SetTimer = (delayMs, fire) => {
  const timer = setTimeout(fire, delayMs);
  return () => clearTimeout(timer);
};

/** Says hello on a fresh stream, and serves. */
export function startServing(options: ServingOptions): ServingSession {
  return new Session(options);
}

class Session implements ServingSession {
  readonly #options: ServingOptions;
  readonly #outbox: Outbox<ServingFrame>;
  readonly #setTimer: SetTimer;
  readonly #works = new Map<number, Work>();
  #heartbeat: Heartbeat | undefined;
  #cancelTimer: () => void;
  #lastTask = 0;
  #asksToDrain = false;
  #willDrain = false;
  /** Everything was said; the other side has yet to hear it. */
  #isDone = false;
  #isOver = false;

  constructor(options: ServingOptions) {
    const { stream, hello, setTimer = processTimer } = options;
    this.#options = options;
    this.#setTimer = setTimer;
    this.#outbox = new Outbox(stream, { empty: emptyServingFrame, encode: encodeServingFrame });
    stream.open({
      bytes: (bytes) => this.#receive(bytes),
      drained: () => this.#outbox.drained(),
      closed: (error) =>
        this.#end(this.#isDone ? undefined : (error ?? new HeddleError("daemon-unreachable", "the other side ended the session"))),
    });
    this.#outbox.frame().hello = hello;
    this.#cancelTimer = setTimer(welcomeMsMax, () => this.#cut(`the hello was not answered for ${welcomeMsMax} ms`));
  }

  get inFlight(): number {
    return this.#works.size;
  }

  drain(): void {
    if (this.#asksToDrain || this.#isOver) return;
    this.#asksToDrain = true;
    this.#outbox.frame().draining = true;
  }

  abortAll(reason: string): void {
    for (const work of this.#works.values()) work.abort(reason);
  }

  close(): void {
    if (this.#isOver) return;
    this.#options.stream.cut();
    this.#end(new HeddleError("cancelled", "the session was closed"));
  }

  #receive(bytes: Buffer): void {
    if (this.#isOver) return;
    this.#heartbeat?.heard();
    try {
      this.#read(decodeRuntimeFrame(bytes));
    } catch (error) {
      this.#refuse(HeddleError.is(error) ? error : new HeddleError("internal", "the frame could not be carried out", { cause: error }));
    }
  }

  #read({ welcome, recorded, tasks, aborts, drain, end }: RuntimeFrame): void {
    if (welcome !== undefined) this.#welcome(welcome);
    else if (this.#heartbeat === undefined && end === undefined)
      throw new HeddleError("request-invalid", "the session began without a welcome");
    for (const one of recorded) this.#works.get(one.task)?.recorded(one);
    for (const task of tasks) this.#begin(task);
    for (const { task, reason } of aborts) this.#works.get(task)?.abort(reason);
    if (end !== undefined) {
      const { code, message } = end;
      this.#options.stream.end();
      this.#end(new HeddleError(isErrorCode(code) ? code : "internal", message));
    } else if (drain) {
      this.#willDrain = true;
      this.#finishIfDone();
    }
  }

  #welcome(welcome: StreamWelcome): void {
    if (this.#heartbeat !== undefined) throw new HeddleError("request-invalid", "the session was welcomed twice");
    const { leaseMs } = welcome;
    if (leaseMs < 3) throw new HeddleError("request-invalid", `the session has a lease of ${leaseMs} ms`);
    this.#cancelTimer();
    this.#heartbeat = startHeartbeat({
      leaseMs,
      setTimer: this.#setTimer,
      beat: () => this.#outbox.beat(),
      silent: () => this.#cut(`nothing was heard of the other side for ${leaseMs} ms`),
    });
    this.#options.onWelcome?.(welcome);
  }

  #begin(task: StreamTask): void {
    if (task.id <= this.#lastTask) return;
    this.#lastTask = task.id;
    const work = new Work(task, this.#outbox);
    this.#works.set(task.id, work);
    try {
      const given = this.#options.perform(work);
      if (!("then" in given)) this.#settle(work, given);
      else
        given.then(
          (outcome) => this.#settle(work, outcome),
          (thrown: unknown) => this.#settle(work, { kind: "failed", failure: failureOfThrown(thrown, task.node) }),
        );
    } catch (thrown) {
      this.#settle(work, { kind: "failed", failure: failureOfThrown(thrown, task.node) });
    }
  }

  #settle(work: Work, outcome: ServingOutcome): void {
    const { id: task, node } = work.task;
    if (!this.#works.delete(task) || this.#isOver) return;
    work.end();
    if (outcome.kind === "aborted") this.#outbox.frame().results.push({ task, kind: "aborted" });
    else {
      let kind = outcome.kind;
      let json = JSON.stringify(outcome.kind === "succeeded" ? outcome.result : outcome.failure);
      if (isTooLong(json)) {
        kind = "failed";
        json = JSON.stringify(failureOf("value-too-large", `${node} gave more than ${valueBytesMax} bytes`, "invalid", { node }));
      }
      this.#outbox.frame(json.length).results.push({ task, kind, json });
    }
    this.#finishIfDone();
  }

  /** The runtime side will send no more tasks, and the last one is done. */
  #finishIfDone(): void {
    if (!this.#willDrain || this.#works.size > 0 || this.#isOver || this.#isDone) return;
    this.#isDone = true;
    this.#outbox.close();
    this.#options.stream.end();
  }

  /** The other side does not speak this protocol: it is told so. */
  #refuse(error: HeddleError): void {
    this.#outbox.frame().end = { code: error.code, message: error.message };
    this.#outbox.close();
    this.#options.stream.end(error);
    this.#end(error);
  }

  #cut(why: string): void {
    this.#options.stream.cut();
    this.#end(new HeddleError("daemon-unreachable", why));
  }

  #end(error: HeddleError | undefined): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#heartbeat?.stop();
    this.#cancelTimer();
    const works = [...this.#works.values()];
    this.#works.clear();
    for (const work of works) {
      work.abort("the session is over");
      work.end();
    }
    this.#outbox.discard();
    this.#options.onEnd(error);
  }
}
