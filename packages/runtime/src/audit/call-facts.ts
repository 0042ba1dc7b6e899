/**
 * Which events of a run are facts about its calls, and what each of them decided.
 *
 * A driver asks with what it holds; a catch-up asks with what it read. Both must come to the same, so the rule is here
 * once: an activation makes a call from the event on that says so (`does` is a call) until it ends.
 */
import type { Doing, JsonObject, RunEvent, RunEventKind } from "@heddle/core";
import { liveRunFrom } from "../machine/index.ts";

/** The activations of a run that make calls. */
export interface CallActivations {
  has(activation: number): boolean;
  add(activation: number): void;
}

const factKinds: ReadonlySet<RunEventKind> = new Set<RunEventKind>([
  "call-prepared",
  "need-satisfied",
  "approval-given",
  "call-approved",
  "attempt-started",
  "attempt-failed",
  "outcome-unknown",
  "outcome-settled",
  "activation-succeeded",
  "activation-failed",
  "activation-cancelled",
]);

/** Whether the event is a fact about a call. Events are asked about in order: those that request calls are told to `calls`. */
export function isCallFact(event: RunEvent, calls: CallActivations): boolean {
  const fact = isFact(event, calls);
  tellRequests(event, calls);
  return fact;
}

function isFact(event: RunEvent, calls: CallActivations): boolean {
  switch (event.kind) {
    // Code that is no tool node may make calls too: this one says so itself.
    case "handler-called":
      return true;
    case "unwinding-started":
    case "activations-aborting":
      return event.closed.some((activation) => calls.has(activation));
    default:
      return factKinds.has(event.kind) && "activation" in event && event.activation !== undefined && calls.has(event.activation);
  }
}

function tellRequests(event: RunEvent, calls: CallActivations): void {
  if ("open" in event && event.open !== undefined) tellIf(event.open.does, event.open.activation, calls);
  switch (event.kind) {
    case "frames-opened":
      for (const { open } of event.frames) if (open !== undefined) tellIf(open.does, open.activation, calls);
      break;
    case "gathering-ended":
      tellIf(event.does, event.activation, calls);
      break;
    case "run-retried":
      for (const { id, does } of liveRunFrom(event.state).activations()) tellIf(does, id, calls);
      break;
    default:
  }
}

function tellIf(does: Doing | undefined, activation: number, calls: CallActivations): void {
  if (does?.kind === "call") calls.add(activation);
}

/** What the event decided: ids, hashes, codes and names, and no value of the workflow. */
export function decisionOf(event: RunEvent): JsonObject {
  const named: Record<string, unknown> = { kind: event.kind };
  for (const key of decidedKeys) if (key in event) named[key] = (event as unknown as JsonObject)[key];
  if ("failure" in event && event.failure !== undefined) named["code"] = event.failure.code;
  if (event.kind === "call-prepared") named["policies"] = event.prepared.policies;
  if ("does" in event && event.does !== undefined) named["does"] = event.does.kind;
  return Object.fromEntries(Object.entries(named).filter(([, value]) => value !== undefined)) as JsonObject;
}

const decidedKeys = [
  "activation",
  "attempt",
  "tool",
  "hash",
  "call",
  "asked",
  "verdict",
  "grant",
  "by",
  "as",
  "on",
  "outcome",
  "cause",
  "closed",
] as const;
