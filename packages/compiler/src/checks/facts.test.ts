/** What fixtures cannot say: where diagnostics point, how long checks take, and that nothing surprises them. */
import type { Edge, Expr, Node, WorkflowIr } from "@heddle/core";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { compile } from "../compile.ts";
import { renderDiagnostics } from "../diagnostics/index.ts";
import { checkWorkflow } from "./index.ts";

const variable = (name: string): Expr => ({ kind: "ref", scope: "var", name });
const literal = (value: string | number | boolean | null): Expr => ({ kind: "literal", value });

function workflowOf(nodes: Node[], edges: Edge[], inputs: WorkflowIr["inputs"] = []): WorkflowIr {
  return { ir: "heddle.ir/v1", id: "case", discipline: "stages", inputs, entry: nodes[0]?.id ?? "", nodes, edges };
}

describe("where a diagnostic points", () => {
  const ir = workflowOf(
    [
      { kind: "router", id: "a", source: { file: "flow.ts", line: 2, column: 5 } },
      { kind: "router", id: "b", exit: { output: variable("nmae") }, source: { file: "flow.ts", line: 3 } },
      { kind: "router", id: "c", exit: { output: literal(null) } },
    ],
    [{ id: "e", from: "a", to: "b", guard: literal(true) }],
    [{ name: "name", type: { kind: "string" } }],
  );

  test("is the position that the node carries, in the text where that is known", () => {
    const sources = new Map([["flow.ts", "b.one()\n  b.two(1)\nreturn nmae"]]);
    expect(renderDiagnostics(checkWorkflow(ir, { sources }), sources)).toMatchInlineSnapshot(`
      "warning[HD2301]: \`c\` cannot be reached
       --> case/c
        = why: No edge leads to it, and the entry is \`a\`.
        = help: lead an edge to it, or remove it

      warning[HD2401]: the guard of the edge to \`b\` is always true
       --> flow.ts:2:5
        |
      2 |   b.two(1)
        |     ^^^
        |
        = why: Whatever a run brings, it comes out true, so that it decides nothing.
        = help: remove the guard, or ask for what is meant

      warning[HD2001]: \`b\` reads \`nmae\`, which nothing sets
       --> flow.ts:3:1
        |
      3 | return nmae
        | ^^^^^^
        |
        = why: No input has that name, and no node of this frame writes it, so it is always null.
        = help: did you mean \`name\`?

      3 warnings
      "
    `);
    expect(checkWorkflow(ir).map(({ span, path }) => [span?.start.line, path])).toEqual([
      [undefined, "case/c"],
      [2, "case/a/e"],
      [3, "case/b"],
    ]);
  });

  test("is the part of the text that the frontend has kept", () => {
    const text =
      'workflow W {\n  input { n: number }\n  stage A { prompt: "x" transition if n > 1 => B transition if n < 1 => B }\n  stage B { prompt: "y" }\n}';
    const { diagnostics } = compile(new Map([["w.nemo", text]]));
    expect(diagnostics.map(({ id, span }) => [id, span?.start.line, span?.start.column])).toEqual([["HD2403", 3, 9]]);
    const { diagnostics: constant } = compile(new Map([["w.nemo", text.replace("n < 1", "2 < 1")]]));
    const guard = constant.find(({ id }) => id === "HD2401");
    expect(text.replace("n < 1", "2 < 1").slice(guard?.span?.start.offset, guard?.span?.end.offset)).toBe("2 < 1");
  });
});

/** User and system time of this process: others may be busy. */
function millisecondsOf(work: () => void): number {
  const before = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1_000;
}

const chain = (count: number, stage: (i: number) => string): string =>
  `workflow W { input { a: string }\n${Array.from({ length: count }, (_, i) => `stage S${i} { prompt: "x" ${stage(i)} }\n`).join("")}}`;

