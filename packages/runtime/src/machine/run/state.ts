/**
 * The state of a run: open frames and activations, live variables, and a few numbers. It holds no
 * history: what has ended is gone, and late answers are recognised because activation ids only grow.
 *
 * `RunFold` is what `evolve` changes. A `LiveRun` is the state itself. A `DraftRun` lies over one and
 * keeps its changes apart, so that `decide` can see the consequences of its own events and still
 * leave the state untouched.
 */
import type { ContentHash, Doing, Failure, JsonObject, JsonValue, PreparedCall, RunId, SentMessage, UnwindCause } from "@heddle/core";
import { type Held, Queue } from "./messages.ts";

export type Vars = Record<string, JsonValue>;

/** The prototype of all variables: it has no members, and being shared it lets them share their shapes. */
const noMembers: object = Object.freeze(Object.create(null));

/** Variables, none yet. A name that no variable has reads as undefined, whatever the name. */
export function newVars(): Vars {
  return Object.create(noMembers) as Vars;
}

export interface Frame {
  readonly id: number;
  /** The activation of the region that owns it; 0 for the root frame. */
  readonly region: number;
  readonly slot: string;
  readonly index: number;
  vars: Vars;
  /** The open activation that holds the token; 0 between two. */
  token: number;
  /** Being unwound: its token only goes out, never on. */
  closing: UnwindCause | undefined;
}

/** `ready` to execute, `started` and journalled, outcome `unknown`, `aborting`, or `waiting` for something else than an executor. */
export type ActivationStatus = "ready" | "started" | "unknown" | "aborting" | "waiting";

export interface Activation {
  readonly id: number;
  readonly node: string;
  readonly frame: number;
  does: Doing | undefined;
  readonly openedAtMs: number;
  status: ActivationStatus;
  /** The attempt that runs or comes next, from 1. */
  attempt: number;
  /** Attempts that count against the retry policy. */
  counted: number;
  notBeforeMs: number;
  /** The incarnation that journalled the start of an unsafe attempt, and when. */
  startedIn: string | undefined;
  startedAtMs: number;
  once: Readonly<Record<string, JsonValue>> | undefined;
  /** Calls that its code made, by their names there. */
  calls: CodeCalls | undefined;
  region: RegionState | undefined;
  /** Graph: the messages that it handles, newest first. */
  held: Held | undefined;
  /** Of a tool node: its call, as the gate prepared it. */
  call: PreparedOf | undefined;
  /** Who said yes to what it asks, while more people have to. */
  approvedBy: readonly string[] | undefined;
}

/** A call that code made: begun, and nobody knows more; or how it ended. */
export type CodeCall = { readonly asked: ContentHash } & (
  | { readonly outcome: "started" }
  | { readonly outcome: "succeeded"; readonly result: JsonValue }
  | { readonly outcome: "failed"; readonly failure: Failure }
);
export type CodeCalls = Readonly<Record<string, CodeCall>>;

/** A prepared call and its name. */
export interface PreparedOf {
  readonly prepared: PreparedCall;
  readonly hash: ContentHash;
  /** A person said yes to it. */
  readonly approved: boolean;
  /** The grant that said yes to it, and counted it. */
  readonly grant: string | undefined;
  /** What it was prepared from, where a hook changed the arguments of its node. */
  readonly args?: JsonObject;
}

export type PressureLevel = "normal" | "pressured" | "saturated";

/** What a graph run remembers of one of its nodes. */
export interface NodeRecord {
  readonly node: string;
  /** Messages that it has not taken yet. */
  queue: Queue<SentMessage>;
  /** Its open activations, those that only collect left out. */
  working: number;
  /** What its last success left as its state. */
  state: JsonValue | undefined;
  /** Its successes so far. */
  succeeded: number;
  level: PressureLevel;
  /** When it was restarted lately, oldest first, by window. */
  restarts: readonly number[];
  reschedules: readonly number[];
  /** The last thing that it gave, where nothing follows it. */
  output: JsonValue | undefined;
}

