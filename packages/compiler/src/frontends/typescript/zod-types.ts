/**
 * Types from zod trees: `z.object({ … })` in options, `z.infer<typeof X>` in annotations, and constants of either, also
 * imported ones. The tree is read, and zod never asked.
 *
 * What is read without a word says the same as zod's own JSON Schema. What a value type cannot hold (a smallest length, a
 * pattern, whole numbers) is told once, and the type without it is taken. What changes values is refused: nothing is
 * converted where a value crosses, so such a type would promise something that never arrives.
 */
import type { FieldType, JsonScalar, JsonValue, ValueType } from "@heddle/core";
import type { CallExpression, Expression, Node } from "oxc-parser";
import { keyOf, unwrap } from "./ast.ts";
import { type Reader, report, type StaticType, sourceOf } from "./context.ts";
import { resolveName, type SourceModule } from "./module.ts";
import { staticValue } from "./static-values.ts";
import { taggedUnion } from "./unions.ts";
import { changing, formats, harmless, holding, numbers } from "./zod-names.ts";

/** Which side of a tree is meant: what goes in (`z.input`), or what comes out (`z.infer`). They differ where values are changed. */
export type ZodSide = "input" | "output";

const depthMax = 40;
const json: ValueType = { kind: "json" };

interface Reading {
  readonly reader: Reader;
  readonly module: SourceModule;
  readonly side: ZodSide;
  readonly depth: number;
}

interface Read {
  readonly type: ValueType;
  /** It may be missing or null. */
  readonly optional: boolean;
  readonly description?: string;
  /** Something in it could not be read, and was told. */
  readonly lost?: true;
}

const anything: Read = { type: json, optional: false };
const lost: Read = { type: json, optional: false, lost: true };

/** The type of an expression that is a zod tree, or names one; undefined for everything else. */
export function zodType(reader: Reader, module: SourceModule, node: Expression, side: ZodSide = "output"): StaticType | undefined {
  const found = read({ reader, module, side, depth: 0 }, node);
  if (found === undefined) return undefined;
  const { type } = found;
  return { type, nullable: found.optional || type.kind === "json" || isNull(type) };
}

/** Which side `z.infer` and its like name; undefined for other names. */
export function zodSideOf(module: SourceModule, typeName: Node): ZodSide | undefined {
  const name =
    typeName.type === "TSQualifiedName"
      ? typeName.left.type === "Identifier" && isNamespace(module, typeName.left.name)
        ? typeName.right.name
        : undefined
      : typeName.type === "Identifier"
        ? importedFromZod(module, typeName.name)
        : undefined;
  if (name === "input") return "input";
  return name === "infer" || name === "output" || name === "TypeOf" ? "output" : undefined;
}

function importedFromZod(module: SourceModule, local: string): string | undefined {
  const imported = module.imports.get(local);
  return imported !== undefined && /^zod(?:\/v4(?:\/mini)?|\/mini)?$/.test(imported.specifier) ? imported.name : undefined;
}

function isNamespace(module: SourceModule, local: string): boolean {
  return ["*", "z", "default"].includes(importedFromZod(module, local) ?? "");
}

/** `string` of `z.string`, `iso.date` of `z.iso.date`; undefined for what is not zod's. */
function nameIn(module: SourceModule, node: Expression): string | undefined {
  const inner = unwrap(node);
  if (inner.type === "Identifier") return isNamespace(module, inner.name) ? "" : importedFromZod(module, inner.name);
  if (inner.type !== "MemberExpression" || inner.computed || inner.property.type !== "Identifier") return undefined;
  const of = nameIn(module, inner.object);
  return of === undefined ? undefined : of === "" ? inner.property.name : `${of}.${inner.property.name}`;
}

