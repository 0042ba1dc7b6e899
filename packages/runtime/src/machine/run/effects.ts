/**
 * What the world owes a run, derived from its state alone: a restart and a normal turn take the same
 * path. The cost is that of what was touched since the last look, not of what exists.
 */
import { type CallNeed, derivedId, type RunId } from "@heddle/core";
import type { Activation, LiveRun } from "./state.ts";

export type RunEffect =
  /** Carry out this attempt, not before that time. A repeat of one that is under way is ignored. */
  | {
      readonly kind: "execute-attempt";
      readonly activation: number;
      readonly node: string;
      readonly attempt: number;
      readonly notBeforeMs: number;
    }
  /** Journal the start of an unsafe attempt; the next look then yields `execute-attempt`. */
  | { readonly kind: "journal-attempt"; readonly activation: number; readonly attempt: number; readonly notBeforeMs: number }
  /** The incarnation that started it is gone: nobody knows how it ended. */
  | { readonly kind: "forget-attempt"; readonly activation: number; readonly attempt: number }
  /** Start (or find) this child run, and settle the attempt with its end. */
  | {
      readonly kind: "run-child";
      readonly activation: number;
      readonly node: string;
      readonly attempt: number;
      readonly child: RunId;
      readonly workflow: string;
      readonly notBeforeMs: number;
      readonly deadlineMs: number | undefined;
    }
  /** Have the gate prepare and judge the call of this attempt. */
  | PrepareCall
  /** Carry out the call that this attempt needs first. */
  | SatisfyNeed
  | { readonly kind: "abort-attempt"; readonly activation: number; readonly attempt: number }
  /** Call back with `fire-timer`. Activation 0 is the run itself. */
  | { readonly kind: "arm-timer"; readonly activation: number; readonly atMs: number }
  /** A person is to answer. */
  | { readonly kind: "ask-person"; readonly activation: number }
  /** The activation is closed: stop whatever is still held for it. */
  | { readonly kind: "release"; readonly activation: number };

interface OfCall {
  readonly activation: number;
  readonly node: string;
  readonly attempt: number;
  readonly notBeforeMs: number;
}
export interface PrepareCall extends OfCall {
  readonly kind: "prepare-call";
}
export interface SatisfyNeed extends OfCall {
  readonly kind: "satisfy-need";
  readonly need: CallNeed;
}

export function dueEffects(live: LiveRun, incarnation: string): readonly RunEffect[] {
  const touched = live.takeTouched();
  if (touched.length === 0) return [];
  const effects: RunEffect[] = [];
  // Few are touched in a usual turn, and looking through few is cheaper than a set of them.
  const seen = touched.length > 8 ? new Set<number>() : undefined;
  for (let i = 0; i < touched.length; i++) {
    const id = touched[i] as number;
    if (seen === undefined ? touched.indexOf(id) < i : seen.has(id)) continue;
    seen?.add(id);
    if (id === 0) runTimer(live, effects);
    else effectsOf(live, id, incarnation, effects);
  }
  return effects;
}

function runTimer(live: LiveRun, effects: RunEffect[]): void {
  const { phase, ending, deadlineMs } = live.head;
  if (phase !== "open") {
    effects.push({ kind: "release", activation: 0 });
    return;
  }
  const atMs = ending === undefined ? deadlineMs : ending.cleanupAtMs;
  if (atMs !== undefined) effects.push({ kind: "arm-timer", activation: 0, atMs });
}

function effectsOf(live: LiveRun, id: number, incarnation: string, effects: RunEffect[]): void {
  const activation = live.activation(id);
  if (activation === undefined) {
    effects.push({ kind: "release", activation: id });
    return;
  }
  const { attempt, node, notBeforeMs, does } = activation;
  switch (activation.status) {
    case "aborting":
      effects.push({ kind: "abort-attempt", activation: id, attempt });
      return;
    case "started":
      if (activation.startedIn !== incarnation) effects.push({ kind: "forget-attempt", activation: id, attempt });
      else effects.push({ kind: "execute-attempt", activation: id, node, attempt, notBeforeMs });
      return;
    case "ready":
      if (live.head.paused) return;
      if (does === undefined) effects.push({ kind: "execute-attempt", activation: id, node, attempt, notBeforeMs });
      else if (does.kind === "child") {
        const child = childRunId(live, activation);
        effects.push({
          kind: "run-child",
          activation: id,
          node,
          attempt,
          child,
          workflow: does.workflow,
          notBeforeMs,
          deadlineMs: does.deadlineMs,
        });
      } else if (does.kind === "call") {
        const [need] = does.needs ?? [];
        const of = { activation: id, node, attempt, notBeforeMs };
        effects.push(need === undefined ? { kind: "prepare-call", ...of } : { kind: "satisfy-need", ...of, need });
      } else effects.push({ kind: "journal-attempt", activation: id, attempt, notBeforeMs });
      return;
    case "waiting": {
      if (does?.kind === "ask") effects.push({ kind: "ask-person", activation: id });
      const atMs = timerOf(activation);
      if (atMs !== undefined) effects.push({ kind: "arm-timer", activation: id, atMs });
      return;
    }
    default:
  }
}

function timerOf(activation: Activation): number | undefined {
  const { does } = activation;
  if (does?.kind === "sleep") return does.untilMs;
  const waits = does?.kind === "signal" || does?.kind === "ask" || does?.kind === "region" || does?.kind === "gather";
  return waits ? does.deadlineMs : undefined;
}

/** The run of a sub-workflow: one for each attempt, and the same after a crash. */
export function childRunId(live: { readonly head: { readonly run: string } }, activation: Pick<Activation, "id" | "attempt">): RunId {
  return derivedId("run", live.head.run, String(activation.id), String(activation.attempt));
}
