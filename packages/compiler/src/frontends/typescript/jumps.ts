/**
 * How control leaves a stretch of code other than by its end: `return`, `break`, `continue`.
 *
 * Within a frame a jump is an edge. Out of a region it is a value: the body ends with `how` it was left (and the
 * `value` returned) beside the variables, and behind the region the way parts by it. So nothing leaves a region
 * but its output, and a jump through several regions is taken up frame by frame.
 */
import type { Expr } from "@heddle/core";
import { literal, variableRef } from "../../authoring/expressions.ts";
import type { Block, Draft, Frame, Jump, LeftBy, Tail } from "./draft.ts";

const nothing = literal(null);

/** The output of a region's body: its copies, and how it was left. */
export function outputOf(frame: Frame, how?: string, value?: Expr): Expr {
  const fields = frame.copies.map((name) => ({ name, value: variableRef(name) }));
  return {
    kind: "object",
    fields: [
      ...fields,
      ...(how === undefined ? [] : [{ name: frame.left.how, value: literal(how) }]),
      ...(value === undefined ? [] : [{ name: frame.left.value, value }]),
    ],
  };
}

/** Ends the block in the ordinary way. */
export function endNormally(draft: Draft, block: Block, offset?: number): void {
  if (block.tails.length === 0) return;
  draft.end(block, block.frame.kind === "function" ? nothing : outputOf(block.frame), offset);
}

export function jump(draft: Draft, block: Block, to: Jump, value: Expr = nothing, offset?: number): void {
  const { frame } = block;
  if (to.kind !== "return" && to.target.frame === frame) {
    if (to.kind === "continue" || to.target.kind === "switch") {
      (to.kind === "continue" ? to.target.continues : to.target.breaks).push(...block.tails);
      block.tails = [];
      return;
    }
  }
  if (frame.kind === "function") {
    draft.end(block, value, offset);
    return;
  }
  const how = to.kind === "return" ? "return" : `${to.kind}-${to.target.n}`;
  frame.jumps.set(how, to);
  draft.end(block, outputOf(frame, how, to.kind === "return" ? value : undefined), offset);
}

/**
 * Takes up behind a region the jumps that left its bodies. `done`: needs nothing more. `falls`: whether the region may
 * also end in the ordinary way.
 */
export function takeUp(
  draft: Draft,
  block: Block,
  jumps: ReadonlyMap<string, Jump>,
  left: LeftBy,
  done: (to: Jump) => boolean,
  falls: boolean,
): void {
  const open = [...jumps].filter(([, to]) => !done(to));
  if (open.length === 0) {
    if (!falls) draft.end(block, nothing);
    return;
  }
  const from = draft.fork(block, "left");
  const tails: Tail[] = [];
  open.forEach(([how, to], i) => {
    const only = !falls && i === open.length - 1;
    const guard = draft.bind({ kind: "eq", left: variableRef(left.how), right: literal(how) }, block.frame);
    const tail: Tail = { from, on: "success", ...(only ? {} : { guard }), priority: i, open: false };
    const arm: Block = { frame: block.frame, tails: [tail] };
    jump(draft, arm, to, to.kind === "return" ? variableRef(left.value) : undefined);
    tails.push(...arm.tails);
  });
  block.tails = falls ? [...tails, { from, on: "success", priority: open.length, open: false }] : tails;
}
