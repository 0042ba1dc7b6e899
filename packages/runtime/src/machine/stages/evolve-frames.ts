/**
 * Folding the facts of stages: frames that open and close, and the token that moves in each.
 *
 * Architecture invariant: like all of `evolve`, it never refuses, never needs the plan, and reads no clock.
 */
import {
  type Failure,
  invariant,
  isJsonArray,
  isJsonObject,
  type JsonValue,
  type Opened,
  type OpenedFrame,
  type RunEventOf,
  readPath,
  type Source,
  type Sources,
  unreachable,
} from "@heddle/core";
import { editActivation, openActivation, takeActivation } from "../run/activations.ts";
import { type Activation, type Frame, newVars, type RegionState, Results, type RunFold, type Vars } from "../run/state.ts";

/** The root frame, whose variables are the input. */
export function startFrames(fold: RunFold, event: RunEventOf<"run-started">, atMs: number): void {
  const frame: Frame = { id: 0, region: 0, slot: "main", index: 0, vars: varsOf(event.input), token: 0, closing: undefined };
  fold.putFrame(frame);
  if (event.open !== undefined) openIn(fold, frame, event.open, atMs);
}

export function passRouter(fold: RunFold, event: RunEventOf<"router-passed">, atMs: number): void {
  goOn(fold, editFrame(fold, event.frame), event, null, atMs);
}

export function succeedInFrame(fold: RunFold, event: RunEventOf<"activation-succeeded">, atMs: number): void {
  const activation = takeActivation(fold, event.activation);
  goOn(fold, editFrame(fold, activation.frame), event, resultOf(fold, activation, event), atMs);
}

export function failInFrame(fold: RunFold, event: RunEventOf<"activation-failed">, atMs: number): void {
  const activation = takeActivation(fold, event.activation);
  goOn(fold, editFrame(fold, activation.frame), event, null, atMs);
}

export function cancelInFrame(fold: RunFold, event: RunEventOf<"activation-cancelled">): void {
  const activation = takeActivation(fold, event.activation);
  editFrame(fold, activation.frame).token = 0;
}

function openIn(fold: RunFold, frame: Frame, opened: Opened, atMs: number): void {
  const { does } = opened;
  const region = does?.kind === "region" ? regionOf(does, frame.vars) : undefined;
  frame.token = openActivation(fold, frame.id, opened, atMs, region, undefined).id;
}

function varsOf(values: Readonly<Record<string, JsonValue>>): Vars {
  return Object.assign(newVars(), values);
}

/** What an ended activation gave, where the event says. */
function resultOf(fold: RunFold, activation: Activation, event: RunEventOf<"activation-succeeded">): JsonValue {
  if (event.collected === true) return activation.region === undefined ? null : collectedOf(activation.region);
  if (event.signal === undefined) return event.result ?? null;
  const { head } = fold;
  const signal = head.signals.find((buffered) => buffered.id === event.signal);
  head.signals = head.signals.filter((buffered) => buffered.id !== event.signal);
  return signal?.value ?? null;
}

/** The result of a region whose frames have all given theirs. */
export function collectedOf(region: RegionState): JsonValue {
  switch (region.kind) {
    case "map":
      return Object.freeze(region.results.list(region.total));
    case "parallel":
      return Object.freeze(Object.fromEntries(region.slots.map((slot, index) => [slot, region.results.get(index)])));
    case "loop":
      return Object.freeze({ ...region.carried });
    case "try":
      return region.results.get(0);
    default:
      return unreachable(region.kind);
  }
}

interface Onward {
  readonly set?: Sources;
  readonly open?: Opened;
  readonly exit?: Source;
}

function goOn(fold: RunFold, frame: Frame, event: Onward, result: JsonValue, atMs: number): void {
  frame.token = 0;
  if (event.set !== undefined) {
    // All are read before the first is written.
    const names = Object.keys(event.set);
    const values: JsonValue[] = [];
    for (const name of names) values.push(resolve(event.set[name] as Source, frame.vars, result, undefined, 0));
    for (let i = 0; i < names.length; i++) frame.vars[names[i] as string] = values[i] as JsonValue;
  }
  if (event.exit !== undefined) leaveFrame(fold, frame, resolve(event.exit, frame.vars, result, undefined, 0));
  else if (event.open !== undefined) openIn(fold, frame, event.open, atMs);
}

/** Finds the value that a source names. `region` and `index` matter where a body opens. */
function resolve(source: Source, vars: Readonly<Vars>, result: JsonValue, region: RegionState | undefined, index: number): JsonValue {
  if ("value" in source) return source.value;
  if ("result" in source) return readPath(result, source.result);
  if ("var" in source) return readPath(vars[source.var] ?? null, source.path);
  if ("item" in source) return readPath(region?.items[index] ?? null, source.item);
  if ("carried" in source) return readPath(region?.carried[source.carried] ?? null, source.path);
  return readPath((region?.failure as JsonValue | undefined) ?? null, source.caught);
}

