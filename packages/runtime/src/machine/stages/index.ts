/** The stages discipline: one token per frame, regions, and nothing that awaits. */

export { decide } from "./decide.ts";
export { childRunId, dueEffects, type RunEffect } from "./effects.ts";
export { evolve } from "./evolve.ts";
export { cascadeMax } from "./flow.ts";
export { type AttemptInput, inputOf } from "./input.ts";
export { type NodePlan, prepareStages, type StagesPlan } from "./plan.ts";
export { type Conditions, reasonsOf, statusOf } from "./reasons.ts";
export { rewindTarget, type Target } from "./rewind.ts";
export { liveRunFrom, type Rewind, rewoundSnapshot, snapshotOf, stagesFoldFormat } from "./snapshot.ts";
export { type Activation, DraftRun, LiveRun, type RunFold } from "./state.ts";
export { signalsMax } from "./wishes.ts";
