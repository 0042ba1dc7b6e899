/** What must hold after the storm, read from the journal, the step log and the followers. */
import { readFileSync } from "node:fs";
import type { Client } from "@heddle/client";
import type { Followed } from "./load.ts";
import { stepCount } from "./workload.ts";

export interface Findings {
  readonly runs: number;
  readonly steps: number;
  /** Steps that the journal holds and no execution is on record for. */
  readonly lost: number;
  readonly committedTwice: number;
  readonly executedTwice: number;
  /** Most executions of steps beyond one each, in one run. */
  readonly executedTwicePerRunMax: number;
  readonly problems: readonly string[];
}

export async function verify(client: Client, runIds: readonly string[], followed: readonly Followed[], stepLog: string): Promise<Findings> {
  const problems: string[] = [];
  const executions = new Map<string, Map<string, number>>();
  for (const line of readFileSync(stepLog, "utf8").split("\n")) {
    const [run, index] = line.split(" ");
    if (run === undefined || index === undefined) continue;
    const steps = executions.get(run) ?? new Map<string, number>();
    steps.set(index, (steps.get(index) ?? 0) + 1);
    executions.set(run, steps);
  }
  let lost = 0;
  let committedTwice = 0;
  let steps = 0;
  for (const runId of runIds) {
    const events = await client.runs.events({ runId, limit: 10_000 });
    const committed = new Map<number, number>();
    events.forEach(({ seq, event }, index) => {
      if (seq !== index + 1) problems.push(`${runId}: event ${index + 1} has seq ${seq}`);
      if (event.kind === "activation-succeeded") committed.set(event.activation, (committed.get(event.activation) ?? 0) + 1);
    });
    if (events.filter(({ event }) => event.kind === "run-succeeded").length !== 1) problems.push(`${runId}: did not succeed exactly once`);
    for (const count of committed.values()) if (count > 1) committedTwice += count - 1;
    if (committed.size !== stepCount) problems.push(`${runId}: ${committed.size} of ${stepCount} steps are committed`);
    steps += committed.size;
    for (let index = 0; index < stepCount; index++) if ((executions.get(runId)?.get(String(index)) ?? 0) === 0) lost++;
  }
  for (const seen of followed) {
    if (!seen.done) problems.push(`the follower of ${seen.runId} did not see its end`);
    if (!seen.seqs.every((seq, index) => seq === index + 1)) problems.push(`the follower of ${seen.runId} saw ${seen.seqs.join(",")}`);
    const events = await client.runs.events({ runId: seen.runId, limit: 10_000 });
    if (events.length !== seen.seqs.length)
      problems.push(`the follower of ${seen.runId} saw ${seen.seqs.length} of ${events.length} events`);
  }
  const again = [...executions.values()].map((counts) => [...counts.values()].reduce((sum, count) => sum + count - 1, 0));
  return {
    runs: runIds.length,
    steps,
    lost,
    committedTwice,
    executedTwice: again.reduce((sum, count) => sum + count, 0),
    executedTwicePerRunMax: Math.max(0, ...again),
    problems,
  };
}
