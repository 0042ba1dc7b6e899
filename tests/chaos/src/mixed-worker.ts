/** The worker of the mixed workflow. */
import { createWorker, type HandlerContext } from "@heddle/client/worker";
import { act, type Given } from "./mixed-act.ts";

const serve = (step: string) => (input: Given, ctx: HandlerContext) =>
  act(input, { place: "worker", step, key: ctx.idempotencyKey, attempt: ctx.attempt, signal: ctx.signal });

const worker = createWorker({ handlers: { rate: serve("rate"), charge: serve("charge"), tip: serve("tip") } }).stopOnSignals();
worker.ready.then(() => console.log("ready"));
await worker.run();
