/** What happens at the same time: `Promise.all` of steps becomes a parallel region, of a mapped list a map region. */
import type { CallExpression, Expression, Statement } from "oxc-parser";
import { literal, resultRef, variableRef } from "../../authoring/expressions.ts";
import { unwrap } from "./ast.ts";
import { anyType, nullValue, numberType, type StaticType, type Typed } from "./context.ts";
import { functionOf } from "./declarations.ts";
import type { Block } from "./draft.ts";
import { endNormally } from "./jumps.ts";
import { commonType, isUnknown, type Lowering, type Place, refuse, textAt } from "./lowering.ts";
import type { FunctionLike } from "./module.ts";
import { readType } from "./read-types.ts";
import { Scope } from "./scope.ts";

type Awaited = (node: Expression, at: Place) => Typed;

export function lowerAll(ctx: Lowering, node: CallExpression, at: Place, awaited: Awaited): Typed {
  const [given, more] = node.arguments;
  const inner = given === undefined || given.type === "SpreadElement" ? undefined : unwrap(given);
  if (inner !== undefined && more === undefined) {
    if (inner.type === "ArrayExpression") return lowerParallel(ctx, inner, at, awaited);
    const mapped = mappedBy(inner);
    if (mapped !== undefined) return lowerMap(ctx, node, mapped, at);
  }
  return refuse(ctx, "HD3218", node, {
    message: `\`${textAt(ctx, node)}\` does not say what happens at the same time`,
    reason: "The steps, or the list and what is done for each item of it, are read here.",
    help: "write `Promise.all([first(a), second(b)])` or `Promise.all(list.map(async (item) => …))`",
  });
}

interface Mapped {
  readonly list: Expression;
  readonly fn: FunctionLike;
}

function mappedBy(node: Expression): Mapped | undefined {
  if (node.type !== "CallExpression" || node.callee.type !== "MemberExpression" || node.callee.computed || node.arguments.length !== 1)
    return undefined;
  const [given] = node.arguments;
  const fn = given === undefined || given.type === "SpreadElement" ? undefined : functionOf(given);
  return node.callee.property.name === "map" && fn !== undefined && !fn.generator ? { list: node.callee.object, fn } : undefined;
}

function lowerParallel(ctx: Lowering, node: Extract<Expression, { type: "ArrayExpression" }>, at: Place, awaited: Awaited): Typed {
  const { draft } = ctx;
  const { block } = at;
  if (node.elements.length === 0)
    return { expr: { kind: "array", items: [] }, type: { kind: "array", items: { kind: "json" } }, nullable: false };
  const id = draft.claimId("parallel");
  const branches = node.elements.map((element, i) => {
    const inner = draft.frame("function", block.frame);
    const there: Place = { scope: new Scope(at.scope), block: inner, inTry: false, targets: [] };
    let value: Typed = nullValue;
    if (element?.type === "SpreadElement") {
      refuse(ctx, "HD3207", element, {
        message: "`…` spreads steps that are not known before a run",
        reason: "The branches of a parallel step are known before a run.",
        help: "for each item of a list, write `Promise.all(list.map(async (item) => …))`",
      });
    } else if (element !== null && element !== undefined) value = branchOf(ctx, unwrap(element), there, awaited);
    if (inner.tails.length > 0) draft.end(inner, value.expr, element?.start);
    return { name: `b${i}`, value, body: inner.frame };
  });
  const late = (): object => ({ kind: "parallel", branches: branches.map(({ name, body }) => ({ name, body: draft.body(body) })) });
  const region = draft.add(block, id, { late }, node.start);
  const variable = draft.declare("all", block.frame);
  region.writes.push({ variable, value: resultRef, on: "success" });
  const items = branches.map(({ name }) => ({ kind: "field" as const, of: variableRef(variable), name }));
  const [first = nullValue, ...others] = branches.map(({ value }) => value);
  const type = others.reduce<StaticType>(commonType, first);
  return {
    expr: { kind: "array", items },
    type: { kind: "array", items: type.nullable ? { kind: "json" } : type.type },
    nullable: false,
    parts: branches.map(({ value: { type: of, nullable } }) => ({ type: of, nullable })),
  };
}

