/**
 * `decide` for graphs: commands to facts. docs/graph.md tells the rules in words.
 *
 * Architecture invariant: nothing here awaits, reads a clock, draws a random number or logs, and the
 * state it is given is left as it was.
 */
import { failureOf, type RunEvent, unreachable } from "@heddle/core";
import type { DecisionInput, Refusal, RunCommand } from "../commands.ts";
import { answer } from "../run/answer.ts";
import { forgetAttempt, recordCall, recordOnce, settleAttempt, settleCall, startAttempt } from "../run/attempts.ts";
import { settleGate } from "../run/calls.ts";
import type { DraftRun } from "../run/draft.ts";
import { optional, RunTurn } from "../run/turn.ts";
import { abortAll, endEnding, limitRun } from "./endings.ts";
import { finish } from "./finish.ts";
import { endGroup, lookAt } from "./fire.ts";
import { letterMark } from "./marks.ts";
import { seedOf } from "./messages.ts";
import type { GraphPlan } from "./plan.ts";
import { isFull } from "./pressure.ts";
import { sendAgain, sendTo } from "./send.ts";
import { endings, failActivation, succeedActivation } from "./settle.ts";
import { isAwaited, receiveSignal } from "./signals.ts";
import type { GraphTurn } from "./turn.ts";

/** Decides one command over a draft, which sees the events; they are appended to `events`. */
export function decideGraph(
  plan: GraphPlan,
  draft: DraftRun,
  command: RunCommand,
  input: DecisionInput,
  events: RunEvent[],
): Refusal | undefined {
  const turn: GraphTurn = new RunTurn<GraphPlan, string>(plan, draft, input, events);
  const refusal = obey(turn, command);
  if (refusal !== undefined) return refusal;
  for (let next = 0; draft.head.phase === "open"; next++) {
    const node = turn.work[next];
    if (node !== undefined) lookAt(turn, node);
    else if (finish(turn)) next--;
    else break;
  }
  return undefined;
}

function obey(turn: GraphTurn, command: RunCommand): Refusal | undefined {
  const { head } = turn.fold;
  if (command.kind === "start") return start(turn, command);
  if (command.kind === "retry") return { code: "unimplemented", message: "a run of a graph cannot be retried from an activation yet" };
  if (head.phase !== "open") {
    return wishes.has(command.kind) ? { code: "run-ended", message: `run ${head.run} has ended (${head.phase})` } : undefined;
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
      return receive(turn, command);
    case "replay-letters":
      return replay(turn, command);
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
      abortAll(turn, "cancel");
      return undefined;
    default:
      return unreachable(command);
  }
}

const wishes: ReadonlySet<RunCommand["kind"]> = new Set(["pause", "resume", "cancel", "signal", "answer", "replay-letters"]);

type Command<Kind extends RunCommand["kind"]> = Extract<RunCommand, { kind: Kind }>;

function start(turn: GraphTurn, command: Command<"start">): undefined {
  if (turn.fold.head.phase !== "absent") return undefined;
  const { plan } = turn;
  const { kind: _, ...facts } = command;
  turn.emit({
    kind: "run-started",
    ...facts,
    discipline: "graph",
    ...(plan.timeMs === undefined ? {} : { deadlineMs: turn.atMs + plan.timeMs }),
  });
  const drafts = plan.seeds.flatMap(({ node, bodies }) =>
    bodies === undefined
      ? [{ node, draft: { type: "init", class: "command", body: command.input } }]
      : bodies.map((body) => ({ node, draft: seedOf(body) })),
  );
  if (drafts.length === 0) return undefined;
  turn.emit({ kind: "messages-sent", sent: [...sendTo(turn, drafts)] });
  for (const { node } of drafts) turn.queue(node);
  return undefined;
}

