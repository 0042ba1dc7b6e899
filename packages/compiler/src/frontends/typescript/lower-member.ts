/** Reading from a value: `a.b`, `a?.b`, `a[0]`, `.length`. */
import type { Expr } from "@heddle/core";
import type { MemberExpression } from "oxc-parser";
import { literal } from "../../authoring/expressions.ts";
import { unwrap } from "./ast.ts";
import { anyType, nullValue, type StaticType, type Typed } from "./context.ts";
import { fieldType, isNumber, isText, isUnknown, type Lowering, type Place, refuse, textAt } from "./lowering.ts";

export function lowerMember(ctx: Lowering, node: MemberExpression, at: Place): Typed {
  const object = unwrap(node.object);
  if (node.property.type === "PrivateIdentifier") return unknownField(ctx, node, `#${node.property.name}`, []);
  if (object.type === "Identifier") {
    const fields = at.scope.get(object.name)?.fields;
    const name = node.computed ? textOf(node) : node.property.type === "Identifier" ? node.property.name : undefined;
    if (fields !== undefined && name !== undefined) return fields.get(name) ?? unknownField(ctx, node, name, [...fields.keys()]);
  }
  const of = ctx.expression(node.object, at);
  if (node.computed) return lowerIndex(ctx, of, node, at);
  const { name } = node.property as { readonly name: string };
  if (name === "length" && (of.type.kind === "array" || isText(of) || isUnknown(of))) {
    return { expr: { kind: "length", of: of.expr }, type: { kind: "number" }, nullable: of.nullable };
  }
  const type = fieldType(of, name);
  if (type === undefined) {
    return unknownField(ctx, node, name, of.type.kind === "object" ? of.type.fields.map((field) => field.name) : []);
  }
  if (of.type.kind !== "object" && !isUnknown(of)) return unknownField(ctx, node, name, []);
  return { expr: { kind: "field", of: of.expr, name }, ...type, nullable: type.nullable || of.nullable };
}

function textOf(node: MemberExpression): string | undefined {
  return node.property.type === "Literal" && typeof node.property.value === "string" ? node.property.value : undefined;
}

function lowerIndex(ctx: Lowering, of: Typed, node: MemberExpression, at: Place): Typed {
  if (node.property.type === "PrivateIdentifier") return nullValue;
  const name = textOf(node);
  if (name !== undefined) {
    const type = fieldType(of, name);
    return type === undefined ? unknownField(ctx, node, name, []) : { expr: { kind: "field", of: of.expr, name }, ...type };
  }
  const index = ctx.expression(node.property, at);
  if (!isNumber(index) && !isText(index) && !isUnknown(index)) {
    return refuse(ctx, "HD3210", node.property, {
      message: `\`${textAt(ctx, node.property)}\` is no position and no name`,
      reason: "Lists are read by number, objects by text.",
      help: "give a number or a text",
    });
  }
  const expr: Expr = { kind: "index", of: of.expr, at: index.expr };
  return { expr, ...itemType(of) };
}

/** What a place of a list holds; it may be beyond its end. */
function itemType(of: Typed): StaticType {
  if (of.type.kind === "array") return { type: of.type.items, nullable: true };
  return isText(of) ? { type: { kind: "string" }, nullable: true } : anyType;
}

function unknownField(ctx: Lowering, node: MemberExpression, name: string, known: readonly string[]): Typed {
  return refuse(ctx, "HD3210", node.property, {
    message: `\`${textAt(ctx, node.object)}\` has no field \`${name}\` that a workflow can read`,
    reason:
      known.length === 0
        ? "Only fields of JSON values, positions and `.length` are read; methods belong to handlers."
        : `Its type has ${known.join(", ")}.`,
    help: known.length === 0 ? "do it in a handler" : "add the field to its type, or mend the name",
  });
}

/** An item of a list by its position. */
export function itemAt(list: Typed, index: Expr): Typed {
  const { type } = itemType(list);
  return { expr: { kind: "index", of: list.expr, at: index }, type, nullable: list.type.kind !== "array" };
}

/** A field of a value, by the name in a pattern. A field of an object that is written out is that value. */
export function fieldAt(of: Typed, name: string): Typed {
  const part = of.expr.kind === "object" ? of.expr.fields.find((field) => field.name === name) : undefined;
  return { expr: part?.value ?? { kind: "field", of: of.expr, name }, ...(fieldType(of, name) ?? anyType) };
}

/** The n-th part of a value, by its place in a pattern. Parts of a list that is written out are those parts. */
export function partAt(of: Typed, n: number): Typed {
  const part = of.expr.kind === "array" ? of.expr.items[n] : undefined;
  if (part === undefined) return itemAt(of, literal(n));
  const { type, nullable } = of.parts?.[n] ?? anyType;
  return { expr: part, type, nullable };
}
