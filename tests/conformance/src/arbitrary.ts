/**
 * Arbitrary values of a zod schema: enough of zod for the requests and answers of RuntimeApi. Values are
 * made to fit, and what does not (a refinement that nobody here knows) is left out by the schema itself.
 */
import { BundleManifest, DestinationScope, Expr, JsonObjectSchema, type JsonValue, JsonValueSchema, PathScope } from "@heddle/core";
import fc from "fast-check";
import type * as z from "zod";
import { manifest } from "./samples.ts";

/** What the definitions of zod have in common with what is read here. */
interface Definition {
  readonly type: string;
  readonly innerType?: z.ZodType;
  readonly element?: z.ZodType;
  readonly keyType?: z.ZodType;
  readonly valueType?: z.ZodType;
  readonly shape?: Readonly<Record<string, z.ZodType>>;
  readonly options?: readonly z.ZodType[];
  readonly values?: readonly unknown[];
  readonly entries?: Readonly<Record<string, string>>;
  readonly getter?: () => z.ZodType;
  readonly checks?: readonly { readonly _zod: { readonly def: Check } }[];
}

interface Check {
  readonly check: string;
  readonly format?: string;
  readonly pattern?: RegExp;
  readonly value?: number;
  readonly minimum?: number;
  readonly maximum?: number;
}

/** Well-formed text: on both wires, a lone surrogate outside a JSON value is no character. */
const text = (minLength = 0) => fc.string({ unit: "grapheme", minLength, maxLength: Math.max(minLength, 12) });

const json: fc.Arbitrary<JsonValue> = fc
  .jsonValue({ maxDepth: 5, stringUnit: "binary" })
  .map((value) => JSON.parse(JSON.stringify(value)) as JsonValue);

const jsonObject = fc.array(fc.tuple(fc.string({ unit: "binary" }), json), { maxLength: 4 }).map((entries) => {
  // As a parser makes it: a member may have any name at all.
  const object: unknown = JSON.parse(`{${entries.map(([key, value]) => `${JSON.stringify(key)}:${JSON.stringify(value)}`).join(",")}}`);
  return object as JsonValue;
});

/** Expressions of a few kinds: those that hold values, and those that hold others. */
const expression: fc.Arbitrary<unknown> = fc.letrec((tie) => ({
  expression: fc.oneof(
    { maxDepth: 3 },
    json.map((value) => ({ kind: "literal", value })),
    fc.constantFrom("path", "mode").map((name) => ({ kind: "ref", scope: "bound", name })),
    fc.record({ kind: fc.constant("not"), of: tie("expression") }, { noNullPrototype: true }),
    fc.record({ kind: fc.constant("eq"), left: tie("expression"), right: tie("expression") }, { noNullPrototype: true }),
    fc.record({ kind: fc.constant("and"), of: fc.array(tie("expression"), { minLength: 1, maxLength: 3 }) }, { noNullPrototype: true }),
  ),
})).expression;

/** Values that the schema accepts, as it gives them. */
export function arbitraryOf<Value>(schema: z.ZodType<Value>): fc.Arbitrary<Value> {
  return made(schema).filter((value) => schema.safeParse(value).success) as fc.Arbitrary<Value>;
}

function made(schema: z.ZodType): fc.Arbitrary<unknown> {
  if (schema === (JsonValueSchema as z.ZodType)) return json;
  if (schema === (JsonObjectSchema as z.ZodType)) return jsonObject;
  // Whether an IR is sound is not a question of its shape.
  if (schema === (BundleManifest as z.ZodType)) return fc.constant(manifest);
  if (schema === (Expr as z.ZodType)) return expression;
  // What their refinements ask for is rare among texts.
  if (schema === (PathScope as z.ZodType)) return fc.constantFrom("*", "workspace:", "workspace:out/", "data:a b/☃.txt");
  if (schema === (DestinationScope as z.ZodType)) return fc.constantFrom("*", "example.org", ".example.org:443", "[::1]:80");
  const definition = schema.def as unknown as Definition;
  const checks = (definition.checks ?? []).map((check) => check._zod.def);
  switch (definition.type) {
    case "string":
      return madeString(checks);
    case "number":
      return madeNumber(checks);
    case "boolean":
      return fc.boolean();
    case "void":
      return fc.constant(undefined);
    case "literal":
      return fc.constantFrom(...(definition.values ?? []));
    case "enum":
      return fc.constantFrom(...Object.values(definition.entries ?? {}));
    case "lazy":
      return made((definition.getter as () => z.ZodType)());
    case "optional":
    case "default":
      return made(definition.innerType as z.ZodType);
    case "union":
      return fc.oneof(...(definition.options ?? []).map(made));
    case "array": {
      const least = checks.find(({ check }) => check === "min_length")?.minimum ?? 0;
      return fc.array(made(definition.element as z.ZodType), { minLength: least, maxLength: least + 3 });
    }
    case "record":
      return fc.dictionary(
        text().filter((key) => key !== "__proto__"),
        made(definition.valueType as z.ZodType),
        { maxKeys: 3, noNullPrototype: true },
      );
    case "object":
      return madeObject(definition.shape ?? {});
    default:
      throw new Error(`there are no arbitrary values of ${definition.type} yet`);
  }
}

function madeObject(shape: Readonly<Record<string, z.ZodType>>): fc.Arbitrary<unknown> {
  const isOptional = (member: z.ZodType) => (member.def as { readonly type: string }).type === "optional";
  const names = Object.keys(shape);
  return fc.record(Object.fromEntries(names.map((name) => [name, made(shape[name] as z.ZodType)])), {
    requiredKeys: names.filter((name) => !isOptional(shape[name] as z.ZodType)),
    noNullPrototype: true,
  });
}

function madeString(checks: readonly Check[]): fc.Arbitrary<string> {
  const { pattern } = checks.find(({ check }) => check === "string_format") ?? {};
  // What may not follow is left to the schema to refuse.
  if (pattern !== undefined) return fc.stringMatching(new RegExp(pattern.source.replaceAll(/\(\?![^)]*\)/g, ""), pattern.flags));
  return text(checks.find(({ check }) => check === "min_length")?.minimum);
}

/** Whole numbers: wires carry times as whole milliseconds, and all other numbers outside values are counts. */
function madeNumber(checks: readonly Check[]): fc.Arbitrary<number> {
  const least = checks.find(({ check }) => check === "greater_than")?.value ?? Number.MIN_SAFE_INTEGER;
  const most = checks.find(({ check }) => check === "less_than")?.value ?? Number.MAX_SAFE_INTEGER;
  return fc.integer({ min: least, max: most });
}
