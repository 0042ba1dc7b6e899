/**
 * How a token goes on, as lists of candidates: xstate takes the first whose guard holds, as the engine does.
 * What an event leaves to do is raised as an internal event, and those are taken in the order they were raised.
 */
import type { EdgeOutcome } from "@heddle/core";
import { exprText } from "../diagram/expr-text.ts";
import type { XstateNamed, XstateTransition } from "./machine-config.ts";
import { type FramePlace, keyOf, type Place } from "./places.ts";

/** States that a frame has besides its nodes. */
export const idOf = {
  /** The token is on its way; what takes it is already raised. */
  between: (frame: FramePlace): string => `${frame.key}$between`,
  /** The frame is unwound and has lost its token. */
  closing: (frame: FramePlace): string => `${frame.key}$closing`,
  /** The frame is unwound and its node is being stopped. */
  aborting: (frame: FramePlace): string => `${frame.key}$aborting`,
  /** The frame is not open. */
  idle: (frame: FramePlace): string => `${frame.key}$idle`,
  call: (place: Place): string => `${place.key}$call`,
  succeeded: "$succeeded",
  failed: "$failed",
  cancelled: "$cancelled",
} as const;

export const to = (id: string): { target: string } => ({ target: `#${id}` });

export function named(type: string, params?: Record<string, string | number>): XstateNamed {
  return { type: `heddle.${type}`, ...(params === undefined ? {} : { params }) };
}

const isClosing = (frame: FramePlace): XstateNamed => named("closing", { frame: frame.key });

/** A node that goes on to itself is entered again. */
function edgeTarget(place: Place, id: string): { target: string; reenter?: true } {
  return { ...to(keyOf(id) + place.frame.suffix), ...(id === place.node.id ? { reenter: true as const } : {}) };
}

/** Along the edges of one outcome, each with its guard; the last is open where nothing comes after it. */
function alongEdges(place: Place, on: EdgeOutcome): { readonly taken: XstateTransition[]; readonly open: boolean } {
  const taken: XstateTransition[] = [];
  for (const edge of place.edges.filter((each) => (each.on ?? "success") === on)) {
    const params = { at: place.key, edge: edge.id };
    taken.push({
      ...(edge.guard === undefined ? {} : { guard: named("edge", params), description: exprText(edge.guard) }),
      ...edgeTarget(place, edge.to),
      actions: [named("take", params)],
    });
    if (edge.guard === undefined) return { taken, open: true };
  }
  return { taken, open: false };
}

/** After a result: it does not fit, or it ends the frame, or the first edge whose guard holds, or none. */
export function afterSuccess(place: Place): XstateTransition[] {
  const { frame, node } = place;
  const about = { at: place.key };
  const candidates: XstateTransition[] = [];
  const typed = (node.writes ?? []).some((write) => (write.on ?? "success") === "success" && write.type !== undefined);
  // What a router sets is held to no type, since it was given nothing.
  if (typed && node.kind !== "router") candidates.push({ guard: named("misfit", about), actions: [named("misfit", about)] });
  if (node.exit !== undefined) {
    const target = frame.region === undefined ? idOf.succeeded : idOf.idle(frame);
    return [...candidates, { ...to(target), actions: [named("exit", about)] }];
  }
  const { taken, open } = alongEdges(place, "success");
  candidates.push(...taken);
  if (!open) candidates.push({ ...fallen(frame), actions: [named("stuck", about)] });
  return candidates;
}

/** After a failure: along an edge for it, or into the frame. */
export function afterFailure(place: Place, on: "failure" | "rejected" | "timeout"): XstateTransition[] {
  const own = place.edges.some((edge) => edge.on === on) ? on : "failure";
  const { taken, open } = alongEdges(place, own);
  return open ? taken : [...taken, { ...fallen(place.frame), actions: [named("fall", { at: place.key, on })] }];
}

/** Where a token goes that no edge takes. The frame of a run that nothing unwinds fails at once. */
function fallen(frame: FramePlace): { target: string } {
  return to(frame.region === undefined && !frame.unwindable ? idOf.failed : idOf.between(frame));
}

/** What a leaf does as soon as its frame is unwound. */
export function whenUnwound(place: Place, isExecuting: boolean): XstateTransition[] {
  const { frame } = place;
  if (!frame.unwindable) return [];
  if (isExecuting) return [{ guard: isClosing(frame), ...to(idOf.aborting(frame)), actions: [named("abort", { at: place.key })] }];
  return [{ guard: isClosing(frame), ...to(idOf.closing(frame)), actions: [named("drop", { at: place.key })] }];
}

export function betweenUnwound(frame: FramePlace): XstateTransition[] {
  if (!frame.unwindable) return [];
  return [{ guard: isClosing(frame), ...to(idOf.closing(frame)), actions: [named("leave", { frame: frame.key })] }];
}

