// Parity: NE9.
import { HeddleError } from "@heddle/core";
import { expect, test } from "vitest";
import { programOf } from "./program.ts";
import { failureOfSeed, Histogram } from "./seeds.ts";
import { exported, XstateWorld } from "./xstate-world.ts";

const programs = Number(process.env["HEDDLE_XSTATE_PROGRAMS"] ?? 1_000);
const only = process.env["HEDDLE_SEED"];
/** Nested maps multiply; what is larger than this is left to longer runs. */
const statesMax = Number(process.env["HEDDLE_XSTATE_STATES"] ?? 300);

const teeth = {
  constructs: ["router", "human", "signal", "workflow", "parallel", "map", "loop", "try", "catch", "finally", "edge-back", "map-collect"],
  happened: [
    ...["success", "failure", "timeout", "rejected", "aborted", "cancel", "router-passed", "frame-failed", "frame-closed"],
    ...["unwinding-sibling-failed", "unwinding-timeout", "unwinding-cancel", "unwinding-limit"],
    ...["run-succeeded", "run-failed", "run-cancelled"],
  ],
};

test("random programs take the same path in the exported machine as in the fold", { timeout: 60_000 }, () => {
  const happened = new Histogram();
  const constructs = new Histogram();
  const refused = new Histogram();
  let played = 0;
  let tried = 0;
  for (let seed = only === undefined ? 1 : Number(only); played < (only === undefined ? programs : 1); seed++) {
    const program = programOf(seed);
    tried++;
    try {
      const config = exported(program, statesMax);
      const world = new XstateWorld(program, JSON.parse(JSON.stringify(config)) as typeof config);
      if (!world.play()) continue;
      happened.add(world.happened);
      constructs.add(program.features);
      played++;
    } catch (error) {
      if (!HeddleError.is(error, "unimplemented")) throw failureOfSeed(seed, error);
      refused.add([String(error.details["kind"])]);
    }
  }
  process.stdout.write(`xstate: ${played} of ${tried} programs; refused: ${refused}\nconstructs: ${constructs}\nhappened: ${happened}\n`);
  if (only !== undefined || programs < 1_000) return;
  expect(played / tried).toBeGreaterThan(0.9);
  // Fewer mean that the comparison has lost its teeth.
  const { constructs: made, happened: seen } = teeth;
  expect(constructs.under(50, made)).toEqual([]);
  expect(happened.under(5, seen)).toEqual([]);
});
