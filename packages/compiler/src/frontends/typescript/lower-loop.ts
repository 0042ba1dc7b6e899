/** Loops: `while`, `do` and `for` become loop regions with carried variables, `for … of` a map where its items have nothing to do with each other. */
import { type Expr, refsOf } from "@heddle/core";
import type { CallExpression, Expression, Node, Statement } from "oxc-parser";
import { literal, resultRef, variableRef } from "../../authoring/expressions.ts";
import { assignmentsIn, awaits, isFunctionNode, walk } from "./ast.ts";
import { anyType, booleanType, type StaticType, type Typed } from "./context.ts";
import type { Block, Draft, Frame, LeftBy, Target } from "./draft.ts";
import { endNormally, jump, takeUp } from "./jumps.ts";
import { bodyOfMap } from "./lower-concurrent.ts";
import { isUnknown, type Lowering, type Place, refuse, textAt } from "./lowering.ts";
import { authoringCall } from "./module.ts";
import { kept } from "./patterns.ts";
import { Scope } from "./scope.ts";
import { staticValue } from "./static-values.ts";

type Effect = (ctx: Lowering, node: Expression, at: Place) => void;

/** The variables of a place that something in these nodes assigns. */
export function assignedIn(at: Place, nodes: readonly (Node | null)[]): readonly string[] {
  const names = new Set<string>();
  for (const node of nodes) {
    for (const { name } of node === null ? [] : assignmentsIn(node)) {
      const variable = at.scope.get(name)?.variable;
      if (variable !== undefined) names.add(variable);
    }
  }
  return [...names];
}

/** Names of the variables that say how a region was left. */
export function leftBy(draft: Draft, frame: Frame): LeftBy {
  return { how: draft.declare("how", frame), value: draft.declare("value", frame) };
}

interface Loop {
  readonly node: Node;
  /** How many there may be. Absent: the limits of the run. */
  readonly rounds?: number | undefined;
  /** Evaluated before each iteration; steps in it go into the body. */
  readonly test: Expression | undefined;
  readonly condition?: Typed | undefined;
  readonly after: boolean;
  readonly copies: readonly string[];
  /** First values of copies that are not variables of the block yet. */
  readonly initial?: ReadonlyMap<string, Expr>;
  readonly body: (there: Place) => void;
  readonly update: (there: Place) => void;
}

export function lowerLoop(
  ctx: Lowering,
  node: Extract<Statement, { type: "WhileStatement" | "DoWhileStatement" | "ForStatement" }>,
  given: Place,
  effect: Effect,
): void {
  const at: Place = { ...given, scope: new Scope(given.scope) };
  if (node.type === "ForStatement" && node.init !== null) {
    if (node.init.type === "VariableDeclaration") ctx.statements([node.init], at);
    else effect(ctx, node.init, at);
  }
  const update = node.type === "ForStatement" ? node.update : null;
  const { rounds, body } = boundOf(ctx, node.body);
  lowerRegion(ctx, at, {
    node,
    rounds,
    test: node.test ?? undefined,
    after: node.type === "DoWhileStatement",
    copies: assignedIn(at, [node.test, update, node.body]),
    body: (there) => ctx.statements([body], there),
    update: (there) => {
      if (update !== null) effect(ctx, update, there);
    },
  });
}

/** Takes the bound of a loop from the start of its body. */
function boundOf(ctx: Lowering, body: Statement): { readonly rounds?: number; readonly body: Statement } {
  if (body.type !== "BlockStatement") return { body };
  const [first, ...others] = body.body;
  if (first?.type !== "ExpressionStatement" || !isBound(ctx, first.expression)) return { body };
  const [given, another] = first.expression.arguments;
  const value = given === undefined || given.type === "SpreadElement" ? undefined : staticValue(ctx.modules, ctx.module, given);
  const rest: Statement = { ...body, body: others };
  if (typeof value === "number" && Number.isSafeInteger(value) && value >= 1 && another === undefined) return { rounds: value, body: rest };
  refuse(ctx, "HD3313", first, {
    message: `\`${textAt(ctx, first.expression)}\` is no number of rounds`,
    reason: "The bound of a loop is known before a run: a whole number, at least 1.",
    help: "write it out, as in `bound(100)`, or name a `const` of it",
  });
  return { body: rest };
}

