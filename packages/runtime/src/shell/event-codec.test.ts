import { inlineBytesMax, type JsonValue, RunEvent } from "@heddle/core";
import { expect, test } from "vitest";
import { decodeEvent, encodeEvents, putBack } from "./event-codec.ts";

const large = "x".repeat(inlineBytesMax);

/** What comes back of an event, its large values fetched by hash. */
function back(event: RunEvent): { readonly event: RunEvent; readonly pointers: readonly string[]; readonly blobs: number } {
  const { events, blobs = [] } = encodeEvents([event], [5]);
  const text = events[0]?.text ?? "";
  const decoded = decodeEvent(text);
  for (const { hash, pointer } of decoded.refs) {
    const blob = blobs.find((each) => each.hash === hash);
    expect(blob, `the blob of ${pointer}`).toBeDefined();
    putBack(decoded.event, pointer, JSON.parse(new TextDecoder().decode(blob?.bytes)) as JsonValue);
  }
  if (decoded.refs.length > 0) expect(text.length).toBeLessThan(inlineBytesMax);
  return { event: decoded.event, pointers: decoded.refs.map(({ pointer }) => pointer), blobs: blobs.length };
}

test("an event without large values is its JSON text", () => {
  const event: RunEvent = { kind: "activation-succeeded", activation: 1, result: { refs: { a: 1 } } };
  expect(encodeEvents([event], [5])).toEqual({ events: [{ atMs: 5, text: JSON.stringify(event) }], blobs: undefined });
  expect(back(event)).toEqual({ event, pointers: [], blobs: 0 });
});

const failure = { code: "odd", message: "m", class: "handler", retryable: false, details: { log: large } } as const;
const run = `run_${"0".repeat(26)}`;

test.each<{ readonly event: RunEvent; readonly pointers: readonly string[] }>([
  { event: { kind: "activation-succeeded", activation: 1, result: [large] }, pointers: ["/result"] },
  {
    event: { kind: "run-started", run, workflow: "w", bundle: `sha256:${"0".repeat(64)}`, input: { text: large } },
    pointers: ["/input"],
  },
  {
    event: {
      kind: "router-passed",
      frame: 0,
      node: "r",
      set: { "a.b": { value: large }, value: { value: large }, small: { value: 1 } },
      exit: { value: large },
    },
    pointers: ["/set/a.b/value", "/set/value", "/exit/value"],
  },
  {
    event: {
      kind: "frames-opened",
      region: 1,
      frames: [
        { frame: 1, slot: "body", index: 0 },
        {
          frame: 2,
          slot: "body",
          index: 1,
          set: { x: { value: { deep: large } } },
          open: { activation: 2, node: "n", does: { kind: "ask", mode: "answer", prompt: "p", details: large } },
        },
      ],
    },
    pointers: ["/frames/1/set/x/value", "/frames/1/open/does/details"],
  },
  { event: { kind: "activation-failed", activation: 1, on: "failure", failure }, pointers: ["/failure/details"] },
  { event: { kind: "signal-received", signal: 1, name: "go", value: large }, pointers: ["/value"] },
  { event: { kind: "once-recorded", activation: 1, name: "n", value: large }, pointers: ["/value"] },
  { event: { kind: "run-succeeded", output: { "a/b~c": large } }, pointers: ["/output"] },
  { event: { kind: "run-retried", from: 1, node: "n", state: { vars: large } }, pointers: ["/state"] },
])("large values of $event.kind leave the event, and come back", ({ event, pointers }) => {
  const result = back(event);
  expect(result.event).toEqual(event);
  expect(result.pointers).toEqual(pointers);
  expect(RunEvent.safeParse(result.event).success).toBe(true);
});

test("names with a slash or a tilde are escaped in pointers", () => {
  const event = { kind: "router-passed", frame: 0, node: "r", set: { "a/b~c": { value: large } } } as const;
  expect(back(event)).toMatchObject({ event, pointers: ["/set/a~1b~0c/value"] });
});

test("equal values of one batch have one name", () => {
  const { blobs = [] } = encodeEvents(
    [1, 2].map((activation) => ({ kind: "activation-succeeded" as const, activation, result: large })),
    [1, 1],
  );
  expect(new Set(blobs.map(({ hash }) => hash)).size).toBe(1);
});

test.each(["", "nothing", "null", "7", '{"no":"kind"}'])("stored text that is no event is a corrupt journal: %j", (text) => {
  expect(() => decodeEvent(text)).toThrow(expect.objectContaining({ code: "journal-corrupt" }));
});
