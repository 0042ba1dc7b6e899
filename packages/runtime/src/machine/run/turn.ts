/**
 * One turn of deciding: the draft that sees its own events, and the work that they leave to do.
 *
 * What follows from a fact is queued as work instead of called, so that a cascade of a million
 * routers needs no stack, and so that the rules of one discipline need not import each other.
 */
import type { RunEvent } from "@heddle/core";
import type { DecisionInput } from "../commands.ts";
import type { DraftRun } from "./draft.ts";
import { evolve } from "./evolve.ts";

export class RunTurn<Plan, Work> {
  readonly plan: Plan;
  readonly fold: DraftRun;
  readonly input: DecisionInput;
  readonly events: RunEvent[];
  readonly work: Work[] = [];
  /** Work done in this cascade: bounded, so that a cycle of routers ends. */
  done = 0;

  constructor(plan: Plan, fold: DraftRun, input: DecisionInput, events: RunEvent[]) {
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

/** A member that is there only where it has a value. */
export function optional<Key extends string, Value>(key: Key, value: Value | undefined): { [K in Key]?: Value } {
  return (value === undefined ? {} : { [key]: value }) as { [K in Key]?: Value };
}
