/** What the named actions of an exported machine do to its context, what they tell the driver, and what they raise. */
import { type EdgeOutcome, type Failure, failureOf, isJsonObject, type JsonValue } from "@heddle/core";
import { type Draft, openFrames } from "./draft.ts";
import { inputsOf, misfitOf, namedFailure, outcomeOf, refusalOf, regionOf, scopeOf, varsOf, writtenBy } from "./evaluation.ts";
import type { MachineEvent, UnwindCause } from "./machine-context.ts";
import { type CompiledPlace, own, rootFrameKey } from "./program.ts";

export type Params = { readonly [name: string]: string | number };
export type Action = (draft: Draft, params: Params, event: MachineEvent) => void;

const text = (params: Params, name: string): string => String(params[name] ?? "");
const placeIn = (draft: Draft, params: Params): CompiledPlace => draft.program.place(text(params, "at"));

export const actions: Readonly<Record<string, Action>> = {
  start(draft, _, event) {
    const defaults = draft.program.tables.inputs.flatMap((input) =>
      input.default === undefined ? [] : [[input.name, input.default] as const],
    );
    draft.frames[rootFrameKey] = {
      number: ++draft.opened,
      index: 0,
      vars: { ...Object.fromEntries(defaults), ...event.input },
      token: 0,
      closing: null,
    };
  },
  enter(draft, params) {
    enter(draft, placeIn(draft, params));
  },
  approve(draft, params) {
    tellOpened(draft, placeIn(draft, params), own(draft.frames, placeIn(draft, params).frame)?.token ?? 0);
  },
  pass(draft, params) {
    draft.raise({ type: `pass.${text(params, "at")}` });
  },
  take(draft, params, event) {
    const place = placeIn(draft, params);
    const edge = place.node.edges.get(text(params, "edge"));
    leave(draft, place, edge?.on ?? "success", event, { edge: text(params, "edge") });
  },
  exit(draft, params, event) {
    const place = placeIn(draft, params);
    const extra = outcomeOf(draft, place, "success", event);
    const scope = scopeOf(varsOf(draft, place.frame), writtenBy(draft, place, "success", extra), extra);
    const output = place.node.exit?.(scope) ?? null;
    leave(draft, place, "success", event, { exit: true });
    exitFrame(draft, place.frame, output);
  },
  stuck(draft, params, event) {
    const place = placeIn(draft, params);
    const { id } = place.node;
    leave(draft, place, "success", event, {});
    fail(draft, place.frame, failureOf("no-transition", `no edge of ${id} is open: every guard is false`, "control", { node: id }));
  },
  throw(draft, params) {
    const place = placeIn(draft, params);
    const { code, message } = place.node.table.fail ?? { code: "workflow-failed", message: "" };
    draft.tell("moved", { place: place.key, node: place.node.id, frame: place.frame, on: "success" });
    fail(draft, place.frame, { code, message, class: "control", retryable: false, node: place.node.id });
  },
  misfit(draft, params, event) {
    const place = placeIn(draft, params);
    const failure = misfitOf(draft, place, event);
    if (failure !== undefined) raiseFailure(draft, place, "failure", failure);
  },
  fall(draft, params, event) {
    const place = placeIn(draft, params);
    endPlace(draft, place, text(params, "on") as EdgeOutcome, {});
    fail(draft, place.frame, namedFailure(place, event.failure));
  },
  exceed(draft, params) {
    const place = placeIn(draft, params);
    const { id, table } = place.node;
    const message = `${id} may go round ${table.iterationsMax} times, and wants to go on`;
    raiseFailure(draft, place, "failure", failureOf("iterations-exceeded", message, "control", { node: id }));
  },
  beyond(draft, params) {
    const place = placeIn(draft, params);
    const message = `${place.node.id} was given more items than the ${place.lanes} that it was exported for`;
    draft.failure = failureOf("unimplemented", message, "control", { node: place.node.id });
  },
  settle(draft, params) {
    const place = placeIn(draft, params);
    const region = own(draft.regions, place.key);
    const { id } = place.node;
    if (region?.ending === "timeout") {
      raiseFailure(draft, place, "expired", failureOf("timeout", `${id} was not done in time`, "timeout", { node: id }));
    } else {
      const none = failureOf("internal", "a region was unwound and left no failure", "control");
      raiseFailure(draft, place, "failure", region?.failure ?? none);
    }
  },
  "open-frame"(draft, params) {
    openFrame(draft, text(params, "frame"));
  },
  "fail-frame"(draft, params, event) {
    failFrame(draft, text(params, "frame"), event.failure);
  },
  "close-frame"(draft, params) {
    dropFrame(draft, text(params, "frame"), "closed");
  },
  "give-up"(draft, params) {
    const place = placeIn(draft, params);
    endPlace(draft, place, "failure", {});
    leaveClosing(draft, place.frame);
  },
  leave(draft, params) {
    leaveClosing(draft, text(params, "frame"));
  },
  drop(draft, params) {
    const place = placeIn(draft, params);
    if (place.node.table.kind !== "router") endPlace(draft, place, "cancelled", {});
    leaveClosing(draft, place.frame);
  },
  abort(draft, params) {
    const place = placeIn(draft, params);
    const activation = own(draft.frames, place.frame)?.token ?? 0;
    draft.tell("aborting", { place: place.key, node: place.node.id, activation });
  },
  aborted(draft, params, event) {
    endPlace(draft, draft.program.place(event.type.slice("aborted.".length)), "cancelled", {});
    leaveClosing(draft, text(params, "frame"));
  },
  "cancel-region"(draft, params) {
    const place = placeIn(draft, params);
    endPlace(draft, place, "cancelled", {});
    leaveClosing(draft, place.frame);
  },
  unwind(draft, params) {
    const place = placeIn(draft, params);
    const region = draft.editRegion(place.key);
    if (region === undefined) return;
    region.ending = text(params, "cause") as UnwindCause;
    unwind(draft, region.slot === "finally" && place.node.table.kind === "try" ? [] : place.frames, region.ending);
  },
  limit(draft, _, event) {
    const failure = event.failure ?? failureOf("limit-exceeded", "the run took longer than its limit of time", "control");
    draft.ending = { cause: "limit", failure };
    unwind(draft, [rootFrameKey], "limit");
  },
  cancel(draft) {
    draft.ending = { cause: "cancel", failure: null };
    unwind(draft, [rootFrameKey], "cancel");
  },
  "fail-run"(draft, _, event) {
    draft.failure = event.failure ?? null;
    endRun(draft);
  },
  "end-limited"(draft) {
    draft.failure = draft.ending?.failure ?? null;
    endRun(draft);
  },
  "end-cancelled"(draft) {
    draft.failure = null;
    endRun(draft);
  },
};

