/**
 * `decide`: commands to facts. All rules of the stages discipline start here, and all refusals are
 * made here.
 *
 * Architecture invariant: nothing here awaits, reads a clock, draws a random number or logs, and the
 * state it is given is left as it was.
 */
import { type Failure, failureOf, fitsType, type RunEvent, unreachable } from "@heddle/core";
import type { DecisionInput, Refusal, RunCommand } from "../commands.ts";
import { answer } from "../run/answer.ts";
import { type Endings, forgetAttempt, recordCall, recordOnce, settleAttempt, settleCall, startAttempt } from "../run/attempts.ts";
import { settleGate } from "../run/calls.ts";
import type { DraftRun } from "../run/draft.ts";
import type { Frame } from "../run/state.ts";
import { optional, RunTurn } from "../run/turn.ts";
import { enter, failActivation, frameOf, misfitOf, passRouter, planned, succeed } from "./flow.ts";
import type { StagesPlan } from "./plan.ts";
import { advanceRegion, cancelRegion, endUnwound, openRegion, timeoutFailure } from "./regions.ts";
import type { Turn, Work } from "./turn.ts";
import { unwindFrames, unwindRoot } from "./unwind.ts";
import { resume, signal } from "./wishes.ts";

/** Decides one command over a draft, which sees the events; they are appended to `events`. */
export function decide(
  plan: StagesPlan,
  draft: DraftRun,
  command: RunCommand,
  input: DecisionInput,
  events: RunEvent[],
): Refusal | undefined {
  const turn: Turn = new RunTurn<StagesPlan, Work>(plan, draft, input, events);
  const refusal = obey(turn, command);
  if (refusal !== undefined) return refusal;
  for (let next = 0; next < turn.work.length; next++) {
    if (draft.head.phase !== "open") break;
    work(turn, turn.work[next] as Work);
  }
  return undefined;
}

const endings: Endings<Turn> = {
  nodeOf: (turn, id) => planned(turn, id).node,
  succeed: (turn, activation, result, given) => {
    const before = turn.work.length;
    succeed(turn, activation, result, given);
    const misfit = turn.work[before];
    if (misfit?.kind !== "fail-activation" || misfit.activation !== activation.id) return undefined;
    turn.work.length = before;
    return misfit.failure;
  },
  misfitOf: (turn, activation, result) => misfitOf(planned(turn, activation.node), frameOf(turn, activation), result),
  fail: (turn, { id }, failure, on, by) => turn.queue({ kind: "fail-activation", activation: id, failure, on, ...optional("by", by) }),
  cancelled: (turn, { frame }) => turn.queue({ kind: "close-frame", frame }),
};

function obey(turn: Turn, command: RunCommand): Refusal | undefined {
  const { head } = turn.fold;
  if (command.kind === "start") return start(turn, command);
  if (command.kind === "retry") return retry(turn, command);
  if (head.phase !== "open") {
    const wish =
      command.kind === "pause" ||
      command.kind === "resume" ||
      command.kind === "cancel" ||
      command.kind === "signal" ||
      command.kind === "answer";
    return wish ? { code: "run-ended", message: `run ${head.run} has ended (${head.phase})` } : undefined;
  }
  switch (command.kind) {
    case "settle-attempt":
      settleAttempt(turn, command, endings);
      return undefined;
    case "start-attempt":
      startAttempt(turn, command);
      return undefined;
    case "forget-attempt":
      forgetAttempt(turn, command);
      return undefined;
    case "settle-call":
      return settleCall(turn, command, endings);
    case "prepare-call":
    case "satisfy-need":
      settleGate(turn, command, endings);
      return undefined;
    case "record-once":
      return recordOnce(turn, command);
    case "record-call":
      return recordCall(turn, command);
    case "fire-timer":
      fireTimer(turn, command.activation);
      return undefined;
    case "answer":
      return answer(turn, command, endings);
    case "signal":
      return signal(turn, command);
    case "replay-letters":
      return { code: "dead-letter-not-found", message: `run ${head.run} is no graph, and has no dead letters` };
    case "pause":
      if (head.ending !== undefined) return { code: "run-ended", message: `run ${head.run} is ending, and cannot be paused` };
      if (!head.paused) turn.emit({ kind: "run-paused", ...optional("reason", command.reason), ...optional("by", command.by) });
      return undefined;
    case "resume":
      return resume(turn, command);
    case "cancel":
      if (head.ending?.cause === "cancel") return undefined;
      turn.emit({
        kind: "run-cancelling",
        cleanupAtMs: head.ending?.cleanupAtMs ?? turn.atMs + turn.plan.cleanupTimeoutMs,
        ...optional("reason", command.reason),
        ...optional("by", command.by),
      });
      unwindRoot(turn, "cancel");
      return undefined;
    default:
      return unreachable(command);
  }
}

function work(turn: Turn, item: Work): void {
  switch (item.kind) {
    case "enter-router":
      passRouter(turn, item.frame, item.node);
      return;
    case "look-after":
      lookAfter(turn, item.activation);
      return;
    case "advance-region": {
      const activation = turn.fold.activation(item.activation);
      if (activation?.region !== undefined) advanceRegion(turn, activation, activation.region, item.slot, item.failed);
      return;
    }
    case "fail-activation": {
      const activation = turn.fold.activation(item.activation);
      if (activation !== undefined) failActivation(turn, activation, item.failure, item.on, item.by);
      return;
    }
    case "fail-frame":
      failFrame(turn, item.frame, item.failure);
      return;
    case "close-frame":
      closeFrame(turn, item.frame);
      return;
    case "end-run":
      turn.emit({ kind: "run-succeeded", output: item.output });
      return;
    case "limit-run":
      limit(turn, item.failure);
      return;
    default:
      unreachable(item);
  }
}

