/** What people, senders and operators ask of the API, and what they may hear. */
import { HeddleError, type RunId, type RuntimeApi } from "@heddle/core";
import type { Wish } from "./outside.ts";
import { simulatedPerson, simulatedPrincipal } from "./simulation.ts";

const caller = { principal: simulatedPrincipal };

/** Refusals that whoever speaks to a run at any time may meet. */
const refusals: ReadonlySet<string> = new Set([
  "run-ended",
  // One person counts once, also where the first yes was not heard to be taken.
  "permission-denied",
  "not-waiting",
  "run-not-paused",
  "call-not-unknown",
  "call-not-found",
  "signals-full",
]);

/** Asks the API for it. */
export function performed(api: RuntimeApi, wish: Wish, runId: RunId): Promise<void> {
  switch (wish.kind) {
    case "answer": {
      const { run, activation, answer, person } = wish;
      const request = { runId: run, activation, ...(answer === undefined ? {} : { answer }) };
      return api.runs.answer(request, { principal: simulatedPerson(person) });
    }
    case "signal":
      return api.runs.signal({ runId: wish.run, name: wish.name, value: wish.value, idempotencyKey: wish.key }, caller);
    case "settle":
      return api.calls.settle({ call: wish.call, as: wish.as, ...(wish.result === undefined ? {} : { result: wish.result }) }, caller);
    default:
      return api.runs[wish.kind]({ runId }, caller);
  }
}

/** One clause for people. */
export function toldOf(wish: Wish): string {
  switch (wish.kind) {
    case "answer":
      return wish.answer === undefined ? `${wish.node} is declined` : `${wish.node} is answered: ${JSON.stringify(wish.answer)}`;
    case "signal":
      return `the signal ${wish.name} is sent`;
    case "settle":
      return `a call of unknown outcome is settled: ${wish.as}`;
    default:
      return { cancel: "the run is cancelled", pause: "the run is paused", resume: "the run is resumed" }[wish.kind];
  }
}

/** Whether a refusal is one that such a wish may meet. */
export function isUsualRefusal(refusal: unknown): boolean {
  return HeddleError.is(refusal) && refusals.has(refusal.code);
}
