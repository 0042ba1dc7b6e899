/** The row of a run in the listing. */
import { isTerminalEvent, type RunEvent } from "@heddle/core";
import type { StreamSummary } from "@heddle/ports";
import type { RunFold } from "../machine/index.ts";
import type { LoadedWorkflow } from "./bundles.ts";

/** The row of the listing changes when a run starts, ends or is taken up again. */
export function summaryOf(events: readonly RunEvent[], draft: RunFold, workflow: LoadedWorkflow): StreamSummary | undefined {
  const changes = events.some((event) => event.kind === "run-started" || event.kind === "run-retried" || isTerminalEvent(event.kind));
  if (!changes) return undefined;
  const { head } = draft;
  return {
    kind: "run",
    status: head.phase,
    name: head.workflow,
    createdAtMs: head.startedAtMs,
    data: JSON.stringify({
      bundle: workflow.bundle,
      steps: head.steps,
      ...(head.endedAtMs === 0 ? {} : { endedAtMs: head.endedAtMs }),
      ...(head.parent === undefined ? {} : { parent: head.parent.run }),
    }),
  };
}