function read(reading: Reading, node: Expression): Read | undefined {
  const inner = unwrap(node);
  if (reading.depth > depthMax) return unreadable(reading, inner, "a tree that holds itself has no end");
  const deeper: Reading = { ...reading, depth: reading.depth + 1 };
  if (inner.type === "Identifier") {
    const found = resolveName(reading.reader.modules, reading.module, inner.name, ({ values }) => values);
    return found === undefined ? undefined : read({ ...deeper, module: found.module }, found.node);
  }
  if (inner.type !== "CallExpression") return undefined;
  const name = nameIn(reading.module, inner.callee);
  if (name !== undefined) return made(deeper, name, inner);
  const callee = unwrap(inner.callee);
  if (callee.type !== "MemberExpression" || callee.computed || callee.property.type !== "Identifier") return undefined;
  const of = read(deeper, callee.object);
  if (of === undefined) return undefined;
  const step = { start: callee.property.start - 1, end: inner.end };
  return asked(deeper, of, callee.property.name, inner, step);
}

/** A tree that stands as an argument. */
function part(reading: Reading, node: CallExpression["arguments"][number] | undefined, whole: Node): Read {
  if (node === undefined || node.type === "SpreadElement") return unreadable(reading, node ?? whole);
  return read(reading, node) ?? unreadable(reading, node, "It is no tree of zod's that is written out.");
}

/** What a function of zod's makes. */
function made(reading: Reading, name: string, call: CallExpression): Read {
  const [first, second] = call.arguments;
  if (formats.has(name)) return without(reading, { type: { kind: "string" }, optional: false }, call);
  if (numbers.has(name)) return without(reading, { type: { kind: "number" }, optional: false }, call);
  switch (name) {
    case "string":
    case "number":
    case "boolean":
      return { type: { kind: name }, optional: false };
    case "any":
    case "unknown":
    case "json":
      return anything;
    case "null":
    case "undefined":
    case "void":
      return { type: { kind: "enum", values: [null] }, optional: false };
    case "optional":
    case "nullable":
    case "nullish":
      return { ...part(reading, first, call), optional: true };
    case "readonly":
      return part(reading, first, call);
    case "array":
      return listOf(reading, part(reading, first, call), call);
    case "object":
    case "looseObject":
      return objectOf(reading, first, call);
    case "strictObject":
      return without(reading, objectOf(reading, first, call), call.callee);
    case "enum":
    case "nativeEnum":
    case "literal":
      return enumOf(reading, first, call);
    case "union":
    case "discriminatedUnion": {
      const cases = name === "union" ? first : second;
      const list = cases === undefined || cases.type === "SpreadElement" ? undefined : unwrap(cases);
      if (list?.type !== "ArrayExpression") return unreadable(reading, call);
      return unionOf(
        reading,
        list.elements.map((one) => part(reading, one ?? undefined, call)),
        call,
      );
    }
    default:
      return changing.has(name) || name.startsWith("coerce.") ? changed(reading, anything, call) : unreadable(reading, call);
  }
}

/** What a method makes of a tree. */
function asked(reading: Reading, of: Read, name: string, call: CallExpression, step: Pick<Node, "start" | "end">): Read {
  const [first] = call.arguments;
  if (harmless.has(name)) return of;
  if (changing.has(name)) return changed(reading, name === "default" || name === "prefault" ? { ...of, optional: true } : of, step, name);
  if (holding.has(name)) return without(reading, of, step);
  switch (name) {
    case "optional":
    case "nullable":
    case "nullish":
    case "exactOptional":
      return { ...of, optional: true };
    case "nonoptional":
    case "unwrap":
      return { ...of, optional: false };
    case "array":
      return listOf(reading, of, call);
    case "or":
      return unionOf(reading, [of, part(reading, first, call)], call);
    case "describe":
    case "meta": {
      const said = first === undefined || first.type === "SpreadElement" ? undefined : known(reading, first);
      const description =
        typeof said === "object" && said !== null && !Array.isArray(said) && "description" in said ? said["description"] : said;
      return typeof description === "string" ? { ...of, description } : of;
    }
    case "extend":
    case "safeExtend":
      return mergedWith(of, objectOf(reading, first, call));
    case "merge":
      return mergedWith(of, part(reading, first, call));
    case "pick":
    case "omit":
    case "partial":
    case "required":
      return withFields(reading, of, name, call);
    case "keyof":
      if (of.type.kind !== "object" || of.type.fields.length === 0) return unreadable(reading, call);
      return { type: { kind: "enum", values: of.type.fields.map((field) => field.name) }, optional: false };
    case "extract":
    case "exclude": {
      const named = first === undefined || first.type === "SpreadElement" ? undefined : known(reading, first);
      if (of.type.kind !== "enum" || !Array.isArray(named)) return unreadable(reading, call);
      const values = of.type.values.filter((value) => named.includes(value) === (name === "extract"));
      return values.length === 0 ? unreadable(reading, call) : { ...of, type: { kind: "enum", values } };
    }
    default:
      return of.lost === true ? of : unreadable(reading, call);
  }
}

