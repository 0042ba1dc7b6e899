/**
 * The workers of this daemon: an executor for handlers whose code is in other people's processes.
 *
 * A task goes to a worker of its own tenant that serves its handler for its bundle, the least loaded
 * one first; where none has a place it waits, first come, first served, and says why. A worker that is
 * lost loses its tasks: their runs decide whether to try again, and the hub gives that to another one.
 */
import { failureOf, HeddleError, type Principal } from "@heddle/core";
import type { AbortHandle, Clock, Executor, Outcome, Task } from "@heddle/ports";
import type { ByteStream, StreamHello } from "@heddle/wire";
import { RuntimeSession } from "../session/runtime-session.ts";
import { Lane, type Member, type Need, serves, Waiter } from "./lane.ts";
import { Losses } from "./losses.ts";

export interface WorkerHubOptions {
  readonly clock: Clock;
  /** How long a worker may be silent before its tasks are given to others. Default 15 s. */
  readonly leaseMs?: number;
  /** How long an aborted task may go on before it is given up. Default 5 s. */
  readonly abortGraceMs?: number;
  /** Told of workers that come, go and are refused: one clause for people. */
  readonly report?: (text: string) => void;
}

/** A worker as an operator sees it. */
export interface WorkerView {
  readonly name: string;
  readonly instance: string;
  readonly version: string;
  readonly handlers: readonly string[];
  /** None: any. */
  readonly bundles: readonly string[];
  readonly slots: number;
  readonly inFlight: number;
  readonly status: "connected" | "draining";
  readonly sinceMs: number;
}

/** Executes nodes of kind `handler` whose code is in no bundle. */
export interface WorkerHub extends Executor {
  /** A worker has dialled. It is refused with `permission-denied` without a role, `request-invalid` for what it says, `shutting-down`. */
  accept(stream: ByteStream, principal: Principal): void;
  /** Workers get no more tasks, finish those they have, and are let go. New ones are refused. */
  drain(): void;
  /** The workers of a tenant, by name. */
  list(tenant: string): readonly WorkerView[];
}

/** Makes a hub that no worker has dialled yet. */
export function createWorkerHub(options: WorkerHubOptions): WorkerHub {
  return new Hub(options);
}

const leaseMsDefault = 15_000;
const abortGraceMsDefault = 5_000;

class Hub implements WorkerHub {
  readonly keepsTime = true;
  readonly #options: WorkerHubOptions;
  readonly #sessions = new Set<RuntimeSession>();
  readonly #members = new Map<RuntimeSession, Member>();
  readonly #lanes = new Map<string, Lane>();
  /** Lanes in which somebody waits. */
  readonly #waiting = new Set<Lane>();
  readonly #losses = new Losses();
  #order = 0;
  #sessionCount = 0;
  #isDraining = false;
  #isClosed = false;

  constructor(options: WorkerHubOptions) {
    this.#options = options;
  }

