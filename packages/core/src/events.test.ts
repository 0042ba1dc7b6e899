import { describe, expect, test } from "vitest";
import type { CallNeed, PreparedCall } from "./call.ts";
import {
  attemptEventKinds,
  Doing,
  EventRecord,
  isTerminalEvent,
  RunEvent,
  type RunEventKind,
  type RunEventOf,
  type SentMessage,
  Source,
  terminalEventKinds,
} from "./events.ts";
import { failureOf } from "./failure.ts";
import { hashText } from "./hash.ts";
import { derivedId } from "./ids.ts";
import { parseJson } from "./json.ts";

const run = derivedId("run", "test");
const sent: SentMessage = {
  message: 2,
  type: "order",
  from: "a",
  class: "event",
  correlation: 1,
  causation: 1,
  to: [{ node: "b", edge: "e" }],
  letter: 3,
  body: { price: 3 },
  bodyBase64: "AA==",
  headers: { trace: "x" },
  artifacts: [{ path: "x" }],
  stream: { stream_id: "s", seq: 0 },
  contentType: "application/json",
  contentEncoding: "gzip",
};
const failure = failureOf("handler-failed", "boom", "handler", { retryable: true, node: "a", details: { n: 1 } });

const hash = hashText("call");
const prepared: PreparedCall = {
  tool: "write-file",
  version: hash,
  capability: "fs.write",
  permission: "modify",
  args: { path: "/w/a", content: "x" },
  paths: [{ parameter: "path", root: "workspace", real: "/w/a", relative: "a", exists: false }],
  destinations: [{ parameter: "url", scheme: "https", host: "a.example", port: 443 }],
  argv: ["ls"],
  folder: "/w",
  inputPaths: { root: "/w" },
  links: { "/var/run": "/run" },
  policies: hash,
};
const need: CallNeed = { kind: "call", policy: "p", capability: "fs.read", args: { path: "/w/a" }, key: "k" };

/** One of each kind, with everything that it may hold. The type makes a forgotten kind a compile error. */
const events: { readonly [Kind in RunEventKind]: RunEventOf<Kind> } = {
  "run-started": {
    kind: "run-started",
    run,
    workflow: "flow",
    bundle: hashText("bundle"),
    input: { title: "x" },
    parent: { run, activation: 3 },
    key: "k",
    deadlineMs: 9,
    by: "someone",
    open: { activation: 1, node: "a" },
  },
  "router-passed": { kind: "router-passed", frame: 0, node: "r", edge: "e", set: { x: { value: 1 } }, open: { activation: 2, node: "b" } },
  "activation-succeeded": {
    kind: "activation-succeeded",
    activation: 1,
    attempt: 1,
    result: { ok: true },
    by: "someone",
    set: { x: { result: ["ok", 0] }, y: { var: "z", path: [] } },
    edge: "e",
    open: { activation: 2, node: "b", does: { kind: "sleep", untilMs: 5 } },
  },
  "activation-failed": { kind: "activation-failed", activation: 1, attempt: 2, on: "failure", failure, exit: { value: null } },
  "call-prepared": { kind: "call-prepared", activation: 1, attempt: 1, prepared, hash, does: { kind: "execute", unsafe: true } },
  "need-satisfied": { kind: "need-satisfied", activation: 1, key: "k", does: { kind: "call", needs: [need] } },
  "approval-given": { kind: "approval-given", activation: 1, comment: "fine", by: "someone" },
  "call-approved": { kind: "call-approved", activation: 1, hash, comment: "fine", by: "someone" },
  "messages-sent": { kind: "messages-sent", sent: [sent], key: "k", by: "someone" },
  "node-fired": { kind: "node-fired", open: { activation: 1, node: "a", does: { kind: "gather", group: "g", deadlineMs: 9 } }, takes: 1 },
  "node-passed": {
    kind: "node-passed",
    node: "a",
    takes: 1,
    activation: 1,
    late: 1,
    sent: [sent],
    nodeState: { n: 1 },
    facts: [{ type: "seen", payload: 1 }],
    sink: true,
  },
  "messages-gathered": { kind: "messages-gathered", activation: 1, takes: 1, dropped: true, deadlineMs: 9 },
  "gathering-ended": { kind: "gathering-ended", activation: 1, why: "joined", does: { kind: "execute", unsafe: true }, late: 1 },
  "node-restarted": { kind: "node-restarted", node: "a", activation: 1, window: "reschedule", count: 2, restartAtMs: 9 },
  "pressure-changed": { kind: "pressure-changed", node: "a", level: "saturated", depth: 100 },
  "messages-dead-lettered": {
    kind: "messages-dead-lettered",
    node: "a",
    count: 1,
    activation: 1,
    late: "g",
    letters: [{ letter: 1, message: 2, node: "a" }],
    code: "join-late",
    reason: "too late",
  },
  "letters-replayed": { kind: "letters-replayed", letters: [1], sent: [sent], by: "someone" },
  "run-completing": { kind: "run-completing", node: "a", output: 1 },
  "run-failing": { kind: "run-failing", failure, cleanupAtMs: 9 },
  "activations-aborting": { kind: "activations-aborting", cause: "completed", activations: [1], closed: [2] },
  "attempt-started": { kind: "attempt-started", activation: 1, attempt: 1, incarnation: "i" },
  "attempt-failed": { kind: "attempt-failed", activation: 1, attempt: 1, failure, counted: true, retryAtMs: 7 },
  "outcome-unknown": { kind: "outcome-unknown", activation: 1, attempt: 1 },
  "outcome-settled": { kind: "outcome-settled", activation: 1, attempt: 1, as: "retry", by: "someone" },
  "once-recorded": { kind: "once-recorded", activation: 1, name: "charge", value: { id: 7 } },
  "handler-called": {
    kind: "handler-called",
    activation: 1,
    attempt: 1,
    name: "charge",
    tool: "http",
    asked: `sha256:${"a".repeat(64)}`,
    outcome: "succeeded",
    call: `sha256:${"b".repeat(64)}`,
    verdict: "policies",
    result: { status: 200 },
    digest: `sha256:${"c".repeat(64)}`,
  },
  "frames-opened": {
    kind: "frames-opened",
    region: 1,
    frames: [{ frame: 1, slot: "body", index: 0, set: { item: { item: [] } }, open: { activation: 2, node: "b" } }],
  },
  "frame-failed": { kind: "frame-failed", frame: 1, failure },
  "unwinding-started": { kind: "unwinding-started", cause: "cancel", frames: [1, 0], closed: [2] },
  "activation-cancelled": { kind: "activation-cancelled", activation: 1, attempt: 1, outcome: "aborted" },
  "frame-closed": { kind: "frame-closed", frame: 1 },
  "signal-received": { kind: "signal-received", signal: 1, name: "go", value: [1], key: "k", by: "someone" },
  "waits-hastened": { kind: "waits-hastened", activations: [1, 2], by: "someone" },
  "run-paused": { kind: "run-paused", reason: "lunch", by: "someone" },
  "run-resumed": { kind: "run-resumed", by: "someone" },
  "run-cancelling": { kind: "run-cancelling", reason: "enough", cleanupAtMs: 9, by: "someone" },
  "run-limited": { kind: "run-limited", failure, cleanupAtMs: 9 },
  "run-succeeded": { kind: "run-succeeded", output: { notes: "" } },
  "run-failed": { kind: "run-failed", failure, forced: true },
  "run-cancelled": { kind: "run-cancelled", reason: "enough", forced: true },
  "run-retried": { kind: "run-retried", from: 4, node: "a", state: { frames: [] }, by: "someone" },
};

