// Random expressions, policies and calls for the laws of the judge: mostly well typed, so that verdicts differ, sometimes anything.
import type { Expr, JsonObject, JsonValue, Policy, PreparedCall, WorkflowInput } from "@heddle/core";
import * as fc from "fast-check";
import { callOf, inputOf, pathOf } from "./gate-calls.ts";

export const anyValue: fc.Arbitrary<JsonValue> = fc.jsonValue({ maxDepth: 3 }) as fc.Arbitrary<JsonValue>;

const anyPath = fc.constantFrom("/ws", "/ws/a", "/ws/a/b", "/ws-other", "/", "/etc/passwd", "/ws/../etc");
const anyText = fc.oneof(fc.constantFrom("text", "a", "", "/ws", "/ws/a", "../x", "rm -rf", "__proto__"), fc.string());
const anyName = fc.constantFrom("path", "content", "command", "mode", "root", "text", "n", "flag", "roots", "none", "__proto__", "argv");

const ref = (scope: "bound" | "input" | "var", name: string): Expr => ({ kind: "ref", scope, name });

/** A condition that often has a value. */
const likely: fc.Arbitrary<Expr> = fc.letrec<{ condition: Expr; path: Expr; text: Expr }>((tie) => ({
  path: fc.constantFrom(ref("bound", "path"), ref("input", "root")),
  text: fc.oneof(
    fc.constantFrom(ref("bound", "content"), ref("bound", "command"), ref("input", "text")),
    anyText.map((value): Expr => ({ kind: "literal", value })),
  ),
  condition: fc.oneof(
    { maxDepth: 3, depthIdentifier: "condition" },
    fc.oneof(
      fc.boolean().map((value): Expr => ({ kind: "literal", value })),
      fc.record({
        kind: fc.constantFrom("eq", "contains"),
        left: tie("path"),
        right: fc.oneof(tie("path"), tie("text")),
      }) as fc.Arbitrary<Expr>,
      fc.record({ kind: fc.constantFrom("eq", "contains", "starts-with"), left: tie("text"), right: tie("text") }) as fc.Arbitrary<Expr>,
    ),
    fc.record({ kind: fc.constant("not" as const), of: tie("condition") }),
    fc.record({ kind: fc.constantFrom("and" as const, "or" as const), of: fc.array(tie("condition"), { maxLength: 3 }) }),
  ),
})).condition;

/** Any expression at all. */
const wild: fc.Arbitrary<Expr> = fc.letrec<{ expr: Expr }>((tie) => {
  const expr = tie("expr");
  const sides = { left: expr, right: expr };
  const many = fc.array(expr, { maxLength: 3, depthIdentifier: "expr" });
  const scope = fc.constantFrom("bound", "input", "var", "result", "failure");
  return {
    expr: fc.oneof(
      { maxDepth: 4, depthIdentifier: "expr" },
      fc.oneof(
        anyValue.map((value): Expr => ({ kind: "literal", value })),
        fc.record({ kind: fc.constant("ref"), scope, name: anyName }, { requiredKeys: ["kind", "scope"] }) as fc.Arbitrary<Expr>,
      ),
      fc.record({ kind: fc.constantFrom("not", "length"), of: expr }) as fc.Arbitrary<Expr>,
      fc.record({ kind: fc.constantFrom("and", "or"), of: many }) as fc.Arbitrary<Expr>,
      fc.record({ kind: fc.constantFrom("eq", "contains", "in", "starts-with", "coalesce"), ...sides }) as fc.Arbitrary<Expr>,
      fc.record({ kind: fc.constant("compare"), op: fc.constantFrom("lt", "lte", "gt", "gte"), ...sides }) as fc.Arbitrary<Expr>,
      fc.record({
        kind: fc.constant("arithmetic"),
        op: fc.constantFrom("add", "sub", "mul", "div", "mod"),
        ...sides,
      }) as fc.Arbitrary<Expr>,
      fc.record({ kind: fc.constant("if" as const), test: expr, then: expr, else: expr }),
      fc.record({ kind: fc.constant("field" as const), of: expr, name: anyName }),
      fc.record({ kind: fc.constant("index" as const), of: expr, at: expr }),
      fc.record({ kind: fc.constant("template" as const), parts: many }),
      fc.record({ kind: fc.constant("array" as const), items: many }),
      fc.record({ kind: fc.constant("object" as const), fields: fc.array(fc.record({ name: anyName, value: expr }), { maxLength: 2 }) }),
    ),
  };
}).expr;