export function newNodeRecord(node: string): NodeRecord {
  return {
    node,
    queue: Queue.empty(),
    working: 0,
    state: undefined,
    succeeded: 0,
    level: "normal",
    restarts: [],
    reschedules: [],
    output: undefined,
  };
}

export interface RegionState {
  readonly kind: "parallel" | "map" | "loop" | "try";
  readonly collect: boolean;
  total: number;
  items: readonly JsonValue[];
  carried: Vars;
  /** Index of the next frame to open: item, branch or iteration. */
  next: number;
  open: number;
  slots: readonly string[];
  results: Results;
  /** Of a try: the body whose frame is open, or was last. */
  slot: string;
  /** The failure that the region ends with once its frames are gone; of a try: the one its body gave. */
  failure: Failure | undefined;
  /** Its frames are being unwound, and why. */
  ending: UnwindCause | undefined;
}

/** Results by index, layered so that a draft adds to its base without copying it. */
export class Results {
  readonly #base: Results | undefined;
  readonly #own = new Map<number, JsonValue>();

  constructor(base?: Results) {
    this.#base = base;
  }

  set(index: number, value: JsonValue): void {
    this.#own.set(index, value);
  }

  get(index: number): JsonValue {
    return this.#own.get(index) ?? this.#base?.get(index) ?? null;
  }

  list(count: number): JsonValue[] {
    return Array.from({ length: count }, (_, index) => this.get(index));
  }

