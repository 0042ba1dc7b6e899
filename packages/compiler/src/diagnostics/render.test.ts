import { expect, test } from "vitest";
import { compile } from "../compile.ts";
import { createDiagnostic, createDiagnosticList, createSourceText, diagnosticsShownMax, renderDiagnostics, suggest } from "./index.ts";

function show(text: string, start: number, end: number, options = {}): string {
  const source = createSourceText("a.nemo", text);
  const diagnostic = createDiagnostic("HD1001", { span: source.span(start, end), message: "wrong", reason: "so it is" });
  return renderDiagnostics([diagnostic], new Map([["a.nemo", text]]), options);
}

test("the line is shown with what of it is meant, tabs and wide characters counted as they are seen", () => {
  expect(show("\tx 世界 bad", 6, 9)).toContain("1 |     x 世界 bad\n  |            ^^^");
});

test("a line of any length is cut around the place", () => {
  const shown = show(`${"a".repeat(100_000)} bad ${"b".repeat(100_000)}`, 100_001, 100_004);
  expect(Math.max(...shown.split("\n").map((line) => line.length))).toBeLessThan(200);
  expect(shown).toContain(" bad ");
});

test("a source cannot steer the terminal", () => {
  const shown = show("a \u001b[2J\u0007\u202e bad", 0, 1);
  for (const character of ["\u001b", "\u0007", "\u202e"]) expect(shown).not.toContain(character);
});

test("colours only where they are asked for", () => {
  expect(show("x", 0, 1)).not.toContain("\u001b[");
  expect(show("x", 0, 1, { colours: true })).toContain("\u001b[31;1merror[HD1001]\u001b[0m");
});

test("a stretch of several lines says where it ends", () => {
  expect(show("ab\ncd\nef", 1, 7)).toContain("1 | ab\n  |  ^ (to line 3)");
});

test("lines end with LF, CRLF or CR, and offsets outside the text are its ends", () => {
  const source = createSourceText("a", "a\r\nb\rc\nd");
  expect([source.line(1), source.line(2), source.line(3), source.line(4), source.lines]).toEqual(["a", "b", "c", "d", 4]);
  expect(source.position(99)).toEqual({ offset: 8, line: 4, column: 2 });
  expect(source.position(-1)).toEqual({ offset: 0, line: 1, column: 1 });
});

test("no more is told than somebody could read, and the rest is counted", () => {
  const list = createDiagnosticList();
  for (let i = 0; i < diagnosticsShownMax + 5; i++) list.report("HD1008", { message: "m", reason: "r" });
  list.report("HD1001", { message: "the error", reason: "r" });
  const all = list.all();
  expect(all.filter(({ id }) => id === "HD1001")).toHaveLength(1);
  expect(all.at(-1)).toMatchObject({ id: "HD1000", severity: "error", message: "5 more diagnostics are not shown" });
});

test("the nearest name is suggested, and none that is far", () => {
  expect(suggest("Revew", ["Draft", "Review"])).toBe("Review");
  expect(suggest("draft", ["Draft", "raft"])).toBe("Draft");
  expect(suggest("riskyy", ["whole"])).toBeUndefined();
  expect(suggest("ab", ["cd"])).toBeUndefined();
});

test("applying a fix mends the source", () => {
  const text = 'workflow W {\n  stage Draft { prompt: "x" transition else => Revew }\n  stage Review { prompt: "y" }\n}';
  const [diagnostic] = compile(new Map([["a.nemo", text]])).diagnostics;
  const edit = diagnostic?.fix?.edits[0];
  if (edit === undefined) expect.unreachable("a fix is offered");
  const mended = text.slice(0, edit.span.start.offset) + edit.text + text.slice(edit.span.end.offset);
  expect(compile(new Map([["a.nemo", mended]])).diagnostics).toEqual([]);
});

test("strict makes errors of warnings, and gives no workflow for them", () => {
  const sources = new Map([["a.nemo", 'workflowW { stage A { prompt: "x" } }']]);
  expect(compile(sources)).toMatchObject({ workflows: [{ file: "a.nemo" }], diagnostics: [{ severity: "warning" }] });
  expect(compile(sources, { strict: true })).toMatchObject({ workflows: [], diagnostics: [{ severity: "error" }] });
});