function enter(draft: Draft, place: CompiledPlace): void {
  const { stepsMax } = draft.program.tables;
  if (stepsMax !== undefined && draft.steps >= stepsMax && draft.ending === null) {
    const message = `the run may take ${stepsMax} steps, and has taken them`;
    draft.raise({ type: "limit", failure: failureOf("limit-exceeded", message, "control", { node: place.node.id }) });
    if (place.cleanup !== true) return;
  }
  const frame = draft.editFrame(place.frame);
  if (frame === undefined) return;
  const activation = ++draft.activations;
  draft.steps++;
  frame.token = activation;
  if (place.node.isRegion) draft.regions[place.key] = regionOf(place, frame.vars, activation);
  tellOpened(draft, place, activation);
  const refusal = refusalOf(place, frame.vars);
  if (refusal !== undefined) raiseFailure(draft, place, "failure", refusal);
  else if (place.node.isRegion) draft.raise({ type: `advance.${place.key}`, of: activation });
}

function tellOpened(draft: Draft, place: CompiledPlace, activation: number): void {
  const { node, frame, key } = place;
  const scope = scopeOf(varsOf(draft, frame), {}, {});
  const input = Object.fromEntries(node.reads.map(([name, value]) => [name, value(scope)]));
  draft.tell("opened", { place: key, node: node.id, frame, activation, input });
}

function raiseFailure(draft: Draft, place: CompiledPlace, type: "failure" | "expired", failure: Failure): void {
  const region = own(draft.regions, place.key);
  draft.raise({ type: `${type}.${place.key}`, failure, ...(region === undefined ? {} : { of: region.activation }) });
}

/** A place ends: its writes are done, and its token is on its way. */
function leave(
  draft: Draft,
  place: CompiledPlace,
  on: EdgeOutcome,
  event: MachineEvent,
  how: { readonly [name: string]: JsonValue },
): void {
  const written = writtenBy(draft, place, on, outcomeOf(draft, place, on, event));
  const frame = draft.editFrame(place.frame);
  if (frame !== undefined) frame.vars = { ...frame.vars, ...written };
  endPlace(draft, place, on, how);
}

