import { expect, test } from "vitest";
import { MachineWorld } from "./machine-world.ts";
import { programOf } from "./program.ts";
import { failureOfSeed, Histogram, seeds } from "./seeds.ts";

test("the machine keeps its laws on every random program", { timeout: 300_000 }, () => {
  const { list, whole } = seeds();
  const refusals = new Histogram();
  let events = 0;
  for (const seed of list) {
    const world = new MachineWorld(programOf(seed));
    try {
      world.play();
      world.parseAll();
    } catch (error) {
      throw failureOfSeed(seed, error);
    }
    refusals.add(world.refusals);
    events += world.journal.length;
  }
  process.stdout.write(`machine: ${list.length} programs, ${events} events; refused: ${refusals}\n`);
  if (whole) expect(events).toBeGreaterThan(list.length * 10);
});
