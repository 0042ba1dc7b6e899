/**
 * W5: 1,000 workflows of 10 steps are in flight when their process is killed with SIGKILL, at half of
 * all steps. A second process starts, and the caller asks again for all 1,000 by the same keys. The
 * clock runs from the start of that process until the last one is done.
 *
 * A kill keeps what the operating system holds in its cache: this shows what a crash of the process
 * costs, not what a loss of power does.
 */
import { appendFileSync, openSync, readFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import { owed, reference, scaled } from "../bars.ts";
import { inFolder, type Job, say, spawnJob } from "../jobs.ts";
import { median, rounded, waitForQuiet } from "../measure.ts";
import { openSystem } from "../open-system.ts";
import type { Plan, Report } from "../report.ts";
import type { SystemName } from "../system.ts";
import { stepsPerWorkflow as steps } from "./w1.ts";

interface Audit {
  /** Starts that had been acknowledged and were not there, and steps that the journal does not hold. */
  readonly lost: number;
  /** Steps that the journal holds more than once. */
  readonly committedTwice: number;
}

/** In the job: starts, or takes up again, all workflows. Each execution of a step leaves a line, also when killed right after. */
export async function measureW5({ system: name, folder, runs, phase }: Extract<Job, { kind: "w5" }>): Promise<Audit> {
  const log = openSync(join(folder, "steps.log"), "a");
  let executed = 0;
  const onStep = (run: string, step: number): void => {
    writeSync(log, `${run} ${step}\n`);
    if (phase === "start" && ++executed === (runs * steps) / 2) say("half");
  };
  const acknowledged = join(folder, "acknowledged.log");
  const known = phase === "start" ? new Set<string>() : new Set(readFileSync(acknowledged, "utf8").split("\n"));
  const system = await openSystem(name, { folder, resultBytes: 64, onStep });
  const keys = Array.from({ length: runs }, (_, index) => `key-${index}`);
  let lost = 0;
  await Promise.all(
    keys.map((key) =>
      system.attach(key, steps, (existing) => {
        if (phase === "start") appendFileSync(acknowledged, `${key}\n`);
        else if (!existing && known.has(key)) lost++;
      }),
    ),
  );
  say("done");
  let committedTwice = 0;
  for (const key of keys) {
    for (const count of await system.committed(key, steps)) {
      if (count === 0) lost++;
      else if (count > 1) committedTwice++;
    }
  }
  await system.close();
  return { lost, committedTwice };
}

interface W5Answer extends Audit {
  readonly recoveredMs: number;
  /** Steps that had run when the process was gone. */
  readonly atKill: number;
  readonly executedTwice: number;
  /** Of one workflow, at most. */
  readonly executedTwicePerRun: number;
}

async function killAndResume(system: SystemName, folder: string, runs: number): Promise<W5Answer> {
  const first = spawnJob({ kind: "w5", system, folder, runs, phase: "start" });
  await Promise.race([first.said("half"), first.ended]);
  first.child.kill("SIGKILL");
  await first.ended;
  const atKill = executionsOf(folder).total;
  const startedMs = performance.now();
  const second = spawnJob({ kind: "w5", system, folder, runs, phase: "resume" });
  await Promise.race([second.said("done"), second.ended]);
  const recoveredMs = performance.now() - startedMs;
  const audit = (await second.answer) as Audit;
  await second.ended;
  const { twice, twicePerRun } = executionsOf(folder);
  return { ...audit, recoveredMs, atKill, executedTwice: twice, executedTwicePerRun: twicePerRun };
}

function executionsOf(folder: string): { readonly total: number; readonly twice: number; readonly twicePerRun: number } {
  const lines = readFileSync(join(folder, "steps.log"), "utf8").split("\n").slice(0, -1);
  const seen = new Set<string>();
  const repeats = new Map<string, number>();
  for (const line of lines) {
    const run = line.slice(0, line.indexOf(" "));
    if (seen.has(line)) repeats.set(run, (repeats.get(run) ?? 0) + 1);
    seen.add(line);
  }
  const counts = [...repeats.values()];
  return { total: lines.length, twice: counts.reduce((sum, count) => sum + count, 0), twicePerRun: Math.max(0, ...counts) };
}

export async function runW5(plan: Plan): Promise<Report> {
  const runs = plan.tiny ? 10 : 1_000;
  const answers: Record<SystemName, W5Answer[]> = { bare: [], heddle: [] };
  const measurements: unknown[] = [];
  for (let round = 0; round < plan.rounds; round++) {
    const busy = plan.tiny ? 0 : await waitForQuiet(3_000);
    for (const system of ["bare", "heddle"] as const) {
      const answer = await inFolder((folder) => killAndResume(system, folder, runs));
      answers[system].push(answer);
      measurements.push({ workload: "w5", system, round, busy, ...answer });
    }
    plan.progress(`W5: round ${round + 1} of ${plan.rounds}`);
  }
  return reportOf(runs, answers, measurements);
}

function reportOf(runs: number, answers: Readonly<Record<SystemName, W5Answer[]>>, measurements: readonly unknown[]): Report {
  const times = median(answers.heddle.map((answer, round) => answer.recoveredMs / (answers.bare[round]?.recoveredMs ?? Number.NaN)));
  const worst = (system: SystemName, figure: keyof W5Answer): number => Math.max(...answers[system].map((answer) => answer[figure]));
  const best = (system: SystemName): number => Math.min(...answers[system].map((answer) => answer.recoveredMs));
  const ms = scaled(best("heddle"), best("bare"), reference.w5Ms);
  const counts = {
    lost: worst("heddle", "lost"),
    committed: worst("heddle", "committedTwice"),
    executed: worst("heddle", "executedTwicePerRun"),
  };
  const id = `B5 embedded, ${runs.toLocaleString("en")} in flight`;
  return {
    workload: "w5",
    tables: [
      {
        title: `W5: killed at half of all steps with ${runs.toLocaleString("en")} in flight (WAL, synchronous=FULL; a kill does not test the sync)`,
        columns: [
          "system",
          "restart to all done ms",
          "by round",
          "run at kill",
          "lost",
          "committed twice",
          "executed twice",
          "per run",
          "times bare",
        ],
        rows: (["bare", "heddle"] as const).map((system) => [
          system,
          median(answers[system].map((answer) => answer.recoveredMs)),
          answers[system].map((answer) => answer.recoveredMs.toFixed(0)).join(" "),
          median(answers[system].map((answer) => answer.atKill)),
          worst(system, "lost"),
          worst(system, "committedTwice"),
          worst(system, "executedTwice"),
          worst(system, "executedTwicePerRun"),
          system === "bare" ? "1" : times.toFixed(2),
        ]),
      },
    ],
    bars: [
      {
        id,
        owed: `all done at most ${owed.w5Ms} ms after the restart, scaled`,
        measured: `${ms.toFixed(0)} ms (unscaled ${best("heddle").toFixed(0)})`,
        met: ms <= owed.w5Ms,
      },
      {
        id,
        owed: "0 lost, 0 committed twice, at most 1 executed twice per run",
        measured: `${counts.lost}, ${counts.committed}, ${counts.executed}`,
        met: counts.lost === 0 && counts.committed === 0 && counts.executed <= owed.w5TwicePerRun,
      },
    ],
    ratios: { "w5 restart to all done, heddle / bare": { value: rounded(times), better: "lower" } },
    measurements,
  };
}
