/** Expressions: what has a form in the language of expressions becomes one; a step in it goes before; the rest is refused. */
import type { Expr } from "@heddle/core";
import type { Expression, ObjectExpression, TemplateLiteral } from "oxc-parser";
import { literal, variableRef } from "../../authoring/expressions.ts";
import { awaits, isFunctionNode, keyOf, unwrap } from "./ast.ts";
import { anyType, booleanType, nullValue, stringType, type Typed, typeOfValue } from "./context.ts";
import { awaited, callWithoutAwait } from "./lower-call.ts";
import { lowerMember } from "./lower-member.ts";
import { binary, unary } from "./lower-operator.ts";
import { codeDepthMax, commonType, isBoolean, isUnknown, type Lowering, type Place, refuse, textAt } from "./lowering.ts";
import { staticValue } from "./static-values.ts";

/** The value of an expression. Steps that it awaits are written into the block first, from left to right. */
export function lowerExpression(ctx: Lowering, node: Expression, at: Place): Typed {
  if (ctx.depth >= codeDepthMax) {
    return refuse(ctx, "HD3004", node, {
      message: "this expression nests too deep",
      reason: `At most ${codeDepthMax} levels of code are read.`,
      help: "give parts of it names of their own",
    });
  }
  ctx.depth++;
  const value = lower(ctx, unwrap(node), at);
  ctx.depth--;
  return value;
}

/** An expression that decides: true or false, or unknown before a run. */
export function lowerCondition(ctx: Lowering, node: Expression, at: Place): Typed {
  const value = ctx.expression(node, at);
  if (isBoolean(value) || isUnknown(value)) return value;
  return refuse(ctx, "HD3201", node, {
    message: `\`${textAt(ctx, node)}\` is not true or false`,
    reason: "Only `true` is true in a workflow: an empty text, 0 and null are not turned into conditions.",
    help: 'compare it: `text !== ""`, `list.length > 0`, `value !== null`',
  });
}

function lower(ctx: Lowering, node: Expression, at: Place): Typed {
  switch (node.type) {
    case "Literal":
      return lowerLiteral(ctx, node);
    case "TemplateLiteral":
      return lowerTemplate(ctx, node, at);
    case "Identifier":
      return lowerName(ctx, node, at);
    case "MemberExpression":
      return lowerMember(ctx, node, at);
    case "ArrayExpression":
      return lowerArray(ctx, node.elements, at);
    case "ObjectExpression":
      return lowerObject(ctx, node, at);
    case "UnaryExpression":
      return unary(ctx, node, at);
    case "BinaryExpression":
      return binary(ctx, node, at);
    case "LogicalExpression":
      return lowerLogical(ctx, node, at);
    case "ConditionalExpression":
      return lowerConditional(ctx, node, at);
    case "AwaitExpression":
      return awaited(ctx, node.argument, at);
    case "CallExpression":
      return callWithoutAwait(ctx, node, at);
    case "AssignmentExpression":
    case "UpdateExpression":
    case "SequenceExpression":
      return refuse(ctx, "HD3312", node, {
        message: `\`${textAt(ctx, node)}\` changes something in the middle of an expression`,
        reason: "Expressions of a workflow change nothing, so that it does not matter when they are evaluated.",
        help: "make it a statement of its own before this one",
      });
    default:
      return isFunctionNode(node)
        ? refuse(ctx, "HD3208", node, {
            message: "a function is not a value here",
            reason: "Values of a workflow are JSON; functions stand only in `Promise.all(list.map(async (item) => …))`.",
            help: "make it a `handler`, and call that",
          })
        : refuse(ctx, "HD3209", node, {
            message: `\`${textAt(ctx, node)}\` is not a value of a workflow`,
            reason: "Values of a workflow are JSON: texts, numbers, true, false, null, lists and objects of them.",
            help: "make it in a handler, and give back what JSON can hold",
          });
  }
}

