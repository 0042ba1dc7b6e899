/**
 * Zod trees, read, against zod's own JSON Schema. Random trees are written as text; the text is read here, and run there.
 *
 * What both become before they are compared: `$schema`, `readOnly` and descriptions of what is no field go; an object says only its
 * fields, since members beyond them are kept in a run; of a field, `null` among its types, or its name missing among
 * what is required, are one thing, optional; `const` and unions of scalars are lists of scalars in one order, each once. Nothing else
 * goes where nothing was told. Where HD3403 was told, what the type knows nothing of goes as well: bounds, patterns,
 * formats, and whole numbers become numbers.
 */
import type { FieldType, ValueType } from "@heddle/core";
import { parseSync } from "oxc-parser";
import { expect, expectTypeOf, test } from "vitest";
import * as z from "zod";
import { createChoices } from "../../../test/random-source.ts";
import { buildWorkflow, handler, model } from "../../authoring/index.ts";
import { createDiagnosticList, createSourceText, type Diagnostic } from "../../diagnostics/index.ts";
import type { StaticType } from "./context.ts";
import { moduleOf, type SourceModule } from "./module.ts";
import { readType } from "./read-types.ts";
import { zodType } from "./zod-types.ts";

function moduleFrom(text: string, file = "flow.ts"): SourceModule {
  const { program, errors } = parseSync(file, text, { lang: "ts", sourceType: "module", astType: "ts", preserveParens: false });
  expect(errors).toEqual([]);
  return moduleOf(createSourceText(file, text), program);
}

interface Reading {
  readonly type: StaticType | undefined;
  readonly diagnostics: readonly Diagnostic[];
}

/** Reads `const X = …` of a module, or the annotation of `type T = …`. */
function readIn(text: string, others: Readonly<Record<string, string>> = {}): Reading {
  const files = new Map(Object.entries(others).map(([file, source]) => [file, moduleFrom(source, file)]));
  const module = moduleFrom(text);
  const list = createDiagnosticList();
  const reader = { modules: { get: (file: string) => files.get(file) }, diagnostics: list };
  const declared = module.types.get("T");
  const value = module.values.get("X");
  const type =
    declared?.type === "TSTypeAliasDeclaration"
      ? readType(reader, module, declared.typeAnnotation)
      : value === undefined
        ? undefined
        : zodType(reader, module, value);
  return { type, diagnostics: list.all() };
}

const readTree = (tree: string): Reading => readIn(`import * as z from "zod";\nconst X = ${tree};\n`);
const ids = ({ diagnostics }: Reading): readonly string[] => diagnostics.map(({ id }) => id);

type Schema = { readonly [name: string]: unknown };

const scalarsOf = (values: readonly unknown[]): Schema => ({ enum: [...new Set(values.map((value) => JSON.stringify(value)))].sort() });

/** Of ours. */
function schemaOfType(type: ValueType): Schema {
  switch (type.kind) {
    case "json":
      return {};
    case "string":
    case "path":
      return { type: "string" };
    case "number":
    case "boolean":
      return { type: type.kind };
    case "array":
      return { type: "array", items: schemaOfType(type.items) };
    case "enum":
      return scalarsOf(type.values);
    default:
      return objectSchema(type.fields.map((field) => [field, schemaOfType(field.type)]));
  }
}

function objectSchema(fields: readonly (readonly [Pick<FieldType, "name" | "optional" | "description">, Schema])[]): Schema {
  const sorted = [...fields].sort(([a], [b]) => (a.name < b.name ? -1 : 1));
  return {
    type: "object",
    fields: sorted.map(([{ name, optional, description }, schema]) => ({ name, optional: optional === true, description, schema })),
  };
}

interface Normal {
  readonly schema: Schema;
  readonly nullable: boolean;
}

const dropped = new Set(["$schema", "description", "readOnly"]);
const bounds = new Set([
  "minLength",
  "maxLength",
  "minimum",
  "maximum",
  "minItems",
  "maxItems",
  "pattern",
  "format",
  "exclusiveMinimum",
  "additionalProperties",
]);

