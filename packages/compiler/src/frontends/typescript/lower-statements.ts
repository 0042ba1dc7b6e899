/** Statements of one frame: declarations, assignments, branches, jumps. Regions are in files of their own. */
import type { Expr, JsonObject, JsonValue } from "@heddle/core";
import type { Expression, Node, Statement } from "oxc-parser";
import { literal } from "../../authoring/expressions.ts";
import { isStepNode, unwrap } from "./ast.ts";
import { anyType } from "./context.ts";
import type { Block, Jump, Tail, Target } from "./draft.ts";
import { jump } from "./jumps.ts";
import { lowerForOf, lowerLoop, refuseBound } from "./lower-loop.ts";
import { lowerTry } from "./lower-try.ts";
import { codeDepthMax, isText, isUnknown, type Lowering, type Place, refuse, textAt } from "./lowering.ts";
import { authoringCall } from "./module.ts";
import { assign, declareLet, kept, namesOfPattern } from "./patterns.ts";
import { failureType, readType } from "./read-types.ts";
import { Scope } from "./scope.ts";
import { staticValue } from "./static-values.ts";
import { takenApart } from "./taken-apart.ts";

/** Statements one after the other, in the scope of the place. */
export function lowerStatements(ctx: Lowering, list: readonly Statement[], at: Place): void {
  at.scope.announce(list.flatMap(declaredBy));
  for (const node of list) {
    if (node.type === "EmptyStatement") continue;
    if (at.block.tails.length === 0) {
      refuse(ctx, "HD3311", node, {
        message: `\`${textAt(ctx, node)}\` is never reached`,
        reason: "What stands before it returns or throws in any case.",
        help: "take it out",
      });
      return;
    }
    lowerStatement(ctx, node, at);
  }
}

/** The names that a statement declares in its block. */
export function declaredBy(node: Statement): readonly string[] {
  if (node.type !== "VariableDeclaration") return [];
  return node.declarations.flatMap(({ id }) => (id.type === "Identifier" ? [id.name] : namesOfPattern(id)));
}

function lowerStatement(ctx: Lowering, node: Statement, at: Place): void {
  if (ctx.depth >= codeDepthMax) {
    refuse(ctx, "HD3004", node, {
      message: "this statement nests too deep",
      reason: `At most ${codeDepthMax} levels of code are read.`,
      help: "make an inner part a workflow of its own",
    });
    return;
  }
  ctx.depth++;
  dispatch(ctx, node, at);
  ctx.depth--;
}

function dispatch(ctx: Lowering, node: Statement, at: Place): void {
  switch (node.type) {
    case "ExpressionStatement":
      lowerEffect(ctx, node.expression, at);
      return;
    case "VariableDeclaration":
      lowerDeclaration(ctx, node, at);
      return;
    case "BlockStatement":
      lowerStatements(ctx, node.body, { ...at, scope: new Scope(at.scope) });
      return;
    case "IfStatement":
      lowerIf(ctx, node, at);
      return;
    case "SwitchStatement":
      lowerSwitch(ctx, node, at);
      return;
    case "ReturnStatement":
      lowerReturn(ctx, node, at);
      return;
    case "ThrowStatement":
      lowerThrow(ctx, node, at);
      return;
    case "BreakStatement":
    case "ContinueStatement":
      lowerJump(ctx, node, at);
      return;
    case "WhileStatement":
    case "DoWhileStatement":
    case "ForStatement":
      lowerLoop(ctx, node, at, lowerEffect);
      return;
    case "ForOfStatement":
      lowerForOf(ctx, node, at);
      return;
    case "TryStatement":
      lowerTry(ctx, node, at);
      return;
    case "LabeledStatement":
      refuse(ctx, "HD3308", node.label, {
        message: `the label \`${node.label.name}\` names a place to jump to`,
        reason: "`break` and `continue` leave the innermost loop or switch.",
        help: "make the inner loop a workflow of its own, or say with a variable that the outer one ends",
      });
      return;
    default:
      refuse(ctx, "HD3309", node, {
        message: `\`${textAt(ctx, { start: node.start, end: Math.min(node.end, node.start + 30) })}\` is not a statement of a workflow`,
        reason: "There are const, let, if, switch, for, for … of, while, do, try, return, throw and steps.",
        help: "declare types and functions at the top of the module; do other work in a handler",
      });
  }
}

/** An expression for what it does. */
export function lowerEffect(ctx: Lowering, node: Expression, at: Place): void {
  const inner = unwrap(node);
  if (refuseBound(ctx, inner)) return;
  if (inner.type === "AssignmentExpression" || inner.type === "UpdateExpression") assign(ctx, inner, at);
  else if (isStepNode(inner)) ctx.expression(inner, at);
  else if (inner.type === "CallExpression" && inner.callee.type === "MemberExpression" && mutators.has(nameOf(inner.callee.property))) {
    refuse(ctx, "HD3301", inner, {
      message: `\`${textAt(ctx, inner)}\` changes a list in place`,
      reason: "Values of a workflow never change; its variables do.",
      help: "collect with `await Promise.all(list.map(async (item) => …))`, or put lists together in a handler",
    });
  } else ctx.expression(inner, at);
}

