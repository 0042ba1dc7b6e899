/**
 * A run's state as JSON, and back: for the fold cache, and for `run-retried`, which carries the state
 * that the run goes on from. The format has a name, and a fold in another format is not read.
 */
import { invariant, isJsonArray, isJsonObject, type JsonObject, type JsonValue, type SentMessage } from "@heddle/core";
import { heldItems, hold, Queue } from "./messages.ts";
import {
  type Activation,
  emptyHead,
  type Frame,
  type Head,
  LiveRun,
  type NodeRecord,
  newGraphHead,
  newNodeRecord,
  newVars,
  type RegionState,
  Results,
  type RunFold,
  type Vars,
} from "./state.ts";

/** Changes whenever the state's shape or meaning does. */
export const foldFormat = "run/4";

export function snapshotOf(fold: RunFold): JsonObject {
  return {
    head: plain(fold.head as unknown as Record<string, unknown>),
    frames: [...fold.frames()].map((frame) => plain(frame as unknown as Record<string, unknown>)),
    activations: [...fold.activations()].map((activation) =>
      plain({
        ...activation,
        region: activation.region === undefined ? undefined : regionSnapshot(activation.region),
        held: activation.held === undefined ? undefined : heldItems(activation.held),
      }),
    ),
    ...(fold.head.discipline === "graph" ? graphSnapshot(fold) : {}),
  };
}

function graphSnapshot(fold: RunFold): JsonObject {
  return {
    records: [...fold.records()].map((record) => plain({ ...record, queue: record.queue.items() })),
    marks: [...fold.marks()].map(([name, value]) => [name, value]),
  };
}

function regionSnapshot(region: RegionState): JsonObject {
  return plain({ ...region, results: region.results.entries().map(([index, value]) => [index, value]) });
}

/** Drops undefined members; everything else in a state is JSON already. */
function plain(value: Readonly<Record<string, unknown>>): JsonObject {
  const members = Object.entries(value).filter(([, member]) => member !== undefined);
  // Unlike an assignment, this also keeps a member that is called __proto__.
  return Object.fromEntries(members.map(([key, member]) => [key, copyOf(member as JsonValue)]));
}

/** Live objects (variables, head) change later; a snapshot must not. */
function copyOf(value: JsonValue): JsonValue {
  if (!isJsonObject(value)) return value;
  return Object.isFrozen(value) ? value : plain(value);
}

export function liveRunFrom(snapshot: JsonValue): LiveRun {
  const live = new LiveRun();
  restoreInto(live, snapshot);
  for (const activation of live.activations()) live.touch(activation.id);
  live.touch(0);
  return live;
}

/** Replaces what a fold holds by what a snapshot says. */
export function restoreInto(fold: RunFold, snapshot: JsonValue): void {
  invariant(isJsonObject(snapshot) && isJsonObject(snapshot["head"]), "a snapshot has a head");
  for (const frame of [...fold.frames()]) fold.dropFrame(frame.id);
  for (const activation of [...fold.activations()]) fold.dropActivation(activation.id);
  Object.assign(fold.head, emptyHead(), snapshot["head"]);
  if (fold.head.discipline === "graph") fold.head.graph = { ...newGraphHead(), ...fold.head.graph };
  for (const frame of listOf(snapshot["frames"])) fold.putFrame(frameFrom(frame));
  for (const activation of listOf(snapshot["activations"])) fold.putActivation(activationFrom(activation));
  for (const [name] of [...fold.marks()]) fold.setMark(name, undefined);
  for (const { node } of [...fold.records()]) fold.putRecord(newNodeRecord(node));
  for (const record of listOf(snapshot["records"])) fold.putRecord(recordFrom(record));
  for (const mark of (snapshot["marks"] ?? []) as unknown as readonly (readonly [string, number])[]) fold.setMark(mark[0], mark[1]);
}

function frameFrom(value: JsonObject): Frame {
  return { ...(value as unknown as Frame), closing: (value["closing"] as Frame["closing"]) ?? undefined, vars: varsFrom(value["vars"]) };
}

