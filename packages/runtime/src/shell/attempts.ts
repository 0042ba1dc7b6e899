/** The attempts that a run has under way: each is carried out through the gate, and settles once. */
import { failureOf, invariant, type JsonObject, type Node } from "@heddle/core";
import type { Outcome, TaskWaiting } from "@heddle/ports";
import type { CallRequest } from "../gate/call-request.ts";
import type { PerformedCall } from "../gate/gate.ts";
import type { RunCommand } from "../machine/commands.ts";
import { childRunId, inputOf, type RunEffect } from "../machine/index.ts";
import { AttemptAbort } from "./abort.ts";
import { AttemptServices, type AttemptTask, callRequestOf } from "./attempt-services.ts";
import type { Driven, EngineParts } from "./engine-parts.ts";
import type { Ticket } from "./flow-control.ts";
import { poolOf, wantedOf } from "./node-flow.ts";

/** The run that attempts belong to. */
interface Owner extends Driven {
  submit(command: RunCommand): Promise<void>;
}

type Effect<Kind extends RunEffect["kind"]> = Extract<RunEffect, { kind: Kind }>;
type Due = Pick<Effect<"execute-attempt">, "activation" | "attempt">;
/** Takes what has become known; nobody waits for an answer. */
type Tell = (command: RunCommand) => void;

interface Running {
  readonly attempt: number;
  readonly abort: AttemptAbort;
  /** It has given its outcome, which is not durable yet: until it is, the attempt is still due, and must not start again. */
  ended: boolean;
}

/** A place in the queue of an attempt, or what it was let in with. */
interface Held {
  readonly attempt: number;
  readonly ticket: Ticket;
}

/** An attempt that was given its input, and is about to start. */
interface Begun {
  readonly node: { readonly id: string; readonly node: Node };
  readonly input: JsonObject;
  readonly abort: AttemptAbort;
}

export class Attempts {
  readonly #parts: EngineParts;
  readonly #owner: Owner;
  readonly #tell: Tell;
  readonly #running = new Map<number, Running>();
  // Most runs never wait: these are made when one does.
  #waiting: Map<number, TaskWaiting> | undefined;
  #tickets: Map<number, Held> | undefined;

  constructor(parts: EngineParts, owner: Owner, tell: Tell) {
    this.#parts = parts;
    this.#owner = owner;
    this.#tell = tell;
  }

