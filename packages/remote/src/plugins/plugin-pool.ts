/**
 * The instances of one plugin, and the calls that wait for one. A call goes to the least loaded instance
 * that has a free slot; until there is one it waits, in order, and says for what.
 */
import { failureOf, type PluginInfo, type ToolNode, toolName } from "@heddle/core";
import type { AbortHandle, Clock, Outcome, Task } from "@heddle/ports";
import { checkedOutcome, isFailure, refusalOf, requestOf } from "./call-rules.ts";
import type { Instance } from "./instance.ts";

/** Losses within the window that count against nobody. */
const lossesMax = 3;
const lossWindowMs = 600_000;

interface Waiting {
  readonly task: Task;
  readonly node: ToolNode;
  readonly action: string;
  readonly abort: AbortHandle;
  readonly settle: (outcome: Outcome) => void;
}

export interface PoolHooks {
  /** Why nobody can serve it, where that is known. */
  absence?(): string | undefined;
  /** Nobody serves it, and nobody asks for it. */
  onIdle?(): void;
}

export class PluginPool {
  readonly name: string;
  readonly #clock: Clock;
  readonly #hooks: PoolHooks;
  readonly #instances = new Map<string, Instance>();
  readonly #waiting = new Set<Waiting>();
  readonly #losses: number[] = [];

  constructor(name: string, clock: Clock, hooks: PoolHooks = {}) {
    this.name = name;
    this.#clock = clock;
    this.#hooks = hooks;
  }

  /** Oldest first. */
  get instances(): readonly Instance[] {
    return [...this.#instances.values()];
  }

  /** What the newest instance that takes calls says of itself; else the newest. */
  get info(): PluginInfo | undefined {
    const all = this.instances;
    return (all.findLast(({ isReady }) => isReady) ?? all.at(-1))?.info;
  }

  get(key: string): Instance | undefined {
    return this.#instances.get(key);
  }

  add(key: string, instance: Instance): void {
    this.#instances.set(key, instance);
    this.pump();
  }

  remove(key: string, instance: Instance): void {
    if (this.#instances.get(key) === instance) this.#instances.delete(key);
    this.#tellAll();
    this.#restIfIdle();
  }

  execute(task: Task, node: ToolNode, action: string, abort: AbortHandle): Promise<Outcome> {
    return new Promise((settle) => {
      const waiting: Waiting = { task, node, action, abort, settle };
      if (this.#waiting.size === 0 && this.#place(waiting)) return;
      this.#waiting.add(waiting);
      this.#tell(waiting, this.#waiting.size);
      abort.onAbort(() => {
        if (!this.#waiting.delete(waiting)) return;
        settle({ kind: "aborted" });
        this.#restIfIdle();
      });
    });
  }

  /** Hands out what waits, as far as there are slots. */
  pump(): void {
    for (const waiting of this.#waiting) {
      if (!this.#place(waiting)) return;
      this.#waiting.delete(waiting);
      waiting.task.services.waiting(undefined);
    }
  }

  /** Ends everything: what waits is aborted. */
  close(): void {
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const { settle } of waiting) settle({ kind: "aborted" });
    for (const instance of this.instances) instance.end("the daemon is shutting down");
  }

  /** Whether a process that is lost now is one too many for the window. */
  countLoss(): boolean {
    const nowMs = this.#clock.nowMs();
    while (this.#losses.length > 0 && (this.#losses[0] as number) < nowMs - lossWindowMs) this.#losses.shift();
    this.#losses.push(nowMs);
    return this.#losses.length > lossesMax;
  }

  /** False: it has to wait. */
  #place(waiting: Waiting): boolean {
    const { task, node, abort, settle } = waiting;
    let best: Instance | undefined;
    let isThere = false;
    let isKnown = false;
    for (const instance of this.#instances.values()) {
      if (!instance.isReady) continue;
      isThere = true;
      if (!instance.actions.has(waiting.action)) continue;
      isKnown = true;
      if (instance.inFlight < instance.slots && (best === undefined || instance.inFlight < best.inFlight)) best = instance;
    }
    if (!isThere) return false;
    if (!isKnown) {
      settle({ kind: "failed", failure: this.#unknownAction(waiting) });
      return true;
    }
    const action = best?.actions.get(waiting.action);
    if (best === undefined || action === undefined) return false;
    const refusal = refusalOf(node, this.name, action);
    const made = refusal ?? requestOf(task, this.name, action);
    if (isFailure(made)) settle({ kind: "failed", failure: made });
    else
      best.call({ task, request: made, abort }).then((outcome) => this.#settled(waiting, checkedOutcome(outcome, task, this.name, action)));
    return true;
  }

  #settled({ settle }: Waiting, outcome: Outcome): void {
    settle(outcome);
    if (this.#waiting.size > 0) this.pump();
  }

  #restIfIdle(): void {
    if (this.#instances.size === 0 && this.#waiting.size === 0) this.#hooks.onIdle?.();
  }

  #tellAll(): void {
    let place = 0;
    for (const waiting of this.#waiting) this.#tell(waiting, ++place);
  }

  #tell({ task }: Waiting, place: number): void {
    const all = this.instances;
    if (all.some(({ isReady }) => isReady)) {
      task.services.waiting({ kind: "slot", message: `every instance of the plugin ${this.name} is busy; place ${place} in the queue` });
      return;
    }
    const [first] = all.map((instance) => instance.view());
    const absence = this.#hooks.absence?.();
    const why =
      absence !== undefined
        ? `the plugin ${this.name} cannot be loaded: ${absence}`
        : first === undefined
          ? `no plugin ${this.name} is registered; start it, or put it into the workspace`
          : `the plugin ${this.name} is ${first.status}${first.message === undefined ? "" : `: ${first.message}`}`;
    task.services.waiting({ kind: "executor-missing", message: why });
  }

  #unknownAction({ node, action }: Waiting): ReturnType<typeof failureOf> {
    const names = this.info?.actions.map(({ name }) => name) ?? [];
    return failureOf(
      "action-not-found",
      `${node.id} calls ${toolName(this.name, action)}, and the plugin ${this.name} has no such action; it has ${names.join(", ")}`,
      "denied",
      { node: node.id },
    );
  }
}
