/**
 * Unwinding: how frames end that will not go on, because a sibling failed, a region took too long,
 * or the run is cancelled or over a limit.
 *
 * Waits end at once. What executes is aborted, and its frame stays until the executor has answered.
 * A `try` on the way runs its `finally` body, inside out; a `finally` that already runs is left alone.
 */
import type { UnwindCause } from "@heddle/core";
import type { Activation, Frame } from "../run/state.ts";
import type { Turn } from "./turn.ts";

/** Unwinds every frame of a region; a `finally` body that already runs is left to end. */
export function unwindFrames(turn: Turn, owner: Activation, cause: UnwindCause): void {
  const cleaning = owner.region?.kind === "try" && owner.region.slot === "finally";
  const roots = cleaning ? [] : [...turn.fold.frames()].filter((frame) => frame.region === owner.id && frame.closing === undefined);
  unwind(turn, roots, cause, owner.id);
}

export function unwindRoot(turn: Turn, cause: UnwindCause): void {
  const root = turn.fold.frame(0);
  if (root !== undefined && root.closing === undefined) unwind(turn, [root], cause, undefined);
}

function unwind(turn: Turn, roots: readonly Frame[], cause: UnwindCause, region: number | undefined): void {
  const children = framesByRegion(turn);
  const frames: number[] = [];
  const closed: number[] = [];
  const leaves: number[] = [];
  const pending = [...roots];
  for (let frame = pending.pop(); frame !== undefined; frame = pending.pop()) {
    frames.push(frame.id);
    const activation = frame.token === 0 ? undefined : turn.fold.activation(frame.token);
    if (activation === undefined) {
      leaves.push(frame.id);
    } else if (activation.region !== undefined) {
      // A finally body that runs is the cleanup: it goes on, and its region ends after it.
      if (activation.region.kind === "try" && activation.region.slot === "finally") continue;
      pending.push(...(children.get(activation.id) ?? []).filter((child) => child.closing === undefined));
    } else if (activation.status === "waiting" || activation.status === "unknown") {
      closed.push(activation.id);
      leaves.push(frame.id);
    }
  }
  turn.emit({ kind: "unwinding-started", cause, ...(region === undefined ? {} : { region }), frames, closed });
  for (const frame of leaves) turn.queue({ kind: "close-frame", frame });
}

function framesByRegion(turn: Turn): ReadonlyMap<number, readonly Frame[]> {
  const children = new Map<number, Frame[]>();
  for (const frame of turn.fold.frames()) {
    const list = children.get(frame.region);
    if (list === undefined) children.set(frame.region, [frame]);
    else list.push(frame);
  }
  return children;
}
