/** Every workload, as small as it gets: that it runs to its end and reports what it says it reports. */
import { describe, expect, it } from "vitest";
import { parseArguments } from "./arguments.ts";
import { scaled } from "./bars.ts";
import { compare } from "./baseline.ts";
import { summarise } from "./cpu-profile.ts";
import { median, percentile } from "./measure.ts";
import { formatTable, type Plan, type Report } from "./report.ts";
import { assertDurable } from "./system.ts";
import { runW1 } from "./workloads/w1.ts";
import { runW1Worker } from "./workloads/w1-worker.ts";
import { runW2 } from "./workloads/w2.ts";
import { runW3 } from "./workloads/w3.ts";
import { runW4 } from "./workloads/w4.ts";
import { runW5 } from "./workloads/w5.ts";
import { runW6 } from "./workloads/w6.ts";
import { runW7 } from "./workloads/w7.ts";
import { runW9 } from "./workloads/w9.ts";

const plan: Plan = { rounds: 1, quick: true, tiny: true, progress: () => undefined };

function assertShape(report: Report): void {
  for (const { columns, rows } of report.tables) {
    expect(rows.length).toBeGreaterThan(0);
    for (const row of rows) expect(row).toHaveLength(columns.length);
  }
  for (const { value } of Object.values(report.ratios)) expect(value).toBeGreaterThan(0);
  expect(report.measurements.length).toBeGreaterThan(0);
}

describe("workloads", () => {
  it("measures concurrent workflows on both systems", async () => {
    const report = await runW1(plan);
    assertShape(report);
    expect(report.tables[0]?.rows.map(([system]) => system)).toEqual(["bare", "heddle"]);
    expect(Object.keys(report.ratios)).toEqual(["w1 64 B at 2, heddle / bare"]);
  });

  it("measures workflows whose steps are in a worker", async () => {
    const report = await runW1Worker(plan);
    assertShape(report);
    expect(Object.keys(report.ratios)).toEqual(["w1 through a worker, 1024 B at 2, heddle / bare embedded"]);
  });

  it("measures one workflow at a time, of 1 step and of 10", async () => {
    const report = await runW2(plan);
    assertShape(report);
    expect(report.bars.map(({ id }) => id)).toEqual(["B2 embedded, 1 step", "B2 embedded, 10 steps"]);
  });

  it("measures items that are worked on at once", async () => {
    const report = await runW3(plan);
    assertShape(report);
    expect(report.bars.map(({ id }) => id)).toEqual(["B3 embedded, 10 items"]);
    expect(Object.keys(report.ratios)).toEqual(["w3, heddle / bare"]);
  });

  it("measures followers over both wires, beside the bare transport", async () => {
    const report = await runW4(plan);
    assertShape(report);
    expect(report.bars.map(({ id }) => id)).toEqual([
      "B4 SSE, client, 1 follower",
      "B4 gRPC, client, 1 follower",
      "B4 SSE, client, 3 followers",
      "B4 gRPC, client, 3 followers",
    ]);
  });

  it("loses nothing and commits nothing twice when killed at half", async () => {
    const report = await runW5(plan);
    assertShape(report);
    const figures = report.measurements as readonly { lost: number; committedTwice: number; atKill: number }[];
    for (const { lost, committedTwice, atKill } of figures) {
      expect({ lost, committedTwice }).toEqual({ lost: 0, committedTwice: 0 });
      expect(atKill).toBeGreaterThanOrEqual(50);
    }
  });

  it("measures an idle runtime with waiting runs", async () => {
    assertShape(await runW6(plan));
  });

  it("measures a long run as a loop and as a cycle", async () => {
    const report = await runW7(plan);
    assertShape(report);
    expect(report.bars).toHaveLength(2);
    expect(Object.keys(report.ratios)).toHaveLength(4);
  });

  it("measures steps that are calls, in this process and in others", async () => {
    const report = await runW9(plan);
    assertShape(report);
    expect(report.tables[0]?.rows.map(([by]) => by)).toEqual(["action in process", "plugin over gRPC", "node server"]);
    expect(report.bars.map(({ id }) => id)).toEqual([
      "B9 action in process",
      "B9 plugin over gRPC, one at a time",
      "B9 plugin over gRPC, 2 workflows at a time",
      "B9 node server, one at a time",
    ]);
    expect(Object.keys(report.ratios)).toHaveLength(6);
  }, 60_000);
});

describe("figures", () => {
  it("refuses a connection that does not sync every commit", () => {
    expect(() => assertDurable({ journal_mode: "wal", synchronous: "2" })).not.toThrow();
    expect(() => assertDurable({ journal_mode: "wal", synchronous: "1" })).toThrow(/not measured/);
    expect(() => assertDurable({ journal_mode: "delete", synchronous: "2" })).toThrow(/not measured/);
  });

  it("takes medians and percentiles", () => {
    expect(median([3, 1, 2])).toBe(2);
    expect(median([4, 1, 2, 3])).toBe(2.5);
    expect(percentile([5, 1, 4, 2, 3], 50)).toBe(3);
    expect(percentile([5, 1, 4, 2, 3], 99)).toBe(5);
  });

  it("scales a bar by how the bare journal does", () => {
    expect(scaled(3, 0.4, 0.2)).toBeCloseTo(1.5);
  });

  it("tells a loss from a gain, whichever way is better", () => {
    const baseline = {
      a: { value: 0.5, better: "higher" },
      b: { value: 2, better: "lower" },
      gone: { value: 1, better: "lower" },
    } as const;
    expect(compare({ a: { value: 0.46, better: "higher" }, b: { value: 2.1, better: "lower" } }, baseline).losses).toBe(0);
    expect(compare({ a: { value: 0.44, better: "higher" }, b: { value: 2.3, better: "lower" } }, baseline).losses).toBe(2);
    expect(compare({ fresh: { value: 9, better: "lower" } }, baseline).table.rows).toEqual([]);
  });

  it("sums up a profile by function and package", () => {
    const frame = (functionName: string, url: string, lineNumber = 0) => ({ functionName, url, lineNumber });
    const { busyMs, idleMs, functions, packages } = summarise({
      nodes: [
        { id: 1, callFrame: frame("(idle)", "") },
        { id: 2, callFrame: frame("commit", "file:///x/packages/store-sqlite/dist/transaction.js", 5) },
        { id: 3, callFrame: frame("run", "") },
      ],
      samples: [1, 2, 2, 3],
      timeDeltas: [4_000, 1_000, 2_000, 1_000],
    });
    expect({ busyMs, idleMs }).toEqual({ busyMs: 4, idleMs: 4 });
    expect(functions.map(({ where }) => where)).toEqual(["commit (store-sqlite/transaction.js:6)", "run (native)"]);
    expect(packages).toEqual([
      { where: "store-sqlite", ms: 3, share: 0.75 },
      { where: "native functions", ms: 1, share: 0.25 },
    ]);
  });

  it("prints a table whose columns line up", () => {
    expect(formatTable({ title: "T", columns: ["a", "b"], rows: [["long", 12_345]] })).toBe(
      "T\n\na          b\n----  ------\nlong  12,345",
    );
  });
});

describe("the command line", () => {
  it("takes workloads by name, and refuses others", () => {
    expect(parseArguments(["--only", "w1,W5,w9"]).only).toEqual(["w1", "w5", "w9"]);
    expect(parseArguments(["--quick"]).rounds).toBe(3);
    expect(() => parseArguments(["--only", "w8"])).toThrow(/no workload w8/);
    expect(() => parseArguments(["--rounds", "0"])).toThrow(/--rounds/);
  });
});
