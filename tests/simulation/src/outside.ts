/** What the world does to a run, unasked, at random virtual times. */
import type { JsonValue } from "@heddle/core";
import type { SeededRandom } from "@heddle/testkit/simulator";
import type { Program } from "./program.ts";

export type OutsideEvent =
  | { readonly kind: "signal"; readonly name: string; readonly value: JsonValue; readonly key?: string }
  | { readonly kind: "answer"; readonly answer?: JsonValue }
  | { readonly kind: "settle"; readonly as: "succeeded" | "failed" | "retry"; readonly result: JsonValue }
  | { readonly kind: "pause" | "resume" | "resume-now" | "cancel" | "restart" };

export interface Timed {
  readonly atMs: number;
  readonly event: OutsideEvent;
}

const weights = { signal: 30, answer: 20, settle: 6, pause: 10, resume: 10, "resume-now": 8, cancel: 7, restart: 16 };

/** Outside events in the order of their times, relative to the start. */
export function outsideOf(program: Program, random: SeededRandom): readonly Timed[] {
  const count = random.pick([0, 0, 1, 2, 3, 5]);
  const events: Timed[] = [];
  for (let i = 0; i < count; i++) {
    const event = outsideEvent(program, random);
    const atMs = random.chance(0.25) ? 0 : random.integer(0, random.pick([50, 500, 6_000]));
    events.push({ atMs, event });
    if (event.kind === "signal" && random.chance(0.3)) events.push({ atMs: atMs + random.integer(0, 500), event });
  }
  return events.sort((a, b) => a.atMs - b.atMs);
}

function outsideEvent(program: Program, random: SeededRandom): OutsideEvent {
  const kind = random.weighted(weights);
  switch (kind) {
    case "signal":
      return signalFor(random.chance(0.9) ? random.pick(program.signals) : "unknown", random);
    case "answer":
      return answerFor(random);
    case "settle":
      return settlementFor(random);
    default:
      return { kind };
  }
}

export function signalFor(name: string, random: SeededRandom): OutsideEvent {
  const value = random.pick<JsonValue>([1, 7, { n: 3, list: [1] }]);
  return { kind: "signal", name, value, ...(random.chance(0.5) ? { key: `k${random.integer(0, 9)}` } : {}) };
}

export function answerFor(random: SeededRandom): OutsideEvent {
  const answer = random.pick<JsonValue | undefined>([true, true, false, 4, "some text", undefined]);
  return { kind: "answer", ...(answer === undefined ? {} : { answer }) };
}

export function settlementFor(random: SeededRandom): OutsideEvent {
  return {
    kind: "settle",
    as: random.pick(["succeeded", "failed", "retry"]),
    result: random.pick<JsonValue>([{ n: 2, s: "s", list: [2] }, null, { n: "no number" }]),
  };
}
