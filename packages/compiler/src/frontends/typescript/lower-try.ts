/** `try`, `catch` and `finally`: one region, whose bodies give back the variables that they changed. */

import type { Node, Statement } from "oxc-parser";
import { resultRef, variableRef } from "../../authoring/expressions.ts";
import { assignmentsIn, isStepNode, namesIn, walk } from "./ast.ts";
import type { Block } from "./draft.ts";
import { endNormally, takeUp } from "./jumps.ts";
import { assignedIn, leftBy } from "./lower-loop.ts";
import { type Lowering, type Place, refuse, textAt } from "./lowering.ts";
import { failureType } from "./read-types.ts";
import { Scope } from "./scope.ts";

type Try = Extract<Statement, { type: "TryStatement" }>;

export function lowerTry(ctx: Lowering, node: Try, at: Place): void {
  const { draft } = ctx;
  const { block } = at;
  const id = draft.claimId("try");
  const copies = assignedIn(at, [node.block, node.handler]);
  const left = leftBy(draft, block.frame);
  checkFailing(ctx, node, at);
  const region = (): Block => {
    const inner = draft.frame("region", block.frame, copies, left);
    for (const name of copies) {
      draft.reach(name, block.frame);
      inner.frame.inputs.set(name, variableRef(name));
    }
    return inner;
  };
  const body = region();
  ctx.statements(node.block.body, { ...at, scope: new Scope(at.scope), block: body, inTry: true });
  let falls = body.tails.length > 0;
  endNormally(draft, body, node.block.start);
  const { handler } = node;
  const caught = handler === null ? undefined : region();
  let failureName: string | undefined;
  if (handler !== null && caught !== undefined) {
    failureName = draft.declare(handler.param?.type === "Identifier" ? handler.param.name : "failure", caught.frame);
    const inside: Place = { ...at, scope: new Scope(at.scope), block: caught, inTry: at.inTry || node.finalizer !== null };
    if (handler.param !== null) ctx.bindPattern(handler.param, { expr: variableRef(failureName), ...failureType }, inside, "const");
    ctx.statements(handler.body.body, inside);
    falls ||= caught.tails.length > 0;
    endNormally(draft, caught, handler.start);
  }
  const last = node.finalizer === null ? undefined : draft.frame("finally", block.frame);
  if (last !== undefined && node.finalizer !== null) {
    ctx.statements(node.finalizer.body, { ...at, scope: new Scope(at.scope), block: last, inTry: at.inTry, targets: [] });
    endNormally(draft, last, node.finalizer.start);
  }
  const late = (): object => ({
    kind: "try",
    body: draft.body(body.frame),
    ...(caught === undefined ? {} : { catch: draft.body(caught.frame) }),
    ...(failureName === undefined || failureName === "failure" ? {} : { failureName }),
    ...(last === undefined ? {} : { finally: draft.body(last.frame) }),
  });
  const added = draft.add(block, id, { late }, node.start);
  const jumps = new Map([...body.frame.jumps, ...(caught?.frame.jumps ?? [])]);
  const out = [...copies, ...(jumps.size > 0 ? [left.how, left.value] : [])];
  for (const name of out) added.writes.push({ variable: name, value: { kind: "field", of: resultRef, name }, on: "success" });
  takeUp(draft, block, jumps, left, () => false, falls);
}

/**
 * A body that fails gives nothing back, so a variable that it had assigned by then keeps its old value, where
 * JavaScript would show the new one. Where that could be seen, it is refused.
 */
function checkFailing(ctx: Lowering, node: Try, at: Place): void {
  const mayFail: Node[] = [];
  const loops: Node[] = [];
  walk(node.block, (inner) => {
    if (isStepNode(inner) || inner.type === "ThrowStatement") mayFail.push(inner);
    if (/^(?:For|While|DoWhile)/.test(inner.type)) loops.push(inner);
    return true;
  });
  const told = new Set<string>();
  const assigned = assignmentsIn(node.block).filter(({ name }) => at.scope.get(name)?.variable !== undefined);
  for (const { name, node: assignment } of assigned) {
    const around = loops.find((loop) => loop.start < assignment.start && loop.end >= assignment.end);
    const failing = mayFail.find(
      ({ start }) => start >= assignment.end || (around !== undefined && start >= around.start && start < around.end),
    );
    if (failing === undefined || told.has(name) || !isSeen(ctx, node, name, at)) continue;
    told.add(name);
    refuse(ctx, "HD3304", assignment, {
      message: `\`${name}\` is assigned before \`${textAt(ctx, failing)}\`, which may fail, and read after it failed`,
      reason: "A `try` that fails gives nothing back: the variable would still have the value from before it.",
      help: `assign it behind \`${textAt(ctx, failing)}\`, or give that a \`try\` of its own`,
    });
  }
  const { finalizer } = node;
  if (finalizer === null) return;
  const changed = new Set([...assigned, ...(node.handler === null ? [] : assignmentsIn(node.handler))].map(({ name }) => name));
  for (const { name, start } of namesIn(finalizer)) {
    if (!changed.delete(name) || at.scope.get(name)?.variable === undefined) continue;
    refuse(
      ctx,
      "HD3305",
      { start, end: start + name.length },
      {
        message: `\`finally\` reads \`${name}\`, which the \`try\` assigns`,
        reason: "A `finally` also runs while a run is being cancelled, and is given the values from before the `try`.",
        help: "read it behind the `try`",
      },
    );
  }
}

/** Whether somebody could see what a variable holds after the body failed. */
function isSeen(ctx: Lowering, node: Try, name: string, at: Place): boolean {
  const { handler } = node;
  if (handler === null) return false;
  if (namesIn(handler.body).some((one) => one.name === name)) return true;
  const last = handler.body.body.at(-1);
  if (last?.type === "ReturnStatement" || last?.type === "ThrowStatement") return false;
  return at.targets.length > 0 || namesIn(ctx.whole).some((one) => one.name === name && one.start >= node.end);
}