const anyExpr = fc.oneof({ weight: 4, arbitrary: likely }, { weight: 1, arbitrary: wild });
const capability = fc.constantFrom("fs.write", "fs.read", "os.shell", "os.shell.script", "crm.update");
const needed = fc.constantFrom("fs.read", "user.confirm", "user.elicit", "crm.update");
const bind = fc.constant({ path: "path", content: "content", command: "command", mode: "mode" });

const needArgs: fc.Arbitrary<Record<string, Expr>> = fc.constantFrom<Record<string, Expr>>(
  {},
  { path: ref("bound", "path") },
  { path: ref("input", "root") },
  { message: ref("bound", "content") },
  { question: { kind: "literal", value: "why?" } },
);
const need = fc.record({ capability: needed, args: needArgs }, { requiredKeys: ["capability"] });

export const anyPolicy: fc.Arbitrary<Policy> = fc.oneof(
  fc.record({
    id: fc.string({ minLength: 1, maxLength: 8 }),
    kind: fc.constant("deny" as const),
    trigger: fc.record({ capability, bind }),
    condition: anyExpr,
  }),
  fc.record(
    {
      id: fc.string({ minLength: 1, maxLength: 8 }),
      kind: fc.constant("before" as const),
      trigger: fc.record({ capability, bind }),
      requires: fc.array(need, { maxLength: 3 }),
      condition: anyExpr,
    },
    { requiredKeys: ["id", "kind", "trigger", "requires"] },
  ),
);

export const declaredInputs: readonly WorkflowInput[] = [
  inputOf("root", "path"),
  inputOf("text", "string"),
  inputOf("n", "number"),
  inputOf("flag", "boolean"),
  { name: "roots", type: { kind: "array", items: { kind: "path" } } },
];

const named = (value: fc.Arbitrary<JsonValue>): fc.Arbitrary<JsonObject> =>
  fc.array(fc.tuple(anyName, value), { maxLength: 5 }).map((entries) => Object.fromEntries(entries));

export const anyInputs: fc.Arbitrary<JsonObject> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({ root: fc.constant("/ws"), text: anyText, n: fc.integer(), flag: fc.boolean() }) as fc.Arbitrary<JsonObject>,
  },
  { weight: 1, arbitrary: named(anyValue) },
);

export const anyCall: fc.Arbitrary<PreparedCall> = fc
  .record({
    capability,
    args: fc.oneof(
      {
        weight: 3,
        arbitrary: fc.record({
          path: anyPath,
          content: anyText,
          command: anyText,
          script: anyText,
          mode: anyText,
        }) as fc.Arbitrary<JsonObject>,
      },
      { weight: 1, arbitrary: named(anyValue) },
    ),
    permission: fc.constantFrom("read" as const, "modify" as const, "admin" as const),
    plugin: fc.boolean(),
    exists: fc.boolean(),
    other: fc.option(anyPath),
    root: fc.option(anyPath),
  })
  .map(({ capability: of, args, permission, plugin, exists, other, root }) => {
    const given = Object.hasOwn(args, "path") ? args["path"] : undefined;
    return callOf(of, args, {
      permission,
      plugin,
      paths: [
        ...(typeof given === "string" && given.startsWith("/") ? [pathOf("path", given, exists)] : []),
        ...(other === null ? [] : [pathOf("other", other)]),
      ],
      ...(root === null ? {} : { inputPaths: { root } }),
    });
  });

/** The same value with the members of its objects the other way about. */
export function reversed<T extends JsonValue>(value: T): T {
  if (Array.isArray(value)) return value.map(reversed) as unknown as T;
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value as JsonObject).reverse();
  return Object.fromEntries(entries.map(([key, each]) => [key, reversed(each)])) as T;
}

/** Holds a law to five hundred cases. */
export function holds<T>(law: fc.IProperty<T>): void {
  void fc.assert(law, { numRuns: 500 });
}
