import { describe, expect, it } from "vitest";
import { parityFaults, rowIds } from "./check-parity.mjs";

type Row = readonly [id: string, feature: string, status: string, where: string, test: string];

const planned = rowIds.map((id: string): Row => [id, "does a thing", "planned", "", ""]);
const table = (columns: string, rows: readonly (readonly string[])[]) =>
  [columns, "|---|---|---|---|---|", ...rows.map((row) => `| ${row.join(" | ")} |`)].join("\n");
const parity = (rows: readonly Row[]) => table("| Row | Feature | Status | Where | Test |", rows);
const detail = (...rows: Row[]) => table("| Row | Promise | Our name | Status | Test |", rows);
const withRow = (id: string, ...rest: [string, string, string, string]) =>
  planned.map((row: Row): Row => (row[0] === id ? [id, ...rest] : row));

const files = new Map([["tests/runs.test.ts", "it('MN10: queues', ...)"]]);
const faultsOf = (rows: readonly Row[], lines: string = detail()) =>
  parityFaults(parity(rows), lines, (path: string) => files.get(path)).faults.map((fault: string) => fault.replace(/ line \d+/, ""));

describe("the parity table", () => {
  it("passes when everything is planned", () => {
    expect(faultsOf(planned)).toEqual([]);
  });

  it("has every row exactly once", () => {
    expect(faultsOf(planned.slice(1))).toEqual(["parity.md: row MN1 is missing"]);
    expect(faultsOf([...planned, planned[0] as Row])).toEqual(["parity.md: MN1: already on line 3"]);
    expect(faultsOf([...planned, ["XX1", "x", "planned", "", ""]])).toEqual(["parity.md: XX1: no such row"]);
  });

  it("believes a claim only with a test that exists and names the row", () => {
    expect(faultsOf(withRow("MN10", "x", "done", "runtime", "`tests/runs.test.ts`"))).toEqual([]);
    expect(faultsOf(withRow("MN10", "x", "done", "runtime", ""))).toEqual(["parity.md: MN10: done, but no test is named"]);
    expect(faultsOf(withRow("MN10", "x", "partial", "", "`tests/no.test.ts`"))).toEqual(["parity.md: MN10: there is no tests/no.test.ts"]);
    expect(faultsOf(withRow("MN1", "x", "done", "", "`tests/runs.test.ts`"))).toEqual(["parity.md: MN1: none of its tests mentions MN1"]);
  });

  it("knows three statuses", () => {
    expect(faultsOf(withRow("HE1", "x", "soon", "", "`tests/runs.test.ts`"))[0]).toContain('status "soon"');
  });

  it("does not let a row be done before its lines", () => {
    const rows = withRow("MN10", "x", "done", "runtime", "`tests/runs.test.ts`");
    expect(faultsOf(rows, detail(["MN10", "slots", "slots", "planned", ""]))).toEqual([
      "parity-detail.md: MN10: planned, but the row is done",
    ]);
    expect(faultsOf(rows, detail(["MN10", "slots", "same", "done", "`tests/runs.test.ts`"]))).toEqual([]);
  });
});
