/**
 * The process of one job: `node job.ts <job as JSON>`. It loads its own workload alone: what others
 * import (servers, transports) would weigh on the heap of one that measures an embedded engine.
 */
import { type Job, say } from "./jobs.ts";

async function measure(job: Job): Promise<unknown> {
  switch (job.kind) {
    case "w1":
      return (await import("./workloads/w1.ts")).measureW1(job);
    case "w1-worker":
      return (await import("./workloads/w1-worker.ts")).measureW1Worker(job);
    case "w2":
      return (await import("./workloads/w2.ts")).measureW2(job);
    case "w3":
      return (await import("./workloads/w3.ts")).measureW3(job);
    case "w4":
      return (await import("./workloads/w4.ts")).measureW4(job);
    case "w5":
      return (await import("./workloads/w5.ts")).measureW5(job);
    case "w6":
      return (await import("./workloads/w6.ts")).measureW6(job);
    case "w7":
      return (await import("./workloads/w7.ts")).measureW7(job);
    case "w9":
      return (await import("./workloads/w9.ts")).measureW9(job);
    default:
      throw new Error("no such job");
  }
}

const answer = await measure(JSON.parse(process.argv[2] ?? "{}") as Job);
say(JSON.stringify(answer));
