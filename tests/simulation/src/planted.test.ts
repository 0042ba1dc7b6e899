// Parity: HE8.
/**
 * Bugs that authors make, each in a small workflow with its world: a seed finds each, and finds it again, and the mended
 * workflow holds. HEDDLE_SEEDS=n plays n seeds of each mended one, at most as many as a bug may take to be found.
 */
import { simulate } from "@heddle/testkit/simulator";
import { describe, expect, test } from "vitest";
import { plantedEffects } from "./planted-effects.ts";
import { plantedWaits } from "./planted-waits.ts";

const planted = [...plantedEffects, ...plantedWaits];
const seedsMax = 10_000;
const survived = Math.min(Number(process.env.HEDDLE_SEEDS ?? 150), seedsMax);
const foundAt: string[] = [];

test("there are at least ten of them, and each is another one", () => {
  expect(new Set(planted.map(({ name }) => name)).size).toBe(planted.length);
  expect(planted.length).toBeGreaterThanOrEqual(10);
});

describe.each(planted)("$name", ({ name, planted: sample, mended }) => {
  test("is found, and its seed alone finds it again, with the same few faults", { timeout: 120_000 }, async () => {
    const { failing } = await simulate({ ...sample, seeds: seedsMax });
    expect(failing, `${name} is found`).toBeDefined();
    expect(failing?.faults.length, "it takes a fault").toBeGreaterThan(0);
    const again = await simulate({ ...sample, seeds: 1, from: failing?.seed ?? 0 });
    expect(again.failing).toEqual(failing);
    foundAt.push(`${name}: seed ${failing?.seed}, ${failing?.faults.length} of ${failing?.faultsBrought} faults`);
  });

  test("is gone where it is mended", { timeout: 300_000 }, async () => {
    const report = await simulate({ ...mended, seeds: survived });
    expect(report.failing, report.failing?.story.map(({ atMs, text }) => `${atMs} ${text}`).join("\n")).toBeUndefined();
    expect(report.seedsPlayed).toBe(survived);
  });
});

test("where they were found is told", () => {
  process.stdout.write(`planted bugs:\n${foundAt.map((line) => `  ${line}\n`).join("")}`);
  expect(foundAt).toHaveLength(planted.length);
});