describe("how long the checks take", () => {
  const linear = chain(16_000, (i) => `${i > 0 ? `input: S${i - 1}.o` : ""} output: { o: string }`);
  const skipping = chain(16_000, (i) =>
    i < 15_998 ? `output: { o: string? b: bool } transition if b => S${i + 1} transition else => S${i + 2}` : "",
  );
  const round = chain(
    16_000,
    (i) =>
      `${i > 0 ? `input: S${i > 8_000 ? 16_000 - i : 0}.o` : ""} output: { o: string b: bool } ${i === 15_998 ? "transition if b => S0 transition else => S15999" : ""}`,
  );

  test.each([
    ["in a row", linear],
    ["of which each may be skipped", skipping],
    ["in one cycle, read from afar", round],
  ])("16,000 stages %s are checked in less than a second", (_, text) => {
    const [workflow] = compile(new Map([["w.nemo", text]]), { checks: [] }).workflows;
    if (workflow === undefined) expect.unreachable();
    else expect(Math.min(...[1, 2, 3].map(() => millisecondsOf(() => checkWorkflow(workflow.ir))))).toBeLessThan(1_000);
  });

  test("variables that many ways set cost no more than there are", () => {
    const count = 3_000;
    const nodes: Node[] = [];
    const edges: Edge[] = [];
    for (let i = 0; i < count; i++) {
      const write = (value: number): NonNullable<Node["writes"]> => [{ name: `v${i}`, value: literal(value), type: { kind: "number" } }];
      nodes.push(
        { kind: "router", id: `f${i}` },
        { kind: "router", id: `l${i}`, writes: write(1) },
        { kind: "router", id: `r${i}`, writes: write(2) },
      );
      edges.push(
        { id: `a${i}`, from: `f${i}`, to: `l${i}`, guard: variable("x") },
        { id: `b${i}`, from: `f${i}`, to: `r${i}`, priority: 1 },
      );
      for (const side of ["l", "r"]) edges.push({ id: `${side}${i}`, from: `${side}${i}`, to: i === count - 1 ? "end" : `f${i + 1}` });
    }
    const reads = Array.from({ length: count }, (_, i) => ({ name: `v${i}`, value: variable(`v${i}`), type: { kind: "number" as const } }));
    nodes.push({ kind: "handler", id: "end", handler: "end", reads, exit: { output: literal(null) } });
    const ir = workflowOf(nodes, edges, [{ name: "x", type: { kind: "boolean" } }]);
    expect(checkWorkflow(ir)).toEqual([]);
    expect(Math.min(...[1, 2].map(() => millisecondsOf(() => checkWorkflow(ir))))).toBeLessThan(2_000);
  });
});

describe("nothing surprises the checks", () => {
  const names = fc.constantFrom("a", "b", "c", "d", "nowhere");
  const expr = fc.letrec<{ expr: Expr }>((tie) => ({
    expr: fc.oneof(
      { depthSize: "small" },
      fc.constantFrom<Expr>(variable("x"), variable("y"), literal(null), literal(1), literal("t"), literal(true), {
        kind: "ref",
        scope: "result",
      }),
      fc.record({ kind: fc.constant("not"), of: tie("expr") }) as fc.Arbitrary<Expr>,
      fc.record({ kind: fc.constantFrom("and", "or"), of: fc.array(tie("expr"), { maxLength: 3 }) }) as fc.Arbitrary<Expr>,
      fc.record({
        kind: fc.constantFrom("eq", "coalesce", "in", "contains", "starts-with"),
        left: tie("expr"),
        right: tie("expr"),
      }) as fc.Arbitrary<Expr>,
      fc.record({
        kind: fc.constant("compare"),
        op: fc.constantFrom("lt", "gte"),
        left: tie("expr"),
        right: tie("expr"),
      }) as fc.Arbitrary<Expr>,
      fc.record({
        kind: fc.constant("arithmetic"),
        op: fc.constantFrom("add", "div"),
        left: tie("expr"),
        right: tie("expr"),
      }) as fc.Arbitrary<Expr>,
    ),
  })).expr;
  const node = fc.record({ id: names, write: expr, exit: fc.option(expr), on: fc.constantFrom("success" as const, "failure" as const) });
  const edge = fc.record({
    from: names,
    to: names,
    guard: fc.option(expr),
    priority: fc.integer({ min: 0, max: 2 }),
    on: fc.constantFrom("success" as const, "failure" as const),
  });

  test("unsound workflows included: there is an answer, and the same one again", () => {
    fc.assert(
      fc.property(fc.array(node, { minLength: 1, maxLength: 5 }), fc.array(edge, { maxLength: 8 }), expr, (nodes, edges, condition) => {
        const made: Node[] = nodes.map(({ id, write, exit, on }) => ({
          kind: "handler",
          id,
          handler: "h",
          writes: [{ name: "x", value: write, on }],
          ...(exit === null ? {} : { exit: { output: exit } }),
        }));
        const loop: Node = {
          kind: "loop",
          id: "loop",
          carried: [{ name: "y", initial: literal(1) }],
          while: condition,
          body: { entry: "a", nodes: made, edges: [] },
        };
        const ir: WorkflowIr = {
          ...workflowOf(
            [...made, loop],
            edges.map(({ guard, ...rest }, i) => ({ id: `e${i}`, ...rest, ...(guard === null ? {} : { guard }) })),
          ),
          policies: [{ id: "p", kind: "deny", trigger: { capability: "fs.write" }, condition }],
        };
        expect(JSON.stringify(checkWorkflow(ir))).toBe(JSON.stringify(checkWorkflow(ir)));
      }),
      { numRuns: 300, seed: 4 },
    );
  });
});
