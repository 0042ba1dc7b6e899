/** `--profile`: W1 on Heddle under the CPU profiler, and where its time went. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type CpuProfile, type SelfTime, summarise } from "./cpu-profile.ts";
import { inFolder, runJob } from "./jobs.ts";
import { formatTable } from "./report.ts";
import type { SystemName } from "./system.ts";
import type { W1Answer } from "./workloads/w1.ts";

const shownMax = 25;

export interface ProfileWanted {
  readonly system: SystemName;
  readonly clients: number;
  readonly resultBytes: number;
  readonly ms: number;
}

export async function profile({ system, clients, resultBytes, ms }: ProfileWanted): Promise<string> {
  return inFolder(async (folder) => {
    const options = ["--cpu-prof", `--cpu-prof-dir=${folder}`, "--cpu-prof-interval=250"];
    const { perSecond } = await runJob<W1Answer>({ kind: "w1", system, folder, resultBytes, clients, ms }, options);
    const file = readdirSync(folder).find((name) => name.endsWith(".cpuprofile"));
    if (file === undefined) throw new Error("the job left no profile");
    const summary = summarise(JSON.parse(readFileSync(join(folder, file), "utf8")) as CpuProfile);
    const heading = `W1 with ${clients} clients and ${resultBytes} bytes on ${system}: ${Math.round(perSecond)} workflows/s under the profiler, `;
    const spent = `${summary.busyMs.toFixed(0)} ms busy, ${summary.idleMs.toFixed(0)} ms idle`;
    return [
      heading + spent,
      selfTimes("Self time by package", summary.packages),
      selfTimes("Self time by function", summary.functions),
    ].join("\n\n");
  });
}

function selfTimes(title: string, times: readonly SelfTime[]): string {
  const rows = times.slice(0, shownMax).map(({ where, ms, share }) => [where, `${(share * 100).toFixed(1)} %`, ms.toFixed(0)]);
  return formatTable({ title, columns: ["where", "share", "ms"], rows });
}