/** Of zod's. Throws on a keyword that it does not know, so that nothing goes unseen. */
function normal(given: Schema, loose: boolean): Normal {
  const entries = Object.entries(given).filter(
    ([name, value]) => !dropped.has(name) && !(loose && bounds.has(name)) && !(name === "additionalProperties" && value !== false),
  );
  const { type, properties, required = [], items, enum: values, const: only, anyOf, ...others } = Object.fromEntries(entries);
  if (Object.keys(others).length > 0) throw new TypeError(`what of ${JSON.stringify(given)}?`);
  if (Array.isArray(anyOf)) {
    const parts = anyOf.map((one) => normal(one as Schema, loose));
    const nullable = parts.some((one) => one.nullable);
    const solid = parts.filter(({ schema }) => JSON.stringify(schema) !== JSON.stringify(scalarsOf([])));
    if (solid.some(({ schema }) => Object.keys(schema).length === 0)) return { schema: {}, nullable };
    if (solid.every(({ schema }) => "enum" in schema))
      return { schema: { enum: [...new Set(solid.flatMap(({ schema }) => schema["enum"] as string[]))].sort() }, nullable };
    const [first] = solid;
    if (first === undefined || solid.some(({ schema }) => JSON.stringify(schema) !== JSON.stringify(first.schema)))
      throw new TypeError(`a union that is none of ours: ${JSON.stringify(given)}`);
    return { schema: first.schema, nullable };
  }
  const scalars = Array.isArray(values) ? values : "const" in given ? [only] : undefined;
  if (scalars !== undefined) return { schema: scalarsOf(scalars.filter((one) => one !== null)), nullable: scalars.includes(null) };
  const kinds = (Array.isArray(type) ? type : type === undefined ? [] : [type]) as string[];
  const nullable = kinds.includes("null");
  const [kind, another] = kinds.filter((one) => one !== "null");
  if (another !== undefined) throw new TypeError(`several types: ${JSON.stringify(given)}`);
  if (kind === undefined) return { schema: nullable ? scalarsOf([]) : {}, nullable };
  if (kind === "array") return { schema: { type: "array", items: whole(normal(items as Schema, loose)) }, nullable };
  if (kind === "integer") return { schema: { type: loose ? "number" : "integer" }, nullable };
  if (kind !== "object") return { schema: { type: kind }, nullable };
  const fields = Object.entries((properties ?? {}) as Record<string, Schema>).map(([name, property]) => {
    const own = normal(property, loose);
    const solid = JSON.stringify(own.schema) === JSON.stringify(scalarsOf([])) ? scalarsOf([null]) : own.schema;
    const optional = own.nullable || !(required as string[]).includes(name);
    const { description } = property;
    return [{ name, optional, ...(typeof description === "string" ? { description } : {}) }, solid] as const;
  });
  return { schema: objectSchema(fields), nullable };
}

/** Where null has to be said by the value itself. */
function whole({ schema, nullable }: Normal): Schema {
  if (!nullable || Object.keys(schema).length === 0) return schema;
  return "enum" in schema ? { enum: [...(schema["enum"] as string[]), "null"].sort() } : { ...schema, nullable };
}

/** What zod says of a tree. */
function zodSays(tree: string, loose: boolean): Normal {
  const schema = new Function("z", `return ${tree}`)(z) as z.ZodType;
  const said = normal(z.toJSONSchema(schema, { io: "input" }) as Schema, loose);
  // Any value may be null.
  return Object.keys(said.schema).length === 0 ? { ...said, nullable: false } : said;
}

/** What we say of it. */
function weSay({ type, nullable }: StaticType): Normal {
  if (type.kind === "enum" && type.values.includes(null)) {
    return { schema: scalarsOf(type.values.filter((value) => value !== null)), nullable: true };
  }
  return { schema: schemaOfType(type), nullable: type.kind !== "json" && nullable };
}

