/**
 * `evolve` folds one fact into the state of a run.
 *
 * Architecture invariant: it never refuses, never needs the plan, and reads no clock. It mutates the
 * fold it is given, which the caller owns alone.
 */
import {
  type Failure,
  invariant,
  isJsonArray,
  isJsonObject,
  type JsonValue,
  type Opened,
  type OpenedFrame,
  type RunEvent,
  type RunEventOf,
  readPath,
  type Source,
  type Sources,
  unreachable,
} from "@heddle/core";
import { restoreInto } from "./snapshot.ts";
import {
  type Activation,
  type ActivationStatus,
  type Frame,
  newVars,
  type RegionState,
  Results,
  type RunFold,
  type Vars,
} from "./state.ts";

const signalKeysMax = 1_000;

export function evolve(fold: RunFold, event: RunEvent, atMs: number): void {
  const { head } = fold;
  head.lastAtMs = atMs;
  switch (event.kind) {
    case "run-started":
      startRun(fold, event, atMs);
      return;
    case "router-passed": {
      const frame = editFrame(fold, event.frame);
      goOn(fold, frame, event, null, atMs);
      return;
    }
    case "activation-succeeded": {
      const activation = takeActivation(fold, event.activation);
      const frame = editFrame(fold, activation.frame);
      goOn(fold, frame, event, resultOf(fold, activation, event), atMs);
      return;
    }
    case "activation-failed": {
      const activation = takeActivation(fold, event.activation);
      goOn(fold, editFrame(fold, activation.frame), event, null, atMs);
      return;
    }
    case "activation-cancelled": {
      const activation = takeActivation(fold, event.activation);
      editFrame(fold, activation.frame).token = 0;
      return;
    }
    case "activation-approved": {
      const activation = editActivation(fold, event.activation);
      activation.does = { kind: "execute", unsafe: true };
      activation.status = "ready";
      activation.notBeforeMs = atMs;
      return;
    }
    case "attempt-started": {
      const activation = editActivation(fold, event.activation);
      activation.status = "started";
      activation.startedIn = event.incarnation;
      activation.startedAtMs = atMs;
      return;
    }
    case "attempt-failed": {
      const activation = editActivation(fold, event.activation);
      if (event.counted) activation.counted++;
      prepareAttempt(activation, event.retryAtMs);
      return;
    }
    case "outcome-unknown":
      editActivation(fold, event.activation).status = "unknown";
      return;
    case "outcome-settled":
      if (event.as === "retry") prepareAttempt(editActivation(fold, event.activation), atMs);
      return;
    case "once-recorded": {
      const activation = editActivation(fold, event.activation);
      activation.once = { ...activation.once, [event.name]: event.value };
      return;
    }
    case "frames-opened":
      openFrames(fold, event, atMs);
      return;
    case "frame-failed":
      failFrame(fold, event.frame, event.failure);
      return;
    case "unwinding-started":
      startUnwinding(fold, event);
      return;
    case "frame-closed":
      closeFrame(fold, event.frame);
      return;
    case "signal-received":
      head.signals = [...head.signals, { id: event.signal, name: event.name, value: event.value }];
      head.nextSignal = event.signal + 1;
      if (event.key !== undefined) head.signalKeys = [...head.signalKeys, event.key].slice(-signalKeysMax);
      return;
    case "waits-hastened":
      for (const id of event.activations) editActivation(fold, id).notBeforeMs = atMs;
      return;
    case "run-paused":
      head.paused = true;
      return;
    case "run-resumed":
      head.paused = false;
      touchAll(fold);
      return;
    case "run-cancelling":
      head.ending = { cause: "cancel", reason: event.reason, failure: undefined, cleanupAtMs: event.cleanupAtMs };
      head.paused = false;
      touchAll(fold);
      return;
    case "run-limited":
      head.ending = { cause: "limit", reason: undefined, failure: event.failure, cleanupAtMs: event.cleanupAtMs };
      head.paused = false;
      touchAll(fold);
      return;
    case "run-succeeded":
      head.output = event.output;
      endRun(fold, "succeeded", atMs);
      return;
    case "run-failed":
      head.failure = event.failure;
      endRun(fold, "failed", atMs);
      return;
    case "run-cancelled":
      endRun(fold, "cancelled", atMs);
      return;
    case "run-retried":
      restoreInto(fold, event.state);
      head.lastAtMs = atMs;
      touchAll(fold);
      return;
    default:
      unreachable(event);
  }
}

