/**
 * Regions: one mechanism for parallel, map, loop and try. Open N frames, collect N results, close.
 */
import {
  type Failure,
  failureOf,
  InvariantViolatedError,
  type JsonValue,
  type OpenedFrame,
  pathOf,
  type Source,
  type Sources,
} from "@heddle/core";
import { type Activation, type Frame, newVars, type RegionState } from "../run/state.ts";
import { collectedOf } from "./evolve-frames.ts";
import { enter, frameOf, planned, scopeOf, succeed } from "./flow.ts";
import type { BodyPlan, NodePlan } from "./plan.ts";
import { sourceOr, type Turn, type Work } from "./turn.ts";
import { unwindFrames } from "./unwind.ts";

/** A region was just opened: open its first frames, or close it at once. */
export function openRegion(turn: Turn, activation: Activation, region: RegionState): void {
  const node = planned(turn, activation.node);
  switch (region.kind) {
    case "parallel":
      openFrames(
        turn,
        activation,
        node.bodies.map((body, index) => ({ body, index })),
      );
      return;
    case "map":
      fillMap(turn, activation, node, region);
      return;
    case "loop":
      continueLoop(turn, activation, node, region);
      return;
    case "try":
      openFrames(turn, activation, [{ body: bodyAt(node, "body"), index: 0 }]);
      return;
    default:
  }
}

/** A frame of the region ended: see what is next. */
export function advanceRegion(turn: Turn, activation: Activation, region: RegionState, slot: string, failed: boolean): void {
  const node = planned(turn, activation.node);
  if (region.kind === "try") {
    advanceTry(turn, activation, region, node, slot, failed);
    return;
  }
  if (region.ending !== undefined) {
    if (region.open === 0) endUnwound(turn, activation, region);
    return;
  }
  if (region.failure !== undefined) {
    if (region.open === 0) turn.queue({ kind: "fail-activation", activation: activation.id, failure: region.failure, on: "failure" });
    else unwindFrames(turn, activation, "sibling-failed");
    return;
  }
  if (region.kind === "loop") continueLoop(turn, activation, node, region);
  else if (region.kind === "map") fillMap(turn, activation, node, region);
  else if (region.open === 0) succeed(turn, activation, collectedOf(region), { collected: true });
}

/** The last frame of a region that is being unwound is gone. */
export function endUnwound(turn: Turn, activation: Activation, region: RegionState): void {
  if (region.kind === "try" && region.slot !== "finally") {
    const node = planned(turn, activation.node);
    const cleanup = node.bodies.find((body) => body.slot === "finally");
    if (cleanup !== undefined) {
      openFrames(turn, activation, [{ body: cleanup, index: region.next }]);
      return;
    }
  }
  const frame = frameOf(turn, activation);
  if (frame.closing !== undefined) {
    cancelRegion(turn, activation);
  } else if (region.ending === "timeout") {
    turn.queue({ kind: "fail-activation", activation: activation.id, failure: timeoutFailure(activation), on: "timeout" });
  } else {
    const failure = region.failure ?? failureOf("internal", "a region was unwound and left no failure", "control");
    turn.queue({ kind: "fail-activation", activation: activation.id, failure, on: "failure" });
  }
}

/** A region in a frame that is being unwound, without a frame of its own: it was never opened, or has lost them all. */
export function cancelRegion(turn: Turn, activation: Activation): void {
  turn.emit({ kind: "activation-cancelled", activation: activation.id });
  turn.queue({ kind: "close-frame", frame: activation.frame });
}

export function timeoutFailure(activation: Activation): Failure {
  return failureOf("timeout", `${activation.node} was not done in time`, "timeout", { node: activation.node });
}

function advanceTry(turn: Turn, activation: Activation, region: RegionState, node: NodePlan, slot: string, failed: boolean): void {
  if (region.ending !== undefined) {
    endUnwound(turn, activation, region);
    return;
  }
  const handler = node.bodies.find((body) => body.slot === "catch");
  if (slot === "body" && failed && handler !== undefined) {
    openFrames(turn, activation, [{ body: handler, index: region.next }]);
    return;
  }
  const cleanup = node.bodies.find((body) => body.slot === "finally");
  if (slot !== "finally" && cleanup !== undefined) {
    openFrames(turn, activation, [{ body: cleanup, index: region.next }]);
    return;
  }
  if (region.failure === undefined) succeed(turn, activation, collectedOf(region), { collected: true });
  else turn.queue({ kind: "fail-activation", activation: activation.id, failure: region.failure, on: "failure" });
}

