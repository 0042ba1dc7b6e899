import type { EventRecord } from "@heddle/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { encodeSse, runSse, SseReader, sseHeartbeat } from "./sse.ts";

const record = (seq: number, text: string): EventRecord => ({
  seq,
  atMs: seq,
  event: { kind: "once-recorded", activation: 1, name: "n", value: { text } },
});

/** Text in pieces, cut at these places. */
function pieces(text: string, cuts: readonly number[]): readonly string[] {
  const places = [0, ...cuts.map((cut) => cut % (text.length + 1)).sort((a, b) => a - b), text.length];
  return places.slice(1).map((end, i) => text.slice(places[i], end));
}

describe("a stream of events", () => {
  it("is taken apart as it was put together, whatever its pieces, line ends and heartbeats", () => {
    const texts = fc.array(fc.string({ unit: "binary", maxLength: 30 }), { maxLength: 6 });
    fc.assert(
      fc.property(texts, fc.array(fc.nat(), { maxLength: 12 }), fc.boolean(), (values, cuts, returns) => {
        const records = values.map((value, i) => record(i + 1, value));
        const lines = records.map((each) => encodeSse(runSse, [each]) + sseHeartbeat).join("");
        const text = returns ? lines.replaceAll("\n", "\r\n") : lines;
        const reader = new SseReader(runSse);
        expect(pieces(text, cuts).flatMap((piece) => reader.push(piece))).toStrictEqual(records);
      }),
    );
  });

  it("gives an event only when it is whole", () => {
    const reader = new SseReader(runSse);
    const text = encodeSse(runSse, [record(1, "a"), record(2, "b")]);
    const end = text.indexOf("\n\n") + 2;
    expect(reader.push(text.slice(0, end - 1))).toEqual([]);
    expect(reader.push(text.slice(end - 1, end + 4))).toEqual([record(1, "a")]);
    expect(reader.push(text.slice(end + 4))).toEqual([record(2, "b")]);
  });

  it("passes over fields and messages that it does not know", () => {
    const reader = new SseReader(runSse);
    const known = encodeSse(runSse, [record(1, "a")]).replace("event:", "retry: 5\nevent:");
    expect(reader.push(`event: hello\n\n: comment\n\n${known}`)).toEqual([record(1, "a")]);
  });

  it.each([
    ["data that is not JSON", "id: 1\ndata: {\n\n"],
    ["data that is no event", 'id: 1\ndata: {"seq":1}\n\n'],
    ["an id that is not the event's", encodeSse(runSse, [record(2, "a")]).replace("id: 2", "id: 3")],
  ])("with %s is internal", (_, text) => {
    expect(() => new SseReader(runSse).push(text)).toThrow(expect.objectContaining({ code: "internal" }));
  });

  it("costs what it has: a large event in many pieces is joined once", () => {
    const reader = new SseReader(runSse);
    const text = encodeSse(runSse, [record(1, "x".repeat(8_000_000))]);
    const given = pieces(
      text,
      Array.from({ length: 8_000 }, (_, i) => i * 1_000),
    ).flatMap((piece) => reader.push(piece));
    expect(given).toHaveLength(1);
  });
});
