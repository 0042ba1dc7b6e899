// Parity: MN2, MN3.
import { compile, isError, renderDiagnostics } from "@heddle/compiler";
import { checkIr, type Expr, type Node, type WorkflowIr } from "@heddle/core";
import { describe, expect, test } from "vitest";
import { normalForm } from "./spellings.ts";
import { asClasses, asFunctions, type Spelled } from "./spellings-cases.ts";
import { regions } from "./spellings-regions.ts";
import { steps } from "./spellings-steps.ts";
import { type TypeScriptProgram, typeScriptProgramOf } from "./typescript-program.ts";

const all: readonly Spelled[] = [...steps, ...regions];

function irOf(file: string, text: string): WorkflowIr {
  const sources = new Map([[file, text]]);
  const { workflows, diagnostics } = compile(sources);
  expect(renderDiagnostics(diagnostics.filter(isError), sources)).toBe("");
  expect(workflows).toHaveLength(1);
  const [only] = workflows;
  if (only === undefined) throw new TypeError("nothing was compiled");
  expect(checkIr(only.ir)).toEqual([]);
  return only.ir;
}

describe("functions, classes and text", () => {
  test("are told apart by enough workflows", () => {
    expect(all.length).toBeGreaterThanOrEqual(50);
    expect(new Set(all.map(({ name }) => name)).size).toBe(all.length);
    expect(new Set(all.map(({ text }) => text)).size).toBe(all.length);
  });

  test.each(all.map((spelled) => [spelled.name, spelled] as const))("%s", (_, spelled) => {
    const functions = normalForm(irOf("functions.ts", asFunctions(spelled)));
    expect(normalForm(irOf("classes.ts", asClasses(spelled)))).toEqual(functions);
    expect(normalForm(irOf("text.heddle", spelled.text))).toEqual(functions);
  });

  test("no two of the workflows are the same", () => {
    const forms = all.map((spelled) => JSON.stringify(normalForm(irOf("functions.ts", asFunctions(spelled)))));
    expect(new Set(forms).size).toBe(all.length);
  });
});

/** The declarations of random bodies as a class, and their calls as those of its agents. Names that a body declares for itself are others. */
function randomAsClass({ source, body }: TypeScriptProgram): string {
  const before = source.slice(0, source.indexOf("export default workflow"));
  const methods: string[] = [];
  const others = before.replace(
    /^export const (\w+) = handler\(\{ name: "\1" \}, async \((.*?)\): (Promise<.*?>) => .*\);\n/gm,
    (_, name: string, parameters: string, result: string) => {
      methods.push(`  @agent.defn({ name: "${name}" })\n  async ${name}(${parameters}): ${result} { return _ as never; }`);
      return "";
    },
  );
  const calls = new RegExp(`(?<![.\\w])(${methods.map((method) => /async (\w+)/.exec(method)?.[1]).join("|")})\\(`, "g");
  return `${others.replace("import {", "import { agent,")}export class Agents {
${methods.join("\n")}
}
@workflow.defn({ name: "main" })
export default class Main {
  agents = new Agents();
  @workflow.run
  async run(input: Input) {
${body.replace(calls, "this.agents.$1(")}
  }
}
`;
}

test("random bodies of functions are the same workflow in a class, down to its names", { timeout: 120_000 }, () => {
  let agents = 0;
  for (let seed = 1; seed <= 150; seed++) {
    const program = typeScriptProgramOf(seed);
    const spelled = randomAsClass(program);
    agents += spelled.split("this.agents.").length - 1;
    const [ours, theirs] = [program.source, spelled].map((text) => {
      const sources = new Map([["flow.ts", text]]);
      const { workflows, diagnostics } = compile(sources);
      expect(renderDiagnostics(diagnostics.filter(isError), sources), `seed ${seed}\n${text}`).toBe("");
      const main = workflows.find(({ ir }) => ir.id === "main");
      return JSON.stringify(main?.ir, (key, value: unknown) => (key === "source" ? undefined : value));
    });
    expect(ours, `seed ${seed}`).toContain('"nodes"');
    expect(theirs, `seed ${seed}\n${spelled}`).toBe(ours);
  }
  expect(agents).toBeGreaterThan(500);
});

/** Changes every value of a tree that a function answers for. */
function edited(value: unknown, edit: (value: Readonly<Record<string, unknown>>) => unknown): unknown {
  if (Array.isArray(value)) return value.map((one) => edited(one, edit));
  if (typeof value !== "object" || value === null) return value;
  const own = edit(value as Readonly<Record<string, unknown>>);
  if (own !== value) return own;
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, edited(one, edit)]));
}

function changed(ir: WorkflowIr, edit: (value: Readonly<Record<string, unknown>>) => unknown): WorkflowIr | undefined {
  const after = edited(ir, edit) as WorkflowIr;
  return JSON.stringify(after) === JSON.stringify(ir) ? undefined : after;
}

