/** The life of an attempt, the same in every discipline: started, settled, forgotten, tried again. */
import { type Failure, failureOf, type JsonValue, type Node, type RetryPolicy, unreachable } from "@heddle/core";
import type { AttemptOutcome, Refusal, RunCommand } from "../commands.ts";
import { retryDelayMs } from "./retry.ts";
import type { Activation } from "./state.ts";
import { optional, type RunTurn } from "./turn.ts";

/** What a discipline makes of an attempt that has ended. */
export interface Endings<Turn> {
  nodeOf(turn: Turn, id: string): Node;
  /** Ends an activation with its result; or gives why the result does not fit, and does nothing. */
  succeed(turn: Turn, activation: Activation, result: JsonValue, given: { attempt?: number; by?: string }): Failure | undefined;
  /** Whether a result would fit. */
  misfitOf(turn: Turn, activation: Activation, result: JsonValue): Failure | undefined;
  /** Ends an activation that failed for good. */
  fail(turn: Turn, activation: Activation, failure: Failure, on: "failure" | "timeout" | "rejected", by: string | undefined): void;
  /** After an activation that was asked to stop has ended. */
  cancelled(turn: Turn, activation: Activation): void;
}

type AnyTurn = RunTurn<unknown, unknown>;
type Command<Kind extends RunCommand["kind"]> = Extract<RunCommand, { kind: Kind }>;

/** The activation, if it is open and at this attempt: anything else is late, and dropped. */
export function current(turn: AnyTurn, id: number, attempt: number): Activation | undefined {
  const activation = turn.fold.activation(id);
  return activation !== undefined && activation.attempt === attempt ? activation : undefined;
}

export function startAttempt(turn: AnyTurn, command: Command<"start-attempt">): void {
  const activation = current(turn, command.activation, command.attempt);
  if (activation?.status === "ready" && !turn.fold.head.paused) {
    turn.emit({ kind: "attempt-started", activation: activation.id, attempt: activation.attempt, incarnation: command.incarnation });
  }
}

export function forgetAttempt(turn: AnyTurn, command: Command<"forget-attempt">): void {
  const activation = current(turn, command.activation, command.attempt);
  if (activation?.status === "started") turn.emit({ kind: "outcome-unknown", activation: activation.id, attempt: activation.attempt });
}

export function recordOnce(turn: AnyTurn, command: Command<"record-once">): Refusal | undefined {
  const activation = current(turn, command.activation, command.attempt);
  if (activation === undefined || (activation.status !== "ready" && activation.status !== "started")) {
    return { code: "cancelled", message: "the attempt is no longer wanted" };
  }
  turn.emit({ kind: "once-recorded", activation: activation.id, name: command.name, value: command.value });
  return undefined;
}

/** A call of code that changes something starts under one name once; how it ended is told as long as anybody asks. */
export function recordCall(turn: AnyTurn, { kind: _, ...told }: Command<"record-call">): Refusal | undefined {
  const activation = current(turn, told.activation, told.attempt);
  const wanted = activation?.status === "ready" || activation?.status === "started";
  if (activation === undefined || !(wanted || (activation.status === "aborting" && told.outcome !== "started"))) {
    return { code: "cancelled", message: "the attempt is no longer wanted" };
  }
  if (told.outcome === "started" && activation.calls?.[told.name] !== undefined) {
    return { code: "outcome-unknown", message: `the call ${told.name} was started before` };
  }
  turn.emit({ kind: "handler-called", ...told });
  return undefined;
}

export function settleAttempt<Turn extends AnyTurn>(turn: Turn, command: Command<"settle-attempt">, endings: Endings<Turn>): void {
  const { attempt, outcome } = command;
  const activation = current(turn, command.activation, attempt);
  if (activation === undefined) return;
  if (activation.status === "aborting") {
    const said = outcome.kind === "lost" ? "unknown" : outcome.kind;
    turn.emit({ kind: "activation-cancelled", activation: activation.id, attempt, outcome: said });
    endings.cancelled(turn, activation);
    return;
  }
  if (activation.status !== "ready" && activation.status !== "started") return;
  end(turn, activation, outcome, endings);
}

function end<Turn extends AnyTurn>(turn: Turn, activation: Activation, outcome: AttemptOutcome, endings: Endings<Turn>): void {
  switch (outcome.kind) {
    case "succeeded": {
      const misfit = endings.succeed(turn, activation, outcome.result, { attempt: activation.attempt });
      if (misfit !== undefined) failAttempt(turn, activation, misfit, true, endings);
      return;
    }
    case "failed":
      failAttempt(turn, activation, outcome.failure, true, endings);
      return;
    case "lost": {
      const failure = failureOf("executor-lost", outcome.message, "executor-lost", { retryable: true, node: activation.node });
      failAttempt(turn, activation, failure, outcome.counted, endings);
      return;
    }
    case "aborted":
      // Nobody wanted it aborted but a process that is going away: it is still due.
      return;
    default:
      unreachable(outcome);
  }
}

function failAttempt<Turn extends AnyTurn>(
  turn: Turn,
  activation: Activation,
  failure: Failure,
  counted: boolean,
  endings: Endings<Turn>,
): void {
  const unsafe = activation.status === "started";
  if (unsafe && (failure.class === "executor-lost" || failure.class === "timeout")) {
    turn.emit({ kind: "outcome-unknown", activation: activation.id, attempt: activation.attempt });
    return;
  }
  const delayMs = counted
    ? retryDelayMs(policyOf(endings.nodeOf(turn, activation.node), activation), failure, activation.counted + 1, turn.input.random)
    : 0;
  if (delayMs === undefined) {
    endings.fail(turn, activation, failure, failure.class === "timeout" ? "timeout" : "failure", undefined);
    return;
  }
  turn.emit({
    kind: "attempt-failed",
    activation: activation.id,
    attempt: activation.attempt,
    failure,
    counted,
    retryAtMs: turn.atMs + delayMs,
  });
}

/** A person allowed one start of a call: another one needs another yes, and no policy gives it. */
function policyOf(node: Node, { call }: Activation): RetryPolicy | undefined {
  return call !== undefined && (call.approved || call.prepared.permission !== "read") ? undefined : node.retry;
}

export function settleCall<Turn extends AnyTurn>(turn: Turn, command: Command<"settle-call">, endings: Endings<Turn>): Refusal | undefined {
  const activation = turn.fold.activation(command.activation);
  const isMeant = command.attempt === undefined || command.attempt === activation?.attempt;
  if (activation?.status !== "unknown" || !isMeant) return { code: "call-not-unknown", message: "the outcome of this call is not unknown" };
  const result = command.result ?? null;
  const misfit = command.as === "succeeded" ? endings.misfitOf(turn, activation, result) : undefined;
  if (misfit !== undefined) return { code: "result-invalid", message: misfit.message };
  const by = optional("by", command.by);
  turn.emit({ kind: "outcome-settled", activation: activation.id, attempt: activation.attempt, as: command.as, ...by });
  if (command.as === "succeeded") {
    endings.succeed(turn, activation, result, { attempt: activation.attempt, ...by });
  } else if (command.as === "failed") {
    const failure = failureOf("outcome-unknown", command.message ?? "an operator found that the call had failed", "handler", {
      node: activation.node,
    });
    endings.fail(turn, activation, failure, "failure", command.by);
  }
  return undefined;
}
