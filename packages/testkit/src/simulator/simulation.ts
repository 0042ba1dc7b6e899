/**
 * A runtime in a simulated world: virtual time, seeded dice, a store that outlives the process, and
 * processes that die at a chosen port call. One seed, one history.
 */
import { defaultTenant, invariant, type Principal, type RuntimeApi } from "@heddle/core";
import type { Executor, Store } from "@heddle/ports";
import { createRuntime, type HandlerFunction, type Runtime } from "@heddle/runtime";
import { type AppendObserver, crashableClock, crashableExecutor, crashableStore } from "./crashable.ts";
import { type Death, PortCalls } from "./port-calls.ts";
import { SeededRandom } from "./seeded-random.ts";
import { VirtualClock } from "./virtual-clock.ts";

export interface SimulationOptions {
  readonly seed: number;
  /** What survives every death. The simulation does not close it. */
  readonly store: Store;
  /** The handlers of a process, made anew for each: their timers die with it. */
  readonly handlers: (incarnation: Incarnation) => Readonly<Record<string, HandlerFunction>>;
  /** Carries out what is neither a handler of these nor a program: nodes of plugins, node servers and workers. */
  readonly elsewhere?: Executor;
  /** Wraps the executor beneath the one that counts calls: sees only what really ran. */
  readonly wrapExecutor?: (executor: Executor, incarnation: Incarnation) => Executor;
  readonly onAppended?: AppendObserver;
}

/** One life of the process. */
export interface Incarnation {
  /** From 1. */
  readonly number: number;
  readonly calls: PortCalls;
  readonly runtime: Runtime;
  /** The clock of this life: its timers end with it. */
  readonly clock: VirtualClock | ReturnType<typeof crashableClock>;
}

/** Who calls the API in a simulation. */
export const simulatedPrincipal: Principal = { subject: "simulation", tenant: defaultTenant, roles: ["admin", "operator", "engineer"] };

/** Somebody else than whoever starts runs: the n-th, from 1. */
export function simulatedPerson(n: number): Principal {
  return { ...simulatedPrincipal, subject: `person-${n}` };
}

/** A world with at most one living process. */
export class Simulation {
  readonly clock = new VirtualClock();
  readonly random: SeededRandom;
  /** What the callbacks of the runtime were told: bugs of single runs, and the end of a process. */
  readonly bugs: unknown[] = [];
  readonly fatals: Error[] = [];
  readonly #options: SimulationOptions;
  #incarnation: Incarnation | undefined;
  #born = 0;

  constructor(options: SimulationOptions) {
    this.#options = options;
    this.random = new SeededRandom(options.seed);
  }

  /** The process that runs now, or the one that ran last. */
  get incarnation(): Incarnation {
    invariant(this.#incarnation !== undefined, "a simulation has a process once it was started");
    return this.#incarnation;
  }

  get api(): RuntimeApi {
    return this.incarnation.runtime.api;
  }

  /** Starts a process, after the death of the one before. */
  start(death?: Death): Incarnation {
    this.#incarnation?.calls.kill();
    const calls = new PortCalls(death);
    const clock = crashableClock(this.clock, calls);
    const { store, handlers, elsewhere, wrapExecutor, onAppended } = this.#options;
    const born = { number: ++this.#born, calls, clock } as { -readonly [Key in keyof Incarnation]: Incarnation[Key] };
    born.runtime = createRuntime({
      store: crashableStore(store, calls, onAppended),
      clock,
      random: this.random.fork(),
      handlers: handlers(born),
      ...(elsewhere === undefined ? {} : { executors: { workers: elsewhere, tools: elsewhere, remotes: elsewhere } }),
      wrapExecutor: (executor) => crashableExecutor(wrapExecutor?.(executor, born) ?? executor, calls),
      onBug: (_run, bug) => {
        if (calls.alive) this.bugs.push(bug);
      },
      onFatal: (error) => {
        if (calls.alive) this.fatals.push(error);
      },
    });
    this.#incarnation = born;
    return born;
  }

  /** Ends the process at once; nothing that it still does has an effect. */
  kill(): void {
    this.incarnation.calls.kill();
  }

  /** Resolves when nothing moves any more until time passes or somebody asks for something. */
  async settle(): Promise<void> {
    for (let seen = -1; ; ) {
      await nextTurn();
      const calls = this.#incarnation?.calls;
      if (calls === undefined) return;
      if (calls.inFlight === 0 && calls.count === seen) return;
      seen = calls.count;
    }
  }

  /** Settles, then lets time pass timer by timer, until nothing is armed, `until` says so, or the timers are used up. */
  async run(until: () => boolean = () => false, timersMax = 10_000): Promise<void> {
    await this.settle();
    for (let fired = 0; fired < timersMax && !until() && this.clock.advance(); fired++) await this.settle();
  }

  /** Waits for an answer of the API while time passes; undefined where the process died before it came. */
  async answer<Answer>(asked: Promise<Answer>): Promise<Answer | undefined> {
    let done = false;
    const marked = asked.finally(() => {
      done = true;
    });
    marked.catch(() => undefined);
    await this.run(() => done || !this.incarnation.calls.alive);
    return done ? marked : undefined;
  }
}

/** All promise callbacks run before it, also those that they make. */
function nextTurn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