function known({ reader, module }: Reading, node: Expression): JsonValue | undefined {
  return staticValue(reader.modules, module, node);
}

function isNull(type: ValueType): boolean {
  return type.kind === "enum" && type.values.every((value) => value === null);
}

function listOf(reading: Reading, items: Read, node: Node): Read {
  if (!items.optional) return { type: { kind: "array", items: items.type }, optional: false };
  if (items.type.kind === "json") return { type: { kind: "array", items: json }, optional: false };
  if (items.type.kind === "enum")
    return { type: { kind: "array", items: { kind: "enum", values: [...new Set([...items.type.values, null])] } }, optional: false };
  unreadable(reading, node, "An item of a list that may be null has no type beside it.");
  return { type: { kind: "array", items: json }, optional: false };
}

function enumOf(reading: Reading, given: CallExpression["arguments"][number] | undefined, call: CallExpression): Read {
  const value = given === undefined || given.type === "SpreadElement" ? undefined : known(reading, given);
  const values = typeof value === "object" && value !== null ? Object.values(value) : value === undefined ? [] : [value];
  const scalars = values.filter((one): one is JsonScalar => one === null || typeof one !== "object");
  if (scalars.length === 0 || scalars.length < values.length) return unreadable(reading, call, "Its values are not written out.");
  return { type: { kind: "enum", values: [...new Set(scalars)] }, optional: false };
}

function unionOf(reading: Reading, parts: readonly Read[], node: Node): Read {
  const gone = parts.find((one) => one.lost === true);
  if (gone !== undefined) return gone;
  const optional = parts.some((one) => one.optional || isNull(one.type));
  const solid = parts.map(({ type }) => type).filter((type) => !isNull(type));
  const [first] = solid;
  if (solid.some((type) => type.kind === "json")) return { ...anything, optional: parts.some((one) => one.optional) };
  if (first === undefined) return { type: { kind: "enum", values: [null] }, optional };
  if (solid.every((type) => JSON.stringify(type) === JSON.stringify(first))) return { type: first, optional };
  if (solid.every((type) => type.kind === "enum"))
    return { type: { kind: "enum", values: [...new Set(solid.flatMap(({ values }) => values))] }, optional };
  if (solid.every((type) => type.kind === "object")) return without(reading, { type: taggedUnion(solid), optional }, node);
  return unreadable(reading, node, "A value has one type, or is one of several scalars.");
}

function objectOf(reading: Reading, given: CallExpression["arguments"][number] | undefined, call: CallExpression): Read {
  const shape = given === undefined || given.type === "SpreadElement" ? undefined : unwrap(given);
  if (shape === undefined)
    return call.arguments.length === 0 ? { type: { kind: "object", fields: [] }, optional: false } : unreadable(reading, call);
  const written =
    shape.type === "Identifier" ? resolveName(reading.reader.modules, reading.module, shape.name, ({ values }) => values) : undefined;
  if (written !== undefined) {
    const there: Reading = { ...reading, module: written.module };
    return objectOf(there, written.node, { ...call, arguments: [written.node] });
  }
  if (shape.type !== "ObjectExpression") return unreadable(reading, call, "Its fields are not written out.");
  const fields = new Map<string, FieldType>();
  for (const property of shape.properties) {
    if (property.type === "SpreadElement") {
      const spread = spreadFields(reading, property.argument);
      if (spread === undefined) return unreadable(reading, property, "Only the `shape` of a tree that is written out is spread.");
      for (const field of spread) fields.set(field.name, field);
      continue;
    }
    const name = keyOf(property.key, property.computed);
    if (name === undefined || name === "" || name.length > 128 || property.kind !== "init") return unreadable(reading, property);
    fields.set(name, fieldOf(name, part(reading, property.value, property)));
  }
  return { type: { kind: "object", fields: [...fields.values()] }, optional: false };
}

