/** Names and what they are bound to: declarations, patterns, parameters, assignments. */
import { type Expr, pathOf, refsOf } from "@heddle/core";
import type { Expression, Node } from "oxc-parser";
import { variableRef } from "../../authoring/expressions.ts";
import { keyOf } from "./ast.ts";
import { anyType, nullValue, type StaticType, type Typed } from "./context.ts";
import type { Frame } from "./draft.ts";
import { fieldAt, partAt } from "./lower-member.ts";
import { calculate } from "./lower-operator.ts";
import { commonType, type Lowering, type Place, refuse, textAt } from "./lowering.ts";
import { readType } from "./read-types.ts";

/** Whether an expression reads the same whenever it is evaluated, and is no work to repeat. */
function isStable(ctx: Lowering, expr: Expr): boolean {
  if (expr.kind === "literal") return true;
  return pathOf(expr) !== undefined && refsOf(expr).every(({ name }) => name !== undefined && !ctx.mutable.has(name));
}

/** The value under a name of its own where it might change or costs something. */
export function kept(ctx: Lowering, value: Typed, base: string, at: Place): Typed {
  if (isStable(ctx, value.expr)) return value;
  const variable = ctx.draft.declare(base, at.block.frame);
  ctx.draft.write(at.block, variable, value.expr);
  return { ...value, expr: variableRef(variable) };
}

/** The names that a pattern binds. */
export function namesOfPattern(pattern: Node): readonly string[] {
  const names: string[] = [];
  const open: Node[] = [pattern];
  for (let node = open.pop(); node !== undefined; node = open.pop()) {
    if (node.type === "Identifier") names.push(node.name);
    else if (node.type === "ObjectPattern")
      open.push(...node.properties.map((one) => (one.type === "Property" ? one.value : one.argument)));
    else if (node.type === "ArrayPattern") open.push(...node.elements.filter((one) => one !== null));
    else if (node.type === "AssignmentPattern") open.push(node.left);
    else if (node.type === "RestElement") open.push(node.argument);
  }
  return names;
}

export function bindPattern(ctx: Lowering, pattern: Node, value: Typed, at: Place, kind: "const" | "let"): void {
  switch (pattern.type) {
    case "Identifier": {
      const annotation = pattern.typeAnnotation;
      const given = annotation === null || annotation === undefined ? value : readType(ctx, ctx.module, annotation.typeAnnotation);
      bindName(ctx, pattern.name, { ...value, ...given, expr: value.expr }, at, kind);
      return;
    }
    case "ObjectPattern": {
      const whole = value.expr.kind === "object" ? value : kept(ctx, value, "parts", at);
      for (const property of pattern.properties) {
        const name = property.type === "Property" ? keyOf(property.key, property.computed) : undefined;
        if (property.type === "Property" && name !== undefined) ctx.bindPattern(property.value, fieldAt(whole, name), at, kind);
        else refusePattern(ctx, property, at);
      }
      return;
    }
    case "ArrayPattern": {
      const whole = value.expr.kind === "array" ? value : kept(ctx, value, "parts", at);
      pattern.elements.forEach((element, i) => {
        if (element === null) return;
        if (element.type === "RestElement") refusePattern(ctx, element, at);
        else ctx.bindPattern(element, partAt(whole, i), at, kind);
      });
      return;
    }
    default:
      refusePattern(ctx, pattern, at);
  }
}

function refusePattern(ctx: Lowering, node: Node, at: Place): void {
  refuse(ctx, "HD3310", node, {
    message: `\`${textAt(ctx, node)}\` takes a value apart in a way that a workflow cannot`,
    reason: "Fields and positions are taken by name; what is left over, and values for what is missing, are not.",
    help: "name each part; for a value that may be missing, `const name = value.field ?? standIn`",
  });
  // What follows would otherwise complain about the names again.
  const inner = node.type === "AssignmentPattern" ? node.left : node.type === "RestElement" ? node.argument : undefined;
  if (inner?.type === "Identifier") at.scope.set(inner.name, { ...nullValue, kind: "const", frame: at.block.frame });
}

function bindName(ctx: Lowering, name: string, value: Typed, at: Place, kind: "const" | "let"): void {
  const { frame } = at.block;
  if (kind === "const") {
    at.scope.set(name, { ...kept(ctx, value, name, at), kind, frame });
    return;
  }
  const variable = declareLet(ctx, name, value, at);
  ctx.draft.write(at.block, variable, value.expr);
}