/** One branch: a step, a whole `Promise.all`, a function called at once, or a value. */
function branchOf(ctx: Lowering, node: Expression, there: Place, awaited: Awaited): Typed {
  if (node.type !== "CallExpression") return ctx.expression(node, there);
  const fn = functionOf(node.callee);
  if (fn === undefined) return awaited(node, there);
  return runFunction(ctx, fn, there);
}

/** The body of a function, written into the block; what it returns is the output of its frame. */
function runFunction(ctx: Lowering, fn: FunctionLike, there: Place): Typed {
  const type = returnType(ctx, fn);
  if (fn.body === null) return nullValue;
  if (fn.body.type !== "BlockStatement") {
    const value = ctx.returned(fn.body, there);
    return fn.returnType === null || fn.returnType === undefined ? value : { expr: value.expr, ...type };
  }
  ctx.statements(fn.body.body as readonly Statement[], there);
  endNormally(ctx.draft, there.block);
  return { expr: literal(null), ...type };
}

function returnType(ctx: Lowering, fn: FunctionLike): StaticType {
  return fn.returnType === null || fn.returnType === undefined ? anyType : readType(ctx, ctx.module, fn.returnType.typeAnnotation);
}

export function lowerMap(ctx: Lowering, node: Expression, { list, fn }: Mapped, at: Place): Typed {
  const { draft } = ctx;
  const { block } = at;
  const over = ctx.expression(list, at);
  if (over.type.kind !== "array" && !isUnknown(over)) {
    return refuse(ctx, "HD3218", list, {
      message: `\`${textAt(ctx, list)}\` is no list`,
      reason: "Something is done for each item of a list.",
      help: "give a list",
    });
  }
  const [itemParameter, indexParameter, third] = fn.params;
  if (third !== undefined || itemParameter?.type === "RestElement" || itemParameter?.type === "TSParameterProperty") {
    return refuse(ctx, "HD3310", third ?? itemParameter ?? node, {
      message: "the function is given an item and its position, and nothing else",
      reason: "Each item is worked on by itself.",
      help: "use the list by its own name inside",
    });
  }
  const itemType: StaticType = over.type.kind === "array" ? { type: over.type.items, nullable: over.type.items.kind === "json" } : anyType;
  const body = bodyOfMap(ctx, at, node, over, itemType, (there, item, index) => {
    if (itemParameter !== undefined) ctx.bindPattern(itemParameter, item, there, "const");
    if (indexParameter !== undefined) ctx.bindPattern(indexParameter, index(), there, "const");
    return runFunction(ctx, fn, there);
  });
  const region = draft.add(
    block,
    body.id,
    { late: () => ({ kind: "map", over: draft.bind(over.expr, block.frame), ...body.fields() }) },
    node.start,
  );
  draft.bind(over.expr, block.frame);
  const variable = draft.declare("mapped", block.frame);
  region.writes.push({ variable, value: resultRef, on: "success" });
  return {
    expr: variableRef(variable),
    type: { kind: "array", items: body.type.nullable ? { kind: "json" } : body.type.type },
    nullable: false,
  };
}

/** The body of a map region, and what its items give. */
export function bodyOfMap(
  ctx: Lowering,
  at: Place,
  node: { readonly start: number },
  list: Typed,
  itemType: StaticType,
  write: (there: Place, item: Typed, index: () => Typed) => Typed,
): { readonly id: string; readonly inner: Block; readonly type: StaticType; readonly fields: () => object } {
  const { draft } = ctx;
  const id = draft.claimId("map");
  const inner = draft.frame("function", at.block.frame);
  const item = draft.declare("item", inner.frame);
  const held = list.expr.kind === "ref" && list.expr.name !== undefined ? draft.held.get(list.expr.name) : undefined;
  if (held?.kind === "array" && held.items.kind !== "json") draft.held.set(item, held.items);
  let index: string | undefined;
  const indexValue = (): Typed => {
    index = draft.declare("index", inner.frame);
    return { expr: variableRef(index), ...numberType };
  };
  const there: Place = { scope: new Scope(at.scope), block: inner, inTry: false, targets: [] };
  const value = write(there, { expr: variableRef(item), ...itemType }, indexValue);
  if (inner.tails.length > 0) draft.end(inner, value.expr, node.start);
  const fields = (): object => ({ item, ...(index === undefined ? {} : { index }), body: draft.body(inner.frame) });
  return { id, inner, type: value, fields };
}