/** One random tree. With `bounded`, of things that a type does not hold as well. */
function treeOf(seed: number, bounded: boolean): string {
  const { below } = createChoices(seed);
  const pick = <One>(list: readonly One[]): One => list[below(list.length)] as One;
  const scalar = (): string => pick(['"a"', '"b"', '"long one"', "1", "-2", "2.5", "true", "false"]);
  const some = (most: number, one: () => string): string => Array.from({ length: 1 + below(most) }, one).join(", ");
  const texts = (): string => some(3, () => pick(['"p"', '"q"', '"r"', '"s"']));
  const fields = (depth: number): string => {
    const names = ["id", "title", "kind", '"two words"', "n", "constructor", "at"].slice(0, 1 + below(6));
    return `{ ${names.map((name) => `${name}: ${described(field(depth))}`).join(", ")} }`;
  };
  const described = (tree: string): string => (below(5) === 0 ? `${tree}.describe("what it is")` : tree);
  const field = (depth: number): string => {
    const inner = tree(depth);
    const how = below(8);
    if (how === 0) return `${inner}.optional()`;
    if (how === 1) return `${inner}.nullable()`;
    if (how === 2) return `${inner}.nullish()`;
    if (how === 3) return `z.optional(${inner})`;
    if (how === 4) return pick(["z.null()", "z.union([z.string(), z.null()])", "z.null().or(z.boolean())", 'z.literal(["x", null])']);
    return inner;
  };
  const object = (depth: number): string => {
    const plain = `z.object(${fields(depth)})`;
    const how = below(12);
    if (how === 0) return `${plain}.partial()`;
    if (how === 1) return `${plain}.extend({ extra: ${field(depth)} })`;
    if (how === 2) return `z.object({ keep: z.string(), n: ${tree(depth)} }).pick({ n: true })`;
    if (how === 3) return `z.object({ keep: z.string().optional(), n: ${tree(depth)} }).omit({ n: true }).required()`;
    if (how === 4) return `z.looseObject(${fields(depth)})`;
    if (how === 5) return `z.object({ ...${plain}.shape, more: ${field(depth)} })`;
    return how === 6 && bounded ? `z.strictObject(${fields(depth)})` : plain;
  };
  const tree = (depth: number): string => {
    if (depth <= 0) return leaf();
    const how = below(10);
    if (how < 4) return object(depth - 1);
    if (how < 6) return `z.array(${tree(depth - 1)})${bounded && below(2) === 0 ? ".min(1)" : ""}`;
    return how === 6 ? `${leaf()}.array()` : leaf();
  };
  const leaf = (): string => {
    const of = [
      () => "z.string()",
      () => "z.number()",
      () => "z.boolean()",
      () => "z.any()",
      () => "z.unknown()",
      () => `z.enum([${texts()}])`,
      () => 'z.enum({ Up: "up", Down: "down" })',
      () => `z.literal(${scalar()})`,
      () => `z.literal([${some(3, scalar)}])`,
      () => `z.union([${some(3, () => `z.literal(${scalar()})`)}])`,
      () => `z.literal(${scalar()}).or(z.enum([${texts()}]))`,
      () => `z.array(z.enum([${texts()}]).nullable())`,
      () => "z.string().readonly()",
      () => 'z.string().brand("Id")',
    ];
    const narrow = [
      "z.int()",
      "z.email()",
      "z.string().min(1).max(9)",
      "z.number().int().positive()",
      "z.iso.datetime()",
      "z.uuid()",
      "z.string().regex(/^a/)",
    ];
    return bounded && below(2) === 0 ? pick(narrow) : pick(of)();
  };
  const made = below(4) === 0 ? leaf() : object(2);
  return below(8) === 0 ? `${made}.nullable()` : made;
}

