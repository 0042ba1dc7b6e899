// Values, expressions and workflows for the tests of this package. Outside src, so that they are built into nothing.
import * as fc from "fast-check";
import type { EvalScope, Expr } from "../src/expression.ts";
import type { Edge, Node, WorkflowIr } from "../src/ir.ts";
import { isJsonObject, type JsonObject, type JsonValue } from "../src/json.ts";

/** Few names, awkward ones among them, so that values and paths meet. */
const anyKey = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom("a", "b", "__proto__", "constructor", "length", "", "é", "\ud800") },
  { weight: 1, arbitrary: fc.string({ unit: "binary" }) },
);

const anyNumber = fc.oneof(
  fc.constantFrom(0, -0, 1, -1, 2, 0.5, 1e308, -1e308, 5e-324, 2 ** 53),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
);

const anyText = fc.oneof(fc.constantFrom("", "a", "ab", "b", "\u0000", "\udc00"), fc.string({ unit: "binary" }));

/** Members become own members, whatever they are called. */
function objectOf(entries: readonly (readonly [string, JsonValue])[]): JsonObject {
  return Object.fromEntries(entries);
}

export const anyValue: fc.Arbitrary<JsonValue> = fc.letrec<{ value: JsonValue }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4, depthIdentifier: "value" },
    fc.oneof(fc.constantFrom(null, true, false), anyNumber, anyText),
    fc.array(tie("value"), { maxLength: 4, depthIdentifier: "value" }),
    fc.array(fc.tuple(anyKey, tie("value")), { maxLength: 4, depthIdentifier: "value" }).map(objectOf),
  ),
})).value;

const varNames = ["x", "y", "z"];

export const anyExpr: fc.Arbitrary<Expr> = fc.letrec<{ expr: Expr }>((tie) => {
  const expr = tie("expr");
  const many = fc.array(expr, { maxLength: 3, depthIdentifier: "expr" });
  const sides = { left: expr, right: expr };
  const name = anyKey.filter((key) => key !== "" && key.length <= 128);
  const refName = fc.constantFrom(...varNames, "a", "__proto__");
  return {
    expr: fc.oneof(
      { maxDepth: 5, depthIdentifier: "expr" },
      fc.record({ kind: fc.constant("literal" as const), value: anyValue }),
      fc.record(
        {
          kind: fc.constant("ref" as const),
          scope: fc.constantFrom("var", "result", "failure", "input", "bound"),
          name: refName,
        },
        { requiredKeys: ["kind", "scope"] },
      ) as fc.Arbitrary<Expr>,
      fc.record({ kind: fc.constant("field" as const), of: expr, name }),
      fc.record({ kind: fc.constant("index" as const), of: expr, at: expr }),
      fc.record({ kind: fc.constantFrom("length", "not"), of: expr }) as fc.Arbitrary<Expr>,
      fc.record({ kind: fc.constantFrom("and", "or"), of: many }) as fc.Arbitrary<Expr>,
      fc.record({ kind: fc.constant("compare" as const), op: fc.constantFrom("lt", "lte", "gt", "gte"), ...sides }),
      fc.record({
        kind: fc.constant("arithmetic" as const),
        op: fc.constantFrom("add", "sub", "mul", "div", "mod"),
        ...sides,
      }),
      fc.record({
        kind: fc.constantFrom("eq", "starts-with", "contains", "in", "coalesce"),
        ...sides,
      }) as fc.Arbitrary<Expr>,
      fc.record({ kind: fc.constant("if" as const), test: expr, then: expr, else: expr }),
      fc.record({ kind: fc.constant("template" as const), parts: many }),
      fc.record({ kind: fc.constant("array" as const), items: many }),
      fc.record({
        kind: fc.constant("object" as const),
        fields: fc.array(fc.record({ name, value: expr }), { maxLength: 3, depthIdentifier: "expr" }),
      }),
    ) as fc.Arbitrary<Expr>,
  };
}).expr;

export const anyScope: fc.Arbitrary<JsonObject> = fc.record(
  {
    var: fc.array(fc.tuple(fc.constantFrom(...varNames), anyValue), { maxLength: 3 }).map(objectOf),
    result: anyValue,
    failure: anyValue,
    input: fc.array(fc.tuple(fc.constantFrom(...varNames), anyValue), { maxLength: 2 }).map(objectOf),
    bound: fc.array(fc.tuple(fc.constantFrom(...varNames), anyValue), { maxLength: 2 }).map(objectOf),
  },
  { requiredKeys: [] },
);

/** A scope written as one object: `var`, `input` and `bound` by name, `result` and `failure` as values. */
export function scopeOf(scope: JsonObject): EvalScope {
  const named = (members: JsonValue | undefined) => (name: string) =>
    isJsonObject(members) && Object.hasOwn(members, name) ? members[name] : undefined;
  return {
    var: named(scope["var"]),
    ...("result" in scope ? { result: scope["result"] } : {}),
    ...("failure" in scope ? { failure: scope["failure"] } : {}),
    ...("input" in scope ? { input: named(scope["input"]) } : {}),
    ...("bound" in scope ? { bound: named(scope["bound"]) } : {}),
  };
}

/** `items` nested lists around null. */
export function nested(items: number): string {
  return `${"[".repeat(items)}null${"]".repeat(items)}`;
}

export const lit = (value: JsonValue): Expr => ({ kind: "literal", value });
export const ref = (name: string): Expr => ({ kind: "ref", scope: "var", name });

/** A workflow in stages around these nodes; the first is the entry. */
export function workflow(nodes: readonly Node[], edges: readonly Edge[] = []): WorkflowIr {
  return {
    ir: "heddle.ir/v1",
    id: "flow",
    discipline: "stages",
    inputs: [],
    entry: nodes[0]?.id ?? "none",
    nodes: [...nodes],
    edges: [...edges],
  };
}

/** `fc.assert` of a property without promises: the linter takes it for the one with. */
export function holds<Ts>(property: fc.IRawProperty<Ts, false>, parameters?: fc.Parameters<Ts>): void {
  void fc.assert(property, parameters);
}
