/**
 * The machine: pure rules of how runs go on. One state and one fold for every discipline; what decides
 * depends on the discipline of the plan.
 */
import { HeddleError, type JsonObject, type RunEvent, type WorkflowIr } from "@heddle/core";
import type { DecisionInput, Refusal, RunCommand } from "./commands.ts";
import { decideGraph } from "./graph/decide.ts";
import { inputValues } from "./graph/input.ts";
import { type GraphPlan, prepareGraph } from "./graph/plan.ts";
import { messagesOf } from "./graph/turn.ts";
import type { DraftRun } from "./run/draft.ts";
import type { Activation, RunFold } from "./run/state.ts";
import { decide as decideStages } from "./stages/decide.ts";
import { type AttemptInput, inputOf as inputInFrame } from "./stages/input.ts";
import { prepareStages, type StagesPlan } from "./stages/plan.ts";

export { type DeadLetter, deadLettersOf } from "./graph/dead-letters.ts";
export { DraftRun } from "./run/draft.ts";
export { childRunId, dueEffects, type RunEffect } from "./run/effects.ts";
export { evolve } from "./run/evolve.ts";
export { type Conditions, reasonsOf, statusOf } from "./run/reasons.ts";
export { foldFormat, liveRunFrom, rewoundSnapshot, snapshotOf } from "./run/snapshot.ts";
export { type Activation, LiveRun, type RunFold } from "./run/state.ts";
export type { AttemptInput } from "./stages/input.ts";
export { rewindTarget } from "./stages/rewind.ts";

export type RunPlan = StagesPlan | GraphPlan;

/**
 * Makes a workflow ready to decide with.
 *
 * @throws HeddleError `unimplemented` for a discipline or node kind that does not run yet.
 */
export function prepare(ir: WorkflowIr): RunPlan {
  if (ir.discipline === "graph") return prepareGraph(ir);
  if (ir.discipline === "stages") return prepareStages(ir);
  throw new HeddleError("unimplemented", `workflow ${ir.id} has the discipline ${ir.discipline}, which does not run yet`);
}

/** Decides one command over a draft, which sees the events; they are appended to `events`. */
export function decide(plan: RunPlan, draft: DraftRun, command: RunCommand, input: DecisionInput, events: RunEvent[]): Refusal | undefined {
  return plan.discipline === "graph" ? decideGraph(plan, draft, command, input, events) : decideStages(plan, draft, command, input, events);
}

/** What an attempt at an activation is given; refused where a required read is missing or does not fit its type. */
export function inputOf(plan: RunPlan, fold: RunFold, activation: Activation): AttemptInput {
  if (plan.discipline === "graph") {
    const node = plan.nodes.get(activation.node);
    const values: JsonObject = node === undefined ? {} : inputValues(fold, node, messagesOf(activation), activation.openedAtMs);
    return { kind: "input", values };
  }
  const node = plan.nodes.get(activation.node);
  return node === undefined ? { kind: "input", values: {} } : inputInFrame(fold, activation.frame, node);
}
