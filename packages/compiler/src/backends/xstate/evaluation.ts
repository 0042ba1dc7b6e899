/** What expressions read in a machine, and what a region has come to. Pure: a context in, a value out. */
import {
  checkValue,
  type EdgeOutcome,
  type EvalScope,
  type Failure,
  failureOf,
  instantOf,
  isJsonArray,
  type JsonValue,
} from "@heddle/core";
import { openFrames } from "./draft.ts";
import type { MachineContext, MachineEvent, RegionState, Vars } from "./machine-context.ts";
import { type CompiledPlace, own } from "./program.ts";

type Extra = Pick<EvalScope, "result" | "failure">;

export function scopeOf(vars: Vars, over: Vars, extra: Extra): EvalScope {
  const read = (name: string): JsonValue | undefined => (Object.hasOwn(over, name) ? over[name] : own(vars, name));
  return { var: read, result: extra.result, failure: extra.failure };
}

export function varsOf(context: Pick<MachineContext, "frames">, frame: string): Vars {
  return own(context.frames, frame)?.vars ?? {};
}

/** What the outcome of a place reads as. */
export function outcomeOf(context: MachineContext, place: CompiledPlace, on: EdgeOutcome, event: MachineEvent): Extra {
  if (on !== "success") return { failure: namedFailure(place, event.failure) as unknown as JsonValue };
  if (place.node.table.kind === "router") return {};
  const region = own(context.regions, place.key);
  return { result: region === undefined ? (event.result ?? null) : collectedOf(place, region) };
}

/** A failure says whose it is. */
export function namedFailure(place: CompiledPlace, given: Failure | undefined): Failure {
  const failure = given ?? failureOf("handler-failed", `${place.node.id} failed`, "handler");
  return failure.node === undefined ? { ...failure, node: place.node.id } : failure;
}

/** The values that a place sets when it ends so; all are read before the first is set. */
export function writtenBy(context: MachineContext, place: CompiledPlace, on: EdgeOutcome, extra: Extra): Record<string, JsonValue> {
  const scope = scopeOf(varsOf(context, place.frame), {}, extra);
  return Object.fromEntries(place.node.writes[on].map((write) => [write.name, write.eval(scope)]));
}

/** Whether an edge is open: its guard reads the frame as the writes leave it. */
export function isOpen(context: MachineContext, place: CompiledPlace, edgeId: string, event: MachineEvent): boolean {
  const edge = place.node.edges.get(edgeId);
  if (edge === undefined) return false;
  if (edge.guard === undefined) return true;
  const extra = outcomeOf(context, place, edge.on, event);
  return edge.guard(scopeOf(varsOf(context, place.frame), writtenBy(context, place, edge.on, extra), extra)) === true;
}

/** Why a result does not fit what its node sets. */
export function misfitOf(context: MachineContext, place: CompiledPlace, event: MachineEvent): Failure | undefined {
  const scope = scopeOf(varsOf(context, place.frame), {}, outcomeOf(context, place, "success", event));
  for (const write of place.node.writes.success) {
    if (write.type === undefined) continue;
    const value = write.eval(scope);
    if (value === null && write.optional === true) continue;
    const [problem] = checkValue(write.type, value, write.name);
    if (problem === undefined) continue;
    const message = `${place.node.id} gave a value that does not fit: ${problem.path} ${problem.message}`;
    return failureOf("result-invalid", message, "invalid", { retryable: true });
  }
  return undefined;
}

/** Why a node fails as soon as it is entered. */
export function refusalOf(place: CompiledPlace, vars: Vars): Failure | undefined {
  const { id, wait, over, table } = place.node;
  const scope = scopeOf(vars, {}, {});
  if (wait !== undefined) {
    const given = wait(scope);
    if (table.wait?.kind === "until" ? instantOf(given) !== undefined : typeof given === "number") return undefined;
    return failureOf("value-invalid", `${id} waits for a time, and was given ${JSON.stringify(given)}`, "invalid");
  }
  if (over === undefined || isJsonArray(over(scope))) return undefined;
  return failureOf("map-input-invalid", `${id} goes over a list, and was given none`, "invalid");
}

