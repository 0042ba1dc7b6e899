/**
 * Places: the nodes and frames of a workflow as the states of one fixed tree. A body of a map stands in
 * the tree once for each of its lanes, since xstate has no state that exists as often as a list is long.
 */
import { type Body, bodiesOf, type Edge, HeddleError, isJsonObject, type Node, type WorkflowIr } from "@heddle/core";
import type { FrameTable, NodeTable, PlaceTable } from "./machine-config.ts";
import { rootFrameKey } from "./program.ts";

export interface Place {
  readonly key: string;
  readonly node: Node;
  readonly frame: FramePlace;
  readonly edges: readonly Edge[];
  /** Frames that the node opens: bodies, branches or lanes. */
  readonly frames: readonly FramePlace[];
  /** The last part of its key, for the state that it is. */
  readonly name: string;
}

export interface FramePlace {
  readonly key: string;
  readonly name: string;
  readonly slot: string;
  readonly index: number;
  readonly region: Place | undefined;
  readonly entry: string;
  readonly places: Place[];
  /** It may be unwound: a sibling may fail, a region may take too long, the run may be stopped. */
  readonly unwindable: boolean;
  readonly cleanup: boolean;
  /** What is added to the keys of its nodes: the lanes that it stands in. */
  readonly suffix: string;
}

export interface PlaceOptions {
  readonly mapItemsMax: number | undefined;
  readonly statesMax: number;
  readonly unwindable: boolean;
}

/** Names may hold dots, which xstate reads as steps of a path; no name holds a slash. */
export function keyOf(name: string): string {
  return name.replaceAll(".", "/");
}

/** Expands a workflow. @throws HeddleError `unimplemented`, naming the node that has no such form. */
export function placesOf(ir: WorkflowIr, options: PlaceOptions): FramePlace {
  let places = 0;
  const expand = (body: Pick<Body, "entry" | "nodes" | "edges">, given: Omit<FramePlace, "places" | "entry">): FramePlace => {
    const frame: FramePlace = { ...given, entry: keyOf(body.entry) + given.suffix, places: [] };
    for (const node of body.nodes) {
      if (++places > options.statesMax) throw beyond(node, `the machine would have more than ${options.statesMax} states for nodes`);
      frame.places.push(placeOf(node, body.edges, frame));
    }
    return frame;
  };
  const placeOf = (node: Node, edges: readonly Edge[], frame: FramePlace): Place => {
    if (node.kind === "aggregate" || node.kind === "sensor") throw beyond(node, `${node.kind} nodes belong to the graph discipline`);
    const leaving = edges.filter((edge) => edge.from === node.id).sort((a, b) => (a.priority ?? 0) - (b.priority ?? 0));
    const name = keyOf(node.id);
    const frames: FramePlace[] = [];
    const place: Place = { key: name + frame.suffix, node, frame, edges: leaving, frames, name };
    const lanes = node.kind === "map" ? lanesOf(node, options.mapItemsMax) : 1;
    const unwindable = frame.unwindable || node.timeoutMs !== undefined || failsSiblings(node, lanes);
    for (const [branch, { slot, body }] of bodiesOf(node).entries()) {
      for (let lane = 0; lane < lanes; lane++) {
        const isMap = node.kind === "map";
        frames.push(
          expand(body, {
            key: `${place.key}:${isMap ? lane : keyOf(slot)}`,
            name: isMap ? `lane${lane}` : keyOf(slot),
            slot,
            index: isMap ? lane : branch,
            region: place,
            unwindable: slotOf(node, slot) !== "finally" && unwindable,
            cleanup: frame.cleanup || slotOf(node, slot) === "finally",
            suffix: isMap ? `${frame.suffix}@${lane}` : frame.suffix,
          }),
        );
      }
    }
    return place;
  };
  return expand(ir, {
    key: rootFrameKey,
    name: rootFrameKey,
    slot: rootFrameKey,
    index: 0,
    region: undefined,
    unwindable: options.unwindable,
    cleanup: false,
    suffix: "",
  });
}

/** A branch may be called `finally`; only that of a try is one. */
function slotOf(node: Node, slot: string): string {
  return node.kind === "try" ? slot : "body";
}