/** A variable that may be assigned. What it starts with says its type only where nothing else does. */
export function declareLet(ctx: Lowering, name: string, type: StaticType, at: Place): string {
  const { frame } = at.block;
  const variable = ctx.draft.declare(name, frame);
  ctx.mutable.add(variable);
  const isNull = type.type.kind === "enum" && type.type.values.every((value) => value === null);
  const known = isNull ? anyType : widened(type);
  at.scope.set(name, { expr: variableRef(variable), ...known, kind: "let", variable, frame });
  return variable;
}

/** A variable that starts as one value of a type may become another of it. */
function widened({ type, nullable }: StaticType): StaticType {
  return { type, nullable };
}

const operators: Readonly<Record<string, "add" | "sub" | "mul" | "div" | "mod">> = {
  "+=": "add",
  "-=": "sub",
  "*=": "mul",
  "/=": "div",
  "%=": "mod",
  "++": "add",
  "--": "sub",
};

/** `name = value`, `name += value`, `name++`, as a statement. */
export function assign(ctx: Lowering, node: Node, at: Place): void {
  if (node.type !== "AssignmentExpression" && node.type !== "UpdateExpression") return;
  const target = node.type === "AssignmentExpression" ? node.left : node.argument;
  if (target.type !== "Identifier") {
    refuse(ctx, "HD3301", node, {
      message: `\`${textAt(ctx, node)}\` changes a value in place`,
      reason: "Values of a workflow never change; its variables do.",
      help: "make a new value and assign that: `let state = …; state = { … }`",
    });
    return;
  }
  const binding = at.scope.get(target.name);
  if (binding?.variable === undefined) {
    refuse(ctx, binding === undefined ? "HD3215" : "HD3302", target, {
      message: `\`${target.name}\` cannot be assigned`,
      reason: binding === undefined ? "It is no variable of this function." : "It is a constant or an input.",
      help: `declare it with \`let ${target.name} = …\` in the function`,
    });
    return;
  }
  const operator = operators[node.operator];
  const right = node.type === "AssignmentExpression" ? ctx.expression(node.right, at) : one;
  const value =
    node.operator === "="
      ? right
      : operator === undefined
        ? combined(ctx, node, binding, right)
        : calculate(ctx, operator, binding, right, node);
  if (refusedAcross(ctx, target, binding.variable, at.block.frame)) return;
  ctx.draft.write(at.block, binding.variable, value.expr, node.start);
  const { type, nullable } = commonType(binding, value);
  at.scope.retype(target.name, { type, nullable: nullable || binding.nullable });
}

const one: Typed = { expr: { kind: "literal", value: 1 }, type: { kind: "number" }, nullable: false };

function combined(
  ctx: Lowering,
  node: Extract<Expression, { type: "AssignmentExpression" | "UpdateExpression" }>,
  left: Typed,
  right: Typed,
): Typed {
  if (node.operator === "??=") return { expr: { kind: "coalesce", left: left.expr, right: right.expr }, ...commonType(left, right) };
  return refuse(ctx, "HD3204", node, {
    message: `the operator \`${node.operator}\` is not one of a workflow`,
    reason: "There are = += -= *= /= %= ??= ++ --.",
    help: "write the assignment out",
  });
}

/** Refuses an assignment to a variable of a frame that this one does not write back to. */
function refusedAcross(ctx: Lowering, node: Node, variable: string, from: Frame): boolean {
  for (let frame: Frame | undefined = from; frame !== undefined && !frame.variables.has(variable); frame = frame.parent) {
    if (frame.kind === "finally") {
      refuse(ctx, "HD3305", node, {
        message: `\`${textAt(ctx, node)}\` is assigned in \`finally\``,
        reason: "A `finally` also runs while a run is being cancelled; nothing comes out of it.",
        help: "assign it behind the `try`",
      });
      return true;
    }
    if (frame.kind === "function") {
      refuse(ctx, "HD3303", node, {
        message: `\`${textAt(ctx, node)}\` is assigned by things that happen at the same time`,
        reason: "Whichever came last would win, and an update could be lost.",
        help: "return the value, and assign what `Promise.all` gives",
      });
      return true;
    }
  }
  return false;
}
