/**
 * What the shape of a workflow must keep: every stage can be reached and can reach an exit, and what a stage
 * reads may have run before it. Linear, but for reads that neither an edge nor a common cycle decides.
 */
import type { DiagnosticDraft, DiagnosticId } from "../../diagnostics/index.ts";
import type { FlowBody, FlowDoes, FlowModel, FlowRead, FlowStage, FlowTransition } from "./flow-model.ts";
import { createReach } from "./reach.ts";
import type { Stretch } from "./syntax.ts";

export type Report = (id: DiagnosticId, at: Stretch, draft: Omit<DiagnosticDraft, "span">) => void;

export function checkGraph(model: FlowModel, report: Report): void {
  const { stages } = model;
  const index = new Map(stages.map((stage, i) => [stage.id, i]));
  const next = stages.map((stage) =>
    [...stage.transitions, ...(stage.outcomes ?? [])].map(({ to }) => index.get(to)).filter((to) => to !== undefined),
  );
  const back: number[][] = stages.map(() => []);
  const incoming: FlowTransition[][] = stages.map(() => []);
  for (const [from, stage] of stages.entries()) {
    for (const to of next[from] ?? []) back[to]?.push(from);
    for (const transition of stage.transitions) incoming[index.get(transition.to) ?? -1]?.push(transition);
    for (const { to, at } of stage.outcomes ?? [])
      incoming[index.get(to) ?? -1]?.push({ to, reason: "outcome", guard: { kind: "always" }, at });
  }
  const reached = spread([index.get(model.entry)], next);
  const ending = spread(
    model.exits.map((exit) => index.get(exit)),
    back,
  );
  for (const [i, stage] of stages.entries()) {
    if (!reached.has(i)) unreachable(stage, model, report);
    if (!ending.has(i)) endless(stage, report);
  }
  checkReads(model, index, next, incoming, report);
  for (const { does } of stages) for (const body of does === undefined ? [] : bodiesOfFlow(does)) checkGraph(body.model, report);
}

/** The bodies of a region; none of anything else. */
export function bodiesOfFlow(does: FlowDoes): readonly FlowBody[] {
  switch (does.kind) {
    case "map":
    case "loop":
      return [does.body];
    case "parallel":
      return does.branches.map((branch) => branch.body);
    case "try":
      return [does.body, does.catches, does.cleanup].filter((body) => body !== undefined);
    default:
      return [];
  }
}

function spread(from: readonly (number | undefined)[], next: readonly (readonly number[])[]): ReadonlySet<number> {
  const found = new Set(from.filter((each) => each !== undefined));
  // A set is walked in the order of insertion, what is added on the way included.
  for (const at of found) for (const to of next[at] ?? []) found.add(to);
  return found;
}

function unreachable(stage: FlowStage, model: FlowModel, report: Report): void {
  report("HD1311", stage.nameAt, {
    path: `${model.id}/${stage.id}`,
    message: `stage \`${stage.id}\` cannot be reached`,
    reason: `No way leads to it from the entry, \`${model.entry}\`.`,
    help: "write a transition to it, or remove it",
  });
}

function endless(stage: FlowStage, report: Report): void {
  report("HD1312", stage.nameAt, {
    message: `stage \`${stage.id}\` cannot reach an exit`,
    reason: "A run that comes here would never end.",
    help: "write a transition that leads on, or mark a stage after it @exit",
  });
}

function checkReads(
  model: FlowModel,
  index: ReadonlyMap<string, number>,
  next: readonly (readonly number[])[],
  incoming: readonly (readonly FlowTransition[])[],
  report: Report,
): void {
  const optional = new Set(
    model.stages.flatMap((stage) => stage.writes.filter((write) => write.optional).map((write) => `${stage.id}.${write.name}`)),
  );
  const reach = createReach(next);
  const asked: { from: number; to: number; stage: FlowStage; read: FlowRead }[] = [];
  for (const [to, stage] of model.stages.entries()) {
    for (const read of stage.reads) {
      if (read.ref.kind !== "output") continue;
      const from = index.get(read.ref.stage);
      if (from === undefined) continue;
      if (from === to) ownOutput(stage, read, report);
      else {
        if (!read.optional && optional.has(`${read.ref.stage}.${read.ref.field}`) && !guarded(read, incoming[to] ?? []))
          mayMiss(stage, read, report);
        asked.push({ from, to, stage, read });
      }
    }
  }
  const answers = reach.all(asked);
  for (const [i, { stage, read }] of asked.entries()) if (answers[i] !== true) never(stage, read, report);
}

/** Whether every way in has made sure that the value is there. */
function guarded(read: FlowRead, incoming: readonly FlowTransition[]): boolean {
  return incoming.every(({ guard }) => {
    if (guard.kind !== "has-value" || guard.ref.kind !== "output" || read.ref.kind !== "output") return false;
    return guard.ref.stage === read.ref.stage && guard.ref.field === read.ref.field;
  });
}

function nameOf(read: FlowRead): string {
  return read.ref.kind === "output" ? `${read.ref.stage}.${read.ref.field}` : read.ref.name;
}

function ownOutput(stage: FlowStage, read: FlowRead, report: Report): void {
  report("HD1314", read.at ?? stage.nameAt, {
    message: `stage \`${stage.id}\` reads its own output \`${nameOf(read)}\``,
    reason: "When it starts for the first time, it has given none.",
    help: "keep the value in a stage that runs between, and read it from there",
  });
}

function mayMiss(stage: FlowStage, read: FlowRead, report: Report): void {
  report("HD1313", read.at ?? stage.nameAt, {
    message: `stage \`${stage.id}\` requires \`${nameOf(read)}\`, which may be missing`,
    reason: "The output is optional, and not every way to this stage asks whether it is there.",
    help: read.origin === "exec_arg" ? `read it as optional: \`input: ${nameOf(read)}?\`` : `read it as optional: \`${nameOf(read)}?\``,
  });
}

function never(stage: FlowStage, read: FlowRead, report: Report): void {
  const producer = read.ref.kind === "output" ? read.ref.stage : "";
  report("HD1315", read.at ?? stage.nameAt, {
    message: `stage \`${stage.id}\` reads \`${nameOf(read)}\`, but \`${producer}\` never runs before it`,
    reason: "No way leads from the one stage to the other, so the value is never there.",
    help: "read another stage, or write a transition that leads here",
  });
}
