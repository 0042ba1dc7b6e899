/** What people and programs wish of a run: signals, going on now. Each may be refused. */
import { checkValue, fitsType, type JsonValue } from "@heddle/core";
import type { Refusal, RunCommand } from "../commands.ts";
import type { Activation } from "../run/state.ts";
import { optional } from "../run/turn.ts";
import { planned, succeed } from "./flow.ts";
import type { Turn } from "./turn.ts";

/** Signals that a run keeps for waits that have not been reached. */
export const signalsMax = 1_000;

type Wish<Kind extends RunCommand["kind"]> = Extract<RunCommand, { kind: Kind }>;

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