function fillMap(turn: Turn, activation: Activation, node: NodePlan, region: RegionState): void {
  const room = (node.node.kind === "map" ? node.node.concurrencyMax : undefined) ?? Number.POSITIVE_INFINITY;
  const count = Math.min(region.total - region.next, room - region.open);
  if (count > 0) {
    const body = bodyAt(node, "body");
    openFrames(
      turn,
      activation,
      Array.from({ length: count }, (_, i) => ({ body, index: region.next + i })),
    );
  } else if (region.open === 0) succeed(turn, activation, collectedOf(region), { collected: true });
}

function continueLoop(turn: Turn, activation: Activation, node: NodePlan, region: RegionState): void {
  const ir = node.node;
  if (ir.kind !== "loop") return;
  const first = region.next === 0;
  const goesOn = (first && ir.test === "after") || holds(turn, activation, node, region);
  if (!goesOn) {
    succeed(turn, activation, collectedOf(region), { collected: true });
  } else if (ir.iterationsMax !== undefined && region.next >= ir.iterationsMax) {
    const failure = failureOf("iterations-exceeded", `${node.id} may go round ${ir.iterationsMax} times, and wants to go on`, "control", {
      node: node.id,
    });
    turn.queue({ kind: "fail-activation", activation: activation.id, failure, on: "failure" });
  } else {
    openFrames(turn, activation, [{ body: bodyAt(node, "body"), index: region.next }]);
  }
}

function holds(turn: Turn, activation: Activation, node: NodePlan, region: RegionState): boolean {
  const frame = frameOf(turn, activation);
  return node.own["while"]?.eval(scopeOf(frame, region.carried, {})) === true;
}

function bodyAt(node: NodePlan, slot: string): BodyPlan {
  const body = node.bodies.find((candidate) => candidate.slot === slot);
  if (body === undefined) throw new InvariantViolatedError(`${node.id} has no body ${slot}`);
  return body;
}

/** Opens frames in one event; each goes straight to its entry, or to a router as work. */
function openFrames(turn: Turn, activation: Activation, wanted: readonly { readonly body: BodyPlan; readonly index: number }[]): void {
  const node = planned(turn, activation.node);
  const around = frameOf(turn, activation);
  const region = turn.fold.activation(activation.id)?.region;
  if (region === undefined) return;
  const frames: OpenedFrame[] = [];
  const then: Work[] = [];
  let nextFrame = turn.fold.head.nextFrame;
  let opened = 0;
  for (const { body, index } of wanted) {
    const id = nextFrame++;
    const { set, values } = inputsOf(node, body, around, region, index);
    const frame: Frame = { id, region: activation.id, slot: body.slot, index, vars: values, token: 0, closing: undefined };
    const step = enter(turn, frame, body.entry, {}, { var: (name) => values[name] }, opened);
    const { open } = step.onward;
    frames.push({ frame: id, slot: body.slot, index, ...(set === undefined ? {} : { set }), ...(open === undefined ? {} : { open }) });
    then.push(...step.then);
    if (open === undefined) continue;
    opened++;
    if (open.does !== undefined) then.push({ kind: "look-after", activation: open.activation });
  }
  turn.emit({ kind: "frames-opened", region: activation.id, frames });
  for (const work of then) turn.queue(work);
}

function inputsOf(
  node: NodePlan,
  body: BodyPlan,
  around: Frame,
  region: RegionState,
  index: number,
): { set: Sources | undefined; values: Record<string, JsonValue> } {
  const set: Record<string, Source> = {};
  const values = newVars();
  const scope = scopeOf(around, {}, {});
  for (const input of body.inputs) {
    const value = input.value.eval(scope);
    values[input.name] = value;
    set[input.name] = sourceOr(pathOf(input.value.expr), value);
  }
  const ir = node.node;
  if (ir.kind === "map") {
    values[ir.item] = region.items[index] ?? null;
    set[ir.item] = { item: [] };
    if (ir.index !== undefined) {
      values[ir.index] = index;
      set[ir.index] = { value: index };
    }
  } else if (ir.kind === "loop") {
    for (const [name, value] of Object.entries(region.carried)) {
      values[name] = value;
      set[name] = value === null || typeof value !== "object" ? { value } : { carried: name, path: [] };
    }
  } else if (ir.kind === "try" && body.slot === "catch") {
    const name = ir.failureName ?? "failure";
    values[name] = (region.failure as unknown as JsonValue) ?? null;
    set[name] = { caught: [] };
  }
  return { set: Object.keys(set).length === 0 ? undefined : set, values };
}
