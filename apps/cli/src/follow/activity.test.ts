import type { EventRecord, RunEvent } from "@heddle/core";
import { describe, expect, it } from "vitest";
import { Activity, type Change } from "./activity.ts";
import { createEventTeller } from "./describe-event.ts";
import { resultOf } from "./run-follower.ts";

const run = "run_00000000000000000000000000";
const hash = `sha256:${"1".repeat(64)}` as const;
const bundle = `sha256:${"0".repeat(64)}` as const;
const failure = { code: "handler-failed", message: "out of steam", class: "handler", retryable: true } as const;

function story(events: readonly RunEvent[]): { activity: Activity; told: string[]; records: EventRecord[] } {
  const activity = new Activity();
  const records = events.map((event, i) => ({ seq: i + 1, atMs: 1_000 + 10 * i, event }));
  return { activity, told: records.flatMap((record) => activity.apply(record).map(textOf)), records };
}

function textOf(change: Change): string {
  if (change.kind === "told") return change.text;
  const { of } = change;
  const more = change.kind === "ended" ? ` ${change.outcome} ${change.tookMs}` : change.kind === "retrying" ? ` ${change.inMs}` : "";
  return `${change.kind} ${of.node}#${of.activation}${more}`;
}

const started: RunEvent = { kind: "run-started", run, workflow: "flow", bundle, input: {}, open: { activation: 1, node: "a" } };

describe("the activity of a run", () => {
  it("opens what events open, and ends what they end", () => {
    const { activity, told } = story([
      started,
      { kind: "attempt-failed", activation: 1, attempt: 1, failure, counted: true, retryAtMs: 1_110 },
      {
        kind: "activation-succeeded",
        activation: 1,
        result: 1,
        edge: "e",
        open: { activation: 2, node: "m", does: { kind: "region", region: "map" } },
      },
      { kind: "frames-opened", region: 2, frames: [{ frame: 1, slot: "body", index: 0, open: { activation: 3, node: "b" } }] },
      { kind: "activation-failed", activation: 3, on: "timeout", failure },
    ]);
    expect(told).toEqual(["opened a#1", "retrying a#1 100", "ended a#1 succeeded 20", "opened m#2", "opened b#3", "ended b#3 timeout 10"]);
    expect(activity.open.map(({ node }) => node)).toEqual(["m"]);
  });

  it("takes back what is unwound, and says who paused and why", () => {
    const { activity, told } = story([
      started,
      { kind: "run-paused", reason: "lunch" },
      { kind: "run-resumed" },
      { kind: "run-cancelling", cleanupAtMs: 0 },
      { kind: "unwinding-started", cause: "cancel", frames: [0], closed: [1] },
      { kind: "outcome-unknown", activation: 9, attempt: 1 },
      { kind: "run-cancelled" },
    ]);
    expect(told).toEqual(["opened a#1", "paused: lunch", "resumed", "is being cancelled", "ended a#1 taken-back 40"]);
    expect(activity.open).toEqual([]);
  });

  it("lets a call start that a person said yes to", () => {
    const { activity, told } = story([
      {
        ...started,
        open: { activation: 1, node: "a", does: { kind: "ask", mode: "approve", prompt: "Let a call b?", call: hash } },
      },
      { kind: "call-approved", activation: 1, hash, by: "ada" },
      { kind: "attempt-started", activation: 1, attempt: 1, incarnation: "inc_1" },
    ]);
    expect(told).toEqual(["opened a#1", "approved a#1", "turned a#1"]);
    expect(activity.open.map(({ does }) => does)).toEqual([undefined]);
  });

  it("goes on from the state of a retried run", () => {
    const state = { activations: [{ id: 7, node: "b", status: "ready" }, { id: "x" }, null] };
    const { told } = story([
      started,
      { kind: "run-failed", failure },
      { kind: "run-retried", from: 7, node: "b", state },
      { kind: "activation-succeeded", activation: 7 },
    ]);
    expect(told).toEqual(["opened a#1", "goes on from b, as activation 7", "opened b#7", "ended b#7 succeeded 10"]);
  });
});

describe("an event on one line", () => {
  it("names what it is about", () => {
    const { records } = story([
      started,
      { kind: "activation-failed", activation: 1, on: "failure", failure },
      { kind: "run-failed", failure },
    ]);
    expect(records.map(createEventTeller())).toMatchInlineSnapshot(`
      [
        "    1  1970-01-01T00:00:01.000Z  run-started  flow  {}  -> a#1",
        "    2  1970-01-01T00:00:01.010Z  activation-failed  a#1  out of steam (handler-failed)",
        "    3  1970-01-01T00:00:01.020Z  run-failed  out of steam (handler-failed)",
      ]
    `);
  });

  it("says how the run ended, when it is the last", () => {
    expect(resultOf(run, { kind: "run-succeeded", output: [1] })).toEqual({ runId: run, status: "succeeded", output: [1] });
    expect(resultOf(run, { kind: "run-failed", failure })).toEqual({ runId: run, status: "failed", failure });
    expect(resultOf(run, { kind: "run-resumed" })).toBeUndefined();
  });
});