/** `...Base.shape`. */
function spreadFields(reading: Reading, node: Expression): readonly FieldType[] | undefined {
  const inner = unwrap(node);
  if (inner.type !== "MemberExpression" || inner.computed || inner.property.type !== "Identifier" || inner.property.name !== "shape")
    return undefined;
  const of = read(reading, inner.object);
  return of?.type.kind === "object" ? of.type.fields : undefined;
}

function fieldOf(name: string, { type, optional, description }: Read): FieldType {
  // In a run, null and missing are one thing, and a field says both in one way.
  const nullable = type.kind === "enum" && type.values.includes(null);
  const solid: ValueType = nullable && !isNull(type) ? { kind: "enum", values: type.values.filter((value) => value !== null) } : type;
  return {
    name,
    type: solid,
    ...(optional || nullable ? { optional: true } : {}),
    ...(description === undefined ? {} : { description }),
  };
}

function mergedWith(of: Read, other: Read): Read {
  if (of.type.kind !== "object" || other.type.kind !== "object") return of.lost === true ? of : other;
  const fields = new Map([...of.type.fields, ...other.type.fields].map((field) => [field.name, field]));
  return { ...of, type: { kind: "object", fields: [...fields.values()] } };
}

function withFields(reading: Reading, of: Read, how: "pick" | "omit" | "partial" | "required", call: CallExpression): Read {
  if (of.lost === true) return of;
  const [first] = call.arguments;
  const mask = first === undefined || first.type === "SpreadElement" ? undefined : known(reading, first);
  if (of.type.kind !== "object" || (first !== undefined && (typeof mask !== "object" || mask === null))) return unreadable(reading, call);
  const named = new Set(mask === undefined ? of.type.fields.map(({ name }) => name) : Object.keys(mask as object));
  const fields = of.type.fields.flatMap((field): FieldType[] => {
    if (how === "pick" || how === "omit") return named.has(field.name) === (how === "pick") ? [field] : [];
    if (!named.has(field.name)) return [field];
    const { optional: _, ...rest } = field;
    return [how === "partial" ? { ...rest, optional: true } : rest];
  });
  return { ...of, type: { kind: "object", fields } };
}

/** Takes the type and tells what of the tree it does not hold. */
function without({ reader, module }: Reading, of: Read, node: Pick<Node, "start" | "end">): Read {
  if (of.lost === true) return of;
  report(reader, module, "HD3403", node, {
    message: `what \`${sourceOf(module, node)}\` asks beyond the type is not held`,
    reason: "Values are held to their types where they cross, and a type knows neither bounds nor patterns nor cases.",
    help: "let the handler parse its input with the same schema, or leave this out",
  });
  return of;
}

function changed({ reader, module, side }: Reading, of: Read, node: Pick<Node, "start" | "end">, name?: string): Read {
  if (side === "input") return of;
  report(reader, module, "HD3404", node, {
    message: `\`${sourceOf(module, node)}\` changes values, and nothing changes them here`,
    reason: "What is given is what arrives: values are held to their types where they cross, and never converted.",
    help:
      name === "default" || name === "prefault"
        ? "make it `.optional()`, and write `?? value` where it is read"
        : "annotate with `z.input<typeof …>`, and let the handler parse",
  });
  return of;
}

function unreadable({ reader, module }: Reading, node: Pick<Node, "start" | "end">, why?: string): Read {
  report(reader, module, "HD3401", node, {
    message: `the type \`${sourceOf(module, node)}\` cannot be read, so any value fits here`,
    reason: why ?? "Of zod's trees, those are read that say what a value of a run can be.",
    help: "use `z.object`, `z.string`, `z.number`, `z.boolean`, `z.array`, `z.enum`, `z.literal`, unions of literals, `.optional()` or `.nullable()`",
  });
  return lost;
}