function regionOf(does: Extract<NonNullable<Opened["does"]>, { kind: "region" }>, vars: Readonly<Vars>): RegionState {
  const items = does.items === undefined ? [] : resolve(does.items, vars, null, undefined, 0);
  const carried = Object.entries(does.carried ?? {}).map(([name, source]) => [name, resolve(source, vars, null, undefined, 0)] as const);
  return {
    kind: does.region,
    collect: does.collect === true,
    total: does.total ?? 0,
    items: isJsonArray(items) ? items : [],
    carried: varsOf(Object.fromEntries(carried)),
    next: 0,
    open: 0,
    slots: [],
    results: new Results(),
    slot: "",
    failure: undefined,
    ending: undefined,
  };
}

export function openFrames(fold: RunFold, event: RunEventOf<"frames-opened">, atMs: number): void {
  const owner = editActivation(fold, event.region);
  const region = owner.region;
  invariant(region !== undefined, "only a region opens frames");
  const around = fold.frame(owner.frame);
  invariant(around !== undefined, "a region stands in an open frame");
  for (const opened of event.frames) {
    const frame: Frame = {
      id: opened.frame,
      region: owner.id,
      slot: opened.slot,
      index: opened.index,
      vars: frameVars(opened, around, region),
      token: 0,
      closing: undefined,
    };
    fold.putFrame(frame);
    region.open++;
    region.slot = opened.slot;
    region.next = Math.max(region.next, opened.index + 1);
    if (region.kind === "parallel") region.slots = [...region.slots, opened.slot];
    fold.head.nextFrame = Math.max(fold.head.nextFrame, opened.frame + 1);
    if (opened.open !== undefined) openIn(fold, frame, opened.open, atMs);
  }
}

function frameVars(opened: OpenedFrame, around: Frame, region: RegionState): Vars {
  const vars = newVars();
  for (const [name, source] of Object.entries(opened.set ?? {})) vars[name] = resolve(source, around.vars, null, region, opened.index);
  return vars;
}

/** A frame ends with a value: the run's output, or one result of its region. */
function leaveFrame(fold: RunFold, frame: Frame, value: JsonValue): void {
  if (frame.id === 0) {
    fold.head.output = value;
    return;
  }
  fold.dropFrame(frame.id);
  const region = editActivation(fold, frame.region).region;
  invariant(region !== undefined, "a frame belongs to a region");
  region.open--;
  if (region.kind === "loop") {
    if (isJsonObject(value))
      for (const name of Object.keys(region.carried)) if (Object.hasOwn(value, name)) region.carried[name] = value[name] as JsonValue;
  } else if (region.kind === "try") {
    if (frame.slot !== "finally") region.results.set(0, value);
    if (frame.slot === "catch") region.failure = undefined;
  } else {
    region.results.set(frame.index, region.collect ? { ok: true, value } : value);
  }
}

export function failFrame(fold: RunFold, id: number, failure: Failure): void {
  const frame = editFrame(fold, id);
  fold.dropFrame(id);
  const region = editActivation(fold, frame.region).region;
  invariant(region !== undefined, "a frame belongs to a region");
  region.open--;
  if (region.collect) region.results.set(frame.index, { ok: false, failure: failure as unknown as JsonValue });
  else if (region.kind === "try" || region.failure === undefined) region.failure = failure;
}

export function startUnwinding(fold: RunFold, event: RunEventOf<"unwinding-started">): void {
  const owner = event.region === undefined ? undefined : editActivation(fold, event.region).region;
  if (owner !== undefined) owner.ending = event.cause;
  for (const id of event.closed) {
    const activation = takeActivation(fold, id);
    editFrame(fold, activation.frame).token = 0;
  }
  for (const id of event.frames) {
    const frame = editFrame(fold, id);
    frame.closing = event.cause;
    const activation = frame.token === 0 ? undefined : fold.editActivation(frame.token);
    if (activation === undefined) continue;
    if (activation.region === undefined) activation.status = "aborting";
    else activation.region.ending = event.cause;
    fold.touch(activation.id);
  }
}

export function closeFrame(fold: RunFold, id: number): void {
  const frame = editFrame(fold, id);
  fold.dropFrame(id);
  if (frame.region === 0) return;
  const region = editActivation(fold, frame.region).region;
  if (region !== undefined) region.open--;
}

function editFrame(fold: RunFold, id: number): Frame {
  const frame = fold.editFrame(id);
  invariant(frame !== undefined, `frame ${id} is open`);
  return frame;
}
