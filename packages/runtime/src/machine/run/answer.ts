/** A person's answer to what an activation asks, the same in every discipline. */
import { checkValue, type Doing, failureOf, type JsonValue, refuseApprover } from "@heddle/core";
import type { Refusal, RunCommand } from "../commands.ts";
import type { Endings } from "./attempts.ts";
import { nextOf } from "./calls.ts";
import type { Activation } from "./state.ts";
import { optional, type RunTurn } from "./turn.ts";

type AnyTurn = RunTurn<unknown, unknown>;
type Answer = Extract<RunCommand, { kind: "answer" }>;

export function answer<Turn extends AnyTurn>(turn: Turn, command: Answer, endings: Endings<Turn>): Refusal | undefined {
  const activation = askedBy(turn, command);
  if ("code" in activation) return activation;
  const node = endings.nodeOf(turn, activation.node);
  const { does } = activation;
  if (does?.kind !== "ask") return { code: "not-waiting", message: `${node.id} asks nobody` };
  const answerType = node.kind === "human" ? node.answer : does.answers === undefined ? undefined : { kind: does.answers };
  const asks = { mode: does.mode, answer: answerType };
  const unfit = refuseAnswer(turn, activation, does, command);
  if (unfit !== undefined) return unfit;
  const person = { ...optional("by", command.by), ...optional("comment", command.comment) };
  if (command.answer === undefined || (asks.mode === "approve" && command.answer === false)) {
    const failure = failureOf("rejected", command.comment ?? `${command.by ?? "a person"} said no`, "rejected", {
      node: node.id,
      details: person,
    });
    endings.fail(turn, activation, failure, "rejected", command.by);
    return undefined;
  }
  const value: JsonValue = command.answer;
  if (asks.mode === "approve") {
    if (value !== true) return { code: "answer-invalid", message: `${node.id} asks for yes or no` };
    if (isOneOfMany(activation, does)) {
      turn.emit({ kind: "approval-given", activation: activation.id, by: command.by ?? "", ...optional("comment", command.comment) });
      return undefined;
    }
    const { call } = activation;
    if (call === undefined) give(turn, activation, { approved: true, ...person }, command.by, endings);
    else {
      const next = nextOf(turn, call, does.needs ?? [], node);
      turn.emit({ kind: "call-approved", activation: activation.id, hash: call.hash, ...person, ...optional("does", next) });
    }
    return undefined;
  }
  const [problem] = asks.answer === undefined ? [] : checkValue(asks.answer, value, "answer");
  if (problem !== undefined) return { code: "answer-invalid", message: `${problem.path} ${problem.message}` };
  give(turn, activation, does.answers === undefined ? { answer: value, ...person } : value, command.by, endings);
  return undefined;
}

/** Whether more people have to agree after this one. */
function isOneOfMany(activation: Activation, does: Extract<Doing, { kind: "ask" }>): boolean {
  return (activation.approvedBy?.length ?? 0) + 1 < (does.rule?.quorum ?? 1);
}

/** An answer to another call than the one that is asked about, or of somebody who may not give it. A no counts from anybody who may steer runs. */
function refuseAnswer(turn: AnyTurn, activation: Activation, does: Extract<Doing, { kind: "ask" }>, command: Answer): Refusal | undefined {
  if (command.hash !== undefined && command.hash !== does.call)
    return { code: "call-changed", message: `${activation.node} asks about another call than the one that was approved` };
  if (command.answer === undefined || command.answer === false) return undefined;
  const message = refuseApprover({
    permission: activation.call?.prepared.permission,
    rule: does.rule,
    by: command.by,
    roles: command.roles ?? [],
    requester: turn.fold.head.by,
    given: activation.approvedBy ?? [],
  });
  return message === undefined ? undefined : { code: "permission-denied", message };
}

/** An answer that fits its question may still not fit what the node writes: that is the workflow's failure, not the person's. */
function give<Turn extends AnyTurn>(
  turn: Turn,
  activation: Activation,
  result: JsonValue,
  by: string | undefined,
  endings: Endings<Turn>,
): void {
  const misfit = endings.succeed(turn, activation, result, optional("by", by));
  if (misfit !== undefined) endings.fail(turn, activation, misfit, "failure", undefined);
}

/** The one open question that an answer can mean. */
function askedBy(turn: AnyTurn, command: Answer): Activation | Refusal {
  const asking = [...turn.fold.activations()].filter(
    (activation) =>
      activation.does?.kind === "ask" &&
      (command.node === undefined || activation.node === command.node) &&
      (command.activation === undefined || activation.id === command.activation),
  );
  const [activation] = asking;
  if (activation === undefined) {
    const where = command.node === undefined ? "" : ` at ${command.node}`;
    return { code: "not-waiting", message: `run ${turn.fold.head.run} asks nothing${where}` };
  }
  if (asking.length === 1) return activation;
  const which = asking.map((each) => `${each.node} (activation ${each.id})`).join(", ");
  return { code: "request-invalid", message: `several questions are open; name one: ${which}` };
}