function fireTimer(turn: GraphTurn, id: number): void {
  const { head } = turn.fold;
  if (id === 0) {
    if (head.ending !== undefined) {
      if (turn.atMs >= head.ending.cleanupAtMs) endEnding(turn, true);
    } else if (head.deadlineMs !== undefined && turn.atMs >= head.deadlineMs) {
      limitRun(turn, failureOf("limit-exceeded", "the run took longer than its limit of time", "control"));
    }
    return;
  }
  const activation = turn.fold.activation(id);
  const does = activation?.does;
  if (activation === undefined || does === undefined || head.ending !== undefined) return;
  if (does.kind === "sleep") {
    if (turn.atMs >= does.untilMs) succeedActivation(turn, activation, null, {});
    return;
  }
  if (!("deadlineMs" in does) || does.deadlineMs === undefined || turn.atMs < does.deadlineMs) return;
  if (does.kind === "gather") {
    if (head.graph.completion === undefined) endGroup(turn, activation, "time");
  } else if (does.kind === "signal" || does.kind === "ask") {
    const failure = failureOf("timeout", `${activation.node} was not done in time`, "timeout", { node: activation.node });
    failActivation(turn, activation, failure, "timeout", undefined);
  }
}

/** A signal that some node waits for; or a message to the node of that name. */
function receive(turn: GraphTurn, command: Command<"signal">): Refusal | undefined {
  const { head } = turn.fold;
  if (command.key !== undefined && head.signalKeys.includes(command.key)) return undefined;
  const given = { ...optional("key", command.key), ...optional("by", command.by) };
  if (isAwaited(turn, command.name)) return receiveSignal(turn, command, given);
  const plan = turn.plan.nodes.get(command.name);
  if (plan === undefined) {
    return { code: "value-invalid", message: `no node is called ${command.name} or waits for such a signal in run ${head.run}` };
  }
  if (head.graph.completion !== undefined || head.ending !== undefined) return { code: "run-ended", message: `run ${head.run} is ending` };
  if (isFull(turn, plan)) {
    const retryAfterMs = plan.bounds?.retryAfterMs ?? 0;
    const message = `${plan.id} has ${turn.fold.record(plan.id)?.queue.size} messages before it, and takes no more from outside; try again in ${retryAfterMs} ms`;
    return { code: "retry-later", message };
  }
  const draft = { type: "command", class: "command", body: command.value };
  turn.emit({ kind: "messages-sent", sent: [...sendTo(turn, [{ node: plan.id, draft }])], ...given });
  turn.queue(plan.id);
  return undefined;
}

function replay(turn: GraphTurn, command: Command<"replay-letters">): Refusal | undefined {
  const { head } = turn.fold;
  if (head.ending !== undefined || head.graph.completion !== undefined) return { code: "run-ended", message: `run ${head.run} is ending` };
  const gone = command.letters.find(({ letter }) => turn.fold.mark(letterMark(letter)) === undefined);
  if (gone !== undefined)
    return { code: "dead-letter-not-found", message: `run ${head.run} has no dead letter ${gone.letter} that was not replayed` };
  const sent = sendAgain(turn, command.letters);
  const letters = command.letters.map(({ letter }) => letter);
  turn.emit({ kind: "letters-replayed", letters, sent: [...sent], ...optional("by", command.by) });
  for (const message of sent) for (const { node } of message.to) turn.queue(node);
  return undefined;
}

function resume(turn: GraphTurn, command: Command<"resume">): Refusal | undefined {
  const { head } = turn.fold;
  if (!head.paused && !command.now) return { code: "run-not-paused", message: `run ${head.run} is not paused` };
  if (head.paused) turn.emit({ kind: "run-resumed", ...optional("by", command.by) });
  if (!command.now) return undefined;
  const open = [...turn.fold.activations()];
  const delayed = open.filter((activation) => activation.status === "ready" && activation.notBeforeMs > turn.atMs);
  if (delayed.length > 0) {
    turn.emit({ kind: "waits-hastened", activations: delayed.map((activation) => activation.id), ...optional("by", command.by) });
  }
  for (const activation of open)
    if (activation.does?.kind === "sleep") succeedActivation(turn, activation, null, optional("by", command.by));
  return undefined;
}
