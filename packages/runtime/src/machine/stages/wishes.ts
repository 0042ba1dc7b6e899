/** What people and programs wish of a run: answers, signals, going on now. Each may be refused. */
import { checkValue, failureOf, fitsType, type JsonValue } from "@heddle/core";
import type { Refusal, RunCommand } from "../commands.ts";
import { planned, succeed } from "./flow.ts";
import type { Activation } from "./state.ts";
import { optional, type Turn } from "./turn.ts";

/** Signals that a run keeps for waits that have not been reached. */
export const signalsMax = 1_000;

type Wish<Kind extends RunCommand["kind"]> = Extract<RunCommand, { kind: Kind }>;

export function answer(turn: Turn, command: Wish<"answer">): Refusal | undefined {
  const activation = askedBy(turn, command);
  if ("code" in activation) return activation;
  const { node } = planned(turn, activation.node);
  const asks = node.kind === "human" ? node : node.kind === "tool" ? { mode: "approve" as const, answer: undefined } : undefined;
  if (asks === undefined) return { code: "not-waiting", message: `${node.id} asks nobody` };
  const person = { ...optional("by", command.by), ...optional("comment", command.comment) };
  if (command.answer === undefined || (asks.mode === "approve" && command.answer === false)) {
    const failure = failureOf("rejected", command.comment ?? `${command.by ?? "a person"} said no`, "rejected", {
      node: node.id,
      details: person,
    });
    turn.queue({ kind: "fail-activation", activation: activation.id, failure, on: "rejected", ...optional("by", command.by) });
    return undefined;
  }
  const value: JsonValue = command.answer;
  if (asks.mode === "approve") {
    if (value !== true) return { code: "answer-invalid", message: `${node.id} asks for yes or no` };
    if (node.kind === "tool") {
      turn.emit({ kind: "activation-approved", activation: activation.id, ...person });
      return undefined;
    }
    succeed(turn, activation, { approved: true, ...person }, optional("by", command.by));
    return undefined;
  }
  const [problem] = asks.answer === undefined ? [] : checkValue(asks.answer, value, "answer");
  if (problem !== undefined) return { code: "answer-invalid", message: `${problem.path} ${problem.message}` };
  succeed(turn, activation, { answer: value, ...person }, optional("by", command.by));
  return undefined;
}

/** The one open question that an answer can mean. */
function askedBy(turn: Turn, command: Wish<"answer">): Activation | Refusal {
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

export function signal(turn: Turn, command: Wish<"signal">): Refusal | undefined {
  const { head } = turn.fold;
  if (command.key !== undefined && head.signalKeys.includes(command.key)) return undefined;
  const misfit = signalMisfit(turn, command.name, command.value);
  if (misfit !== undefined) return { code: "value-invalid", message: misfit };
  const waiting = [...turn.fold.activations()].filter((each) => each.does?.kind === "signal" && each.does.name === command.name);
  // One that is waited for is taken at once, however many others are held.
  if (head.signals.length >= signalsMax && !waiting.some((each) => takesSignal(turn, each, command.value))) {
    return { code: "signals-full", message: `run ${head.run} holds ${signalsMax} signals that nothing has waited for` };
  }
  turn.emit({
    kind: "signal-received",
    signal: head.nextSignal,
    name: command.name,
    value: command.value,
    ...optional("key", command.key),
    ...optional("by", command.by),
  });
  for (const activation of waiting.sort((a, b) => a.id - b.id)) turn.queue({ kind: "look-after", activation: activation.id });
  return undefined;
}

function takesSignal(turn: Turn, activation: Activation, value: JsonValue): boolean {
  const { node } = planned(turn, activation.node);
  const type = node.kind === "wait" && node.wait.kind === "signal" ? node.wait.type : undefined;
  return type === undefined || fitsType(type, value);
}

/** Why a value fits none of the waits that name a type for this signal; undefined when one takes it, or none says. */
function signalMisfit(turn: Turn, name: string, value: JsonValue): string | undefined {
  const types = [...turn.plan.nodes.values()].flatMap(({ node }) =>
    node.kind === "wait" && node.wait.kind === "signal" && node.wait.name === name ? [node.wait.type] : [],
  );
  let misfit: string | undefined;
  for (const type of types) {
    const [problem] = type === undefined ? [] : checkValue(type, value, name);
    if (problem === undefined) return undefined;
    misfit ??= `signal ${problem.path} ${problem.message}`;
  }
  return misfit;
}

export function resume(turn: Turn, command: Wish<"resume">): Refusal | undefined {
  const { head } = turn.fold;
  if (!head.paused && !command.now) return { code: "run-not-paused", message: `run ${head.run} is not paused` };
  if (head.paused) turn.emit({ kind: "run-resumed", ...optional("by", command.by) });
  if (!command.now) return undefined;
  const open = [...turn.fold.activations()];
  const delayed = open.filter((activation) => activation.status === "ready" && activation.notBeforeMs > turn.atMs);
  if (delayed.length > 0) {
    turn.emit({ kind: "waits-hastened", activations: delayed.map((activation) => activation.id), ...optional("by", command.by) });
  }
  for (const activation of open) if (activation.does?.kind === "sleep") succeed(turn, activation, null, optional("by", command.by));
  return undefined;
}
