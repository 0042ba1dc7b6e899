/** A person's answer to what an activation asks, the same in every discipline. */
import { checkValue, failureOf, type JsonValue } from "@heddle/core";
import type { Refusal, RunCommand } from "../commands.ts";
import type { Endings } from "./attempts.ts";
import type { Activation } from "./state.ts";
import { optional, type RunTurn } from "./turn.ts";

type AnyTurn = RunTurn<unknown, unknown>;
type Answer = Extract<RunCommand, { kind: "answer" }>;

export function answer<Turn extends AnyTurn>(turn: Turn, command: Answer, endings: Endings<Turn>): Refusal | undefined {
  const activation = askedBy(turn, command);
  if ("code" in activation) return activation;
  const node = endings.nodeOf(turn, activation.node);
  const asks = node.kind === "human" ? node : node.kind === "tool" ? { mode: "approve" as const, answer: undefined } : undefined;
  if (asks === undefined) return { code: "not-waiting", message: `${node.id} asks nobody` };
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
    if (node.kind === "tool") turn.emit({ kind: "activation-approved", activation: activation.id, ...person });
    else give(turn, activation, { approved: true, ...person }, command.by, endings);
    return undefined;
  }
  const [problem] = asks.answer === undefined ? [] : checkValue(asks.answer, value, "answer");
  if (problem !== undefined) return { code: "answer-invalid", message: `${problem.path} ${problem.message}` };
  give(turn, activation, { answer: value, ...person }, command.by, endings);
  return undefined;
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