/** A frame failed: its region hears of it, or the run has failed. */
export function afterFrameFailed(frame: FramePlace): XstateTransition[] {
  if (frame.region === undefined) return [{ ...to(idOf.failed), actions: [named("fail-run")] }];
  return [{ ...to(idOf.idle(frame)), actions: [named("fail-frame", { frame: frame.key })] }];
}

/** A frame that was unwound has lost its token: when it was the last, its region ends too. */
export function afterFrameClosed(frame: FramePlace): XstateTransition[] {
  const { region } = frame;
  const close = named("close-frame", { frame: frame.key });
  if (region === undefined) {
    return [
      { guard: named("limited"), ...to(idOf.failed), actions: [named("end-limited")] },
      { ...to(idOf.cancelled), actions: [named("end-cancelled")] },
    ];
  }
  const stale: XstateTransition = { guard: named("stale-frame", { frame: frame.key }) };
  const cleanup = region.node.kind === "try" ? region.frames.find((each) => each.slot === "finally") : undefined;
  if (cleanup !== undefined && frame !== cleanup) return [stale, { ...opened(cleanup), actions: [close, openFrame(cleanup)] }];
  const about = { at: region.key };
  const around = region.frame;
  return [
    stale,
    ...(around.unwindable
      ? [{ guard: named("last-closing", about), ...to(idOf.closing(around)), actions: [close, named("cancel-region", about)] }]
      : []),
    { guard: named("last", about), ...to(idOf.idle(frame)), actions: [close, named("settle", about)] },
    { ...to(idOf.idle(frame)), actions: [close] },
  ];
}

const opened = (frame: FramePlace): { target: string } => to(frame.entry);
const openFrame = (frame: FramePlace): XstateNamed => named("open-frame", { frame: frame.key });

/** A region was opened, or one of its frames ended: by what it has come to. */
export function afterAdvance(place: Place): XstateTransition[] {
  const { frame, node } = place;
  const about = { at: place.key };
  const when = (status: string): XstateNamed => named("region", { at: place.key, status });
  const slot = (name: string): FramePlace | undefined => place.frames.find((each) => each.slot === name);
  const candidates: XstateTransition[] = [{ guard: when("stale") }];
  if (frame.unwindable) {
    candidates.push({ guard: when("cancelled"), ...to(idOf.closing(frame)), actions: [named("cancel-region", about)] });
  }
  if (place.frames.some((each) => each.unwindable) || node.timeoutMs !== undefined) {
    candidates.push({ guard: when("unwound"), actions: [named("settle", about)] }, { guard: when("unwinding") });
  }
  const failed: XstateTransition = { guard: when("failed"), actions: [named("settle", about)] };
  switch (node.kind) {
    case "try": {
      for (const [status, body] of [
        ["fresh", slot("body")],
        ["catch", slot("catch")],
        ["finally", slot("finally")],
      ] as const) {
        if (body !== undefined) candidates.push({ guard: when(status), ...opened(body), actions: [openFrame(body)] });
      }
      candidates.push(failed);
      break;
    }
    case "loop": {
      const body = slot("body") as FramePlace;
      candidates.push(
        failed,
        { guard: when("round"), ...opened(body), actions: [openFrame(body)], description: `while ${exprText(node.while)}` },
        { guard: when("exceeded"), actions: [named("exceed", about)] },
      );
      break;
    }
    default:
      if (node.kind === "map" && (node.concurrencyMax === undefined || node.concurrencyMax > place.frames.length)) {
        candidates.push({ guard: when("beyond"), ...to(idOf.failed), actions: [named("beyond", about)] });
      }
      candidates.push(failed, { guard: when("failing"), actions: [named("unwind", { ...about, cause: "sibling-failed" })] });
      // Branches and lanes open themselves, all in one step.
      candidates.push({ guard: when("fresh") }, { guard: when("more") }, { guard: when("open") });
  }
  return [...candidates, ...afterSuccess(place)];
}

/** How a branch or a lane opens itself. */
export function whenAdvanced(frame: FramePlace, region: Place): XstateTransition[] {
  if (region.node.kind === "map")
    return [{ guard: named("lane", { at: region.key, frame: frame.key }), ...opened(frame), actions: [openFrame(frame)] }];
  return [{ guard: named("region", { at: region.key, status: "fresh" }), ...opened(frame), actions: [openFrame(frame)] }];
}

/** A region that ends with a failure, unless it was left, or its frame is unwound and nothing is caught any more. */
export function afterRegionFailed(place: Place, on: "failure" | "timeout"): XstateTransition[] {
  const { frame } = place;
  return [
    { guard: named("stale", { at: place.key }) },
    ...(frame.unwindable ? [{ guard: isClosing(frame), ...to(idOf.closing(frame)), actions: [named("give-up", { at: place.key })] }] : []),
    ...afterFailure(place, on),
  ];
}