function activationFrom(value: JsonObject): Activation {
  const region = value["region"];
  return {
    ...(value as unknown as Activation),
    does: (value["does"] as Activation["does"] | null) ?? undefined,
    startedIn: (value["startedIn"] as string | null) ?? undefined,
    once: (value["once"] as Activation["once"] | null) ?? undefined,
    calls: (value["calls"] as unknown as Activation["calls"] | null) ?? undefined,
    region: isJsonObject(region) ? regionFrom(region) : undefined,
    held: heldFrom(value["held"]),
    call: (value["call"] as unknown as Activation["call"] | null) ?? undefined,
    approvedBy: (value["approvedBy"] as Activation["approvedBy"] | null) ?? undefined,
  };
}

function heldFrom(value: JsonValue | undefined): Activation["held"] {
  let held: Activation["held"];
  for (const message of listOf(value)) held = hold(held, message as unknown as SentMessage);
  return held;
}

function recordFrom(value: JsonObject): NodeRecord {
  return {
    ...newNodeRecord(""),
    ...(value as unknown as NodeRecord),
    queue: Queue.of(listOf(value["queue"]) as unknown as readonly SentMessage[]),
  };
}

function regionFrom(value: JsonObject): RegionState {
  const results = new Results();
  for (const entry of isJsonArray(value["results"] ?? null) ? (value["results"] as readonly JsonValue[]) : []) {
    if (isJsonArray(entry)) results.set(entry[0] as number, entry[1] as JsonValue);
  }
  return {
    ...(value as unknown as RegionState),
    carried: varsFrom(value["carried"]),
    results,
    failure: (value["failure"] as RegionState["failure"] | null) ?? undefined,
    ending: (value["ending"] as RegionState["ending"] | null) ?? undefined,
  };
}

function varsFrom(value: JsonValue | undefined): Vars {
  return Object.assign(newVars(), value ?? {});
}

function listOf(value: JsonValue | undefined): readonly JsonObject[] {
  return value !== undefined && isJsonArray(value) ? value.filter(isJsonObject) : [];
}

/** Where a retried run stands: the snapshot's state, open again, with new numbers for every open activation. */
export interface Rewind {
  readonly fold: RunFold;
  /** The activation that is done again. */
  readonly from: number;
  /** The first activation number that the run has not used. */
  readonly nextActivation: number;
  readonly nextFrame: number;
  readonly nextSignal: number;
  readonly deadlineMs: number | undefined;
  /** Of the run as it is now: what must not be received twice. */
  readonly signalKeys: Head["signalKeys"];
}

/** An approval is of one activation: under its new number, a call asks again. */
const requestedAgain = { does: { kind: "call" }, status: "ready", call: undefined, approvedBy: undefined } as const;

/** The state of `run-retried`: open, nothing started, every open activation renumbered; what was being unwound still is. */
export function rewoundSnapshot(rewind: Rewind): { readonly state: JsonObject; readonly from: number } {
  const { fold } = rewind;
  const ids = new Map<number, number>();
  let next = rewind.nextActivation;
  for (const activation of fold.activations()) ids.set(activation.id, next++);
  const copy = liveRunFrom(snapshotOf(fold));
  const live = new LiveRun();
  live.head = {
    ...copy.head,
    phase: "open",
    paused: false,
    ending: undefined,
    failure: undefined,
    output: null,
    endedAtMs: 0,
    deadlineMs: rewind.deadlineMs,
    nextActivation: next,
    nextFrame: Math.max(copy.head.nextFrame, rewind.nextFrame),
    nextSignal: Math.max(copy.head.nextSignal, rewind.nextSignal),
    signalKeys: rewind.signalKeys,
  };
  for (const frame of copy.frames()) {
    live.putFrame({ ...frame, region: ids.get(frame.region) ?? 0, token: ids.get(frame.token) ?? 0 });
  }
  for (const activation of copy.activations()) {
    live.putActivation({
      ...activation,
      id: ids.get(activation.id) ?? activation.id,
      status: activation.status === "waiting" || activation.status === "aborting" ? activation.status : "ready",
      attempt: 1,
      counted: 0,
      startedIn: undefined,
      once: undefined,
      calls: undefined,
      ...(activation.call === undefined || activation.status === "aborting" ? {} : requestedAgain),
    });
  }
  const from = ids.get(rewind.from);
  invariant(from !== undefined, "the activation to go on from is open in the rewound state");
  return { state: snapshotOf(live), from };
}
