/** What the runtime knows of a run, in the shapes that callers see. */
import type { CallView, Explanation, OpenQuestion, Reason, RunStatus, RunSummary, RunView } from "@heddle/core";
import type { StreamRow } from "@heddle/ports";
import { reasonsOf, statusOf } from "../machine/index.ts";
import type { RunDriver } from "../shell/run-driver.ts";

interface RowData {
  readonly bundle: `sha256:${string}`;
  readonly steps: number;
  readonly endedAtMs?: number;
  readonly parent?: string;
}

export function statusOfDriver(driver: RunDriver): RunStatus {
  return statusOf(driver.live, driver.workflow.problem === undefined);
}

export function summaryOfRow(row: StreamRow, driver: RunDriver | undefined): RunSummary {
  const data = JSON.parse(row.data) as RowData;
  const open: RunStatus = driver === undefined ? "parked" : statusOfDriver(driver);
  return {
    id: row.stream.slice("run:".length),
    tenant: row.tenant,
    workflow: row.name,
    bundle: data.bundle,
    status: row.status === "open" ? open : (row.status as RunStatus),
    startedAtMs: row.createdAtMs,
    seq: driver?.seq ?? row.seq,
    ...(data.endedAtMs === undefined ? {} : { endedAtMs: data.endedAtMs }),
    ...(data.parent === undefined ? {} : { parent: data.parent }),
  };
}

export function stepsOfRow(row: StreamRow): number {
  return (JSON.parse(row.data) as RowData).steps;
}

export function viewOfDriver(driver: RunDriver): RunView {
  const { head } = driver.live;
  return {
    id: driver.id,
    tenant: driver.tenant,
    workflow: head.workflow,
    bundle: driver.workflow.bundle,
    status: statusOfDriver(driver),
    startedAtMs: head.startedAtMs,
    seq: driver.seq,
    ...(head.parent === undefined ? {} : { parent: head.parent.run }),
    input: head.input,
    steps: head.steps,
    questions: questionsOf(driver),
  };
}

function questionsOf(driver: RunDriver): OpenQuestion[] {
  const questions: OpenQuestion[] = [];
  for (const activation of driver.live.activations()) {
    const { does } = activation;
    if (does?.kind !== "ask") continue;
    const { kind: _, needs: __, ...question } = does;
    const { id, node, approvedBy } = activation;
    questions.push({
      activation: id,
      node,
      ...question,
      ...(approvedBy === undefined || approvedBy.length === 0 ? {} : { approvedBy: [...approvedBy] }),
    });
  }
  return questions;
}

export function callsOfDriver(driver: RunDriver): CallView[] {
  const calls: CallView[] = [];
  for (const activation of driver.live.activations()) {
    if (activation.status !== "started" && activation.status !== "unknown") continue;
    calls.push({
      id: `${driver.id}/${activation.id}`,
      run: driver.id,
      node: activation.node,
      attempt: activation.attempt,
      status: activation.status === "started" ? "started" : "outcome-unknown",
      startedAtMs: activation.startedAtMs,
    });
  }
  return calls;
}

/** The reasons of a run with the commands that end them; a child's own reasons stand in for it. */
export function explain(driver: RunDriver, driverOf: (run: string) => RunDriver | undefined, depth = 0): Explanation[] {
  return reasonsOf(driver.live, driver.conditions).flatMap((reason) => {
    const child = reason.child === undefined || depth > 32 ? undefined : driverOf(reason.child);
    const below = child === undefined ? [] : explain(child, driverOf, depth + 1);
    const own: Explanation = {
      ...reason,
      run: driver.id,
      commands: reason.kind === "child-run" ? below.flatMap((each) => each.commands) : commandsFor(driver, reason),
    };
    return [own, ...below];
  });
}

function commandsFor(driver: RunDriver, reason: Reason): string[] {
  const run = driver.id;
  switch (reason.kind) {
    case "paused":
      return [`heddle runs resume ${run}`];
    case "timer":
    case "retry-backoff":
    case "storage-refused":
      return [`heddle runs resume ${run} --now`];
    case "signal":
      return [`heddle runs signal ${run} ${reason.signal ?? "<name>"} null`];
    case "person":
      return personCommands(driver, reason);
    case "outcome-unknown": {
      const call = `${run}/${reason.activation}`;
      return [`heddle calls settle ${call} --retry`, `heddle calls settle ${call} --succeeded`, `heddle calls settle ${call} --failed`];
    }
    case "bundle-not-loaded":
      return ["heddle bundles put <bundle folder or file>"];
    default:
      return [`heddle runs follow ${run}`, `heddle runs cancel ${run}`];
  }
}

function personCommands(driver: RunDriver, reason: Reason): string[] {
  const asking = questionsOf(driver);
  const question = asking.find((each) => each.activation === reason.activation);
  const which = asking.length > 1 ? ` --activation ${reason.activation}` : "";
  const run = driver.id;
  if (question?.mode === "answer") return [`heddle runs answer ${run} <value>${which}`, `heddle runs answer ${run} --decline${which}`];
  return [`heddle runs answer ${run} yes${which}`, `heddle runs answer ${run} no${which}`];
}
