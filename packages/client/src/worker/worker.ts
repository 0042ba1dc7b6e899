/**
 * A worker: dials the daemon, says which handlers it has, and runs what it is sent, until it is stopped.
 * A daemon that goes away, or is not there yet, is dialled again, for ever: a worker may start first.
 */
import { randomUUID } from "node:crypto";
import { hostname } from "node:os";
import { type ContentHash, type ErrorCode, HeddleError } from "@heddle/core";
import { type ServingSession, StreamHello, startServing, streamProtocol, workerStreamPath } from "@heddle/wire";
import { createSdkLog, type SdkLog } from "../sdk-log.ts";
import { type ClientOptions, resolveSettings } from "../settings.ts";
import { Transport } from "../transport.ts";
import { performBy, type WorkerHandler } from "./perform.ts";

export interface WorkerOptions extends Pick<ClientOptions, "target" | "token" | "insecure" | "logPath" | "env"> {
  /** By the name that the bundle declares. */
  readonly handlers: Readonly<Record<string, WorkerHandler>>;
  /** Hashes of the bundles that it serves. Default: any. */
  readonly bundles?: readonly ContentHash[];
  /** Tasks at a time. Default 16. */
  readonly slots?: number;
  /** For people. Default: the name of the machine and the process id. */
  readonly name?: string;
  /** Of the worker's own code: free text, for people. */
  readonly version?: string;
  /** How long `stop` waits for what runs. Default 30 s. */
  readonly graceMs?: number;
}

/** A worker of one daemon. */
export interface Worker extends AsyncDisposable {
  readonly name: string;
  /** New for each worker that is made. */
  readonly instance: string;
  /** Resolves once the daemon has welcomed it for the first time. */
  readonly ready: Promise<void>;
  /** Tasks that it runs now. */
  readonly inFlight: number;
  /**
   * Serves until it is stopped. Rejects when the daemon refuses it for good: `unauthenticated`,
   * `permission-denied`, `request-invalid`, `unimplemented`.
   */
  run(): Promise<void>;
  /** Takes nothing new, finishes what it has within the grace, and lets go. What is not done by then is aborted. Idempotent. */
  stop(graceMs?: number): Promise<void>;
  /** Stops on SIGTERM and SIGINT; a second one ends the process. Returns the worker. */
  stopOnSignals(): Worker;
}

const graceMsDefault = 30_000;
const slotsDefault = 16;
/** How long what was aborted at the end of the grace may take to say so. */
const lastWordMs = 1_000;
const delayMsMin = 50;
const delayMsMax = 5_000;

/** Trying again changes nothing. */
const refusals: ReadonlySet<ErrorCode> = new Set(["permission-denied", "request-invalid", "unimplemented", "config-invalid"]);
/** A daemon that has just started may not have written its token yet. */
const unauthenticatedMax = 4;

/**
 * Makes a worker. Nothing is sent before `run`.
 *
 * @throws HeddleError `config-invalid`, for a target that is no address, for another machine without
 * `insecure`, and for handlers, bundles or slots that make no sense.
 */
export function createWorker(options: WorkerOptions): Worker {
  return new DialingWorker(options);
}

class DialingWorker implements Worker {
  readonly #transport: Transport;
  readonly #log: SdkLog;
  readonly #hello: StreamHello;
  readonly #perform: ReturnType<typeof performBy>;
  readonly #graceMs: number;
  readonly #stopping = new AbortController();
  readonly ready: Promise<void>;
  #welcomed: () => void = () => undefined;
  #session: ServingSession | undefined;
  #isWelcome = false;
  #running: Promise<void> | undefined;
  #stopped: Promise<void> | undefined;

  constructor(options: WorkerOptions) {
    const { handlers, bundles = [], slots = slotsDefault, name = `${hostname()}-${process.pid}`, version = "" } = options;
    const { target, token, insecure, logPath, env } = options;
    const settings = resolveSettings({ target, token, insecure, logPath, env });
    this.#hello = helloOf({ name, slots, version, bundles, handlers: Object.keys(handlers) });
    this.#perform = performBy(new Map(Object.entries(handlers)));
    this.#graceMs = options.graceMs ?? graceMsDefault;
    this.#transport = new Transport(settings);
    this.#log = createSdkLog(settings.logPath);
    this.ready = new Promise((resolve) => {
      this.#welcomed = resolve;
    });
  }