  #settle(activation: number, attempt: number, outcome: Outcome): void {
    this.#tell({ kind: "settle-attempt", activation, attempt, outcome });
  }

  /** Those that do something: one that waits to be taken by somebody else loses nothing when it is let go. */
  get size(): number {
    let count = 0;
    for (const [activation, running] of this.#running) if (!running.ended && this.#waiting?.has(activation) !== true) count++;
    return count;
  }

  has(activation: number): boolean {
    return this.#running.has(activation) || this.#tickets?.get(activation)?.ticket.isGranted === false;
  }

  /** Goes on once the attempt may start: at once where nothing bounds its node. `admitted` is called back when it had to wait. */
  enter({ activation, attempt }: Due, go: () => void, admitted: (activation: number) => void): void {
    const { live, workflow, tenant } = this.#owner;
    const open = live.activation(activation);
    const node = open === undefined ? undefined : workflow.plan.nodes.get(open.node)?.node;
    if (node === undefined || open === undefined) return;
    const held = this.#tickets?.get(activation);
    const isIn = held?.attempt === attempt && held.ticket.isGranted;
    const wanted = isIn ? undefined : wantedOf(node, workflow.ir.id, tenant, () => inputOf(workflow.plan, live, open));
    if (wanted === undefined) {
      go();
      return;
    }
    held?.ticket.release();
    const ticket = this.#parts.flow.request(wanted, () => admitted(activation));
    this.#tickets ??= new Map();
    this.#tickets.set(activation, { attempt, ticket });
    if (ticket.isGranted) go();
  }

  /** Gives back the slots of an activation, or its place in the queue. */
  leave(activation: number): void {
    this.#tickets?.get(activation)?.ticket.release();
    this.#tickets?.delete(activation);
  }

  /** What an attempt that was handed over still waits for. */
  waitingFor(activation: number): TaskWaiting | undefined {
    return this.#waiting?.get(activation) ?? this.#tickets?.get(activation)?.ticket.waiting();
  }

  wait(activation: number, attempt: number, reason: TaskWaiting | undefined): void {
    const running = this.#running.get(activation);
    if (reason === undefined) this.#waiting?.delete(activation);
    else if (running?.attempt === attempt && !running.ended) {
      this.#waiting ??= new Map();
      this.#waiting.set(activation, reason);
    }
  }

  /** The outcome of an attempt was decided on, and is durable where it changed anything. */
  letGo(activation: number, attempt: number): void {
    if (this.#running.get(activation)?.attempt === attempt) this.#running.delete(activation);
    if (this.#tickets?.get(activation)?.attempt === attempt) this.leave(activation);
  }

  /** Asks an attempt to stop; false where none is under way. */
  abort(activation: number): boolean {
    const running = this.#running.get(activation);
    if (running === undefined) this.leave(activation);
    running?.abort.abort("cancelled");
    return running !== undefined;
  }

  abortAll(reason: string): void {
    for (const activation of [...(this.#tickets?.keys() ?? [])]) if (!this.#running.has(activation)) this.leave(activation);
    for (const running of this.#running.values()) running.abort.abort(reason);
  }

  execute(effect: Effect<"execute-attempt">): void {
    const begun = this.#begin(effect);
    if (begun === undefined) return;
    const { activation, attempt } = effect;
    const { node, abort } = begun;
    const task = this.#task(effect, begun);
    this.#parts.gate.perform(task, this.#owner.workflow.admission, abort, this.#callOf(begun, activation)).then(
      (outcome) => {
        // Calls of its code that it did not wait for end with it, before its own outcome is told.
        const calling = task.services.end();
        if (calling === undefined) this.#end(activation, attempt, outcome);
        else void calling.then(() => this.#end(activation, attempt, outcome));
      },
      (bug: unknown) => this.#break(activation, attempt, node.id, bug),
    );
  }

  /** Has the gate prepare and judge the call of an activation. */
  prepareCall(effect: Effect<"prepare-call">): void {
    const begun = this.#begin(effect);
    if (begun === undefined) return;
    const { activation, attempt } = effect;
    const request = this.#requestOf(begun, activation);
    this.#during(effect, begun, this.#parts.gate.prepare(request, this.#owner.workflow.admission), (found) => {
      if (found.kind === "refused")
        return { kind: "settle-attempt", activation, attempt, outcome: { kind: "failed", failure: found.failure } };
      return { ...found, kind: "prepare-call", activation, attempt };
    });
  }

  /** Carries out the call that an activation needs first. */
  satisfyNeed(effect: Effect<"satisfy-need">): void {
    const { activation, attempt, need } = effect;
    const begun = need.kind === "call" ? this.#begin(effect) : undefined;
    if (begun === undefined || need.kind !== "call") return;
    const task = this.#task(effect, begun);
    this.#during(effect, begun, this.#parts.gate.satisfy(task, this.#requestOf(begun, activation), need, begun.abort), (failure) => {
      if (failure !== undefined) return { kind: "settle-attempt", activation, attempt, outcome: { kind: "failed", failure } };
      return { kind: "satisfy-need", activation, attempt, key: need.key };
    });
  }

  /** Work before an attempt starts: what it comes to is told, unless the attempt is no longer wanted. */
  #during<Found>(of: Due, { node, abort }: Begun, work: Promise<Found>, told: (found: Found) => RunCommand): void {
    const { activation, attempt } = of;
    work.then(
      (found) => {
        const running = this.#running.get(activation);
        if (running?.attempt === attempt) running.ended = true;
        if (abort.aborted) this.#settle(activation, attempt, { kind: "aborted" });
        else this.#tell(told(found));
      },
      (bug: unknown) => this.#break(activation, attempt, node.id, bug),
    );
  }

  #requestOf({ node, input }: Begun, activation: number): CallRequest {
    invariant(node.node.kind === "tool", "tool nodes alone make calls");
    return callRequestOf(this.#owner, node.node, input, `${this.#owner.id}/${activation}`);
  }

  #callOf(begun: Begun, activation: number): PerformedCall | undefined {
    const call = this.#owner.live.activation(activation)?.call;
    return call === undefined ? undefined : { request: this.#requestOf(begun, activation), judged: call };
  }

  #task({ activation, attempt }: Due, { node, input, abort }: Begun): AttemptTask {
    const { workflow, id, tenant } = this.#owner;
    const held = this.#tickets?.get(activation)?.ticket;
    const pool = held === undefined ? undefined : poolOf(node.node);
    const services = new AttemptServices(this.#parts, this.#owner, activation, attempt, abort, this);
    const task: AttemptTask = {
      run: id,
      tenant,
      bundle: workflow.bundle,
      node: node.node,
      activation,
      attempt,
      incarnation: this.#parts.incarnation,
      idempotencyKey: `${id}/${activation}`,
      input,
      services,
      ...(held === undefined || pool === undefined ? {} : { lease: { ...pool, waitedMs: held.waitedMs } }),
    };
    services.task = task;
    return task;
  }

  runChild(effect: Effect<"run-child">): void {
    const begun = this.#begin(effect);
    if (begun === undefined) return;
    const { activation, attempt, child, workflow, deadlineMs } = effect;
    const wanted = { child, workflow, input: begun.input, parent: this.#owner, activation, node: begun.node.id, deadlineMs };
    this.#parts.runChild(wanted, begun.abort).then(
      (outcome) => this.#end(activation, attempt, outcome),
      (bug: unknown) => this.#break(activation, attempt, begun.node.id, bug),
    );
  }

  /** Cancels the run that an aborted attempt of an earlier process may have started. */
  endChild(activation: number, attempt: number): void {
    const abort = new AttemptAbort();
    abort.abort("cancelled");
    this.#running.set(activation, { attempt, abort, ended: false });
    this.#parts.endChild(childRunId(this.#owner.live, { id: activation, attempt }), this.#owner).then(
      () => this.#end(activation, attempt, { kind: "aborted" }),
      () => undefined,
    );
  }

  #begin({ activation, attempt, node: nodeId }: Due & { readonly node: string }): Begun | undefined {
    const { live, workflow } = this.#owner;
    const node = workflow.plan.nodes.get(nodeId);
    const open = live.activation(activation);
    if (open === undefined || node === undefined) return undefined;
    const input = inputOf(workflow.plan, live, open);
    if (input.kind === "refused") {
      this.#settle(activation, attempt, { kind: "failed", failure: input.failure });
      return undefined;
    }
    const abort = new AttemptAbort();
    this.#running.set(activation, { attempt, abort, ended: false });
    return { node, input: input.values, abort };
  }

  #end(activation: number, attempt: number, outcome: Outcome): void {
    const running = this.#running.get(activation);
    if (running?.attempt === attempt) {
      running.ended = true;
      this.#waiting?.delete(activation);
      this.leave(activation);
    }
    this.#settle(activation, attempt, outcome);
  }

  /** An executor that rejects has a bug. The attempt fails, so that its run does not hang on it. */
  #break(activation: number, attempt: number, node: string, bug: unknown): void {
    this.#parts.report(this.#owner, bug);
    this.#end(activation, attempt, { kind: "failed", failure: failureOf("internal", "the executor did not settle", "handler", { node }) });
  }
}