function failsSiblings(node: Node, lanes: number): boolean {
  if (node.kind === "parallel") return node.branches.length > 1;
  return node.kind === "map" && node.collect !== "collect" && lanes > 1;
}

function lanesOf(node: Extract<Node, { kind: "map" }>, mapItemsMax: number | undefined): number {
  const listed = node.over.kind === "literal" && Array.isArray(node.over.value) ? node.over.value.length : undefined;
  const items = listed ?? mapItemsMax;
  if (items === undefined && node.concurrencyMax === undefined) {
    throw beyond(node, "it opens a frame for each item of a list of any length; give it a concurrencyMax, or export with mapItemsMax");
  }
  return Math.max(1, Math.min(items ?? Number.POSITIVE_INFINITY, node.concurrencyMax ?? Number.POSITIVE_INFINITY));
}

function beyond(node: Node, why: string): HeddleError<"unimplemented"> {
  return new HeddleError("unimplemented", `node ${node.id} cannot be expressed as an xstate machine: ${why}`, {
    details: { node: node.id, kind: node.kind },
  });
}

/** Every frame of the tree, outermost first. */
export function framesOf(root: FramePlace): readonly FramePlace[] {
  return [root, ...root.places.flatMap((place) => place.frames.flatMap(framesOf))];
}

export function placeTableOf(place: Place): PlaceTable {
  const { node } = place;
  const map = node.kind === "map" ? { lanes: place.frames.length } : {};
  const bounded = node.kind === "map" && (node.concurrencyMax === undefined || node.concurrencyMax > place.frames.length);
  return {
    node: node.id,
    frame: place.frame.key,
    ...(place.frame.cleanup ? { cleanup: true as const } : {}),
    ...map,
    ...(bounded ? { bounded: true as const } : {}),
  };
}

export function frameTableOf(frame: FramePlace): FrameTable {
  return { ...(frame.region === undefined ? {} : { region: frame.region.key }), slot: frame.slot, index: frame.index };
}

export function nodeTableOf({ node, edges }: Place): NodeTable {
  const slots = bodiesOf(node).map(({ slot, body }) => ({
    slot,
    inputs: (body.inputs ?? []).map(({ name, value }) => ({ name, value })),
  }));
  const writes = (node.writes ?? []).map(({ name, value, type, optional, on }) => ({
    name,
    value,
    ...(type === undefined ? {} : { type }),
    ...(optional === undefined ? {} : { optional }),
    ...(on === undefined ? {} : { on }),
  }));
  return {
    kind: node.kind,
    ...(node.reads === undefined ? {} : { reads: node.reads.map(({ name, value }) => ({ name, value })) }),
    ...(writes.length === 0 ? {} : { writes }),
    ...(node.exit === undefined ? {} : { exit: node.exit.output }),
    edges: edges.map(({ id, on, guard }) => ({ id, on: on ?? "success", ...(guard === undefined ? {} : { guard }) })),
    ...(slots.length === 0 ? {} : { slots }),
    ...ownOf(node),
  };
}

function ownOf(node: Node): Partial<NodeTable> {
  switch (node.kind) {
    case "router":
      return failOf(node.raw?.["fail"]);
    case "wait":
      if (node.wait.kind === "signal") return {};
      return { wait: { kind: node.wait.kind, value: node.wait.kind === "until" ? node.wait.at : node.wait.ms } };
    case "map":
      return {
        over: node.over,
        item: node.item,
        ...(node.index === undefined ? {} : { index: node.index }),
        ...(node.collect === "collect" ? { collect: true as const } : {}),
      };
    case "loop":
      return {
        carried: node.carried.map(({ name, initial }) => ({ name, value: initial })),
        while: node.while,
        ...(node.test === "after" ? { testAfter: true as const } : {}),
        ...(node.iterationsMax === undefined ? {} : { iterationsMax: node.iterationsMax }),
      };
    case "try":
      return { failureName: node.failureName ?? "failure" };
    default:
      return {};
  }
}

function failOf(fail: unknown): Partial<NodeTable> {
  if (!isJsonObject(fail as never)) return {};
  const { code, message } = fail as { code?: unknown; message?: unknown };
  return {
    fail: {
      code: typeof code === "string" ? code : "workflow-failed",
      message: typeof message === "string" ? message : "the workflow failed",
    },
  };
}