const mutators: ReadonlySet<string> = new Set(["push", "pop", "shift", "unshift", "splice", "sort", "reverse", "fill"]);

function nameOf(node: Node): string {
  return node.type === "Identifier" ? node.name : "";
}

function lowerDeclaration(ctx: Lowering, node: Extract<Statement, { type: "VariableDeclaration" }>, at: Place): void {
  const { kind } = node;
  if (kind !== "const" && kind !== "let") {
    refuse(ctx, "HD3309", node, {
      message: `\`${kind}\` declares nothing in a workflow`,
      reason: "A name stands for a value in the block that declares it.",
      help: "use `const` or `let`",
    });
  }
  for (const { id, init } of node.declarations) {
    if (init !== null) declareValue(ctx, id, init, at, kind === "let" ? "let" : "const");
    else if (id.type === "Identifier") {
      const annotation = id.typeAnnotation;
      const type = annotation === null || annotation === undefined ? anyType : readType(ctx, ctx.module, annotation.typeAnnotation);
      declareLet(ctx, id.name, { type: type.type, nullable: true }, at);
    }
  }
}

/** `const name = value`, or a pattern. A result that is taken apart at once needs no variable of its own. */
function declareValue(ctx: Lowering, pattern: Node, init: Expression, at: Place, kind: "const" | "let"): void {
  const value = ctx.expression(init, at);
  if (isStepNode(unwrap(init)) && takenApart(ctx, pattern, value, at, kind)) return;
  ctx.bindPattern(pattern, value, at, kind);
}

function lowerIf(ctx: Lowering, first: Extract<Statement, { type: "IfStatement" }>, at: Place): void {
  const { draft } = ctx;
  const { block } = at;
  const tails: Tail[] = [];
  let here: Place = at;
  // A loop, since a long chain of `else if` nests as deep as it is long.
  for (let node = first; ; ) {
    const test = ctx.condition(node.test, here);
    const from = draft.fork(here.block, "if", node.start);
    const guard = draft.bind(test.expr, block.frame);
    const then: Block = { frame: block.frame, tails: [{ from, on: "success", guard, priority: 0, asked: node.test, open: false }] };
    lowerStatement(ctx, node.consequent, { ...at, scope: new Scope(at.scope), block: then });
    tails.push(...then.tails);
    const otherwise: Block = { frame: block.frame, tails: [{ from, on: "success", priority: 1, open: false }] };
    here = { ...at, scope: new Scope(at.scope), block: otherwise };
    const { alternate } = node;
    if (alternate?.type === "IfStatement") {
      node = alternate;
      continue;
    }
    if (alternate !== null) lowerStatement(ctx, alternate, here);
    block.tails = [...tails, ...otherwise.tails];
    return;
  }
}

function lowerSwitch(ctx: Lowering, node: Extract<Statement, { type: "SwitchStatement" }>, at: Place): void {
  const { draft } = ctx;
  const { block } = at;
  const value = kept(ctx, ctx.expression(node.discriminant, at), "switched", at);
  const target: Target = { kind: "switch", frame: block.frame, n: ++ctx.jumps, breaks: [], continues: [] };
  const inside: Place = { ...at, scope: new Scope(at.scope), targets: [...at.targets, target] };
  const tails: Tail[] = [];
  let rest: Block = { frame: block.frame, tails: block.tails };
  let tests: (string | number | boolean | null)[] = [];
  let fallback: readonly Statement[] | undefined;
  let isDefault = false;
  node.cases.forEach((one, i) => {
    const last = i === node.cases.length - 1;
    if (one.test === null) isDefault = true;
    else {
      const known = staticValue(ctx.modules, ctx.module, one.test);
      if (known === undefined || (typeof known === "object" && known !== null))
        refuseCase(ctx, one.test, "a case is not a value that is written out");
      else tests.push(known);
    }
    if (one.consequent.length === 0 && !last) return;
    if (isDefault) fallback = one.consequent;
    if (isDefault && !last && !leaves(one.consequent)) refuseCase(ctx, one, "a case goes on into the next one");
    if (!isDefault) {
      const from = draft.fork(rest, "switch", one.start);
      const equal = tests.map((test) => ({ kind: "eq" as const, left: value.expr, right: literal(test) }));
      const [only] = equal;
      const guard = draft.bind(equal.length === 1 && only !== undefined ? only : { kind: "or", of: equal }, block.frame);
      const arm: Block = {
        frame: block.frame,
        tails: [{ from, on: "success", guard, priority: 0, asked: { start: one.start, end: one.test?.end ?? one.start }, open: false }],
      };
      lowerStatements(ctx, one.consequent, { ...inside, block: arm });
      if (arm.tails.length > 0 && !last) refuseCase(ctx, one, "a case goes on into the next one");
      tails.push(...arm.tails);
      rest = { frame: block.frame, tails: [{ from, on: "success", priority: 1, open: false }] };
    }
    tests = [];
    isDefault = false;
  });
  if (fallback !== undefined) lowerStatements(ctx, fallback, { ...inside, block: rest });
  block.tails = [...tails, ...target.breaks, ...rest.tails];
}

