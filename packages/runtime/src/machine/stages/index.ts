/** The stages discipline: one token per frame, regions, and nothing that awaits. */

export { DraftRun } from "../run/draft.ts";
export { childRunId, dueEffects, type RunEffect } from "../run/effects.ts";
export { evolve } from "../run/evolve.ts";
export { type Conditions, reasonsOf, statusOf } from "../run/reasons.ts";
export { foldFormat, liveRunFrom, type Rewind, rewoundSnapshot, snapshotOf } from "../run/snapshot.ts";
export { type Activation, LiveRun, type RunFold } from "../run/state.ts";
export { decide } from "./decide.ts";
export { cascadeMax } from "./flow.ts";
export { type AttemptInput, inputOf } from "./input.ts";
export { type NodePlan, prepareStages, type StagesPlan } from "./plan.ts";
export { rewindTarget, type Target } from "./rewind.ts";
export { signalsMax } from "./wishes.ts";
