/**
 * What is outside of the simulated process, and outlives it: the state of the world, requests under way, what was executed
 * and committed so far, the story of it all, and the first law that was broken.
 */
import { canonicalJson, type JsonObject, type JsonValue, type RunEvent, type RunId } from "@heddle/core";
import type { StreamAppend, Task } from "@heddle/ports";
import type { SimulatedRun } from "./define-simulation.ts";
import type { FaultPlan } from "./fault-plan.ts";
import type { VirtualClock } from "./virtual-clock.ts";

/** What did not hold. */
export interface Broken {
  /** `check`, or the name of a law: shrinking keeps to one of them. */
  readonly law: string;
  readonly text: string;
}

/** A line of what happened. `fault`: it did not happen by itself. */
export interface StoryLine {
  readonly atMs: number;
  readonly text: string;
  readonly fault: boolean;
}

/** A step of somebody outside who speaks to the API, and repeats what was not answered. */
export type Wish =
  | {
      readonly kind: "answer";
      readonly run: RunId;
      readonly activation: number;
      readonly node: string;
      readonly person: number;
      readonly answer?: JsonValue;
    }
  | { readonly kind: "signal"; readonly run: RunId; readonly name: string; readonly value: JsonValue; readonly key: string }
  | { readonly kind: "settle"; readonly call: string; readonly as: "succeeded" | "failed" | "retry"; readonly result?: JsonValue }
  | { readonly kind: "cancel" | "pause" | "resume" };

/** What an attempt has done, as whoever settles its call can find out. */
interface Executed {
  effects: number;
  outcome?: JsonValue;
}

const storyMax = 400;

export class Outside {
  readonly plan: FaultPlan;
  readonly clock: VirtualClock;
  readonly story: StoryLine[] = [];
  readonly wishes: Wish[] = [];
  /** Texts of all events, in the order of their commits: the history that a seed repeats. */
  readonly history: string[] = [];
  /** Remarks that break no law. */
  readonly remarks = new Set<string>();
  /** Events of runs, by id. */
  readonly runs = new Map<RunId, RunEvent[]>();
  readonly attempts = new Map<string, number>();
  broken: Broken | undefined;
  commits = 0;
  /** Requests that have not reached the world yet. */
  underWay = 0;
  /** Whether something was committed since the world looked last. */
  moved = false;
  /** Told of each commit, by number. */
  onCommit: (commits: number) => void = () => undefined;
  readonly #names = new Map<RunId, string>();
  readonly #opened = new Set<string>();
  readonly #succeeded = new Set<string>();
  /** Keys by call, and inputs by key. */
  readonly #keys = new Map<string, string>();
  readonly #inputs = new Map<string, string>();
  readonly #results = new Map<string, string>();
  readonly #executed = new Map<string, Executed>();
  /** How often each attempt was begun: a process that takes over begins again what no journal says to have ended. */
  readonly #times = new Map<string, number>();
  readonly #running = new Set<string>();
  readonly #unsafe = new Set<string>();

  constructor(plan: FaultPlan, clock: VirtualClock) {
    this.plan = plan;
    this.clock = clock;
  }

  get atMs(): number {
    return this.clock.steadyMs;
  }

  tell(text: string, fault = false): void {
    if (this.story.length < storyMax) this.story.push({ atMs: this.atMs, text, fault });
  }

  fault(site: string, kind: string, text: string): void {
    this.plan.happened({ site, kind, atMs: this.atMs, text });
    this.tell(text, true);
  }

  /** Only the first counts: what follows may follow from it. */
  break(law: string, text: string): void {
    this.broken ??= { law, text };
  }

  /** A run by a name that is short, and the same in every play: empty for the first. */
  prefixOf(run: RunId): string {
    const known = this.#names.get(run);
    if (known !== undefined) return known;
    const name = this.#names.size === 0 ? "" : `child${this.#names.size}/`;
    this.#names.set(run, name);
    return name;
  }

