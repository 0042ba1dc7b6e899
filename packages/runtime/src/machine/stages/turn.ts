/**
 * One turn of deciding: the draft that sees its own events, and the work that they leave to do.
 *
 * What follows from a fact is queued as work instead of called, so that a cascade of a million
 * routers needs no stack, and so that the rules of flow, regions and unwinding do not import each
 * other.
 */
import type { Failure, JsonValue, RunEvent, Source } from "@heddle/core";
import type { DecisionInput } from "../commands.ts";
import { evolve } from "./evolve.ts";
import type { NodePlan, StagesPlan } from "./plan.ts";
import { DraftRun, type LiveRun } from "./state.ts";

export type Work =
  | { readonly kind: "enter-router"; readonly frame: number; readonly node: NodePlan }
  /** A region or a signal wait was opened: see whether it can go on at once. */
  | { readonly kind: "look-after"; readonly activation: number }
  /** A frame of this region ended; `slot` and `failed` say which and how. */
  | { readonly kind: "advance-region"; readonly activation: number; readonly slot: string; readonly failed: boolean }
  | { readonly kind: "fail-frame"; readonly frame: number; readonly failure: Failure }
  | {
      readonly kind: "fail-activation";
      readonly activation: number;
      readonly failure: Failure;
      readonly on: "failure" | "timeout" | "rejected";
      readonly by?: string;
    }
  /** A frame that is being unwound lost its token. */
  | { readonly kind: "close-frame"; readonly frame: number }
  | { readonly kind: "end-run"; readonly output: JsonValue }
  | { readonly kind: "limit-run"; readonly failure: Failure };

export class Turn {
  readonly plan: StagesPlan;
  readonly fold: DraftRun;
  readonly input: DecisionInput;
  readonly events: RunEvent[];
  readonly work: Work[] = [];
  /** Work done in this cascade: bounded, so that a cycle of routers ends. */
  done = 0;

  constructor(plan: StagesPlan, fold: DraftRun, input: DecisionInput, events: RunEvent[]) {
    this.plan = plan;
    this.fold = fold;
    // Time never runs backwards within a journal, whatever the clock does.
    this.input = { atMs: Math.max(input.atMs, fold.head.lastAtMs), random: input.random };
    this.events = events;
  }

  get atMs(): number {
    return this.input.atMs;
  }

  emit(event: RunEvent): void {
    this.events.push(event);
    evolve(this.fold, event, this.atMs);
  }

  queue(work: Work): void {
    this.work.push(work);
  }
}

export function draftOf(live: LiveRun): DraftRun {
  return new DraftRun(live);
}

/** Names a value by where it already is, when the expression is a plain read; holds it otherwise. */
export function sourceOr(path: ReturnType<typeof import("@heddle/core").pathOf>, value: JsonValue): Source {
  if (path === undefined || value === null || typeof value === "number" || typeof value === "boolean") return { value };
  if (path.scope === "result") return { result: path.name === undefined ? path.path.slice() : [path.name, ...path.path] };
  if (path.scope === "var" && path.name !== undefined) return { var: path.name, path: path.path.slice() };
  return { value };
}

/** A member that is there only where it has a value. */
export function optional<Key extends string, Value>(key: Key, value: Value | undefined): { [K in Key]?: Value } {
  return (value === undefined ? {} : { [key]: value }) as { [K in Key]?: Value };
}