describe("run events", () => {
  test.each(Object.entries(events))("%s survives its own text", (_, event) => {
    expect(RunEvent.parse(parseJson(JSON.stringify(event)))).toEqual(event);
    expect(EventRecord.parse({ seq: 1, atMs: 0, event })).toEqual({ seq: 1, atMs: 0, event });
  });

  test.each(Object.entries(events))("%s refuses members that it does not know", (_, event) => {
    expect(RunEvent.safeParse({ ...event, extra: 1 }).success).toBe(false);
  });

  test.each([{}, { kind: "run-exploded" }, { kind: "run_started" }, null, "run-started"])("%j is none", (value) => {
    expect(RunEvent.safeParse(value).success).toBe(false);
  });

  test("count activations from 1, and frames from 0", () => {
    expect(RunEvent.safeParse({ ...events["outcome-unknown"], activation: 0 }).success).toBe(false);
    expect(RunEvent.safeParse({ kind: "frame-closed", frame: 0 }).success).toBe(true);
    expect(RunEvent.safeParse({ kind: "frame-closed", frame: -1 }).success).toBe(false);
    expect(EventRecord.safeParse({ seq: 0, atMs: 0, event: events["frame-closed"] }).success).toBe(false);
  });

  test("keep every member of the values that they carry", () => {
    const text = '{"kind":"run-succeeded","output":{"__proto__":{"a":1},"constructor":2}}';
    expect(JSON.stringify(RunEvent.parse(parseJson(text)))).toBe(text);
  });

  test("that end a run are three", () => {
    const ending = Object.keys(events).filter(isTerminalEvent);
    expect(ending.toSorted()).toEqual([...terminalEventKinds].toSorted());
    expect(ending).toEqual(["run-succeeded", "run-failed", "run-cancelled"]);
  });

  test("of attempts are kinds of events", () => {
    for (const kind of attemptEventKinds) expect(Object.keys(events)).toContain(kind);
  });
});

describe("sources", () => {
  test.each([
    { value: { any: [1] } },
    { result: [] },
    { result: ["a", 0] },
    { var: "x", path: ["a"] },
    { item: [] },
    { carried: "n", path: [] },
    { caught: ["code"] },
  ])("%j", (source) => {
    expect(Source.parse(source)).toEqual(source);
  });

  test.each([{}, { value: 1, result: [] }, { var: "x" }, { result: [0.5] }, { env: "HOME" }])("%j is none", (source) => {
    expect(Source.safeParse(source).success).toBe(false);
  });
});

test.each<[Doing]>([
  [{ kind: "execute", unsafe: true }],
  [{ kind: "sleep", untilMs: 1 }],
  [{ kind: "signal", name: "go", deadlineMs: 2 }],
  [{ kind: "ask", mode: "answer", prompt: "which?", details: { a: 1 }, deadlineMs: 2 }],
  [{ kind: "child", workflow: "flow" }],
  [{ kind: "region", region: "map", total: 2, items: { value: [1, 2] }, deadlineMs: 5 }],
  [{ kind: "region", region: "loop", carried: { n: { value: 0 } } }],
])("an activation may do %j", (doing) => {
  expect(Doing.parse(doing)).toEqual(doing);
});
