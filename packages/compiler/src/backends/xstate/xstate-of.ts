/**
 * The xstate backend: a workflow of the stages discipline as the configuration of an xstate v5 machine.
 * Pure and deterministic; the result is plain JSON. docs/diagrams.md has the convention that a driver keeps.
 *
 * It promises the path that the engine takes, or an error: what has no statechart is refused, never left out.
 */
import { HeddleError, type WorkflowIr } from "@heddle/core";
import { type NodeTable, type XstateMachine, type XstateState, type XstateTransition, xstateFormat } from "./machine-config.ts";
import { type FramePlace, framesOf, frameTableOf, nodeTableOf, type Place, placesOf, placeTableOf } from "./places.ts";
import {
  afterAdvance,
  afterFailure,
  afterFrameClosed,
  afterFrameFailed,
  afterRegionFailed,
  afterSuccess,
  betweenUnwound,
  idOf,
  named,
  to,
  whenAdvanced,
  whenUnwound,
} from "./transitions.ts";

export interface XstateOptions {
  /**
   * The longest list that a map without `concurrencyMax` goes over: it has so many lanes, and a longer
   * list ends the machine as failed with `unimplemented`. Without it such a map is refused.
   */
  readonly mapItemsMax?: number;
  /** Places that the machine may have for nodes, the lanes of maps counted. Default 10,000. */
  readonly statesMax?: number;
  /** The machine also takes the event `cancel`, and unwinds. Default false. */
  readonly cancel?: boolean;
}

interface Building {
  readonly stepsMax: number | undefined;
}

/**
 * Exports a checked workflow.
 *
 * @throws HeddleError `unimplemented` for what a machine cannot express, naming the node in `details.node`
 */
export function xstateOf(ir: WorkflowIr, options: XstateOptions = {}): XstateMachine {
  if (ir.discipline !== "stages") {
    const message = `workflow ${ir.id} has the discipline ${ir.discipline}; only stages are a state machine`;
    throw new HeddleError("unimplemented", message, { details: { workflow: ir.id } });
  }
  const { stepsMax, timeMs } = ir.limits ?? {};
  const stoppable = options.cancel === true || timeMs !== undefined || stepsMax !== undefined;
  const root = placesOf(ir, { mapItemsMax: options.mapItemsMax, statesMax: options.statesMax ?? 10_000, unwindable: stoppable });
  const stops: Record<string, XstateTransition[]> = {
    ...(timeMs === undefined && stepsMax === undefined ? {} : { limit: [{ guard: named("running"), actions: [named("limit")] }] }),
    ...(options.cancel === true ? { cancel: [{ guard: named("started"), actions: [named("cancel")] }] } : {}),
  };
  const frames = framesOf(root);
  const places = frames.flatMap((frame) => frame.places);
  const nodes = new Map<string, NodeTable>();
  for (const place of places) if (!nodes.has(place.node.id)) nodes.set(place.node.id, nodeTableOf(place));
  return {
    id: `workflow ${ir.id}`,
    initial: "$start",
    context: { frames: {}, regions: {}, activations: 0, opened: 0, steps: 0, ending: null, output: null, failure: null },
    ...(Object.keys(stops).length === 0 ? {} : { on: stops }),
    states: {
      $start: { id: "$start", on: { start: [{ ...to(root.entry), actions: [named("start")] }] } },
      ...statesOf(root, { stepsMax }),
      $succeeded: { id: idOf.succeeded, type: "final" },
      $failed: { id: idOf.failed, type: "final" },
      ...(stoppable ? { $cancelled: { id: idOf.cancelled, type: "final" as const } } : {}),
    },
    meta: {
      heddle: {
        format: xstateFormat,
        workflow: ir.id,
        inputs: ir.inputs.map(({ name, default: value }) => ({ name, ...(value === undefined ? {} : { default: value }) })),
        ...(stepsMax === undefined ? {} : { stepsMax }),
        nodes: Object.fromEntries(nodes),
        places: Object.fromEntries(places.map((place) => [place.key, placeTableOf(place)])),
        frames: Object.fromEntries(frames.map((frame) => [frame.key, frameTableOf(frame)])),
      },
    },
  };
}

/** The states of a frame: its nodes, and where its token is when it is on none of them. */
function statesOf(frame: FramePlace, building: Building): Record<string, XstateState> {
  const states: Record<string, XstateState> = {};
  for (const place of frame.places) {
    states[place.name] = stateOf(place, building);
    if (isAsked(place)) states[`${place.name}$call`] = callStateOf(place);
  }
  const { region } = frame;
  if (region !== undefined || frame.unwindable) {
    const always = betweenUnwound(frame);
    states["$between"] = {
      id: idOf.between(frame),
      ...(always.length === 0 ? {} : { always }),
      on: { [`failed.${frame.key}`]: afterFrameFailed(frame) },
    };
  }
  if (frame.unwindable) {
    const closed = afterFrameClosed(frame);
    states["$closing"] = { id: idOf.closing(frame), on: { [`closed.${frame.key}`]: closed, [`failed.${frame.key}`]: closed } };
    const executing = frame.places.filter((place) => canExecute(place));
    if (executing.length > 0) {
      const leave: XstateTransition[] = [{ ...to(idOf.closing(frame)), actions: [named("aborted", { frame: frame.key })] }];
      states["$aborting"] = {
        id: idOf.aborting(frame),
        on: Object.fromEntries(executing.map((place) => [`aborted.${place.key}`, leave])),
      };
    }
  }
  return states;
}

