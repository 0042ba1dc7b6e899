/** A plugin in another process: dialled back where it said that it listens, and spoken to over one session. */
import {
  type ContentHash,
  defaultTenant,
  failureOf,
  HeddleError,
  type PluginInfo,
  type PluginInstance,
  publicError,
  type RunId,
} from "@heddle/core";
import type { Clock, Outcome, Task } from "@heddle/ports";
import { type ByteStream, healthAction } from "@heddle/wire";
import { RuntimeSession } from "../session/runtime-session.ts";
import { CallAbort } from "./call-abort.ts";
import { actionsOf, type Instance, type InstanceCall } from "./instance.ts";

/** Opens a stream to a plugin. `instance` shows the plugin that it is called back by whom it registered with. */
export type DialPlugin = (address: string, instance: string) => PluginLine;

/** A line to one process. */
export interface PluginLine {
  readonly stream: ByteStream;
  /** Lets go of the connection, once the session on it is over. */
  hangUp(): void;
}

export interface RemoteInstanceOptions {
  readonly info: PluginInfo;
  readonly address: string;
  /** Of this start of its process; only it and the daemon know. */
  readonly instance: string;
  /** As lists show it. */
  readonly id: string;
  readonly clock: Clock;
  readonly dial: DialPlugin;
  readonly leaseMs: number;
  readonly abortGraceMs: number;
  /** How long a draining one may go on. */
  readonly drainMs: number;
  countLoss(): boolean;
  /** It may take calls that it could not take before. */
  onFree(): void;
  /** It is gone: called once, after it had been connected. */
  onEnd(): void;
}

export class RemoteInstance implements Instance {
  readonly info;
  readonly actions;
  readonly #options: RemoteInstanceOptions;
  readonly #session: RuntimeSession;
  readonly #sinceMs: number;
  readonly #line: PluginLine;
  readonly #connected = deferred();
  readonly #ended = deferred();
  #isConnected = false;
  #health: string | undefined;
  #isDraining = false;
  #isCounted: boolean | undefined;
  #isOver = false;

  constructor(options: RemoteInstanceOptions) {
    const { info, address, instance, id, clock, leaseMs, abortGraceMs } = options;
    this.#options = options;
    this.info = info;
    this.actions = actionsOf(info);
    this.#sinceMs = clock.nowMs();
    // Whoever registers waits for it; a session that ends before anybody does is no news.
    this.#connected.promise.catch(() => undefined);
    this.#line = options.dial(address, instance);
    this.#session = new RuntimeSession({
      id,
      stream: this.#line.stream,
      clock,
      leaseMs,
      abortGraceMs,
      onHello: (hello) => {
        const { plugin, instance: said } = hello;
        if (plugin !== info.name || said !== instance) {
          throw new HeddleError("plugin-invalid", `at ${address} answers ${plugin ?? "no plugin"}, and not this start of ${info.name}`);
        }
      },
      onFree: () => this.#free(),
      onDrain: () => {
        this.#isDraining = true;
      },
      onEnd: (error) => this.#end(error),
      countLoss: (name) => name !== healthAction && this.#countLoss(),
    });
  }

  get isReady(): boolean {
    return this.#isConnected && !this.#isDraining && this.#session.isOpen;
  }

  get slots(): number {
    return this.#session.hello?.slots ?? 0;
  }

  get inFlight(): number {
    return this.#session.inFlight;
  }

  /** Resolves once it takes calls. Errors: `plugin-unreachable`, `plugin-invalid` for somebody else at its address. */
  connected(): Promise<void> {
    return this.#connected.promise;
  }

  get address(): string {
    return this.#options.address;
  }

  view(): PluginInstance {
    return {
      id: this.#options.id,
      address: this.#options.address,
      ...(this.#health === undefined ? {} : { message: this.#health }),
      status: this.#isDraining ? "draining" : this.#isConnected ? "connected" : "connecting",
      inFlight: this.inFlight,
      sinceMs: this.#sinceMs,
    };
  }

  call({ task, request, abort }: InstanceCall): Promise<Outcome> {
    const { action, params, timeRange } = request;
    return new Promise((resolve) => {
      this.#session.run({
        task,
        abort,
        name: action,
        inputJson: JSON.stringify(params),
        positional: false,
        ...(timeRange === undefined ? {} : { timeRangeJson: JSON.stringify(timeRange) }),
        settle: resolve,
      });
    });
  }

  checkHealth(withinMs: number): Promise<void> {
    if (!this.isReady || this.#session.free === 0) return Promise.resolve();
    return new Promise((resolve) => {
      this.#session.run({
        task: healthTask(withinMs),
        abort: new CallAbort(),
        name: healthAction,
        inputJson: "{}",
        positional: false,
        settle: (outcome) => {
          // One that does not know the question has no health to speak of.
          const failure = outcome.kind === "failed" && outcome.failure.code !== "action-not-found" ? outcome.failure : undefined;
          this.#health = failure === undefined ? undefined : `not healthy: ${failure.message}`;
          resolve();
        },
      });
    });
  }

  async drain(): Promise<void> {
    this.#isDraining = true;
    this.#session.drain();
    const { clock, drainMs } = this.#options;
    const cancel = clock.setTimer(drainMs, () => this.end(`it did not finish within ${drainMs} ms`));
    await this.#ended.promise;
    cancel();
  }

  end(why: string): void {
    this.#session.close(new HeddleError("cancelled", why));
  }

  /** The death of a process is one loss, whatever it carried out. */
  #countLoss(): boolean {
    this.#isCounted ??= this.#options.countLoss();
    return this.#isCounted;
  }

  #free(): void {
    if (!this.#isConnected) {
      this.#isConnected = true;
      this.#connected.resolve();
    }
    this.#options.onFree();
  }

  #end(error: HeddleError | undefined): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#line.hangUp();
    this.#ended.resolve();
    if (this.#isConnected) this.#options.onEnd();
    else if (HeddleError.is(error, "plugin-invalid")) this.#connected.reject(error);
    else this.#connected.reject(this.#unreachable(error));
  }

  #unreachable(error: HeddleError | undefined): HeddleError {
    const { info, address } = this.#options;
    const why = error === undefined ? "it hung up" : publicError(error).message;
    const message = `the plugin ${info.name} does not answer at ${address}, where it said that it listens: ${why}`;
    return new HeddleError("plugin-unreachable", message, { cause: error });
  }
}

/** A question that belongs to no run. */
function healthTask(timeoutMs: number): Task {
  return {
    run: "run_00000000000000000000000000" as RunId,
    tenant: defaultTenant,
    bundle: "" as ContentHash,
    node: { kind: "tool", id: "health", capability: healthAction, timeoutMs },
    activation: 0,
    attempt: 1,
    incarnation: "",
    idempotencyKey: "",
    input: {},
    services: {
      once: () => undefined,
      recorded: () => ({}),
      recordOnce: () => Promise.reject(new HeddleError("cancelled", "a health check records nothing")),
      call: () => Promise.resolve({ kind: "failed", failure: failureOf("unimplemented", "a health check calls nothing", "denied") }),
      waiting: () => undefined,
      log: () => undefined,
    },
  };
}

interface Deferred {
  readonly promise: Promise<void>;
  readonly resolve: () => void;
  readonly reject: (error: HeddleError) => void;
}

function deferred(): Deferred {
  let resolve: Deferred["resolve"] = () => undefined;
  let reject: Deferred["reject"] = () => undefined;
  const promise = new Promise<void>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  return { promise, resolve, reject };
}