function isBound(ctx: Lowering, node: Expression): node is CallExpression {
  return node.type === "CallExpression" && authoringCall(ctx.module, node) === "bound";
}

/** Refuses a bound that stands where none is taken from; false for everything else. */
export function refuseBound(ctx: Lowering, node: Expression): boolean {
  if (!isBound(ctx, node)) return false;
  refuse(ctx, "HD3313", node, {
    message: `\`${textAt(ctx, node)}\` bounds no loop here`,
    reason: "A bound is the first statement in the body of a `while`, a `do` or a `for` with a condition; `for … of` ends with its list.",
    help: "make it the first statement of the loop, or take it out",
  });
  return true;
}

function lowerRegion(ctx: Lowering, at: Place, loop: Loop): void {
  const { draft } = ctx;
  const { block } = at;
  const id = draft.claimId("loop");
  const left = leftBy(draft, block.frame);
  const inner = draft.frame("region", block.frame, loop.copies, left);
  const target: Target = { kind: "loop", frame: inner.frame, n: ++ctx.jumps, breaks: [], continues: [] };
  const there: Place = { ...at, scope: new Scope(at.scope), block: inner, targets: [...at.targets, target] };
  const { test, after } = loop;
  const inBody = test !== undefined && awaits(test);
  const condition = inBody || test === undefined ? loop.condition : ctx.condition(test, at);
  const constants = constantsOf(condition?.expr, inner.frame);
  for (const name of constants) {
    draft.reach(name, block.frame);
    inner.frame.variables.add(name);
  }
  if (inBody && !after) leaveUnless(ctx, test, there, target);
  if (inner.tails.length > 0) loop.body(there);
  inner.tails.push(...target.continues);
  if (inner.tails.length > 0) loop.update(there);
  if (inBody && after && inner.tails.length > 0) leaveUnless(ctx, test, there, target);
  endNormally(draft, inner, loop.node.start);
  const { jumps } = inner.frame;
  for (const name of loop.copies) if (loop.initial?.has(name) !== true) draft.reach(name, block.frame);
  const leaving = jumps.size > 0 ? [left.how, left.value] : [];
  const carried = [
    ...loop.copies.map((name) => ({ name, initial: loop.initial?.get(name) ?? variableRef(name) })),
    ...constants.map((name) => ({ name, initial: variableRef(name) })),
    ...leaving.map((name) => ({ name, initial: literal(null) })),
  ];
  for (const name of leaving) draft.reach(name, block.frame);
  const goesOn: Expr = condition?.expr ?? literal(true);
  const still: Expr = { kind: "eq", left: variableRef(left.how), right: literal(null) };
  const whole: Expr = jumps.size === 0 ? goesOn : isTrue(goesOn) ? still : { kind: "and", of: [still, goesOn] };
  const names = new Set([...constants, ...loop.copies]);
  const late = (): object => ({
    kind: "loop",
    carried,
    while: whole,
    ...(after ? { test: "after" } : {}),
    ...(loop.rounds === undefined ? {} : { iterationsMax: loop.rounds }),
    body: draft.body(inner.frame, names),
  });
  const region = draft.add(block, id, { late }, loop.node.start);
  const out = [...loop.copies.filter((name) => loop.initial?.has(name) !== true), ...leaving];
  for (const name of out) region.writes.push({ variable: name, value: { kind: "field", of: resultRef, name }, on: "success" });
  takeUp(draft, block, jumps, left, (to) => to.kind === "break" && to.target === target, true);
}

function isTrue(expr: Expr): boolean {
  return expr.kind === "literal" && expr.value === true;
}

/** A condition sees carried variables only, so what else it reads is carried along. */
function constantsOf(condition: Expr | undefined, frame: Frame): readonly string[] {
  const names = condition === undefined ? [] : refsOf(condition).flatMap(({ name }) => (name === undefined ? [] : [name]));
  return [...new Set(names)].filter((name) => !frame.variables.has(name));
}