function startRun(fold: RunFold, event: RunEventOf<"run-started">, atMs: number): void {
  const { head } = fold;
  head.run = event.run;
  head.workflow = event.workflow;
  head.bundle = event.bundle;
  head.input = event.input;
  head.key = event.key;
  head.parent = event.parent;
  head.phase = "open";
  head.startedAtMs = atMs;
  head.deadlineMs = event.deadlineMs;
  const frame: Frame = { id: 0, region: 0, slot: "main", index: 0, vars: varsOf(event.input), token: 0, closing: undefined };
  fold.putFrame(frame);
  fold.touch(0);
  if (event.open !== undefined) openActivation(fold, frame, event.open, atMs);
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
  else if (event.open !== undefined) openActivation(fold, frame, event.open, atMs);
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

function openActivation(fold: RunFold, frame: Frame, opened: Opened, atMs: number): void {
  const { head } = fold;
  const { does } = opened;
  const activation: Activation = {
    id: opened.activation,
    node: opened.node,
    frame: frame.id,
    does,
    openedAtMs: atMs,
    status: does === undefined || does.kind === "execute" || does.kind === "child" ? "ready" : "waiting",
    attempt: 1,
    counted: 0,
    notBeforeMs: atMs,
    startedIn: undefined,
    startedAtMs: 0,
    once: undefined,
    region: does?.kind === "region" ? regionOf(does, frame.vars) : undefined,
  };
  fold.putActivation(activation);
  frame.token = activation.id;
  head.steps++;
  head.nextActivation = Math.max(head.nextActivation, activation.id + 1);
  fold.touch(activation.id);
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

function openFrames(fold: RunFold, event: RunEventOf<"frames-opened">, atMs: number): void {
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
    if (opened.open !== undefined) openActivation(fold, frame, opened.open, atMs);
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

function failFrame(fold: RunFold, id: number, failure: Failure): void {
  const frame = editFrame(fold, id);
  fold.dropFrame(id);
  const region = editActivation(fold, frame.region).region;
  invariant(region !== undefined, "a frame belongs to a region");
  region.open--;
  if (region.collect) region.results.set(frame.index, { ok: false, failure: failure as unknown as JsonValue });
  else if (region.kind === "try" || region.failure === undefined) region.failure = failure;
}

function startUnwinding(fold: RunFold, event: RunEventOf<"unwinding-started">): void {
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

function closeFrame(fold: RunFold, id: number): void {
  const frame = editFrame(fold, id);
  fold.dropFrame(id);
  if (frame.region === 0) return;
  const region = editActivation(fold, frame.region).region;
  if (region !== undefined) region.open--;
}

function endRun(fold: RunFold, phase: "succeeded" | "failed" | "cancelled", atMs: number): void {
  const { head } = fold;
  head.phase = phase;
  head.endedAtMs = atMs;
  head.ending = undefined;
  head.paused = false;
  head.signals = [];
  for (const activation of [...fold.activations()]) {
    fold.dropActivation(activation.id);
    fold.touch(activation.id);
  }
  for (const frame of [...fold.frames()]) fold.dropFrame(frame.id);
  fold.touch(0);
}

function prepareAttempt(activation: Activation, notBeforeMs: number): void {
  activation.attempt++;
  activation.status = "ready" satisfies ActivationStatus;
  activation.notBeforeMs = notBeforeMs;
  activation.startedIn = undefined;
}

function touchAll(fold: RunFold): void {
  for (const activation of fold.activations()) fold.touch(activation.id);
  fold.touch(0);
}

function editFrame(fold: RunFold, id: number): Frame {
  const frame = fold.editFrame(id);
  invariant(frame !== undefined, `frame ${id} is open`);
  return frame;
}

function editActivation(fold: RunFold, id: number): Activation {
  const activation = fold.editActivation(id);
  invariant(activation !== undefined, `activation ${id} is open`);
  fold.touch(id);
  return activation;
}

function takeActivation(fold: RunFold, id: number): Activation {
  const activation = editActivation(fold, id);
  fold.dropActivation(id);
  return activation;
}