function isRegion(place: Place): boolean {
  return place.frames.length > 0;
}

/** A tool that may change the world asks a person before it is called. */
function isAsked({ node }: Place): boolean {
  return node.kind === "tool" && node.permission !== "read";
}

/** Somebody works on it, and has to be stopped; what only waits ends by itself. */
function canExecute(place: Place): boolean {
  const { kind } = place.node;
  return !isRegion(place) && kind !== "router" && kind !== "wait" && kind !== "human";
}

function stateOf(place: Place, building: Building): XstateState {
  const { node, key, frame } = place;
  const described = node.label ?? node.description;
  const about = {
    id: key,
    ...(described === undefined ? {} : { description: described }),
    meta: { node: node.id, kind: node.kind },
  };
  if (node.kind === "router") {
    const fails: XstateTransition = {
      ...to(frame.region === undefined && !frame.unwindable ? idOf.failed : idOf.between(frame)),
      actions: [named("throw", { at: key })],
    };
    return withAlways(whenUnwound(place, false), {
      ...about,
      entry: [named("pass", { at: key })],
      on: { [`pass.${key}`]: nodeTableOf(place).fail === undefined ? afterSuccess(place) : [fails] },
    });
  }
  const refused: XstateTransition[] =
    building.stepsMax === undefined || frame.cleanup ? [] : [{ guard: named("refused", { frame: frame.key }), ...to(idOf.between(frame)) }];
  const entry = [named("enter", { at: key })];
  if (isRegion(place)) return withAlways(refused, { ...about, entry, ...regionOf(place, building) });
  const always = [...refused, ...whenUnwound(place, canExecute(place) && !isAsked(place))];
  return withAlways(always, { ...about, entry, on: isAsked(place) ? askedEvents(place) : leafEvents(place) });
}

function withAlways(always: readonly XstateTransition[], state: XstateState): XstateState {
  return always.length === 0 ? state : { ...state, always };
}

/** How a node that is no region ends: which of these can come depends on its kind. */
function leafEvents(place: Place): Record<string, XstateTransition[]> {
  const { node, key } = place;
  const timed = node.kind === "wait" && node.wait.kind !== "signal" ? false : node.timeoutMs !== undefined || canExecute(place);
  return {
    [`success.${key}`]: afterSuccess(place),
    [`failure.${key}`]: afterFailure(place, "failure"),
    ...(timed ? { [`timeout.${key}`]: afterFailure(place, "timeout") } : {}),
    ...(node.kind === "human" ? { [`rejected.${key}`]: afterFailure(place, "rejected") } : {}),
  };
}

function askedEvents(place: Place): Record<string, XstateTransition[]> {
  return {
    [`approved.${place.key}`]: [{ ...to(idOf.call(place)), actions: [named("approve", { at: place.key })] }],
    [`rejected.${place.key}`]: afterFailure(place, "rejected"),
  };
}

function callStateOf(place: Place): XstateState {
  const about = { id: idOf.call(place), meta: { node: place.node.id, kind: place.node.kind } };
  return withAlways(whenUnwound(place, true), { ...about, on: leafEvents(place) });
}

function regionOf(place: Place, building: Building): Omit<XstateState, "id"> {
  const { key, node, frames } = place;
  const on: Record<string, XstateTransition[]> = {
    [`advance.${key}`]: afterAdvance(place),
    [`failure.${key}`]: afterRegionFailed(place, "failure"),
  };
  if (node.timeoutMs !== undefined) {
    on[`timeout.${key}`] = [{ guard: named("expires", { at: key }), actions: [named("unwind", { at: key, cause: "timeout" })] }];
    on[`expired.${key}`] = afterRegionFailed(place, "timeout");
  }
  const parallel = node.kind === "parallel" || node.kind === "map";
  const bodies = Object.fromEntries(frames.map((frame) => [frame.name, frameStateOf(frame, place, building)]));
  if (parallel) return { type: "parallel", on, states: bodies };
  return { initial: "$new", on, states: { $new: { id: `${key}$new` }, ...bodies } };
}

function frameStateOf(frame: FramePlace, region: Place, building: Building): XstateState {
  const parallel = region.node.kind === "parallel" || region.node.kind === "map";
  return {
    id: frame.key,
    initial: "$idle",
    states: {
      $idle: { id: idOf.idle(frame), ...(parallel ? { on: { [`advance.${region.key}`]: whenAdvanced(frame, region) } } : {}) },
      ...statesOf(frame, building),
    },
  };
}
