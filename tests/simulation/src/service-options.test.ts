/** Options of services and of their agents, where the runtime judges them: each of them taken out, the run goes otherwise. */
// Parity: MN5, MN6.
import { compile, isError } from "@heddle/compiler";
import type { JsonObject, JsonValue, RunEvent, WorkflowIr } from "@heddle/core";
import { createRuntime, type Runtime, type RuntimeOptions } from "@heddle/runtime";
import { simulatedPrincipal } from "@heddle/testkit/simulator";
import { describe, expect, test } from "vitest";

const caller = { principal: simulatedPrincipal };

function service(body: string, options: { readonly work?: string; readonly whole?: string } = {}): WorkflowIr {
  const text = `import { agent, handler, workflow } from "@heddle/compiler/authoring";
interface Line { n: number }
export const work = agent({ name: "work"${options.work ?? ""} }, async (line: Line): Promise<Line> => line);
export const other = handler({ name: "other" }, async (line: Line): Promise<Line> => line);
export const both = handler({ name: "both" }, async (input: { a: Line; b: Line }): Promise<Line> => input.a);
export default workflow({ name: "main", type: "service"${options.whole ?? ""} }, async (message: Line) => {
  ${body}
});
`;
  const { workflows, diagnostics } = compile(new Map([["flow.ts", text]]));
  expect(diagnostics.filter(isError)).toEqual([]);
  const [only] = workflows;
  if (only === undefined) throw new TypeError("nothing was compiled");
  return only.ir;
}

/** A service that runs, and what has happened in it. */
class Played {
  readonly events: RunEvent[] = [];
  readonly #runtime: Runtime;
  readonly runId: string;
  #watchers: (() => void)[] = [];
  #followed: Promise<void> = Promise.resolve();

  private constructor(runtime: Runtime, runId: string) {
    this.#runtime = runtime;
    this.runId = runId;
  }

  static async start(runtime: Runtime, ir: WorkflowIr, input: JsonObject): Promise<Played> {
    const handlers = ir.nodes.flatMap((node) => (node.kind === "handler" ? [{ name: node.handler }] : []));
    const manifest = { format: "heddle.bundle/v1", main: ir.id, workflows: [ir], handlers, files: [] };
    const { hash } = await runtime.api.bundles.put({ manifest, files: [] }, caller);
    const { runId } = await runtime.api.runs.start({ bundle: hash, input }, caller);
    const played = new Played(runtime, runId);
    played.#followed = played.#follow();
    return played;
  }

  async #follow(): Promise<void> {
    for await (const batch of this.#runtime.api.runs.follow({ runId: this.runId }, caller)) {
      this.events.push(...batch.map(({ event }) => event));
      for (const watcher of this.#watchers.splice(0)) watcher();
    }
  }

  /** `sent`, or the code of the refusal. */
  async send(value: JsonValue): Promise<string> {
    return await this.#runtime.api.runs.signal({ runId: this.runId, name: "message", value }, caller).then(
      () => "sent",
      (error: { code: string }) => error.code,
    );
  }

  async until(isThere: (events: readonly RunEvent[]) => boolean): Promise<readonly RunEvent[]> {
    while (!isThere(this.events)) await new Promise<void>((resolve) => this.#watchers.push(resolve));
    return this.events;
  }

  /** How many of its activations wait for a slot. */
  async waiting(): Promise<number> {
    const reasons = await this.#runtime.api.runs.why({ runId: this.runId }, caller);
    return reasons.filter(({ kind }) => kind === "slot").length;
  }

  async end(): Promise<void> {
    await this.#runtime.api.runs.cancel({ runId: this.runId }, caller);
    await this.#followed;
  }
}

type Work = (line: { n: number }, ctx: { readonly signal: AbortSignal }) => Promise<JsonValue> | JsonValue;

async function playing<Seen>(
  ir: WorkflowIr,
  handlers: Readonly<Record<string, Work>>,
  play: (played: Played) => Promise<Seen>,
  options: RuntimeOptions = {},
): Promise<Seen> {
  const runtime = createRuntime({
    handlers: { work: (line: unknown) => line, ...handlers } as NonNullable<RuntimeOptions["handlers"]>,
    ...options,
  });
  try {
    const played = await Played.start(runtime, ir, { n: 1 });
    const seen = await play(played);
    await played.end();
    return seen;
  } finally {
    await runtime.close({ graceMs: 0 });
  }
}

const count = (events: readonly RunEvent[], kind: RunEvent["kind"]): number => events.filter((event) => event.kind === kind).length;
const settledIn = (events: readonly RunEvent[]): number => count(events, "activation-succeeded") + count(events, "activation-failed");
const settled = (n: number) => (events: readonly RunEvent[]) => settledIn(events) >= n;

/** Never answers, until it is told to stop. */
const stuck: Work = (_line, { signal }) =>
  new Promise((_, reject) => signal.addEventListener("abort", () => reject(new TypeError("stopped")), { once: true }));

function failingOnce(): Work {
  let calls = 0;
  return (line) => {
    calls += 1;
    if (calls === 1) throw new TypeError("not yet");
    return { ...line };
  };
}

describe("windows", () => {
  const outcome = (policies: string): Promise<readonly string[]> =>
    playing(service("await work(message);", { whole: policies }), { work: failingOnce() }, async (played) =>
      (await played.until(settled(1))).flatMap((event) => {
        if (event.kind === "node-restarted") return [event.window];
        return event.kind === "activation-succeeded" ? ["done"] : event.kind === "activation-failed" ? ["dead letter"] : [];
      }),
    );

  test("`policies.restart` starts an agent that failed again, and without it there is a dead letter", async () => {
    expect(await outcome(", policies: { restart: { attempts: 1, delayMs: 0 } }")).toEqual(["restart", "done"]);
    expect(await outcome("")).toEqual(["dead letter"]);
  });

  test("`policies.reschedule` has a window of its own, under the names of manifests too", async () => {
    const policies = ", policies: { reschedule: { attempts: 1, delay_ms: 0, max_delay_ms: 5 } }";
    expect(service("await work(message);", { whole: policies }).reschedule).toEqual({ attempts: 1, delayMs: 0, delayMaxMs: 5 });
    expect(await outcome(policies)).toEqual(["reschedule", "done"]);
  });
});

