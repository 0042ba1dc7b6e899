/** A service: readings come in, are kept, judged and averaged, for as long as nobody cancels it. */
import { appendFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { agent, failure, type Group, type HandlerContext, handler, type Path, workflow } from "@heddle/compiler/authoring";

interface Reading {
  sensor: string;
  celsius: number;
}

interface Mean {
  sensor: string;
  celsius: number;
}

const folder = workflow.input<Path>("folder", { description: "Where readings are kept. It may come and go" });

/** What makes no sense is a dead letter, and the service goes on. */
export const check = agent({ name: "check", type: "stream" }, async (reading: Reading): Promise<Reading> => {
  if (reading.celsius < -273.15) throw Object.assign(failure("too-cold", "nothing is as cold"), { retryable: false });
  return reading;
});

/** One file for each reading: writing it twice is writing it once. Where the folder is away, this fails until it is back. */
export const keep = agent(
  { name: "keep", type: "stream", backpressure: { maxQueueDepth: 4, highWatermark: 3, lowWatermark: 1 } },
  async (input: { folder: Path; reading: Reading }, ctx: HandlerContext): Promise<Reading> => {
    const name = `${ctx.idempotencyKey.replace(/\W+/g, "-")}.json`;
    await writeFile(join(input.folder, name), JSON.stringify(input.reading));
    return input.reading;
  },
);

export const alarm = handler({ name: "alarm" }, async (reading: Reading, ctx: HandlerContext): Promise<null> => {
  ctx.log.warn(`${reading.sensor} has ${reading.celsius} degrees`);
  return null;
});

/** Three readings of one sensor at a time, or what is there after a minute. */
export const average = handler(
  { name: "average", template: "reduce", fires: { count: 3, key: "sensor", afterMs: 60_000 } },
  async (group: Group<Reading>): Promise<Mean> => {
    const sum = group.messages.reduce((total, { celsius }) => total + celsius, 0);
    return { sensor: group.last_message.sensor, celsius: sum / group.count };
  },
);

export const note = handler({ name: "note" }, async (input: { folder: Path; mean: Mean }): Promise<string> => {
  const line = `${input.mean.sensor} ${input.mean.celsius.toFixed(1)}\n`;
  await appendFile(join(input.folder, "means.txt"), line);
  return line;
});

export default workflow(
  {
    name: "readings",
    type: "service",
    policies: {
      restart: { attempts: 100, intervalMs: 600_000, delayMs: 200, delayMaxMs: 2_000, delayFunction: "exponential", mode: "delay" },
    },
  },
  async (reading: Reading) => {
    const checked = await check(reading);
    const kept = await keep({ folder, reading: checked });
    if (kept.celsius > 90) await alarm(kept);
    const mean = await average(kept);
    await note({ folder, mean });
  },
);
