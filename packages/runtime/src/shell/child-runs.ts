/** Sub-workflows: an attempt at a workflow node starts a run of its own, and ends as that run does. */
import type { JsonObject, RunId, TenantId } from "@heddle/core";
import type { Clock, Outcome } from "@heddle/ports";
import type { AttemptAbort } from "./abort.ts";
import type { LoadedWorkflow } from "./bundles.ts";
import { childOutcome } from "./child-outcome.ts";
import type { TerminalEvent } from "./end-waiters.ts";
import type { ChildWanted } from "./engine-parts.ts";
import { inputOfWorkflow } from "./workflow-input.ts";

/** What starting and awaiting a child takes of the engine. */
export interface ChildHost {
  readonly clock: Clock;
  load(wanted: ChildWanted): Promise<LoadedWorkflow>;
  /** Starts the child, or finds it: its id is the same for every try at the same attempt. */
  start(wanted: ChildWanted, workflow: LoadedWorkflow, input: JsonObject): Promise<void>;
  cancel(run: RunId, tenant: TenantId, reason: string): void;
  terminal(run: RunId, tenant: TenantId): Promise<TerminalEvent>;
}

export async function runChild(host: ChildHost, wanted: ChildWanted, abort: AttemptAbort): Promise<Outcome> {
  const { parent, child, node } = wanted;
  try {
    const workflow = await host.load(wanted);
    await host.start(wanted, workflow, inputOfWorkflow(workflow.ir, wanted.input));
  } catch (error) {
    return childOutcome.notStarted(error, node);
  }
  let timedOut = false;
  abort.onAbort(() => {
    if (abort.reason === "cancelled") host.cancel(child, parent.tenant, "its parent was cancelled");
  });
  const disarm =
    wanted.deadlineMs === undefined
      ? undefined
      : host.clock.setTimer(wanted.deadlineMs - host.clock.nowMs(), () => {
          timedOut = true;
          host.cancel(child, parent.tenant, "its parent waits no longer");
        });
  try {
    const event = await host.terminal(child, parent.tenant);
    if (timedOut && event.kind !== "run-succeeded") return childOutcome.timedOut(node);
    return abort.aborted ? { kind: "aborted" } : childOutcome.of(event, child, node);
  } catch {
    // The runtime is closing: the child goes on after the next start, and so does the wait for it.
    return { kind: "aborted" };
  } finally {
    disarm?.();
  }
}