/** A condition with steps in it, written into the body. */
function leaveUnless(ctx: Lowering, test: Expression, there: Place, target: Target): void {
  const { draft } = ctx;
  const { block } = there;
  const value = ctx.condition(test, there);
  const from = draft.fork(block, "while", test.start);
  const guard = draft.bind(value.expr, block.frame);
  const out: Block = { frame: block.frame, tails: [{ from, on: "success", priority: 1, open: false }] };
  jump(draft, out, { kind: "break", target });
  block.tails = [{ from, on: "success", guard, priority: 0, asked: test, open: false }];
}

export function lowerForOf(ctx: Lowering, node: Extract<Statement, { type: "ForOfStatement" }>, at: Place): void {
  const { left } = node;
  const [declared] = left.type === "VariableDeclaration" ? left.declarations : [];
  if (node.await || left.type !== "VariableDeclaration" || left.kind === "var" || declared === undefined) {
    refuse(
      ctx,
      "HD3309",
      { start: node.start, end: node.right.end },
      {
        message: node.await ? "`for await` reads a stream" : "this loop has no name of its own for the item",
        reason: "A loop goes over a list that is there.",
        help: "write `for (const item of list)`",
      },
    );
    return;
  }
  const list = ctx.expression(node.right, at);
  if (list.type.kind !== "array" && !isUnknown(list)) {
    refuse(ctx, "HD3218", node.right, {
      message: `\`${textAt(ctx, node.right)}\` is no list`,
      reason: "Something is done for each item of a list.",
      help: "give a list",
    });
    return;
  }
  const itemType: StaticType = list.type.kind === "array" ? { type: list.type.items, nullable: list.type.items.kind === "json" } : anyType;
  const kind = left.kind === "let" ? "let" : "const";
  const bind = (there: Place, item: Typed): void => ctx.bindPattern(declared.id, item, there, kind);
  const copies = assignedIn(at, [node.body]);
  if (copies.length === 0 && !mayLeave(node.body)) eachItem(ctx, at, node, list, itemType, bind);
  else oneByOne(ctx, at, node, list, itemType, bind, copies);
}

/** Whether something in a body may leave it for good. */
function mayLeave(body: Node): boolean {
  let found = false;
  walk(body, (node) => {
    if (node.type === "ReturnStatement" || node.type === "BreakStatement") found = true;
    return !found && !isFunctionNode(node);
  });
  return found;
}

type Bind = (there: Place, item: Typed) => void;

function eachItem(
  ctx: Lowering,
  at: Place,
  node: Extract<Statement, { type: "ForOfStatement" }>,
  list: Typed,
  itemType: StaticType,
  bind: Bind,
): void {
  const { draft } = ctx;
  const over = draft.bind(list.expr, at.block.frame);
  const body = bodyOfMap(ctx, at, node, list, itemType, (there, item) => {
    const target: Target = { kind: "loop", frame: there.block.frame, n: ++ctx.jumps, breaks: [], continues: [] };
    const inside: Place = { ...there, inTry: at.inTry, targets: [target] };
    bind(inside, item);
    ctx.statements([node.body], inside);
    there.block.tails.push(...target.continues);
    endNormally(draft, there.block, node.start);
    return { expr: literal(null), ...anyType };
  });
  draft.add(at.block, body.id, { late: () => ({ kind: "map", over, concurrencyMax: 1, ...body.fields() }) }, node.start);
}

function oneByOne(
  ctx: Lowering,
  at: Place,
  node: Extract<Statement, { type: "ForOfStatement" }>,
  given: Typed,
  itemType: StaticType,
  bind: Bind,
  copies: readonly string[],
): void {
  const { draft } = ctx;
  const list = kept(ctx, given, "list", at);
  const i = draft.declare("i", at.block.frame);
  ctx.mutable.add(i);
  const index = variableRef(i);
  const condition: Typed = {
    expr: { kind: "compare", op: "lt", left: index, right: { kind: "length", of: list.expr } },
    ...booleanType,
  };
  lowerRegion(ctx, at, {
    node,
    test: undefined,
    condition,
    after: false,
    copies: [i, ...copies],
    initial: new Map([[i, literal(0)]]),
    body: (there) => {
      bind(there, { expr: { kind: "index", of: list.expr, at: index }, ...itemType });
      ctx.statements([node.body], there);
    },
    update: (there) => draft.write(there.block, i, { kind: "arithmetic", op: "add", left: index, right: literal(1) }),
  });
}