  entries(): [number, JsonValue][] {
    return [...(this.#base?.entries() ?? []), ...this.#own];
  }
}

export interface BufferedSignal {
  readonly id: number;
  readonly name: string;
  readonly value: JsonValue;
}

/** How a run that is cancelled, or over a limit, will end. */
export interface Ending {
  readonly cause: "cancel" | "limit" | "failure";
  readonly reason: string | undefined;
  readonly failure: Failure | undefined;
  readonly cleanupAtMs: number;
}

export type Phase = "absent" | "open" | "succeeded" | "failed" | "cancelled";

/** Copied for every draft. V8 copies objects of up to 28 members quickly, and larger ones ten times as slowly: a test holds the bound. */
export interface Head {
  run: RunId | "";
  workflow: string;
  bundle: string;
  discipline: "stages" | "graph";
  input: JsonObject;
  key: string | undefined;
  parent: { readonly run: RunId; readonly activation: number } | undefined;
  phase: Phase;
  paused: boolean;
  ending: Ending | undefined;
  output: JsonValue;
  failure: Failure | undefined;
  startedAtMs: number;
  endedAtMs: number;
  /** Of the last event: time never runs backwards in a journal. */
  lastAtMs: number;
  deadlineMs: number | undefined;
  steps: number;
  nextActivation: number;
  nextFrame: number;
  nextSignal: number;
  signals: readonly BufferedSignal[];
  /** Idempotency keys of signals received, newest last. */
  signalKeys: readonly string[];
  /** Who started it. */
  by: string | undefined;
  /** Keys of needs that hold for the rest of the run. */
  satisfied: readonly string[];
  /** Of a graph alone; stages share one that nothing changes. */
  graph: GraphHead;
}

export interface GraphHead {
  nextMessage: number;
  nextLetter: number;
  /** Messages in queues. */
  queued: number;
  /** Open activations that work, and those that collect. */
  working: number;
  gathering: number;
  /** The run has its output, and nothing new fires. */
  completion: { readonly node: string; readonly output: JsonValue } | undefined;
}

export function newGraphHead(): GraphHead {
  return { nextMessage: 1, nextLetter: 1, queued: 0, working: 0, gathering: 0, completion: undefined };
}

const none: readonly string[] = Object.freeze([]);
const noGraph: GraphHead = Object.freeze(newGraphHead());

export interface RunFold {
  readonly head: Head;
  frame(id: number): Frame | undefined;
  editFrame(id: number): Frame | undefined;
  putFrame(frame: Frame): void;
  dropFrame(id: number): void;
  frames(): Iterable<Frame>;
  activation(id: number): Activation | undefined;
  editActivation(id: number): Activation | undefined;
  putActivation(activation: Activation): void;
  dropActivation(id: number): void;
  activations(): Iterable<Activation>;
  /** Marks an activation (0: the run) whose effects may have changed. */
  touch(id: number): void;
  /** Graph: what is remembered of a node; undefined before anything was. */
  record(node: string): NodeRecord | undefined;
  /** The same, to be changed; made where there is none. */
  editRecord(node: string): NodeRecord;
  putRecord(record: NodeRecord): void;
  records(): Iterable<NodeRecord>;
  /** Graph: small facts by name: which activation collects a group, how far a stream is, which letters are dead. */
  mark(name: string): number | undefined;
  setMark(name: string, value: number | undefined): void;
  marks(): Iterable<readonly [string, number]>;
}

export function emptyHead(): Head {
  return {
    run: "",
    workflow: "",
    bundle: "",
    discipline: "stages",
    input: {},
    key: undefined,
    parent: undefined,
    phase: "absent",
    paused: false,
    ending: undefined,
    output: null,
    failure: undefined,
    startedAtMs: 0,
    endedAtMs: 0,
    lastAtMs: 0,
    deadlineMs: undefined,
    steps: 0,
    nextActivation: 1,
    nextFrame: 1,
    nextSignal: 1,
    signals: [],
    signalKeys: [],
    by: undefined,
    satisfied: none,
    graph: noGraph,
  };
}

export class LiveRun implements RunFold {
  head: Head = emptyHead();
  readonly #frames = new Map<number, Frame>();
  readonly #activations = new Map<number, Activation>();
  #touched: number[] = [];
  // Of graphs alone: an empty map is no small thing where runs are many.
  #records: Map<string, NodeRecord> | undefined;
  #marks: Map<string, number> | undefined;

  frame(id: number): Frame | undefined {
    return this.#frames.get(id);
  }
  editFrame(id: number): Frame | undefined {
    return this.#frames.get(id);
  }
  putFrame(frame: Frame): void {
    this.#frames.set(frame.id, frame);
  }
  dropFrame(id: number): void {
    this.#frames.delete(id);
  }
  frames(): Iterable<Frame> {
    return this.#frames.values();
  }
  activation(id: number): Activation | undefined {
    return this.#activations.get(id);
  }
  editActivation(id: number): Activation | undefined {
    return this.#activations.get(id);
  }
  putActivation(activation: Activation): void {
    this.#activations.set(activation.id, activation);
  }
  dropActivation(id: number): void {
    this.#activations.delete(id);
  }
  activations(): Iterable<Activation> {
    return this.#activations.values();
  }
  touch(id: number): void {
    this.#touched.push(id);
  }
  record(node: string): NodeRecord | undefined {
    return this.#records?.get(node);
  }
  editRecord(node: string): NodeRecord {
    let record = this.#records?.get(node);
    if (record === undefined) {
      record = newNodeRecord(node);
      this.putRecord(record);
    }
    return record;
  }
  putRecord(record: NodeRecord): void {
    this.#records ??= new Map();
    this.#records.set(record.node, record);
  }
  records(): Iterable<NodeRecord> {
    return this.#records?.values() ?? [];
  }
  mark(name: string): number | undefined {
    return this.#marks?.get(name);
  }
  setMark(name: string, value: number | undefined): void {
    if (value === undefined) {
      this.#marks?.delete(name);
      return;
    }
    this.#marks ??= new Map();
    this.#marks.set(name, value);
  }
  marks(): Iterable<readonly [string, number]> {
    return this.#marks ?? [];
  }
  /** The activations touched since the last call, in order, repeats included. */
  takeTouched(): readonly number[] {
    const touched = this.#touched;
    this.#touched = [];
    return touched;
  }
}