  execute(task: Task, abort: AbortHandle): Promise<Outcome> {
    if (this.#isClosed || abort.aborted) return Promise.resolve({ kind: "aborted" });
    const { node } = task;
    if (node.kind !== "handler") {
      const failure = failureOf("handler-not-found", `workers serve handlers, and ${node.id} is none`, "denied", { node: node.id });
      return Promise.resolve({ kind: "failed", failure });
    }
    const lane = this.#laneOf(task, node.handler);
    return new Promise((resolve) => {
      const settle = (outcome: Outcome): void => resolve(this.#isClosed && outcome.kind === "lost" ? { kind: "aborted" } : outcome);
      const member = lane.first === undefined ? lane.leastLoaded() : undefined;
      if (member === undefined) this.#wait(lane, task, abort, settle);
      else this.#send(member, task, abort, settle);
    });
  }

  accept(stream: ByteStream, principal: Principal): void {
    const { clock, leaseMs = leaseMsDefault, abortGraceMs = abortGraceMsDefault } = this.#options;
    const refusal = this.#refusalOf(principal);
    if (refusal !== undefined) {
      stream.end(refusal);
      return;
    }
    const { tenant } = principal;
    const session = new RuntimeSession({
      id: `s${++this.#sessionCount}`,
      stream,
      clock,
      leaseMs,
      abortGraceMs,
      onHello: (hello) => this.#join(session, hello, tenant),
      onFree: () => this.#feed(session),
      onDrain: () => this.#leave(session),
      onEnd: (error) => {
        this.#sessions.delete(session);
        this.#leave(session);
        this.#report(error === undefined ? `${session.label} has finished` : `${session.label} is gone: ${error.message}`);
      },
      countLoss: (handler) => !this.#isClosed && !this.#isDraining && this.#losses.count(`${tenant} ${handler}`, clock.nowMs()),
    });
    this.#sessions.add(session);
  }

  drain(): void {
    this.#isDraining = true;
    for (const session of [...this.#sessions]) session.drain();
  }

  list(tenant: string): readonly WorkerView[] {
    return [...this.#sessions]
      .flatMap((session) => {
        const { hello } = session;
        const member = this.#members.get(session);
        if (hello === undefined || member?.tenant !== tenant) return [];
        const { name, instance, version, bundles, slots } = hello;
        const status = session.isOpen ? ("connected" as const) : ("draining" as const);
        const handlers = hello.handlers.map((handler) => handler.name);
        return [{ name, instance, version, handlers, bundles, slots, inFlight: session.inFlight, status, sinceMs: member.sinceMs }];
      })
      .sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : a.sinceMs - b.sinceMs));
  }

  close(): Promise<void> {
    this.#isClosed = true;
    this.#isDraining = true;
    for (const lane of this.#waiting)
      for (let waiter = lane.next(); waiter !== undefined; waiter = lane.next()) waiter.settle({ kind: "aborted" });
    this.#waiting.clear();
    for (const session of [...this.#sessions]) session.close(new HeddleError("shutting-down", "the daemon is shutting down"));
    return Promise.resolve();
  }

  #refusalOf({ roles, subject }: Principal): HeddleError | undefined {
    if (this.#isDraining) return new HeddleError("shutting-down", "the daemon is shutting down");
    if (roles.length > 0) return undefined;
    return new HeddleError("permission-denied", `${subject} has no role, and a worker needs operator, engineer or admin`);
  }

  #join(session: RuntimeSession, hello: StreamHello, tenant: string): void {
    if (hello.handlers.length === 0) throw new HeddleError("request-invalid", "a worker serves at least one handler");
    for (const [other, { tenant: theirs }] of [...this.#members]) {
      // It has dialled again before its old connection was found dead.
      if (theirs === tenant && other.hello?.instance === hello.instance)
        other.close(new HeddleError("executor-lost", "it has dialled again"));
    }
    const member: Member = {
      session,
      tenant,
      handlers: new Set(hello.handlers.map(({ name }) => name)),
      bundles: hello.bundles.length === 0 ? undefined : new Set(hello.bundles),
      sinceMs: this.#options.clock.nowMs(),
    };
    this.#members.set(session, member);
    this.#forgetIdleLanes();
    for (const lane of this.#lanes.values()) if (serves(member, lane.need)) lane.members.add(member);
    this.#report(`${session.label} serves ${[...member.handlers].join(", ")} with ${hello.slots} slots`);
  }

  /** It takes nothing more: who waited for it waits for others. */
  #leave(session: RuntimeSession): void {
    const member = this.#members.get(session);
    if (member === undefined) return;
    if (!this.#sessions.has(session)) this.#members.delete(session);
    for (const lane of this.#lanes.values()) lane.members.delete(member);
    this.#forgetIdleLanes();
  }

  /** Lanes are made when they are asked for: those in which nobody waits may go, and do not pile up with old bundles. */
  #forgetIdleLanes(): void {
    for (const [key, lane] of this.#lanes) if (!this.#waiting.has(lane)) this.#lanes.delete(key);
  }

  #laneOf({ tenant, bundle }: Task, handler: string): Lane {
    const key = `${tenant} ${bundle} ${handler}`;
    let lane = this.#lanes.get(key);
    if (lane === undefined) {
      lane = new Lane({ tenant, bundle, handler });
      for (const member of this.#members.values()) if (member.session.isOpen && serves(member, lane.need)) lane.members.add(member);
      this.#lanes.set(key, lane);
    }
    return lane;
  }

  #wait(lane: Lane, task: Task, abort: AbortHandle, settle: (outcome: Outcome) => void): void {
    const waiter = new Waiter(lane, { task, abort, settle, order: ++this.#order, elsewhere: (need) => this.#elsewhere(need) });
    lane.add(waiter);
    this.#waiting.add(lane);
    task.services.waiting(waiter);
    abort.onAbort(() => {
      if (waiter.isGone) return;
      waiter.isGone = true;
      if (lane.first === undefined) this.#waiting.delete(lane);
      settle({ kind: "aborted" });
    });
  }

  /** Gives a worker what waits for it, the oldest first, while it has a place. */
  #feed(session: RuntimeSession): void {
    const member = this.#members.get(session);
    while (member !== undefined && this.#waiting.size > 0 && session.free > 0) {
      const lane = this.#oldestFor(member);
      const waiter = lane?.next();
      if (lane === undefined || waiter === undefined) return;
      if (lane.first === undefined) this.#waiting.delete(lane);
      waiter.task.services.waiting(undefined);
      this.#send(member, waiter.task, waiter.abort, waiter.settle);
    }
  }

  #oldestFor(member: Member): Lane | undefined {
    let oldest: Lane | undefined;
    for (const lane of this.#waiting) {
      if (!lane.members.has(member)) continue;
      if ((lane.first?.order ?? Number.POSITIVE_INFINITY) < (oldest?.first?.order ?? Number.POSITIVE_INFINITY)) oldest = lane;
    }
    return oldest;
  }

  #send({ session }: Member, task: Task, abort: AbortHandle, settle: (outcome: Outcome) => void): void {
    const { node, input } = task;
    const positional = node.kind === "handler" && node.arguments === "positional";
    const inputJson = JSON.stringify(positional ? Object.values(input) : input);
    session.run({ task, abort, name: node.kind === "handler" ? node.handler : "", inputJson, positional, settle });
  }

  #elsewhere({ tenant, handler }: Need): number {
    return [...this.#members.values()].filter((member) => member.tenant === tenant && member.handlers.has(handler)).length;
  }

  #report(text: string): void {
    this.#options.report?.(`worker ${text}`);
  }
}