function start(turn: Turn, command: Extract<RunCommand, { kind: "start" }>): Refusal | undefined {
  if (turn.fold.head.phase !== "absent") return undefined;
  const { plan } = turn;
  const { kind: _, ...facts } = command;
  const frame: Frame = { id: 0, region: 0, slot: "main", index: 0, vars: command.input, token: 0, closing: undefined };
  const step = enter(
    turn,
    frame,
    plan.entry,
    {},
    { var: (name) => (Object.hasOwn(command.input, name) ? command.input[name] : undefined) },
  );
  turn.emit({
    kind: "run-started",
    ...facts,
    bundle: command.bundle,
    ...(plan.timeMs === undefined ? {} : { deadlineMs: turn.atMs + plan.timeMs }),
    ...(step.onward.open === undefined ? {} : { open: step.onward.open }),
  });
  for (const item of step.then) turn.queue(item);
  if (step.onward.open !== undefined) turn.queue({ kind: "look-after", activation: step.onward.open.activation });
  return undefined;
}

function retry(turn: Turn, command: Extract<RunCommand, { kind: "retry" }>): Refusal | undefined {
  const { head } = turn.fold;
  if (head.phase === "open" || head.phase === "absent") return { code: "run-not-ended", message: `run ${head.run} has not ended` };
  turn.emit({ kind: "run-retried", from: command.from, node: command.node, state: command.state, ...optional("by", command.by) });
  return undefined;
}

function fireTimer(turn: Turn, id: number): void {
  const { head } = turn.fold;
  if (id === 0) {
    if (head.ending !== undefined && turn.atMs >= head.ending.cleanupAtMs) endForced(turn);
    else if (head.ending === undefined && head.deadlineMs !== undefined && turn.atMs >= head.deadlineMs) {
      limit(turn, failureOf("limit-exceeded", "the run took longer than its limit of time", "control"));
    }
    return;
  }
  const activation = turn.fold.activation(id);
  const does = activation?.does;
  if (activation === undefined || does === undefined || frameOf(turn, activation).closing !== undefined) return;
  if (does.kind === "sleep") {
    if (turn.atMs >= does.untilMs) succeed(turn, activation, null, {});
  } else if ((does.kind === "signal" || does.kind === "ask") && isPast(turn, does.deadlineMs)) {
    turn.queue({ kind: "fail-activation", activation: id, failure: timeoutFailure(activation), on: "timeout" });
  } else if (does.kind === "region" && isPast(turn, does.deadlineMs) && activation.region?.ending === undefined) {
    unwindFrames(turn, activation, "timeout");
  }
}

function isPast(turn: Turn, deadlineMs: number | undefined): boolean {
  return deadlineMs !== undefined && turn.atMs >= deadlineMs;
}

/** A region or wait that was just opened, or may go on now. */
function lookAfter(turn: Turn, id: number): void {
  const activation = turn.fold.activation(id);
  if (activation === undefined) return;
  const { does, region } = activation;
  if (region !== undefined) {
    if (region.next > 0 || region.open > 0) return;
    if (region.ending === undefined) openRegion(turn, activation, region);
    else cancelRegion(turn, activation);
  } else if (does?.kind === "signal") {
    const { node } = planned(turn, activation.node);
    const type = node.kind === "wait" && node.wait.kind === "signal" ? node.wait.type : undefined;
    const buffered = turn.fold.head.signals.find((each) => each.name === does.name && (type === undefined || fitsType(type, each.value)));
    if (buffered !== undefined) succeed(turn, activation, buffered.value, { signal: buffered.id });
  }
}

function failFrame(turn: Turn, id: number, failure: Failure): void {
  const frame = turn.fold.frame(id);
  if (frame === undefined) return;
  if (frame.closing !== undefined) closeFrame(turn, id);
  else if (id === 0) turn.emit({ kind: "run-failed", failure });
  else {
    turn.emit({ kind: "frame-failed", frame: id, failure });
    turn.queue({ kind: "advance-region", activation: frame.region, slot: frame.slot, failed: true });
  }
}

function closeFrame(turn: Turn, id: number): void {
  const frame = turn.fold.frame(id);
  if (frame === undefined || frame.closing === undefined || (frame.token !== 0 && turn.fold.activation(frame.token) !== undefined)) return;
  if (id === 0) {
    endUnwoundRun(turn, false);
    return;
  }
  turn.emit({ kind: "frame-closed", frame: id });
  const owner = turn.fold.activation(frame.region);
  if (owner?.region !== undefined && owner.region.open === 0) endUnwound(turn, owner, owner.region);
}

function limit(turn: Turn, failure: Failure): void {
  if (turn.fold.head.ending !== undefined) return;
  turn.emit({ kind: "run-limited", failure, cleanupAtMs: turn.atMs + turn.plan.cleanupTimeoutMs });
  unwindRoot(turn, "limit");
}

function endForced(turn: Turn): void {
  endUnwoundRun(turn, true);
}

function endUnwoundRun(turn: Turn, isForced: boolean): void {
  const { ending } = turn.fold.head;
  const forced = isForced ? { forced: true as const } : {};
  if (ending?.cause === "limit" && ending.failure !== undefined) turn.emit({ kind: "run-failed", failure: ending.failure, ...forced });
  else turn.emit({ kind: "run-cancelled", ...optional("reason", ending?.reason), ...forced });
}