  get name(): string {
    return this.#hello.name;
  }

  get instance(): string {
    return this.#hello.instance;
  }

  get inFlight(): number {
    return this.#session?.inFlight ?? 0;
  }

  run(): Promise<void> {
    this.#running ??= this.#serve().finally(() => this.#transport.close());
    return this.#running;
  }

  stop(graceMs = this.#graceMs): Promise<void> {
    this.#stopped ??= this.#stop(graceMs);
    return this.#stopped;
  }

  stopOnSignals(): Worker {
    for (const signal of ["SIGTERM", "SIGINT"] as const) {
      let times = 0;
      process.on(signal, () => {
        if (++times > 1) process.exit(signal === "SIGINT" ? 130 : 143);
        void this.stop();
      });
    }
    return this;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  async #serve(): Promise<void> {
    const stopping = this.#stopping.signal;
    let failures = 0;
    let unauthenticated = 0;
    while (!stopping.aborted) {
      const error = await this.#dial();
      if (stopping.aborted || error === undefined) continue;
      if (this.#isWelcome) {
        failures = 0;
        unauthenticated = 0;
      }
      if (error.code === "unauthenticated") unauthenticated++;
      if (refusals.has(error.code) || unauthenticated >= unauthenticatedMax) throw error;
      const delay = Math.min(delayMsMax, delayMsMin * 2 ** Math.min(failures++, 16)) * (0.5 + Math.random() / 2);
      this.#log("warn", `worker ${this.name}: dialling again in ${Math.round(delay)} ms: ${error.message} [${error.code}]`);
      await sleep(delay, stopping);
    }
  }

  /** One session, from its hello to its end; and why it ended, unless that was in order. */
  async #dial(): Promise<HeddleError | undefined> {
    this.#isWelcome = false;
    try {
      const stream = await this.#transport.duplex(workerStreamPath, { signal: undefined, deadline: Number.POSITIVE_INFINITY });
      if (this.#stopping.signal.aborted) {
        stream.cut();
        return undefined;
      }
      return await new Promise<HeddleError | undefined>((resolve) => {
        this.#session = startServing({
          stream,
          hello: this.#hello,
          perform: this.#perform,
          onWelcome: () => {
            this.#isWelcome = true;
            this.#welcomed();
          },
          onEnd: resolve,
        });
      });
    } catch (error) {
      return HeddleError.is(error) ? error : new HeddleError("internal", "the daemon could not be dialled", { cause: error });
    } finally {
      this.#session = undefined;
    }
  }

  async #stop(graceMs: number): Promise<void> {
    this.#stopping.abort();
    if (this.#isWelcome) this.#session?.drain();
    else this.#session?.close();
    if (this.#running === undefined) {
      this.#transport.close();
      return;
    }
    const timers = [
      setTimeout(() => this.#session?.abortAll("shutdown"), graceMs),
      setTimeout(() => this.#session?.close(), graceMs + lastWordMs),
    ];
    // How it ended is told by `run`.
    await this.#running.catch(() => undefined);
    for (const timer of timers) clearTimeout(timer);
  }
}

function helloOf(given: {
  readonly name: string;
  readonly slots: number;
  readonly version: string;
  readonly bundles: readonly ContentHash[];
  readonly handlers: readonly string[];
}): StreamHello {
  const { name, slots, version, bundles, handlers } = given;
  if (handlers.length === 0) throw new HeddleError("config-invalid", "a worker serves at least one handler");
  const hello = StreamHello.safeParse({
    protocol: streamProtocol,
    name,
    instance: randomUUID(),
    slots,
    handlers: handlers.map((handler) => ({ name: handler })),
    bundles,
    version,
  });
  if (hello.success) return hello.data;
  const lines = hello.error.issues.slice(0, 5).map((issue) => `${issue.path.join(".")}: ${issue.message}`);
  throw new HeddleError("config-invalid", `the worker cannot be: ${lines.join("; ")}`);
}

/** Resolves after the delay, or with the signal. */
function sleep(delayMs: number, stop: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (stop.aborted) return resolve();
    const done = () => {
      clearTimeout(timer);
      stop.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, delayMs);
    stop.addEventListener("abort", done, { once: true });
  });
}