function lowerLiteral(ctx: Lowering, node: Extract<Expression, { type: "Literal" }>): Typed {
  const { value } = node;
  if (value === null && node.raw === "null") return nullLiteral;
  if (typeof value === "string" || typeof value === "boolean" || (typeof value === "number" && Number.isFinite(value))) {
    return {
      expr: literal(value),
      type: typeof value === "string" ? stringType.type : { kind: typeof value === "number" ? "number" : "boolean" },
      nullable: false,
    };
  }
  return refuse(ctx, "HD3209", node, {
    message: `\`${textAt(ctx, node)}\` is not a value of a workflow`,
    reason: "Values of a workflow are JSON: a regular expression, a bigint or an infinite number is not.",
    help: "use it in a handler",
  });
}

const nullLiteral: Typed = { expr: literal(null), type: { kind: "enum", values: [null] }, nullable: true };

function lowerTemplate(ctx: Lowering, node: TemplateLiteral, at: Place): Typed {
  const parts: Expr[] = [];
  node.quasis.forEach((quasi, i) => {
    const { cooked } = quasi.value;
    if (cooked !== null && cooked !== "") parts.push(literal(cooked));
    const inner = node.expressions[i];
    if (inner === undefined) return;
    const value = ctx.expression(inner, at);
    if (value.type.kind === "object" || value.type.kind === "array") {
      refuse(ctx, "HD3206", inner, {
        message: `\`${textAt(ctx, inner)}\` has no text of its own`,
        reason: "JavaScript would write [object Object], or items with commas between.",
        help: "name the field that is meant, or make the text in a handler",
      });
    }
    parts.push(value.expr);
  });
  return { expr: { kind: "template", parts }, ...stringType };
}

function lowerName(ctx: Lowering, node: Extract<Expression, { type: "Identifier" }>, at: Place): Typed {
  const binding = at.scope.get(node.name);
  if (binding !== undefined) {
    if (binding.fields === undefined) return binding;
    const fields = [...binding.fields].map(([name, { expr }]) => ({ name, value: expr }));
    return { expr: { kind: "object", fields }, type: binding.type, nullable: false };
  }
  if (at.scope.isAnnounced(node.name)) {
    return refuse(ctx, "HD3215", node, {
      message: `\`${node.name}\` is used before it is declared`,
      reason: "The block declares it further down, and JavaScript would throw here.",
      help: "move the declaration up, or give one of the two another name",
    });
  }
  if (node.name === "undefined") return nullLiteral;
  const input = ctx.input(node);
  if (input !== undefined) return input;
  const constant = staticValue(ctx.modules, ctx.module, node);
  if (constant !== undefined) return { expr: { kind: "literal", value: constant }, ...typeOfValue(constant) };
  if (ctx.callee(node.name) !== undefined) {
    return refuse(ctx, "HD3208", node, {
      message: `\`${node.name}\` is something to call, not a value`,
      reason: "Values of a workflow are JSON.",
      help: `write \`await ${node.name}(…)\``,
    });
  }
  return refuse(ctx, "HD3215", node, {
    message: `\`${node.name}\` is not known here`,
    reason: "A body knows its input, its own names, constants of the module that are written out, and what it imports to call.",
    help: "make it an input of the workflow, or get it from a handler",
  });
}

function lowerArray(ctx: Lowering, elements: Extract<Expression, { type: "ArrayExpression" }>["elements"], at: Place): Typed {
  const items: Typed[] = [];
  for (const element of elements) {
    if (element === null) items.push(nullLiteral);
    else if (element.type === "SpreadElement") items.push(refuseSpread(ctx, element));
    else items.push(ctx.expression(element, at));
  }
  const [first, ...others] = items;
  const type = first === undefined ? anyType : others.reduce<Pick<Typed, "type" | "nullable">>(commonType, first);
  return {
    expr: { kind: "array", items: items.map(({ expr }) => expr) },
    type: { kind: "array", items: type.nullable ? { kind: "json" } : type.type },
    nullable: false,
    parts: items.map(({ type: of, nullable }) => ({ type: of, nullable })),
  };
}

function lowerObject(ctx: Lowering, node: ObjectExpression, at: Place): Typed {
  const fields: { name: string; value: Typed }[] = [];
  for (const property of node.properties) {
    if (property.type === "SpreadElement") {
      refuseSpread(ctx, property);
      continue;
    }
    const name = keyOf(property.key, property.computed);
    if (name === undefined || property.kind !== "init") {
      refuse(ctx, "HD3210", property, {
        message: "the name of this field is computed",
        reason: "The fields of an object are known before a run.",
        help: "write its name out, or make the object in a handler",
      });
      continue;
    }
    fields.push({ name, value: ctx.expression(property.value, at) });
  }
  return {
    expr: { kind: "object", fields: fields.map(({ name, value }) => ({ name, value: value.expr })) },
    type: {
      kind: "object",
      fields: fields.map(({ name, value }) => ({ name, type: value.type, ...(value.nullable ? { optional: true } : {}) })),
    },
    nullable: false,
  };
}

