/** Going back in a run that has ended: reads its journal, and gives the state that a retry goes on from. */
import { type ContentHash, type EventRecord, HeddleError, type JsonObject, type RunId, type TenantId } from "@heddle/core";
import type { Store } from "@heddle/ports";
import { evolve, LiveRun, rewindTarget, rewoundSnapshot } from "../machine/index.ts";
import type { LoadedWorkflow } from "./bundles.ts";
import { readEvents } from "./journal-reader.ts";

export interface Rewound {
  /** The new number of the activation that is done again. */
  readonly activation: number;
  readonly node: string;
  readonly state: JsonObject;
}

/**
 * The state that a retry goes on from.
 *
 * @param from a node id (its last activation), an activation number, or undefined: what failed the run
 * @throws HeddleError `activation-not-found`.
 */
export async function rewindRun(
  store: Store,
  runId: RunId,
  tenant: TenantId,
  from: string | number | undefined,
  nowMs: number,
  load: (bundle: ContentHash, workflow: string) => Promise<LoadedWorkflow>,
): Promise<Rewound> {
  const events: EventRecord[] = [];
  for await (const page of readEvents(store, `run:${runId}`, tenant)) events.push(...page);
  const [first] = events;
  if (first?.event.kind === "run-started" && first.event.discipline === "graph")
    throw new HeddleError(
      "unimplemented",
      `run ${runId} is a graph, which cannot be retried from an activation yet; replay its dead letters or start it again`,
    );
  const target = rewindTarget(events, from);
  if (target === undefined) {
    const what =
      from === undefined
        ? "nothing in it failed; name a node or an activation to go on from"
        : `it has no activation ${from}, or that one ended as soon as it began`;
    throw new HeddleError("activation-not-found", `run ${runId} cannot be retried: ${what}`, { details: { runId } });
  }
  const now = new LiveRun();
  for (const record of events) evolve(now, record.event, record.atMs);
  const workflow = await load(now.head.bundle as ContentHash, now.head.workflow);
  const { timeMs } = workflow.plan;
  const { state, from: activation } = rewoundSnapshot({
    fold: target.fold,
    from: target.activation,
    nextActivation: now.head.nextActivation,
    nextFrame: now.head.nextFrame,
    nextSignal: now.head.nextSignal,
    deadlineMs: timeMs === undefined ? undefined : nowMs + timeMs,
    signalKeys: now.head.signalKeys,
  });
  return { activation, node: target.node, state };
}
