/**
 * Types from syntax. What is written is read: annotations, interfaces, aliases, unions of literals, lists, trees of
 * zod's that they infer from, and what other sources export. What needs a type checker is `json`, with a warning that names it.
 */
import type { FieldType, JsonScalar, ValueType } from "@heddle/core";
import type { Expression, Node, TSSignature, TSType } from "oxc-parser";
import { keyOf } from "./ast.ts";
import { anyType, type Reader, report, type StaticType, sourceOf } from "./context.ts";
import { authoringModule, resolveName, type SourceModule } from "./module.ts";
import { taggedUnion } from "./unions.ts";
import { zodSideOf, zodType } from "./zod-types.ts";

const depthMax = 40;
/** Values are at most 128 deep. */
const nestingMax = 100;
const json: ValueType = { kind: "json" };

interface Reading {
  readonly reader: Reader;
  readonly module: SourceModule;
  /** Names of types that are being read: one that meets itself is `json`. */
  readonly open: readonly string[];
  /** Types around this one. */
  readonly depth: number;
}

/** The type of an annotation; `json`, with a warning, where it cannot be read. */
export function readType(reader: Reader, module: SourceModule, node: TSType): StaticType {
  return read({ reader, module, open: [], depth: 0 }, node);
}

/** Types that the authoring module exports, as far as a value can have them. */
const authoringTypes: Readonly<Record<string, ValueType>> = {
  Path: { kind: "path" },
  FailureInfo: {
    kind: "object",
    fields: [
      { name: "code", type: { kind: "string" } },
      { name: "message", type: { kind: "string" } },
      { name: "class", type: { kind: "string" } },
      { name: "retryable", type: { kind: "boolean" } },
      { name: "node", type: { kind: "string" }, optional: true },
      { name: "details", type: json, optional: true },
    ],
  },
};

export const failureType: StaticType = { type: authoringTypes["FailureInfo"] ?? json, nullable: false };

function read(around: Reading, node: TSType): StaticType {
  const reading = { ...around, depth: around.depth + 1 };
  if (reading.depth > nestingMax) return unreadable(reading, node, `It is within ${nestingMax} others, and no value is as deep.`);
  switch (node.type) {
    case "TSStringKeyword":
      return { type: { kind: "string" }, nullable: false };
    case "TSNumberKeyword":
      return { type: { kind: "number" }, nullable: false };
    case "TSBooleanKeyword":
      return { type: { kind: "boolean" }, nullable: false };
    case "TSUnknownKeyword":
    case "TSAnyKeyword":
    case "TSObjectKeyword":
      return anyType;
    case "TSNullKeyword":
    case "TSUndefinedKeyword":
    case "TSVoidKeyword":
      return { type: { kind: "enum", values: [null] }, nullable: true };
    case "TSParenthesizedType":
      return read(reading, node.typeAnnotation);
    case "TSTypeOperator":
      return node.operator === "readonly" ? read(reading, node.typeAnnotation) : unreadable(reading, node);
    case "TSArrayType":
      return listOf(read(reading, node.elementType));
    case "TSLiteralType":
      return literalType(reading, node.literal, node);
    case "TSUnionType":
      return unionType(reading, node.types, node);
    case "TSTypeLiteral":
      return objectType(reading, node.members, node);
    case "TSTypeReference":
      return referenceType(reading, node);
    default:
      return unreadable(reading, node);
  }
}

function listOf(items: StaticType): StaticType {
  return { type: { kind: "array", items: items.nullable ? json : items.type }, nullable: false };
}

/** What a node that collects is given. */
function groupOf(message: StaticType): StaticType {
  const fields: FieldType[] = [
    { name: "messages", type: listOf(message).type },
    { name: "count", type: { kind: "number" } },
    { name: "last_message", type: message.type, ...(message.nullable ? { optional: true } : {}) },
  ];
  return { type: { kind: "object", fields }, nullable: false };
}

function literalType(reading: Reading, literal: Node, node: Node): StaticType {
  if (literal.type === "Literal" && ["string", "number", "boolean"].includes(typeof literal.value)) {
    return { type: { kind: "enum", values: [literal.value as JsonScalar] }, nullable: false };
  }
  if (literal.type === "UnaryExpression" && literal.operator === "-" && literal.argument.type === "Literal") {
    const { value } = literal.argument;
    if (typeof value === "number") return { type: { kind: "enum", values: [-value] }, nullable: false };
  }
  return unreadable(reading, node);
}

