// Parity: MN9.
import { HeddleError, irVersion, type JsonValue, type Principal, type RunId, type WorkflowIr } from "@heddle/core";
import { simulatedPrincipal } from "@heddle/testkit/simulator";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createRuntime, type Runtime } from "../create-runtime.ts";

const caller = { principal: simulatedPrincipal };
const stranger: { readonly principal: Principal } = { principal: { ...simulatedPrincipal, tenant: "elsewhere" } };

/** A service: what is sent to `in` goes to `sort`; orders with a price go on to `bill`, and others have no way. */
const shop: WorkflowIr = {
  ir: irVersion,
  id: "shop",
  discipline: "graph",
  type: "service",
  inputs: [],
  entry: "sort",
  seeds: [],
  nodes: [
    { kind: "router", id: "sort" },
    { kind: "handler", id: "bill", handler: "bill" },
  ],
  edges: [
    {
      id: "priced",
      from: "sort",
      to: "bill",
      guard: { kind: "compare", op: "gt", left: price(), right: { kind: "literal", value: 0 } },
    },
  ],
};

function price() {
  return { kind: "field", of: { kind: "ref", scope: "var", name: "payload" }, name: "price" } as const;
}

function codeOf(work: Promise<unknown>): Promise<string | undefined> {
  return work.then(
    () => undefined,
    (error: unknown) => (HeddleError.is(error) ? error.code : String(error)),
  );
}

describe("the deadLetters group", () => {
  let runtime: Runtime;
  let runId: RunId;
  let isBroken: boolean;
  const billed: JsonValue[] = [];

  beforeEach(async () => {
    isBroken = true;
    billed.length = 0;
    runtime = createRuntime({
      handlers: {
        bill: (order: JsonValue) => {
          if (isBroken) throw Object.assign(new RangeError("no printer"), { code: "no-printer" });
          billed.push(order);
          return { billed: true };
        },
      },
    });
    await runtime.ready();
    const { api } = runtime;
    const bundle = await api.bundles.put(
      {
        manifest: { format: "heddle.bundle/v1", main: "shop", workflows: [shop], handlers: [{ name: "bill" }], files: [] },
        files: [],
      },
      caller,
    );
    runId = (await api.runs.start({ bundle: bundle.hash, input: {} }, caller)).runId;
    await api.runs.signal({ runId, name: "sort", value: { price: 0 } }, caller);
    await api.runs.signal({ runId, name: "sort", value: { price: 3 } }, caller);
    for await (const batch of api.runs.follow({ runId }, caller)) if (batch.some(({ event }) => event.kind === "activation-failed")) break;
  });
  afterEach(() => runtime.close({ graceMs: 0 }));

  it("lists what went nowhere and what failed, to its own tenant alone", async () => {
    const { deadLetters } = runtime.api;
    expect(await deadLetters.list({ runId }, caller)).toMatchObject([
      { run: runId, letter: 1, from: "sort", messageType: "command", code: "unroutable", body: { price: 0 } },
      {
        run: runId,
        letter: 2,
        from: "sort",
        to: "bill",
        messageType: "command",
        code: "no-printer",
        reason: "no printer",
        body: { price: 3 },
      },
    ]);
    expect(await codeOf(deadLetters.list({ runId }, stranger))).toBe("run-not-found");
    expect(await codeOf(deadLetters.replay({ runId }, stranger))).toBe("run-not-found");
  });

  it("sends a letter again once, to the node that it was for", async () => {
    const { deadLetters, runs } = runtime.api;
    isBroken = false;
    expect(await deadLetters.replay({ runId, letters: [2, 2] }, caller)).toEqual({ replayed: 1 });
    for await (const batch of runs.follow({ runId }, caller)) if (batch.some(({ event }) => event.kind === "activation-succeeded")) break;
    expect(billed).toEqual([{ price: 3 }]);
    const [first, second] = await deadLetters.list({ runId }, caller);
    expect(first).not.toHaveProperty("replayedAtMs");
    expect(second).toHaveProperty("replayedAtMs");
    expect(await codeOf(deadLetters.replay({ runId, letters: [2] }, caller))).toBe("dead-letter-not-found");
  });

  it("sends all that are left, of which some find no way again", async () => {
    const { deadLetters } = runtime.api;
    isBroken = false;
    expect(await deadLetters.replay({ runId }, caller)).toEqual({ replayed: 2 });
    const letters = await deadLetters.list({ runId }, caller);
    expect(letters.filter(({ replayedAtMs }) => replayedAtMs === undefined)).toMatchObject([{ letter: 3, code: "unroutable" }]);
  });

  it("refuses the whole wish for one letter that is not there, and any of a run that has ended", async () => {
    const { deadLetters, runs } = runtime.api;
    expect(await codeOf(deadLetters.replay({ runId, letters: [1, 7] }, caller))).toBe("dead-letter-not-found");
    expect((await deadLetters.list({ runId }, caller)).every(({ replayedAtMs }) => replayedAtMs === undefined)).toBe(true);
    await runs.cancel({ runId }, caller);
    await runs.result({ runId }, caller);
    expect(await deadLetters.list({ runId }, caller)).toHaveLength(2);
    expect(await codeOf(deadLetters.replay({ runId }, caller))).toBe("run-ended");
  });
});