test("a tree that is read without a word says what zod's own JSON Schema says", () => {
  const kinds = new Set<string>();
  for (let seed = 1; seed <= 600; seed++) {
    const tree = treeOf(seed, false);
    const reading = readTree(tree);
    expect(ids(reading), tree).toEqual([]);
    expect(weSay(reading.type as StaticType), tree).toEqual(zodSays(tree, false));
    for (const [name] of tree.matchAll(/\w+(?=\()/g)) kinds.add(name);
  }
  // The trees are worth something.
  for (const name of [
    "object",
    "looseObject",
    "array",
    "enum",
    "literal",
    "union",
    "or",
    "optional",
    "nullish",
    "pick",
    "omit",
    "partial",
    "describe",
  ])
    expect(kinds).toContain(name);
});

test("what a type does not hold is told, and the rest says what zod says without it", () => {
  let told = 0;
  for (let seed = 1; seed <= 400; seed++) {
    const tree = treeOf(seed, true);
    const reading = readTree(tree);
    expect(new Set([...ids(reading), "HD3403"]), tree).toEqual(new Set(["HD3403"]));
    if (ids(reading).length === 0) {
      expect(weSay(reading.type as StaticType), tree).toEqual(zodSays(tree, false));
      continue;
    }
    told++;
    expect(weSay(reading.type as StaticType), tree).toEqual(zodSays(tree, true));
  }
  expect(told).toBeGreaterThan(200);
});

test.each([
  ["z.date()", ["HD3401"]],
  ["z.bigint()", ["HD3401"]],
  ["z.tuple([z.string(), z.number()])", ["HD3401"]],
  ["z.record(z.string(), z.number())", ["HD3401"]],
  ["z.union([z.string(), z.number()])", ["HD3401"]],
  ["z.array(z.string().nullable())", ["HD3401"]],
  ["z.map(z.string(), z.number())", ["HD3401"]],
  ["z.custom()", ["HD3401"]],
  ["z.lazy(() => X)", ["HD3401"]],
  ["z.object(shape)", ["HD3401"]],
  ["z.enum(names)", ["HD3401"]],
  ["z.object({ [name]: z.string() })", ["HD3401"]],
  ["z.object({ get self() { return X; } })", ["HD3401"]],
  ["z.date().min(new Date()).optional()", ["HD3401"]],
  ['z.string().default("x")', ["HD3404"]],
  ["z.coerce.number()", ["HD3404"]],
  ["z.string().transform((text) => text.length)", ["HD3404"]],
  ["z.string().trim()", ["HD3404"]],
  ["z.preprocess((value) => value, z.string())", ["HD3404"]],
  ["z.string().pipe(z.email())", ["HD3404"]],
  ['z.string().catch("x")', ["HD3404"]],
])("%s is not taken for more than it is", (tree, expected) => {
  expect(ids(readTree(tree))).toEqual(expected);
});

test("unions of objects keep what all cases have, and say so", () => {
  const reading = readTree(
    'z.discriminatedUnion("kind", [z.object({ kind: z.literal("a"), n: z.number() }), z.object({ kind: z.literal("b") })])',
  );
  expect(ids(reading)).toEqual(["HD3403"]);
  expect(reading.type?.type).toEqual({ kind: "object", fields: [{ name: "kind", type: { kind: "enum", values: ["a", "b"] } }] });
});

test("a tree that holds itself ends", () => {
  const reading = readTree("z.object({ next: X.optional() })");
  expect(ids(reading).filter((id) => id === "HD3401").length).toBe(1);
});

test("annotations infer from trees, by every name that zod has for it", () => {
  const object: ValueType = { kind: "object", fields: [{ name: "n", type: { kind: "number" } }] };
  for (const [imports, type] of [
    ['import * as z from "zod";', "z.infer<typeof X>"],
    ['import { z } from "zod";', "z.output<typeof X>"],
    ['import z from "zod/v4";', "z.input<typeof X>"],
    ['import type { infer as Infer } from "zod";\nimport { z } from "zod";', "Infer<typeof X>"],
  ])
    expect(readIn(`${imports}\nconst X = z.object({ n: z.number() });\ntype T = ${type};\n`)).toEqual({
      type: { type: object, nullable: false },
      diagnostics: [],
    });
  const plain = readIn('import { object, number } from "zod";\nconst X = object({ n: number() });\n');
  expect(plain).toEqual({ type: { type: object, nullable: false }, diagnostics: [] });
});

test("trees are found through imports, and one that is not zod's is not taken", () => {
  const others = {
    "types.ts":
      'import * as z from "zod";\nconst base = z.object({ n: z.number() });\nexport const Item = base.extend({ s: z.string() });\n',
  };
  const found = readIn('import * as z from "zod";\nimport { Item } from "./types.ts";\ntype T = z.infer<typeof Item>[];\n', others);
  expect(found.diagnostics).toEqual([]);
  expect(found.type?.type).toMatchObject({ kind: "array", items: { fields: [{ name: "n" }, { name: "s" }] } });
  expect(readIn('import * as z from "yup";\nconst X = z.object({ n: z.number() });\n').type).toBeUndefined();
});

test("what goes in may be less than what comes out", () => {
  const text = (side: string): string =>
    `import * as z from "zod";\nconst X = z.object({ n: z.number().default(1), s: z.string().transform((s) => s.length), c: z.coerce.number() });\ntype T = z.${side}<typeof X>;\n`;
  expect(ids(readIn(text("infer")))).toEqual(["HD3404", "HD3404", "HD3404"]);
  const given = readIn(text("input"));
  expect(given.diagnostics).toEqual([]);
  expect(given.type?.type).toMatchObject({
    fields: [
      { name: "n", type: { kind: "number" }, optional: true },
      { name: "s", type: { kind: "string" } },
      { name: "c", type: { kind: "json" } },
    ],
  });
});

test("declarations are typed by trees, and only those that are read take them", () => {
  const send = handler({ name: "send", input: z.array(z.string()), output: z.boolean(), worker: true });
  expectTypeOf<Awaited<ReturnType<typeof send>>>().toEqualTypeOf<boolean>();
  const ask = model({ name: "ask", prompt: "What?", output: z.object({ title: z.string() }) });
  expectTypeOf<Awaited<ReturnType<typeof ask>>>().toEqualTypeOf<{ title: string }>();
  expect(() => buildWorkflow({ id: "flow" }, (b) => b.call(send, ["a"]))).toThrow("the input of handler send is a tree of zod's");
});