describe("backpressure", () => {
  const pressed = (work: string, whole: string): Promise<readonly string[]> =>
    playing(service("await work(message);", { work, whole }), { work: stuck }, async (played) => {
      const answers = [];
      for (let n = 2; n <= 6; n++) answers.push(await played.send({ n }));
      const levels = played.events.flatMap((event) => (event.kind === "pressure-changed" ? [`${event.node} ${event.level}`] : []));
      return [...levels, ...answers.filter((answer) => answer !== "sent")];
    });

  test("of an agent says when its queue is full, and without it a hundred messages are room enough", async () => {
    expect(await pressed(", backpressure: { maxQueueDepth: 2, highWatermark: 2 }", "")).toEqual(["work saturated"]);
    expect(await pressed("", "")).toEqual([]);
  });

  test("of the workflow is that of each queue, and what has no room is refused", async () => {
    const levels = await pressed("", ", backpressure: { maxQueueDepth: 2, highWatermark: 2 }");
    expect(levels).toEqual(["work saturated", "message saturated", "retry-later"]);
  });
});

describe("how an agent takes what comes", () => {
  test("`stream` keeps the order of a stream, and without it a repeated item is handled", async () => {
    const item = (seq: number) => ({ type: "result", body: { n: seq }, stream: { stream_id: "s", seq } });
    const other: Work = () => ({ n: 1, emit_messages: [item(5), item(4), item(6)] });
    const handled = (work: string): Promise<readonly string[]> =>
      playing(service("const line = await other(message); await work(line);", { work }), { other }, async (played) => {
        await played.until((events) => settledIn(events) + count(events, "messages-dead-lettered") >= 5);
        return played.events.flatMap((event) => (event.kind === "messages-dead-lettered" ? [event.code] : []));
      });
    expect(await handled(', type: "stream"')).toEqual(["stream-repeated"]);
    expect(await handled("")).toEqual([]);
  });

  test("`fires` gives it groups, by their key", async () => {
    const groups: JsonValue[] = [];
    const work: Work = (group) => {
      groups.push(group as unknown as JsonValue);
      return null;
    };
    await playing(
      service("await work(message);", { work: ', type: "reduce", fires: { count: 2, key: "n" }' }),
      { work },
      async (played) => {
        await played.send({ n: 2 });
        await played.send({ n: 1 });
        return await played.until(settled(1));
      },
    );
    expect(groups).toEqual([{ messages: [{ n: 1 }, { n: 1 }], count: 2, last_message: { n: 1 } }]);
  });

  test("`concurrencyMax` messages at the same time, as far as its `pool` has slots", async () => {
    const most = (work: string): Promise<number> =>
      playing(
        service("await work(message);", { work }),
        { work: stuck },
        async (played) => {
          for (let n = 2; n <= 4; n++) await played.send({ n });
          const fired = count(played.events, "node-fired");
          const waiting = await played.waiting();
          return fired - waiting;
        },
        { pools: { one: 1 } },
      );
    expect(await most("")).toBe(1);
    expect(await most(", concurrencyMax: 3")).toBe(3);
    expect(await most(', concurrencyMax: 3, pool: "one"')).toBe(1);
  });
});

describe("what a body says", () => {
  const scope = (
    body: string,
    handlers: Readonly<Record<string, Work>>,
    end: number,
    more: readonly JsonValue[] = [],
  ): Promise<readonly string[]> =>
    playing(service(body), handlers, async (played) => {
      for (const value of more) await played.send(value);
      await played.until(settled(end));
      return played.events.flatMap((event) =>
        event.kind === "messages-dead-lettered" ? [event.code] : event.kind === "run-failed" ? ["run-failed"] : [],
      );
    });

  test("values of several calls come together for each message of their own", async () => {
    const seen: string[] = [];
    const both: Work = (input) => {
      const { a, b } = input as unknown as { a: { n: number }; b: { n: number } };
      seen.push(`${a.n} ${b.n}`);
      return null;
    };
    const other: Work = ({ n }) => ({ n: n * 10 });
    const body = "const a = await work(message); const b = await other(message); await both({ a, b });";
    expect(await scope(body, { both, other }, 6, [{ n: 2 }])).toEqual([]);
    expect(seen.sort()).toEqual(["1 10", "2 20"]);
  });

  test("what `if` leaves out goes nowhere, and is no dead letter", async () => {
    const seen: number[] = [];
    const other: Work = ({ n }) => {
      seen.push(n);
      return null;
    };
    expect(await scope("const a = await work(message); if (a.n > 1) await other(a);", { other }, 4, [{ n: 2 }, { n: 0 }])).toEqual([]);
    expect(seen).toEqual([2]);
  });

  test("a `return` leaves the rest to those that go on", async () => {
    const seen: number[] = [];
    const other: Work = ({ n }) => {
      seen.push(n);
      return null;
    };
    const body = "if (message.n > 1) return; const a = await work(message); const b = await other(a); return both({ a, b });";
    expect(await scope(body, { other, both: () => null }, 6, [{ n: 2 }, { n: 0 }])).toEqual([]);
    expect(seen).toEqual([1, 0]);
  });
});