function refuseSpread(ctx: Lowering, node: { readonly start: number; readonly end: number }): Typed {
  return refuse(ctx, "HD3207", node, {
    message: "`…` spreads a value whose parts are not known before a run",
    reason: "Lists and objects of a workflow are made of parts that are written out.",
    help: "name the parts, or put the two together in a handler",
  });
}

function lowerLogical(ctx: Lowering, node: Extract<Expression, { type: "LogicalExpression" }>, at: Place): Typed {
  if (node.operator === "??") {
    const left = ctx.expression(node.left, at);
    if (!awaits(node.right)) {
      const right = ctx.expression(node.right, at);
      const type = commonType({ type: left.type, nullable: false }, right);
      return { expr: { kind: "coalesce", left: left.expr, right: right.expr }, ...type, nullable: right.nullable };
    }
    const test: Expr = { kind: "eq", left: left.expr, right: literal(null) };
    const whole = eitherWay(
      ctx,
      at,
      test,
      (there) => ctx.expression(node.right, there),
      () => left,
      node.start,
    );
    return { ...whole, ...commonType({ type: left.type, nullable: false }, whole) };
  }
  const left = ctx.condition(node.left, at);
  if (!awaits(node.right)) {
    const right = ctx.condition(node.right, at);
    const kind = node.operator === "&&" ? "and" : "or";
    // `a && b && c` is one question with three parts, however the parser groups it.
    const before = left.expr.kind === kind ? left.expr.of : [left.expr];
    return { expr: { kind, of: [...before, right.expr] }, ...booleanType };
  }
  const right = (there: Place): Typed => ctx.condition(node.right, there);
  const known = (value: boolean) => (): Typed => ({ expr: literal(value), ...booleanType });
  return node.operator === "&&"
    ? eitherWay(ctx, at, left.expr, right, known(false), node.start)
    : eitherWay(ctx, at, left.expr, known(true), right, node.start);
}

function lowerConditional(ctx: Lowering, node: Extract<Expression, { type: "ConditionalExpression" }>, at: Place): Typed {
  const test = ctx.condition(node.test, at);
  if (awaits(node.consequent) || awaits(node.alternate)) {
    return eitherWay(
      ctx,
      at,
      test.expr,
      (there) => ctx.expression(node.consequent, there),
      (there) => ctx.expression(node.alternate, there),
      node.start,
    );
  }
  const then = ctx.expression(node.consequent, at);
  const otherwise = ctx.expression(node.alternate, at);
  return { expr: { kind: "if", test: test.expr, then: then.expr, else: otherwise.expr }, ...commonType(then, otherwise) };
}

/** Two ways to a value, of which one has steps in it: each writes the variable that is the value. */
function eitherWay(
  ctx: Lowering,
  at: Place,
  test: Expr,
  then: (there: Place) => Typed,
  otherwise: (there: Place) => Typed,
  offset: number,
): Typed {
  const { draft } = ctx;
  const { block } = at;
  const from = draft.fork(block, "choose", offset);
  const guard = draft.bind(test, block.frame);
  const variable = draft.declare("chosen", block.frame);
  const ways = [
    {
      block: {
        frame: block.frame,
        tails: [{ from, on: "success" as const, guard, priority: 0, asked: { start: offset, end: offset }, open: false }],
      },
      of: then,
    },
    { block: { frame: block.frame, tails: [{ from, on: "success" as const, priority: 1, open: false }] }, of: otherwise },
  ];
  const values = ways.map((way) => {
    const value = way.of({ ...at, block: way.block });
    draft.write(way.block, variable, value.expr);
    return value;
  });
  block.tails = ways.flatMap((way) => way.block.tails);
  const [a = nullValue, b = nullValue] = values;
  return { expr: variableRef(variable), ...commonType(a, b) };
}
