import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { HeddleError, type JsonValue, jsonDepthMax, LogRecord, RunResult, RunView } from "@heddle/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { joinUpload, splitUpload } from "./bundle-upload.ts";
import { type BundlePart, bundlesWire } from "./bundles.ts";
import { callsWire } from "./calls.ts";
import { eventMessages } from "./events.ts";
import type { WireMethod } from "./method.ts";
import { runsWire } from "./runs.ts";
import { runtimeWire } from "./runtime.ts";
import { tokensWire } from "./tokens.ts";

const runId = `run_${"0".repeat(26)}`;
const hash = `sha256:${"a".repeat(64)}`;

const json = fc.jsonValue({ maxDepth: 4 }).map((value) => JSON.parse(JSON.stringify(value)) as JsonValue);
const object = fc.dictionary(
  fc.string().filter((key) => key !== "__proto__"),
  json,
  { noNullPrototype: true },
);
const text = fc.string({ unit: "grapheme" });
const ms = fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER });
const int = fc.maxSafeInteger();
const maybe = <Key extends string, Value>(key: Key, value: fc.Arbitrary<Value>) =>
  fc.option(value).map((given) => (given === null ? {} : ({ [key]: given } as Record<Key, Value>)));
const failure = fc.tuple(text, maybe("node", text), maybe("details", json), fc.boolean()).map(([message, node, details, retryable]) => ({
  code: "handler-failed",
  message,
  class: "transient" as const,
  retryable,
  ...node,
  ...details,
}));

function carriesResponse<Response>(method: WireMethod<never, Response>, values: fc.Arbitrary<Response>): void {
  fc.assert(
    fc.property(values, (value) => {
      expect(method.decodeResponse(method.encodeResponse(value))).toStrictEqual(value);
    }),
  );
}

function carriesRequest<Request>(method: WireMethod<Request, never>, values: fc.Arbitrary<Request>): void {
  fc.assert(
    fc.property(values, (value) => {
      expect(method.decodeRequest(method.encodeRequest(value))).toStrictEqual(value);
    }),
  );
}

describe("any value crosses the wire unchanged", () => {
  it("a run", () => {
    const views = fc
      .tuple(ms, maybe("endedAtMs", ms), maybe("parent", fc.constant(runId)), object, maybe("output", json), maybe("failure", failure), int)
      .map(([startedAtMs, ended, parent, input, output, failed, steps]) =>
        RunView.parse({
          id: runId,
          tenant: "default",
          workflow: "w",
          bundle: hash,
          status: "parked",
          startedAtMs,
          ...ended,
          ...parent,
          seq: steps,
          input,
          ...output,
          ...failed,
          steps,
          questions: [],
        }),
      );
    carriesResponse(runsWire.get as WireMethod<never, RunView>, views);
  });

  it("a result", () => {
    const results = fc
      .tuple(maybe("output", json), maybe("failure", failure))
      .map(([output, failed]) => RunResult.parse({ runId, status: "failed", ...output, ...failed }));
    carriesResponse(runsWire.result as WireMethod<never, RunResult>, results);
  });

  it("a log record", () => {
    const records = fc
      .tuple(int, ms, maybe("node", text), maybe("activation", int), maybe("attempt", int), text, maybe("fields", object))
      .map(([n, atMs, node, activation, attempt, said, fields]) =>
        LogRecord.parse({ n, atMs, ...node, ...activation, ...attempt, level: "info", source: "log", text: said, ...fields }),
      );
    const parts = fc.array(records, { maxLength: 3 }).map((rows) => ({ rows, truncated: false }));
    carriesResponse(runsWire.logs as WireMethod<never, { rows: readonly LogRecord[]; truncated: boolean }>, parts);
  });

  it("a start", () => {
    const requests = fc
      .tuple(
        maybe("workflow", fc.constant("w")),
        object,
        maybe("idempotencyKey", fc.string({ minLength: 1, maxLength: 40, unit: "grapheme" })),
      )
      .map(([workflow, input, key]) => ({ bundle: hash, ...workflow, input, ...key }));
    carriesRequest(runsWire.start as WireMethod<typeof runsWire.start extends WireMethod<infer R, infer _> ? R : never, never>, requests);
  });

  it("an answer, and a query", () => {
    const answers = fc.tuple(maybe("answer", json), maybe("activation", fc.integer({ min: 1 }))).map(([answer, activation]) => ({
      runId,
      ...answer,
      ...activation,
    }));
    carriesRequest(runsWire.answer as unknown as WireMethod<unknown, never>, answers);
    carriesResponse(runsWire.query as WireMethod<never, JsonValue>, json);
  });

  it("a settlement, a status, a token", () => {
    const settlements = maybe("result", json).map((result) => ({ call: `${runId}/1`, as: "succeeded" as const, ...result }));
    carriesRequest(callsWire.settle as unknown as WireMethod<unknown, never>, settlements);
    const statuses = fc
      .tuple(ms, fc.dictionary(fc.constantFrom("waiting", "parked", "running"), fc.nat(), { noNullPrototype: true }))
      .map(([startedAtMs, openRuns]) => ({
        version: "1",
        incarnation: "i",
        startedAtMs,
        openRuns: { ...openRuns },
        storage: { kind: "memory", healthy: true, settings: {} },
      }));
    carriesResponse(runtimeWire.status as unknown as WireMethod<never, unknown>, statuses);
    const tokens = maybe("revokedAtMs", ms).map((revoked) => ({
      rows: [{ id: `tok_${"0".repeat(26)}`, subject: "s", tenant: "t", roles: ["admin"], createdAtMs: 1, ...revoked }],
    }));
    carriesResponse(tokensWire.list as unknown as WireMethod<never, unknown>, tokens);
  });

  it("times with fractions become whole", () => {
    const page = { rows: [{ hash, main: "m", workflows: [], files: 0, bytes: 0, storedAtMs: 1.6 }] };
    expect(bundlesWire.list.decodeResponse(bundlesWire.list.encodeResponse(page)).rows[0]?.storedAtMs).toBe(2);
  });
});

