import { HeddleError } from "@heddle/core";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  decodeRuntimeFrame,
  decodeServingFrame,
  encodeRuntimeFrame,
  encodeServingFrame,
  pluginStreamPath,
  workerStreamPath,
} from "./frame-codec.ts";
import { emptyRuntimeFrame, emptyServingFrame, type RuntimeFrame, type ServingFrame } from "./frames.ts";

const hash = `sha256:${"a".repeat(64)}`;
const id = fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER });
/** Whole characters: half of a pair is no text on a wire. */
const text = fc.string({ unit: "binary", maxLength: 20 }).filter((given) => !/\p{Surrogate}/u.test(given));
const json = fc.jsonValue().map((value) => JSON.stringify(value));
const some = <Value>(one: fc.Arbitrary<Value>) => fc.array(one, { maxLength: 4 });
const end = { requiredKeys: ["code", "message"] as ["code", "message"] };

const runtimeFrame: fc.Arbitrary<RuntimeFrame> = fc.record(
  {
    welcome: fc.record({ session: text, leaseMs: fc.nat() }),
    recorded: some(fc.record({ task: id, name: text, error: text }, { requiredKeys: ["task", "name"] })),
    tasks: some(
      fc.record(
        {
          id,
          run: text,
          node: text,
          name: text,
          activation: id,
          attempt: fc.nat(),
          idempotencyKey: text,
          incarnation: text,
          inputJson: json,
          positional: fc.boolean(),
          once: some(fc.record({ name: text, valueJson: json })),
          timeoutMs: id,
          bundle: text,
          tenant: text,
          timeRangeJson: json,
        },
        {
          requiredKeys: [
            "id",
            "run",
            "node",
            "name",
            "activation",
            "attempt",
            "idempotencyKey",
            "incarnation",
            "inputJson",
            "positional",
            "once",
            "bundle",
            "tenant",
          ],
        },
      ),
    ),
    aborts: some(fc.record({ task: id, reason: text })),
    drain: fc.boolean(),
    end: fc.record({ code: text, message: text }, end),
  },
  { requiredKeys: ["recorded", "tasks", "aborts", "drain"] },
);

const servingFrame: fc.Arbitrary<ServingFrame> = fc.record(
  {
    hello: fc.record(
      {
        protocol: fc.constant(1 as const),
        name: fc.constantFrom("w", "worker one"),
        instance: fc.constant("i"),
        slots: fc.integer({ min: 1, max: 100 }),
        handlers: some(fc.record({ name: fc.constantFrom("greet", "a.b-c_d") })),
        plugin: fc.constant("p"),
        bundles: some(fc.constant(hash)),
        version: text,
      },
      { requiredKeys: ["protocol", "name", "instance", "slots", "handlers", "bundles", "version"] },
    ),
    logs: some(
      fc.record({ task: id, level: text, source: text, text, fieldsJson: json }, { requiredKeys: ["task", "level", "source", "text"] }),
    ),
    progress: some(fc.record({ task: id, message: text, step: fc.integer(), total: fc.integer() }, { requiredKeys: ["task", "message"] })),
    records: some(fc.record({ task: id, name: text, valueJson: json })),
    results: some(
      fc.oneof(
        fc.record({ task: id, kind: fc.constantFrom("succeeded" as const, "failed" as const), json }),
        fc.record({ task: id, kind: fc.constant("aborted" as const) }),
      ),
    ),
    draining: fc.boolean(),
    end: fc.record({ code: text, message: text }, end),
  },
  { requiredKeys: ["logs", "progress", "records", "results", "draining"] },
);

describe("frames", () => {
  test("of the runtime side come back as they were", () => {
    fc.assert(
      fc.property(runtimeFrame, (frame) => {
        expect(decodeRuntimeFrame(encodeRuntimeFrame(frame))).toEqual(frame);
      }),
    );
  });

  test("of the serving side come back as they were", () => {
    fc.assert(
      fc.property(servingFrame, (frame) => {
        expect(decodeServingFrame(encodeServingFrame(frame))).toEqual(frame);
      }),
    );
  });

  test("with nothing in them take no bytes", () => {
    expect(encodeRuntimeFrame(emptyRuntimeFrame())).toHaveLength(0);
    expect(encodeServingFrame(emptyServingFrame())).toHaveLength(0);
  });

  test("any bytes are a frame, or request-invalid", () => {
    const either = (decode: () => unknown): void => {
      try {
        decode();
      } catch (error) {
        expect(HeddleError.is(error, "request-invalid")).toBe(true);
      }
    };
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
        either(() => decodeRuntimeFrame(Buffer.from(bytes)));
        either(() => decodeServingFrame(Buffer.from(bytes)));
      }),
    );
  });

  test("a result without an outcome, and a number that is too large, are refused", () => {
    const result = Buffer.from([0x2a, 2, 0x08, 1]);
    expect(() => decodeServingFrame(result)).toThrow("the result of task 1 has no outcome");
    const large = Buffer.from([0x2a, 14, 0x08, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01, 0x12, 1, 0x31]);
    expect(() => decodeServingFrame(large)).toThrow("which is too large");
  });

  test("the services have the paths of their contract", () => {
    expect([workerStreamPath, pluginStreamPath]).toEqual([
      "/heddle.stream.v1.WorkerService/Serve",
      "/heddle.stream.v1.PluginStreamService/Open",
    ]);
  });
});