/** Whether the last statement leaves: enough to tell a forgotten `break`. */
function leaves(list: readonly Statement[]): boolean {
  const last = list.at(-1);
  if (last?.type === "BlockStatement") return leaves(last.body);
  return last !== undefined && ["BreakStatement", "ReturnStatement", "ThrowStatement", "ContinueStatement"].includes(last.type);
}

function refuseCase(ctx: Lowering, node: Node, message: string): void {
  refuse(ctx, "HD3307", node, {
    message,
    reason: "A switch compares one value with values that are known, and takes one way.",
    help: "end each case with `break`, `return` or `throw`, or write `if … else if`",
  });
}

function lowerReturn(ctx: Lowering, node: Extract<Statement, { type: "ReturnStatement" }>, at: Place): void {
  if (insideFinally(at)) {
    refuseInFinally(ctx, node);
    return;
  }
  const value = node.argument === null ? literal(null) : ctx.returned(node.argument, at).expr;
  jump(ctx.draft, at.block, { kind: "return" }, value, node.start);
}

function insideFinally(at: Place): boolean {
  for (let frame: Block["frame"] | undefined = at.block.frame; frame !== undefined && frame.kind !== "function"; frame = frame.parent) {
    if (frame.kind === "finally") return true;
  }
  return false;
}

function refuseInFinally(ctx: Lowering, node: Node): void {
  refuse(ctx, "HD3305", node, {
    message: `\`${textAt(ctx, node)}\` leaves a \`finally\``,
    reason: "It would make a failure or a cancel disappear.",
    help: "leave behind the `try`",
  });
}

function lowerJump(ctx: Lowering, node: Extract<Statement, { type: "BreakStatement" | "ContinueStatement" }>, at: Place): void {
  if (node.label !== null) return;
  const kind = node.type === "BreakStatement" ? "break" : "continue";
  const target = at.targets.findLast((one) => kind === "break" || one.kind === "loop");
  if (target === undefined) {
    refuseInFinally(ctx, node);
    return;
  }
  const to: Jump = { kind, target };
  jump(ctx.draft, at.block, to, undefined, node.start);
}

function lowerThrow(ctx: Lowering, node: Extract<Statement, { type: "ThrowStatement" }>, at: Place): void {
  const { draft } = ctx;
  const failure = thrown(ctx, unwrap(node.argument), at);
  if (failure === undefined) {
    refuse(ctx, "HD3306", node, {
      message: `what \`${textAt(ctx, node)}\` throws is no failure`,
      reason: "A failure has a code and a message, which are texts.",
      help: 'write `throw new Error("…")`, `throw failure("code", "…")`, or throw what was caught',
    });
  }
  const said = failure === undefined ? literal(null) : draft.bind(failure, at.block.frame);
  const router = draft.add(at.block, draft.claimId("throw"), { kind: "router", raw: { fail: failOf(said) } }, node.start);
  router.exit = isWrittenOut(said) ? literal(null) : said;
  at.block.tails = [];
}

/** What the router says by itself: all of it where it is written out, else what stands in for texts that turn out to be none. */
function failOf(said: Expr): JsonObject {
  const [code, message] =
    said.kind === "object" ? said.fields.map(({ value }) => (value.kind === "literal" ? value.value : undefined)) : [];
  const text = (value: JsonValue | undefined, otherwise: string): string => (typeof value === "string" ? value : otherwise);
  const fail = { code: text(code, "thrown"), message: text(message, "it was thrown without a message") };
  return isWrittenOut(said) ? fail : { ...fail, computed: true };
}

function isWrittenOut(said: Expr): boolean {
  return said.kind === "literal" || (said.kind === "object" && said.fields.every(({ value }) => value.kind === "literal"));
}

/** The failure as an object of code and message, or one that was caught. */
function thrown(ctx: Lowering, node: Expression, at: Place): Expr | undefined {
  if (node.type === "Identifier") {
    const value = ctx.expression(node, at);
    return value.type === failureType.type ? value.expr : undefined;
  }
  if (node.type !== "NewExpression" && node.type !== "CallExpression") return undefined;
  const isError = node.type === "NewExpression" && node.callee.type === "Identifier" && node.callee.name === "Error";
  if (!isError && authoringCall(ctx.module, node) !== "failure") return undefined;
  const values = node.arguments.map((one) => (one.type === "SpreadElement" ? undefined : ctx.expression(one, at)));
  if (values.length !== (isError ? 1 : 2) || values.some((value) => value === undefined || !(isText(value) || isUnknown(value))))
    return undefined;
  const exprs = values.flatMap((value) => (value === undefined ? [] : [value.expr]));
  const [code = literal("thrown"), message = literal("")] = isError ? [literal("thrown"), ...exprs] : exprs;
  return {
    kind: "object",
    fields: [
      { name: "code", value: code },
      { name: "message", value: message },
    ],
  };
}