describe("what does not fit the contract", () => {
  it("is refused before it leaves, and undefined members are as good as absent", () => {
    expect(() => runsWire.start.encodeRequest({ bundle: "x", input: {} })).toThrow(expect.objectContaining({ code: "request-invalid" }));
    const loose = { bundle: hash, input: {}, workflow: undefined } as never;
    expect(runsWire.start.decodeRequest(runsWire.start.encodeRequest(loose))).toStrictEqual({ bundle: hash, input: {} });
  });

  it("is refused when it nests deeper than a value may", () => {
    let deep: JsonValue = 1;
    for (let i = 0; i < jsonDepthMax + 1; i++) deep = [deep];
    const request = { runId, name: "n", value: deep };
    expect(() => runsWire.signal.encodeRequest(request)).toThrow(expect.objectContaining({ code: "value-too-deep" }));
  });

  it("values of a program become JSON as JSON.stringify would have it", () => {
    const input = { at: new Date(0), gone: undefined, list: [undefined] } as never;
    const { input: carried } = runsWire.start.decodeRequest(runsWire.start.encodeRequest({ bundle: hash, input }));
    expect(carried).toStrictEqual({ at: "1970-01-01T00:00:00.000Z", list: [null] });
    expect(() => runsWire.start.encodeRequest({ bundle: hash, input: { f: () => 1 } as never })).toThrow(
      expect.objectContaining({ code: "value-invalid" }),
    );
  });

  it("never makes another error than one of ours out of random bytes", () => {
    const methods = [bundlesWire, runsWire, callsWire, tokensWire, runtimeWire].flatMap((group) => Object.values(group));
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), fc.nat(methods.length - 1), (bytes, at) => {
        const method = methods[at] as WireMethod<unknown, unknown>;
        for (const decode of [method.decodeRequest, method.decodeResponse]) {
          try {
            decode(Buffer.from(bytes));
          } catch (error) {
            expect(HeddleError.is(error)).toBe(true);
          }
        }
      }),
      { numRuns: 2_000 },
    );
  });
});

describe("an upload", () => {
  async function* decoded(parts: readonly BundlePart[]) {
    for (const part of parts) yield bundlesWire.put.decodeRequest(bundlesWire.put.encodeRequest(part));
  }
  const collect = async (parts: readonly BundlePart[]) => {
    const { files } = await joinUpload(decoded(parts));
    const whole: { path: string; bytes: Uint8Array }[] = [];
    for await (const file of files) whole.push(file);
    return whole;
  };
  const manifest: BundlePart = { kind: "manifest", manifest: {} };
  const chunk = (path: string, last: boolean, bytes = 1): BundlePart => ({ kind: "chunk", path, bytes: Buffer.alloc(bytes), last });

  it("is put together as it was cut", async () => {
    const files = [0, 1, 256 * 1024, 256 * 1024 + 1].map((size, i) => ({ path: `f${i}`, bytes: Buffer.alloc(size, i + 1) }));
    const parts: BundlePart[] = [];
    for await (const part of splitUpload({ manifest: {}, files })) parts.push(part);
    expect(parts).toHaveLength(1 + 1 + 1 + 1 + 2);
    expect((await collect(parts)).map(({ path, bytes }) => ({ path, bytes: Buffer.from(bytes) }))).toEqual(files);
  });

  it.each([
    ["no manifest", [chunk("a", true)]],
    ["nothing", []],
    ["two manifests", [manifest, manifest]],
    ["a file without an end", [manifest, chunk("a", false)]],
    ["files that are mixed up", [manifest, chunk("a", false), chunk("b", true)]],
    ["a chunk that is too large", [manifest, chunk("a", true, 256 * 1024 + 1)]],
  ])("with %s is refused", async (_, parts) => {
    await expect(collect(parts)).rejects.toMatchObject({ code: "request-invalid" });
  });
});

describe("event batches", () => {
  it("are cut by size, lose nothing, and keep a large event alone", () => {
    const sizes = [1, 200_000, 100_000, 900_000, 1, 1];
    const batch = sizes.map((size, i) => ({
      seq: i + 1,
      atMs: 1,
      event: { kind: "once-recorded", activation: 1, name: "n", value: "x".repeat(size) } as const,
    }));
    const messages = eventMessages(batch);
    expect(messages.map((message) => message.map(({ seq }) => seq))).toEqual([[1, 2], [3], [4], [5, 6]]);
    expect(eventMessages([])).toEqual([]);
  });
});

it("the contracts are lint-free", () => {
  const root = fileURLToPath(new URL("../../../", import.meta.url));
  execFileSync(process.execPath, ["scripts/proto.mjs", "lint"], { cwd: root, stdio: "pipe", env: withBin(root) });
});

function withBin(root: string): NodeJS.ProcessEnv {
  return { ...process.env, PATH: `${root}node_modules/.bin:${process.env["PATH"] ?? ""}` };
}
