/**
 * What checks claim holds in every run: random workflows are checked, then run with random values by a walker of
 * a few lines, and nothing happens that a check has called impossible or has kept quiet about.
 */
import { type Edge, type Expr, evaluate, type JsonValue, type Node, type ValueType, type WorkflowIr } from "@heddle/core";
import fc from "fast-check";
import { expect, test } from "vitest";
import { createChoices } from "../../test/random-source.ts";
import type { Diagnostic } from "../diagnostics/index.ts";
import { checkWorkflow } from "./index.ts";

const types: Readonly<Record<string, ValueType>> = {
  n: { kind: "number" },
  m: { kind: "number" },
  b: { kind: "boolean" },
  s: { kind: "enum", values: ["p", "q"] },
};
const samples: Readonly<Record<string, readonly JsonValue[]>> = { n: [0, 1, 2, 3], m: [1, 2], b: [true, false], s: ["p", "q"] };
const names = Object.keys(types);

const ref = (name: string): Expr => ({ kind: "ref", scope: "var", name });
const literal = (value: JsonValue): Expr => ({ kind: "literal", value });

const atom: fc.Arbitrary<Expr> = fc.oneof(
  fc
    .record({ op: fc.constantFrom("lt", "lte", "gt", "gte"), name: fc.constantFrom("n", "m"), at: fc.integer({ min: 0, max: 3 }) })
    .map(({ op, name, at }): Expr => ({ kind: "compare", op, left: ref(name), right: literal(at) })),
  fc.constantFrom("lt", "lte", "gt", "gte").map((op): Expr => ({ kind: "compare", op, left: ref("m"), right: ref("n") })),
  fc.constantFrom(...names).map((name): Expr => ({ kind: "eq", left: ref(name), right: literal(null) })),
  fc.constantFrom("p", "q", "r").map((value): Expr => ({ kind: "eq", left: literal(value), right: ref("s") })),
  fc.constantFrom<Expr>(ref("b"), literal(true), literal(false), { kind: "in", left: ref("n"), right: literal([1, 2]) }),
);

const condition: fc.Arbitrary<Expr> = fc.letrec<{ expr: Expr }>((tie) => ({
  expr: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    atom,
    tie("expr").map((of): Expr => ({ kind: "not", of })),
    fc.record({ kind: fc.constantFrom("and" as const, "or" as const), of: fc.array(tie("expr"), { minLength: 1, maxLength: 3 }) }),
    fc.record({ test: tie("expr"), then: tie("expr"), else: tie("expr") }).map((parts): Expr => ({ kind: "if", ...parts })),
  ),
})).expr;

const size = 6;
const write = fc.record({
  name: fc.constantFrom(...names),
  optional: fc.boolean(),
  on: fc.constantFrom("success" as const, "failure" as const),
});
const stage = fc.record({
  writes: fc.array(write, { maxLength: 2 }),
  reads: fc.array(fc.constantFrom(...names), { maxLength: 2 }),
  ways: fc.array(fc.record({ to: fc.nat(size - 1), guard: fc.option(condition, { freq: 4 }) }), { minLength: 1, maxLength: 3 }),
  failure: fc.option(fc.nat(size - 1)),
  exit: fc.boolean(),
});
const program = fc.record({
  stages: fc.array(stage, { minLength: size, maxLength: size }),
  inputs: fc.dictionary(fc.constantFrom(...names), fc.boolean(), { noNullPrototype: true }),
});
type Program = typeof program extends fc.Arbitrary<infer Value> ? Value : never;

function workflowOf({ stages, inputs }: Program): WorkflowIr {
  const edges: Edge[] = [];
  const nodes = stages.map(({ writes, reads, ways, failure, exit }, i): Node => {
    const id = `s${i}`;
    if (!exit) {
      for (const [priority, { to, guard }] of ways.entries())
        edges.push({ id: `${id}-${priority}`, from: id, to: `s${to}`, priority, ...(guard === null ? {} : { guard }) });
    }
    if (failure !== null) edges.push({ id: `${id}-failure`, from: id, to: `s${failure}`, on: "failure" });
    return {
      kind: "handler",
      id,
      handler: id,
      reads: [...new Set(reads)].map((name) => ({ name, value: ref(name), type: types[name] as ValueType })),
      // What a failure writes is not held to a type.
      writes: writes.map(({ name, optional, on }, index) =>
        on === "failure"
          ? { name, value: literal(samples[name]?.[0] ?? null), on }
          : {
              name,
              value: { kind: "field", of: { kind: "ref", scope: "result" }, name: String(index) },
              type: types[name] as ValueType,
              optional,
            },
      ),
      ...(exit ? { exit: { output: literal(null) } } : {}),
    };
  });
  const declared = Object.entries(inputs).map(([name, optional]) => ({ name, type: types[name] as ValueType, optional }));
  return { ir: "heddle.ir/v1", id: "w", discipline: "stages", inputs: declared, entry: "s0", nodes, edges };
}

