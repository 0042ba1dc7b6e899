/** What holds for the state of any run of a graph: after every event, and after every commit. */

import { groupMark } from "../../../packages/runtime/src/machine/graph/marks.ts";
import type { GraphPlan } from "../../../packages/runtime/src/machine/graph/plan.ts";
import { heldItems } from "../../../packages/runtime/src/machine/run/messages.ts";
import { snapshotOf } from "../../../packages/runtime/src/machine/run/snapshot.ts";
import type { LiveRun, RunFold } from "../../../packages/runtime/src/machine/run/state.ts";
import { checkReasons, law, sorted } from "./laws.ts";

/** After every event: the numbers that a run keeps are those of what it holds. */
export function checkGraph(fold: RunFold): void {
  const { head } = fold;
  if (head.phase !== "open") return;
  const activations = [...fold.activations()];
  const gathering = activations.filter(({ does }) => does?.kind === "gather");
  const records = [...fold.records()];
  law(head.graph.gathering === gathering.length, "a run knows how many groups it collects");
  law(head.graph.working === activations.length - gathering.length, "a run knows how many activations work");
  law(head.graph.queued === records.reduce((sum, { queue }) => sum + queue.size, 0), "a run knows how many messages wait");
  for (const { node, working, queue } of records) {
    law(working === activations.filter((each) => each.node === node && each.does?.kind !== "gather").length, `${node} knows its work`);
    law(queue.items().length === queue.size && queue.first === queue.items()[0], `the queue of ${node} knows its length`);
  }
  for (const { id, node, does } of gathering) {
    law(does?.kind === "gather" && fold.mark(groupMark(node, does.group)) === id, `group ${id} is found by its name`);
  }
  for (const { id, held } of activations) law(heldItems(held).length === (held?.size ?? 0), `activation ${id} knows what it holds`);
}

/** After every commit: nothing that may fire waits, and the run can say what it waits for. */
export function checkGraphAtRest(plan: GraphPlan, live: LiveRun, nowMs: number): void {
  const { head } = live;
  if (head.phase !== "open") return;
  const isFull = (node: string): boolean => {
    const bounds = plan.nodes.get(node)?.bounds;
    return bounds !== undefined && (live.record(node)?.queue.size ?? 0) >= bounds.max;
  };
  if (head.ending === undefined && head.graph.completion === undefined) {
    for (const { id, concurrencyMax, receivers } of plan.nodes.values()) {
      const record = live.record(id);
      if (record === undefined || record.queue.size === 0) continue;
      law(record.working >= concurrencyMax || receivers.some(isFull), `${id} takes what it may`);
    }
    law(head.graph.working > 0 || plan.isService, "a batch without work has ended");
    law(head.graph.working > 0 || head.graph.queued === 0, "pressure stops no run");
  } else {
    law(head.graph.working > 0, "a run that is ending has something to wait for");
    law(
      head.graph.completion === undefined || head.ending !== undefined || head.graph.queued + head.graph.gathering === 0,
      "a complete run holds nothing back",
    );
  }
  for (const { node, level } of live.records()) {
    if (head.ending === undefined && head.graph.completion === undefined)
      law((level === "saturated") === isFull(node), `the level of ${node} is told`);
  }
  checkReasons(live, nowMs);
}

/** The state as text with sorted parts: equal texts, equal states. */
export function textOfGraph(fold: RunFold): string {
  const {
    head,
    activations,
    records = [],
    marks = [],
  } = snapshotOf(fold) as unknown as Record<string, never> & {
    activations: { id: number }[];
    records: { node: string }[];
    marks: [string, number][];
  };
  return JSON.stringify(
    sorted({
      head,
      activations: activations.sort((a, b) => a.id - b.id),
      records: records.sort((a, b) => (a.node < b.node ? -1 : 1)),
      marks: marks.sort(([a], [b]) => (a < b ? -1 : 1)),
    }),
  );
}