function unionType(reading: Reading, types: readonly TSType[], node: Node): StaticType {
  const parts = types.map((one) => read(reading, one));
  const nullable = parts.some((part) => part.nullable);
  const solid = parts.map(({ type }) => type).filter((type) => !isNull(type));
  if (solid.some(({ kind }) => kind === "json")) return anyType;
  const [first] = solid;
  if (first === undefined) return { type: { kind: "enum", values: [null] }, nullable: true };
  if (solid.length === 1) return { type: first, nullable };
  if (solid.every((type) => type.kind === "enum"))
    return { type: { kind: "enum", values: solid.flatMap(({ values }) => values) }, nullable };
  if (solid.every((type) => type.kind === "object")) return { type: taggedUnion(solid), nullable };
  return unreadable(reading, node, "say one type, or give each case a field of its own");
}

function isNull(type: ValueType): boolean {
  return type.kind === "enum" && type.values.every((value) => value === null);
}

function objectType(reading: Reading, members: readonly TSSignature[], node: Node): StaticType {
  const fields: FieldType[] = [];
  for (const member of members) {
    const name = member.type === "TSPropertySignature" ? keyOf(member.key, member.computed) : undefined;
    if (member.type === "TSIndexSignature") return anyType;
    if (member.type !== "TSPropertySignature" || name === undefined || name.length > 128) return unreadable(reading, member);
    const { type, nullable } = member.typeAnnotation === null ? anyType : read(reading, member.typeAnnotation.typeAnnotation);
    fields.push({ name, type, ...(member.optional || nullable ? { optional: true } : {}) });
  }
  return fields.length === 0 && node.type === "TSTypeLiteral" ? anyType : { type: { kind: "object", fields }, nullable: false };
}

function referenceType(reading: Reading, node: Extract<TSType, { type: "TSTypeReference" }>): StaticType {
  const { typeName, typeArguments } = node;
  const [argument] = typeArguments?.params ?? [];
  const side = zodSideOf(reading.module, typeName);
  if (side !== undefined && argument?.type === "TSTypeQuery" && argument.exprName.type === "Identifier") {
    return zodType(reading.reader, reading.module, argument.exprName as Expression, side) ?? unreadable(reading, node);
  }
  if (typeName.type !== "Identifier") return unreadable(reading, node);
  const { name } = typeName;
  const own = resolveName(reading.reader.modules, reading.module, name, ({ types }) => types);
  if (own === undefined) {
    if ((name === "Array" || name === "ReadonlyArray") && argument !== undefined) return listOf(read(reading, argument));
    if ((name === "Readonly" || name === "Promise") && argument !== undefined) return read(reading, argument);
    if (name === "Record") return { type: json, nullable: false };
    const imported = reading.module.imports.get(name);
    if (imported?.specifier === authoringModule) {
      if (["JsonValue", "JsonObject"].includes(imported.name)) return anyType;
      if (imported.name === "Group" && argument !== undefined) return groupOf(read(reading, argument));
      const known = authoringTypes[imported.name];
      if (known !== undefined) return { type: known, nullable: false };
    }
    return unreadable(
      reading,
      node,
      imported === undefined ? undefined : `\`${name}\` comes from \`${imported.specifier}\`, which is not read`,
    );
  }
  const key = `${own.module.source.file} ${own.local}`;
  if (own.node.typeParameters !== null && own.node.typeParameters !== undefined) return unreadable(reading, node);
  if (reading.open.includes(key) || reading.open.length > depthMax) return unreadable(reading, node, "a type that holds itself has no end");
  const inner: Reading = { reader: reading.reader, module: own.module, open: [...reading.open, key], depth: reading.depth };
  if (own.node.type === "TSTypeAliasDeclaration") return read(inner, own.node.typeAnnotation);
  const inherited = own.node.extends.flatMap(({ expression }) => inheritedFields(inner, expression));
  const { type } = objectType(inner, own.node.body.body, own.node);
  if (type.kind !== "object") return { type, nullable: false };
  const names = new Set(type.fields.map((field) => field.name));
  return { type: { kind: "object", fields: [...inherited.filter((field) => !names.has(field.name)), ...type.fields] }, nullable: false };
}

function inheritedFields(reading: Reading, expression: Expression): readonly FieldType[] {
  if (expression.type !== "Identifier") return [];
  const typeName = { ...expression };
  const { type } = referenceType(reading, {
    type: "TSTypeReference",
    typeName,
    typeArguments: null,
    start: expression.start,
    end: expression.end,
  });
  return type.kind === "object" ? type.fields : [];
}

function unreadable(reading: Reading, node: Node, why?: string): StaticType {
  const { reader, module } = reading;
  report(reader, module, "HD3401", node, {
    message: `the type \`${sourceOf(module, node)}\` cannot be read, so any value fits here`,
    reason: why ?? "Types are read from what is written; no type checker runs.",
    help: "write the type out: an interface, an alias of one, `T[]`, or a union of literals",
  });
  return anyType;
}