interface Happened {
  readonly visited: Set<string>;
  readonly taken: Set<string>;
  readonly stuck: Set<string>;
  /** Required reads that found nothing, by node and name. */
  readonly missing: Set<string>;
  readonly present: Set<string>;
}

function walk(ir: WorkflowIr, choose: (count: number) => number, happened: Happened): void {
  const vars = new Map<string, JsonValue>();
  const sample = (name: string, optional: boolean | undefined): JsonValue =>
    optional === true && choose(2) === 0 ? null : (samples[name]?.[choose(samples[name]?.length ?? 1)] ?? null);
  for (const { name, optional } of ir.inputs) vars.set(name, sample(name, optional));
  let at = ir.entry;
  for (let step = 0; step < 40; step++) {
    const node = ir.nodes.find(({ id }) => id === at);
    if (node === undefined) return;
    happened.visited.add(at);
    for (const { name } of node.reads ?? [])
      (vars.get(name) === undefined || vars.get(name) === null ? happened.missing : happened.present).add(`${at} ${name}`);
    const fails = ir.edges.some(({ from, on }) => from === at && on === "failure") && choose(4) === 0;
    const on = fails ? "failure" : "success";
    for (const written of node.writes ?? [])
      if ((written.on ?? "success") === on)
        vars.set(written.name, written.value.kind === "literal" ? written.value.value : sample(written.name, written.optional));
    if (!fails && node.exit !== undefined) return;
    const open = ir.edges
      .filter((edge) => edge.from === at && (edge.on ?? "success") === on)
      .find(({ guard }) => guard === undefined || evaluate(guard, { var: (name) => vars.get(name) }) === true);
    if (open === undefined) {
      happened.stuck.add(at);
      return;
    }
    happened.taken.add(open.id);
    at = open.to;
  }
}

const about = (diagnostics: readonly Diagnostic[], ...ids: readonly string[]): readonly string[] =>
  diagnostics.filter(({ id }) => ids.includes(id)).map(({ path }) => path ?? "");

test("what is called impossible never happens, and what goes wrong was foretold", () => {
  const counts = { stuck: 0, missing: 0, never: 0 };
  fc.assert(
    fc.property(program, fc.integer({ min: 1, max: 1_000_000 }), (given, seed) => {
      const ir = workflowOf(given);
      const diagnostics = checkWorkflow(ir);
      const happened: Happened = { visited: new Set(), taken: new Set(), stuck: new Set(), missing: new Set(), present: new Set() };
      const { below } = createChoices(seed);
      for (let round = 0; round < 12; round++) walk(ir, below, happened);
      const words = (set: ReadonlySet<string>): readonly string[] => [...set].map((id) => `w/${id}`);
      for (const path of about(diagnostics, "HD2301")) expect(words(happened.visited)).not.toContain(path);
      const never = diagnostics.filter(({ id, message }) => id === "HD2402" || (id === "HD2401" && message.includes("never true")));
      for (const { path = "" } of never) expect([...happened.taken]).not.toContain(path.slice(path.lastIndexOf("/") + 1));
      expect(about(diagnostics, "HD2403")).toEqual(expect.arrayContaining([...words(happened.stuck)]));
      const told = diagnostics.filter(({ id }) => id === "HD2201" || id === "HD2202" || id === "HD2001").map(({ message }) => message);
      for (const each of happened.missing) {
        const [node, name] = each.split(" ");
        expect(
          told.some((message) => message.startsWith(`\`${node}\` reads \`${name}\``)),
          each,
        ).toBe(true);
      }
      for (const each of happened.present) {
        const [node, name] = each.split(" ");
        expect(told.filter((message) => message.startsWith(`\`${node}\` reads \`${name}\`, which is never set`))).toEqual([]);
      }
      counts.stuck += happened.stuck.size;
      counts.missing += happened.missing.size;
      counts.never += never.length;
    }),
    { numRuns: 600, seed: 11 },
  );
  // The programs are worth something: all of it does happen.
  for (const count of Object.values(counts)) expect(count).toBeGreaterThan(50);
});