  /** An attempt is about to be executed, in this life of the process. Gives its name. */
  begin(task: Task, life: number, isSafe: boolean): string {
    const { run, activation, attempt, node, idempotencyKey: key } = task;
    const short = `${this.prefixOf(run)}${node.id}#${activation}`;
    const times = (this.#times.get(`${key}#${attempt}`) ?? 0) + 1;
    this.#times.set(`${key}#${attempt}`, times);
    // Not by the life of its process: a name that a death changes would tie every later fault to that death.
    const name = `${short} attempt ${attempt}${times === 1 ? "" : ` time ${times}`}`;
    this.attempts.set(node.id, (this.attempts.get(node.id) ?? 0) + 1);
    if (!this.#opened.has(`${run}/${activation}`))
      this.break("facts-first", `${short} is executed before the fact that opens it is durable`);
    if (this.#succeeded.has(`${run}/${activation}`)) this.break("done-once", `${short} is executed again after its success was durable`);
    if (this.#running.has(`${life} ${key}`)) this.break("one-at-a-time", `${short} is executed twice at the same time by one process`);
    this.#running.add(`${life} ${key}`);
    this.#holdKey(task, short);
    if (!isSafe && this.#unsafe.has(`${key}#${attempt}`))
      this.break("unsafe-once", `attempt ${attempt} at ${short} is unsafe, and was begun twice`);
    if (!isSafe) this.#unsafe.add(`${key}#${attempt}`);
    this.tell(`${name} begins`);
    return name;
  }

  /** One call, one key: whatever can tell repeats by it relies on that, in both directions. */
  #holdKey({ run, activation, node, input, idempotencyKey: key }: Task, short: string): void {
    const call = `${run}/${activation}`;
    const usual = this.#keys.get(call) ?? key;
    if (usual !== key) this.break("stable-key", `${short} has the idempotency key ${key}, and had ${usual} before`);
    this.#keys.set(call, usual);
    const digest = `${node.id} ${canonicalJson(input as JsonObject)}`;
    const known = this.#inputs.get(key) ?? digest;
    if (known !== digest) this.break("stable-key", `${short} was called with another input under the same idempotency key ${key}`);
    this.#inputs.set(key, known);
  }

  /** The executor has said how an attempt ended. */
  end(key: string, life: number): void {
    this.#running.delete(`${life} ${key}`);
  }

  /** A request of an attempt had its effect, or its stub gave a result. */
  done(key: string, attempt: number, result?: JsonValue): void {
    const call = `${key}#${attempt}`;
    const executed = this.#executed.get(call) ?? { effects: 0 };
    this.#executed.set(call, executed);
    if (result === undefined) executed.effects++;
    else executed.outcome = result;
  }

  /** Two attempts at one activation are the same call: what differs is worth a remark. */
  compareResults(key: string, node: string, result: JsonValue): void {
    const digest = canonicalJson(result);
    const known = this.#results.get(key) ?? digest;
    if (known !== digest) this.remarks.add(`${node} gave different results for the same call`);
    this.#results.set(key, known);
  }

  executedAs(key: string, attempt: number): Executed {
    return this.#executed.get(`${key}#${attempt}`) ?? { effects: 0 };
  }

  /** An append that took effect. */
  appended(items: readonly StreamAppend[]): void {
    for (const { stream, events } of items) {
      if (!stream.startsWith("run:")) continue;
      const run = stream.slice("run:".length);
      const known = this.runs.get(run) ?? [];
      this.runs.set(run, known);
      for (const { text } of events) {
        this.history.push(`${this.prefixOf(run)}${text}`);
        const event = JSON.parse(text) as RunEvent;
        known.push(event);
        this.#noteOpened(run, event);
        if (event.kind === "activation-succeeded") this.#succeeded.add(`${run}/${event.activation}`);
      }
    }
    this.moved = true;
    this.onCommit(++this.commits);
  }

  /** Every place where an event opens an activation has this shape, however deep. */
  #noteOpened(run: RunId, part: unknown): void {
    if (typeof part !== "object" || part === null) return;
    if ("activation" in part && "node" in part) this.#opened.add(`${run}/${String(part.activation)}`);
    for (const name of ["open", "frames"] as const) {
      const inner = (part as Readonly<Record<string, unknown>>)[name];
      if (Array.isArray(inner)) for (const each of inner) this.#noteOpened(run, each);
      else this.#noteOpened(run, inner);
    }
  }

  /** The run as `check` sees it. */
  runOf(seed: number, run: RunId, input: JsonObject, ended: boolean): SimulatedRun {
    const events = this.runs.get(run) ?? [];
    const last = events.at(-1);
    return {
      seed,
      ended,
      input,
      events,
      atMs: this.atMs,
      status:
        last?.kind === "run-succeeded"
          ? "succeeded"
          : last?.kind === "run-failed"
            ? "failed"
            : last?.kind === "run-cancelled"
              ? "cancelled"
              : "open",
      ...(last?.kind === "run-succeeded" ? { output: last.output } : {}),
      ...(last?.kind === "run-failed" ? { failure: last.failure } : {}),
      attemptsAt: (node) => this.attempts.get(node) ?? 0,
    };
  }
}
