/** A worker: a process of yours that serves handlers. Its code is in no bundle. */
import { createWorker, type HandlerContext } from "@heddle/client/worker";

const worker = createWorker({
  handlers: {
    rate({ customer, cents }: { customer: string; cents: number }, ctx: HandlerContext) {
      ctx.log.info(`rating ${customer}`);
      return { risk: cents > 100_000 ? "high" : "low" };
    },
  },
}).stopOnSignals();

worker.ready.then(() => console.log("worker ready"));
await worker.run();