/** The region that a place opens. */
export function regionOf(place: CompiledPlace, vars: Vars, activation: number): RegionState {
  const scope = scopeOf(vars, {}, {});
  const list = place.node.over?.(scope) ?? null;
  const items = isJsonArray(list) ? list : [];
  return {
    activation,
    next: 0,
    total: place.node.table.kind === "map" ? items.length : place.frames.length,
    items,
    carried: Object.fromEntries(place.node.carried.map(([name, initial]) => [name, initial(scope)])),
    results: {},
    slot: "",
    failure: null,
    ending: null,
  };
}

/** The variables of a frame that opens. */
export function inputsOf(context: MachineContext, place: CompiledPlace, region: RegionState, slot: string, index: number): Vars {
  const { node } = place;
  const scope = scopeOf(varsOf(context, place.frame), {}, {});
  const given = (node.inputs.get(slot) ?? []).map(([name, value]) => [name, value(scope)] as const);
  const { item, index: at, failureName } = node.table;
  return Object.fromEntries([
    ...given,
    ...(item === undefined ? [] : [[item, region.items[index] ?? null] as const]),
    ...(at === undefined ? [] : [[at, index] as const]),
    ...(node.table.kind === "loop" ? Object.entries(region.carried) : []),
    ...(slot === "catch" && node.table.kind === "try" && failureName !== undefined
      ? [[failureName, region.failure as unknown as JsonValue] as const]
      : []),
  ]);
}

/** The result of a region whose frames have given theirs. */
export function collectedOf(place: CompiledPlace, region: RegionState): JsonValue {
  switch (place.node.table.kind) {
    case "map":
      return region.items.map((_, index) => own(region.results, String(index)) ?? null);
    case "parallel":
      return Object.fromEntries(
        (place.node.table.slots ?? []).map(({ slot }, index) => [slot, own(region.results, String(index)) ?? null]),
      );
    case "loop":
      return region.carried;
    default:
      return own(region.results, "0") ?? null;
  }
}

export type RegionStatus =
  | ("stale" | "cancelled" | "unwound" | "unwinding" | "fresh" | "failed" | "failing" | "open" | "done")
  | ("catch" | "finally" | "round" | "exceeded" | "more" | "beyond");

/** What a region does next, after it was opened or one of its frames ended. */
export function statusOf(context: MachineContext, place: CompiledPlace, event: MachineEvent): RegionStatus {
  const region = own(context.regions, place.key);
  if (region === undefined || region.activation !== event.of) return "stale";
  const { table } = place.node;
  const open = openFrames(context, place.frames).length;
  if (region.ending !== null) return endingStatus(context, place, region, open);
  if (table.kind === "try") return tryStatus(place, region, event);
  if (region.failure !== null) return open === 0 ? "failed" : "failing";
  if (table.kind === "loop") return loopStatus(context, place, region);
  if (table.kind === "parallel" && region.next === 0) return "fresh";
  if (place.bounded === true && region.total > (place.lanes ?? 0)) return "beyond";
  if (table.kind === "map" && region.next < region.total && open < place.frames.length) return "more";
  return open > 0 ? "open" : "done";
}

function endingStatus(context: MachineContext, place: CompiledPlace, region: RegionState, open: number): RegionStatus {
  if (open > 0) return "unwinding";
  if (region.next === 0) return "cancelled";
  if (place.node.table.kind === "try" && region.slot !== "finally" && hasSlot(place, "finally")) return "finally";
  return isClosing(context, place.frame) ? "cancelled" : "unwound";
}

function tryStatus(place: CompiledPlace, region: RegionState, event: MachineEvent): RegionStatus {
  if (region.next === 0) return "fresh";
  if (event.slot === "body" && event.lost === true && hasSlot(place, "catch")) return "catch";
  if (event.slot !== "finally" && hasSlot(place, "finally")) return "finally";
  return region.failure === null ? "done" : "failed";
}

function loopStatus(context: MachineContext, place: CompiledPlace, region: RegionState): RegionStatus {
  const { table } = place.node;
  const scope = scopeOf(varsOf(context, place.frame), region.carried, {});
  const goesOn = (region.next === 0 && table.testAfter === true) || place.node.while?.(scope) === true;
  if (!goesOn) return "done";
  return table.iterationsMax !== undefined && region.next >= table.iterationsMax ? "exceeded" : "round";
}

function hasSlot(place: CompiledPlace, slot: string): boolean {
  return place.node.inputs.has(slot);
}

export function isClosing(context: MachineContext, frame: string): boolean {
  return (own(context.frames, frame)?.closing ?? null) !== null;
}