function endPlace(draft: Draft, place: CompiledPlace, on: string, how: { readonly [name: string]: JsonValue }): void {
  const frame = draft.editFrame(place.frame);
  if (frame !== undefined) frame.token = 0;
  delete draft.regions[place.key];
  draft.tell("moved", { place: place.key, node: place.node.id, frame: place.frame, on, ...how });
}

/** A token that no edge takes fails its frame; a frame that nothing can unwind is the run, and fails at once. */
function fail(draft: Draft, frame: string, failure: Failure): void {
  if (frame === rootFrameKey) draft.failure = failure;
  draft.raise({ type: `failed.${frame}`, failure, of: own(draft.frames, frame)?.number ?? 0 });
}

function exitFrame(draft: Draft, key: string, value: JsonValue): void {
  const frame = own(draft.frames, key);
  const { region: owner, slot } = draft.program.frame(key);
  if (owner === undefined || frame === undefined) {
    draft.output = value;
    endRun(draft);
    return;
  }
  const place = draft.program.place(owner);
  const region = draft.editRegion(owner);
  if (region === undefined) return;
  if (place.node.table.kind === "loop") {
    const given = isJsonObject(value) ? value : {};
    region.carried = Object.fromEntries(
      Object.entries(region.carried).map(([name, old]) => [name, Object.hasOwn(given, name) ? (given[name] ?? null) : old]),
    );
  } else if (place.node.table.kind === "try") {
    if (slot !== "finally") region.results = { "0": value };
    if (slot === "catch") region.failure = null;
  } else {
    region.results = { ...region.results, [String(frame.index)]: place.node.table.collect === true ? { ok: true, value } : value };
  }
  dropFrame(draft, key, "left");
  draft.raise({ type: `advance.${owner}`, of: region.activation, slot, lost: false });
}

function failFrame(draft: Draft, key: string, given: Failure | undefined): void {
  const frame = own(draft.frames, key);
  const { region: owner, slot } = draft.program.frame(key);
  const region = owner === undefined ? undefined : draft.editRegion(owner);
  if (owner === undefined || frame === undefined || region === undefined) return;
  const failure = given ?? failureOf("internal", "a frame failed without a failure", "control");
  const { table } = draft.program.place(owner).node;
  if (table.collect === true) {
    region.results = { ...region.results, [String(frame.index)]: { ok: false, failure: failure as unknown as JsonValue } };
  } else if (table.kind === "try" || region.failure === null) region.failure = failure;
  dropFrame(draft, key, "failed");
  draft.raise({ type: `advance.${owner}`, of: region.activation, slot, lost: true });
}

function dropFrame(draft: Draft, key: string, how: "left" | "failed" | "closed"): void {
  draft.tell("frame-ended", { frame: key, how });
  delete draft.frames[key];
}

function leaveClosing(draft: Draft, key: string): void {
  draft.raise({ type: `closed.${key}`, of: own(draft.frames, key)?.number ?? 0 });
}

function openFrame(draft: Draft, key: string): void {
  const { region: owner, slot, index: branch } = draft.program.frame(key);
  const region = owner === undefined ? undefined : draft.editRegion(owner);
  if (owner === undefined || region === undefined) return;
  const place = draft.program.place(owner);
  const { kind } = place.node.table;
  const index = kind === "parallel" ? branch : region.next;
  const vars = inputsOf(draft, place, region, slot, index);
  region.next = Math.max(region.next, index + 1);
  region.slot = slot;
  draft.frames[key] = { number: ++draft.opened, index, vars, token: 0, closing: null };
  draft.tell("frame-opened", { frame: key, index });
}

/**
 * Marks frames as unwound, and what is open in them, except where a `finally` body runs: that is the
 * cleanup, and goes on. The states of these frames react by themselves.
 */
function unwind(draft: Draft, keys: readonly string[], cause: UnwindCause): void {
  for (const key of openFrames(draft, keys)) {
    const frame = draft.editFrame(key);
    if (frame === undefined || frame.closing !== null) continue;
    frame.closing = cause;
    const inner = Object.keys(draft.regions).find((each) => draft.program.place(each).frame === key);
    const region = inner === undefined ? undefined : draft.editRegion(inner);
    if (inner === undefined || region === undefined) continue;
    region.ending = cause;
    const place = draft.program.place(inner);
    if (region.slot !== "finally" || place.node.table.kind !== "try") unwind(draft, place.frames, cause);
  }
}

function endRun(draft: Draft): void {
  for (const key of Object.keys(draft.frames)) delete draft.frames[key];
  for (const key of Object.keys(draft.regions)) delete draft.regions[key];
}
