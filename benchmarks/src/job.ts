/** The process of one job: `node job.ts <job as JSON>`. */
import { type Job, say } from "./jobs.ts";
import { measureW1 } from "./workloads/w1.ts";
import { measureW1Worker } from "./workloads/w1-worker.ts";
import { measureW2 } from "./workloads/w2.ts";
import { measureW3 } from "./workloads/w3.ts";
import { measureW4 } from "./workloads/w4.ts";
import { measureW5 } from "./workloads/w5.ts";
import { measureW6 } from "./workloads/w6.ts";
import { measureW7 } from "./workloads/w7.ts";
import { measureW9 } from "./workloads/w9.ts";

async function measure(job: Job): Promise<unknown> {
  switch (job.kind) {
    case "w1":
      return measureW1(job);
    case "w1-worker":
      return measureW1Worker(job);
    case "w2":
      return measureW2(job);
    case "w3":
      return measureW3(job);
    case "w4":
      return measureW4(job);
    case "w5":
      return measureW5(job);
    case "w6":
      return measureW6(job);
    case "w7":
      return measureW7(job);
    case "w9":
      return measureW9(job);
    default:
      throw new Error("no such job");
  }
}

const answer = await measure(JSON.parse(process.argv[2] ?? "{}") as Job);
say(JSON.stringify(answer));
