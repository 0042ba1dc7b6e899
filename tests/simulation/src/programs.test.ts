import { expect, test } from "vitest";
import { programOf } from "./program.ts";
import { RuntimeWorld } from "./runtime-world.ts";
import { failureOfSeed, Histogram, seeds } from "./seeds.ts";

/** Occurrences that a sound simulation has, besides the constructs: fewer mean that it has lost its teeth. */
const happenings = [
  ...["answer", "signal", "pause", "resume", "resume-now", "cancel", "settle", "restart", "retry"].map((name) => `outside-${name}`),
  ...["attempt-failed", "frame-failed", "frames-opened", "router-passed", "signal-received", "run-retried"].map((name) => `event-${name}`),
  ...["sibling-failed", "timeout", "cancel", "limit"].map((cause) => `event-unwinding-${cause}`),
  ...["failure-edge", "timeout-edge", "timeout", "rejected"].map((name) => `event-failed-${name}`),
  ...["aborted", "region"].map((name) => `event-cancelled-${name}`),
  ...["paused", "person", "signal"].map((name) => `why-${name}`),
  ...["journal.append", "journal.get"].map((name) => `died-at-${name}`),
];

test("random programs run to their end on the whole runtime, and never stand still without a reason", { timeout: 300_000 }, async () => {
  const { list, whole } = seeds();
  const constructs = new Histogram();
  const happened = new Histogram();
  for (const seed of list) {
    const program = programOf(seed);
    const world = new RuntimeWorld(program);
    try {
      await world.play();
    } catch (error) {
      throw failureOfSeed(seed, error);
    }
    constructs.add(program.features);
    happened.add(world.happened);
  }
  process.stdout.write(`runtime: ${list.length} programs\nconstructs: ${constructs}\nhappened: ${happened}\n`);
  if (!whole) return;
  expect(constructs.under(300)).toEqual([]);
  expect(happened.under(300, happenings)).toEqual([]);
  expect(
    happened.under(50, ["event-outcome-unknown", "event-outcome-settled", "why-outcome-unknown", "event-run-cancelled-forced"]),
  ).toEqual([]);
});
