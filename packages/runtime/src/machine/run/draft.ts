/** A draft lies over the state of a run and keeps its changes apart: the state is left as it was. */
import { Overlay } from "./overlay.ts";
import {
  type Activation,
  type Frame,
  type Head,
  type LiveRun,
  type NodeRecord,
  newNodeRecord,
  newVars,
  Results,
  type RunFold,
  type Vars,
} from "./state.ts";

/** Variables up to which a draft copies them; more are laid over, so that a step of a wide frame costs what it changes. */
const copiedVarsMax = 32;

function draftVars(vars: Vars): Vars {
  let count = 0;
  for (const _ in vars) if (++count > copiedVarsMax) return Object.create(vars) as Vars;
  return Object.assign(newVars(), vars);
}

export class DraftRun implements RunFold {
  readonly head: Head;
  readonly #base: LiveRun;
  readonly #frames = new Overlay<Frame>();
  readonly #activations = new Overlay<Activation>();
  // Most drafts are of stages, and need neither.
  #records: Map<string, NodeRecord> | undefined;
  #marks: Map<string, number | undefined> | undefined;

  constructor(base: LiveRun) {
    this.#base = base;
    this.head = { ...base.head };
    if (this.head.discipline === "graph") this.head.graph = { ...base.head.graph };
  }

  frame(id: number): Frame | undefined {
    return this.#frames.has(id) ? this.#frames.get(id) : this.#base.frame(id);
  }
  editFrame(id: number): Frame | undefined {
    if (this.#frames.has(id)) return this.#frames.get(id);
    const frame = this.#base.frame(id);
    if (frame === undefined) return undefined;
    const copy: Frame = { ...frame, vars: draftVars(frame.vars) };
    this.#frames.set(id, copy);
    return copy;
  }
  putFrame(frame: Frame): void {
    this.#frames.set(frame.id, frame);
  }
  dropFrame(id: number): void {
    this.#frames.set(id, undefined);
  }
  *frames(): Iterable<Frame> {
    for (const frame of this.#base.frames()) if (!this.#frames.has(frame.id)) yield frame;
    for (const frame of this.#frames.values()) if (frame !== undefined) yield frame;
  }
  activation(id: number): Activation | undefined {
    return this.#activations.has(id) ? this.#activations.get(id) : this.#base.activation(id);
  }
  editActivation(id: number): Activation | undefined {
    if (this.#activations.has(id)) return this.#activations.get(id);
    const activation = this.#base.activation(id);
    if (activation === undefined) return undefined;
    const region = activation.region;
    const copy: Activation = {
      ...activation,
      region:
        region === undefined
          ? undefined
          : { ...region, carried: Object.assign(newVars(), region.carried), results: new Results(region.results) },
    };
    this.#activations.set(id, copy);
    return copy;
  }
  putActivation(activation: Activation): void {
    this.#activations.set(activation.id, activation);
  }
  dropActivation(id: number): void {
    this.#activations.set(id, undefined);
  }
  *activations(): Iterable<Activation> {
    for (const activation of this.#base.activations()) if (!this.#activations.has(activation.id)) yield activation;
    for (const activation of this.#activations.values()) if (activation !== undefined) yield activation;
  }
  record(node: string): NodeRecord | undefined {
    return this.#records?.get(node) ?? this.#base.record(node);
  }
  editRecord(node: string): NodeRecord {
    const own = this.#records?.get(node);
    if (own !== undefined) return own;
    const record = { ...(this.#base.record(node) ?? newNodeRecord(node)) };
    this.putRecord(record);
    return record;
  }
  putRecord(record: NodeRecord): void {
    this.#records ??= new Map();
    this.#records.set(record.node, record);
  }
  *records(): Iterable<NodeRecord> {
    for (const record of this.#base.records()) if (this.#records?.has(record.node) !== true) yield record;
    if (this.#records !== undefined) yield* this.#records.values();
  }
  mark(name: string): number | undefined {
    return this.#marks?.has(name) === true ? this.#marks.get(name) : this.#base.mark(name);
  }
  setMark(name: string, value: number | undefined): void {
    this.#marks ??= new Map();
    this.#marks.set(name, value);
  }
  *marks(): Iterable<readonly [string, number]> {
    for (const [name, value] of this.#base.marks()) if (this.#marks?.has(name) !== true) yield [name, value];
    for (const [name, value] of this.#marks ?? []) if (value !== undefined) yield [name, value];
  }
  touch(): void {
    // A draft owes the world nothing: effects are derived from the state that was committed.
  }
}