/** What a run would notice, one change at a time; each has something to change in some of the workflows. */
const changes: readonly (readonly [string, (value: Readonly<Record<string, unknown>>) => unknown])[] = [
  ["another handler", (at) => (typeof at["handler"] === "string" ? { ...at, handler: `${at["handler"]}-2` } : at)],
  ["another value", (at) => (at["kind"] === "literal" && typeof at["value"] === "number" ? { ...at, value: at["value"] + 1 } : at)],
  ["another comparison", (at) => (at["kind"] === "compare" ? { ...at, op: at["op"] === "gt" ? "gte" : "gt" } : at)],
  ["the opposite question", (at) => (at["kind"] === "not" ? (at["of"] as Expr) : at)],
  ["another type", (at) => (at["kind"] === "string" ? { kind: "path" } : at)],
  ["what must be there may be missing", (at) => ("name" in at && "type" in at && at["optional"] !== true ? { ...at, optional: true } : at)],
  [
    "another argument",
    (at) =>
      "reads" in at ? { ...at, reads: (at["reads"] as { name: string }[]).map((read) => ({ ...read, name: `${read.name}_` })) } : at,
  ],
  ["one argument less", (at) => ("reads" in at ? { ...at, reads: (at["reads"] as unknown[]).slice(1) } : at)],
  ["one write less", (at) => ("writes" in at ? { ...at, writes: (at["writes"] as unknown[]).slice(1) } : at)],
  [
    "another field of a result",
    (at) => (at["scope"] === "result" && typeof at["name"] === "string" ? { ...at, name: `${at["name"]}_` } : at),
  ],
  ["other attempts", (at) => ("attemptsMax" in at ? { ...at, attemptsMax: 99 } : at)],
  ["another time", (at) => ("timeoutMs" in at ? { ...at, timeoutMs: 1 } : at)],
  ["the ways in the other order", (at) => (typeof at["priority"] === "number" ? { ...at, priority: 1 - at["priority"] } : at)],
  ["no question", (at) => ("guard" in at ? { id: at["id"], from: at["from"], to: at["to"], priority: at["priority"] } : at)],
  ["another outcome", (at) => (at["on"] === "rejected" ? { ...at, on: "failure" } : at)],
  ["no edges", (at) => ("edges" in at ? { ...at, edges: [] } : at)],
  ["another prompt", (at) => ("prompt" in at ? { ...at, prompt: { kind: "literal", value: "Something else." } } : at)],
  ["another kind", (at) => (at["kind"] === "wait" ? { ...at, kind: "router" } : at)],
  ["no bound for a time", (at) => (at["kind"] === "map" ? { ...at, concurrencyMax: 7 } : at)],
  ["nothing passed in", (at) => ("inputs" in at && "nodes" in at && !("ir" in at) ? { ...at, inputs: [] } : at)],
  ["no clean-up", (at) => ("finally" in at ? Object.fromEntries(Object.entries(at).filter(([key]) => key !== "finally")) : at)],
  ["no catch", (at) => ("catch" in at ? Object.fromEntries(Object.entries(at).filter(([key]) => key !== "catch")) : at)],
  ["branches in the other order", (at) => ("branches" in at ? { ...at, branches: (at["branches"] as unknown[]).toReversed() } : at)],
  ["other outputs", (at) => ("outputs" in at ? { ...at, outputs: (at["outputs"] as unknown[]).slice(1) } : at)],
  ["other inputs of the workflow", (at) => ("ir" in at ? { ...at, inputs: (at["inputs"] as unknown[]).slice(1) } : at)],
];

describe("the comparison", () => {
  const irs = all.map((spelled) => irOf("text.heddle", spelled.text));

  test.each(changes)("sees %s", (_, edit) => {
    const touched = irs.flatMap((ir) => {
      const after = changed(ir, edit);
      return after === undefined ? [] : [[ir, after] as const];
    });
    expect(touched.length).toBeGreaterThan(0);
    for (const [before, after] of touched) expect(normalForm(after)).not.toEqual(normalForm(before));
  });

  test("sees which of two variables is read", () => {
    const swapped = { "Find.title": "Find.words", "Find.words": "Find.title" } as Readonly<Record<string, string>>;
    const reads = (ir: WorkflowIr): WorkflowIr | undefined =>
      changed(ir, (at) =>
        at["scope"] === "var" && swapped[String(at["name"])] !== undefined ? { ...at, name: swapped[String(at["name"])] } : at,
      );
    const touched = irs.flatMap((ir) => {
      const after = reads(ir);
      return after === undefined ? [] : [[ir, after] as const];
    });
    expect(touched.length).toBeGreaterThan(10);
    for (const [before, after] of touched) expect(normalForm(after)).not.toEqual(normalForm(before));
  });

  test("does not see names of stages and what they give, places, or the order in which nodes and edges are listed", () => {
    for (const [i, { text }] of all.entries()) {
      const other = text.replace(/"[^"]*"|\b(?!Main\b)[A-Z]\w*/g, (word) => (word.startsWith('"') ? word : `Renamed${word}`));
      expect(other).not.toBe(text);
      const ir = irOf("other.heddle", `\n\n${other}`);
      const listed = edited(ir, (at) => ("nodes" in at ? reversed(at) : at)) as WorkflowIr;
      expect(listed.nodes[0]?.id).toMatch(/^Renamed/);
      expect(normalForm(listed)).toEqual(normalForm(irs[i] as WorkflowIr));
    }
  });
});

/** A frame and those inside it, with nodes and edges listed in the other order. Ways that part have priorities, so the list says nothing of them. */
function reversed(frame: Readonly<Record<string, unknown>>): unknown {
  const nodes = (frame["nodes"] as readonly Node[]).map((node) =>
    Object.fromEntries(Object.entries(node).map(([key, value]) => [key, edited(value, (at) => ("nodes" in at ? reversed(at) : at))])),
  );
  return { ...frame, nodes: nodes.toReversed(), edges: (frame["edges"] as readonly unknown[]).toReversed() };
}
