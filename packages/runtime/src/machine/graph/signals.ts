/** Signals in a graph: each is for one node that waits for it, now or later. */
import { checkValue, fitsType, type JsonValue, type ValueType } from "@heddle/core";
import type { Refusal, RunCommand } from "../commands.ts";
import type { Activation, BufferedSignal } from "../run/state.ts";
import type { GraphNodePlan } from "./plan.ts";
import { succeedActivation } from "./settle.ts";
import { type GraphTurn, planned } from "./turn.ts";

/** Signals that a run keeps for waits that have not been reached. */
const signalsMax = 1_000;

type Signal = Extract<RunCommand, { kind: "signal" }>;

/** Whether some node waits for signals of this name. */
export function isAwaited(turn: GraphTurn, name: string): boolean {
  return waitsFor(turn, name).length > 0;
}

export function receiveSignal(
  turn: GraphTurn,
  { name, value }: Signal,
  given: { readonly key?: string; readonly by?: string },
): Refusal | undefined {
  const { head } = turn.fold;
  const misfit = misfitOf(turn, name, value);
  if (misfit !== undefined) return { code: "value-invalid", message: misfit };
  const [first] = [...turn.fold.activations()]
    .filter((each) => each.does?.kind === "signal" && each.does.name === name && takes(planned(turn, each.node), value))
    .sort((a, b) => a.id - b.id);
  if (first === undefined && head.signals.length >= signalsMax) {
    return { code: "signals-full", message: `run ${head.run} holds ${signalsMax} signals that nothing has waited for` };
  }
  const signal = head.nextSignal;
  turn.emit({ kind: "signal-received", signal, name, value, ...given });
  if (first !== undefined) succeedActivation(turn, first, value, { signal });
  return undefined;
}

/** The oldest signal that an activation waits for and that came before it. */
export function earlierSignal(turn: GraphTurn, { does, node }: Activation): BufferedSignal | undefined {
  if (does?.kind !== "signal") return undefined;
  return turn.fold.head.signals.find(({ name, value }) => name === does.name && takes(planned(turn, node), value));
}

function takes({ node }: GraphNodePlan, value: JsonValue): boolean {
  const type = node.kind === "wait" && node.wait.kind === "signal" ? node.wait.type : undefined;
  return type === undefined || fitsType(type, value);
}

/** The types that nodes want of a signal, undefined for one that wants none. */
function waitsFor(turn: GraphTurn, name: string): readonly (ValueType | undefined)[] {
  return [...turn.plan.nodes.values()].flatMap(({ node }) =>
    node.kind === "wait" && node.wait.kind === "signal" && node.wait.name === name ? [node.wait.type] : [],
  );
}

/** Why a value fits none of the waits; undefined when one takes it. */
function misfitOf(turn: GraphTurn, name: string, value: JsonValue): string | undefined {
  let misfit: string | undefined;
  for (const type of waitsFor(turn, name)) {
    const [problem] = type === undefined ? [] : checkValue(type, value, name);
    if (problem === undefined) return undefined;
    misfit ??= `signal ${problem.path} ${problem.message}`;
  }
  return misfit;
}
