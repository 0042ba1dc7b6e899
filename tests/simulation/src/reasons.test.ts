/** Row HE12: every reason why a run has not ended, and the command behind it that ends it. */
import {
  anonymousBundle,
  type Explanation,
  type HandlerContext,
  HeddleError,
  type Node,
  type RunId,
  type RunView,
  type WorkflowIr,
} from "@heddle/core";
import type { Store } from "@heddle/ports";
import { createMemoryStore, type HandlerFunction } from "@heddle/runtime";
import { Simulation, simulatedPrincipal } from "@heddle/testkit/simulator";
import { expect, test } from "vitest";
import { handler, literal, workflowOf } from "../../../packages/runtime/test/small-ir.ts";

const caller = { principal: simulatedPrincipal };

type Handlers = Readonly<Record<string, HandlerFunction>>;

/** A world with one run in it, and what a person would ask of it. */
class OneRun {
  readonly simulation: Simulation;
  handlers: Handlers;
  runId: RunId = "";

  constructor(handlers: Handlers, store: Store = createMemoryStore()) {
    this.handlers = handlers;
    this.simulation = new Simulation({ seed: 1, store, handlers: () => this.handlers });
    this.simulation.start();
  }

  get api() {
    return this.simulation.api;
  }

  async start(...workflows: readonly WorkflowIr[]): Promise<void> {
    const { hash } = await this.api.bundles.put({ manifest: anonymousBundle(workflows), files: [] }, caller);
    this.runId = (await this.api.runs.start({ bundle: hash, input: {} }, caller)).runId;
    await this.simulation.settle();
  }

  async why(): Promise<readonly Explanation[]> {
    return this.api.runs.why({ runId: this.runId }, caller);
  }

  /** The kinds of reasons, and the commands of the last one, without the run's id. */
  async told(): Promise<string> {
    const reasons = await this.why();
    const commands = reasons.at(-1)?.commands.map((command) => command.replaceAll(/run_[0-9a-z]{26}/g, "RUN")) ?? [];
    return `${reasons.map(({ kind }) => kind).join(", ")}: ${commands.join(" | ")}`;
  }

  async view(): Promise<RunView> {
    await this.simulation.settle();
    return this.api.runs.get({ runId: this.runId }, caller);
  }
}

const nap: Node = { kind: "wait", id: "nap", wait: { kind: "duration", ms: literal(60_000) } };
const ask: Node = { kind: "human", id: "may", mode: "approve", prompt: literal("may it?") };
const done = handler("done");

function untilAborted(_input: unknown, context: HandlerContext): Promise<never> {
  return new Promise((_, reject) => {
    context.signal.addEventListener("abort", () => reject(new TypeError("aborted")));
  });
}

const handlers: Handlers = {
  done: (() => "done") as HandlerFunction,
  hang: untilAborted as HandlerFunction,
  deaf: (() => new Promise(() => undefined)) as HandlerFunction,
  boom: (() => {
    throw new TypeError("boom");
  }) as HandlerFunction,
};

test("effect-in-flight ends by a cancel", async () => {
  const run = new OneRun(handlers);
  await run.start(workflowOf("main", [handler("hang"), done]));
  expect(await run.told()).toBe("effect-in-flight: heddle runs follow RUN | heddle runs cancel RUN");
  await run.api.runs.cancel({ runId: run.runId }, caller);
  expect((await run.view()).status).toBe("cancelled");
});

test("timer ends by resume --now", async () => {
  const run = new OneRun(handlers);
  await run.start(workflowOf("main", [nap, done]));
  expect(await run.told()).toBe("timer: heddle runs resume RUN --now");
  await run.api.runs.resume({ runId: run.runId, now: true }, caller);
  expect(await run.view()).toMatchObject({ status: "succeeded", output: "done" });
});

test("retry-backoff ends by resume --now", async () => {
  let attempts = 0;
  const flaky = (() => {
    if (++attempts === 1) throw new TypeError("not yet");
    return "done";
  }) as HandlerFunction;
  const run = new OneRun({ flaky });
  await run.start(workflowOf("main", [handler("flaky", { retry: { attemptsMax: 2, delayMs: 60_000 } })]));
  expect(await run.told()).toBe("retry-backoff: heddle runs resume RUN --now");
  await run.api.runs.resume({ runId: run.runId, now: true }, caller);
  expect(await run.view()).toMatchObject({ status: "succeeded", output: "done" });
  expect(attempts).toBe(2);
});

test("signal ends by a signal", async () => {
  const run = new OneRun(handlers);
  await run.start(workflowOf("main", [{ kind: "wait", id: "gate", wait: { kind: "signal", name: "go" } }, done]));
  expect(await run.told()).toBe("signal: heddle runs signal RUN go null");
  await run.api.runs.signal({ runId: run.runId, name: "go", value: null }, caller);
  expect((await run.view()).status).toBe("succeeded");
});

test("person ends by an answer", async () => {
  const run = new OneRun(handlers);
  await run.start(workflowOf("main", [ask, { ...ask, id: "what", mode: "answer", answer: { kind: "number" } }]));
  expect(await run.told()).toBe("person: heddle runs answer RUN yes | heddle runs answer RUN no");
  await run.api.runs.answer({ runId: run.runId, answer: true }, caller);
  expect(await run.told()).toBe("person: heddle runs answer RUN <value> | heddle runs answer RUN --decline");
  await expect(run.api.runs.answer({ runId: run.runId, answer: "no number" }, caller)).rejects.toMatchObject({ code: "answer-invalid" });
  await run.api.runs.answer({ runId: run.runId, answer: 42 }, caller);
  expect(await run.view()).toMatchObject({ status: "succeeded", output: { answer: 42 } });
});

test("paused ends by resume", async () => {
  const run = new OneRun(handlers);
  await run.start(workflowOf("main", [ask, done]));
  await run.api.runs.pause({ runId: run.runId }, caller);
  await run.api.runs.answer({ runId: run.runId, answer: true }, caller);
  expect(await run.told()).toBe("paused: heddle runs resume RUN");
  expect((await run.view()).status).toBe("paused");
  await run.api.runs.resume({ runId: run.runId }, caller);
  expect((await run.view()).status).toBe("succeeded");
});

test.each([
  { as: "retry" as const, ends: { status: "succeeded", output: "paid again" } },
  { as: "succeeded" as const, result: "paid after all", ends: { status: "succeeded", output: "paid after all" } },
  { as: "failed" as const, ends: { status: "failed", failure: { code: "outcome-unknown" } } },
])("outcome-unknown ends by calls settle --$as", async ({ as, result, ends }) => {
  const run = new OneRun({ pay: (() => new Promise(() => undefined)) as HandlerFunction });
  await run.start(workflowOf("main", [handler("pay", { safety: "unsafe" })]));
  run.handlers = { pay: (() => "paid again") as HandlerFunction };
  run.simulation.start();
  await run.simulation.settle();
  expect((await run.view()).status).toBe("parked");
  expect(await run.told()).toBe(
    "outcome-unknown: heddle calls settle RUN/1 --retry | heddle calls settle RUN/1 --succeeded | heddle calls settle RUN/1 --failed",
  );
  await run.api.calls.settle({ call: `${run.runId}/1`, as, ...(result === undefined ? {} : { result }) }, caller);
  expect(await run.view()).toMatchObject(ends);
});

test("child-run ends by what its child needs", async () => {
  const run = new OneRun(handlers);
  await run.start(workflowOf("main", [{ kind: "workflow", id: "nested", workflow: "sub" }]), workflowOf("sub", [ask, done]));
  expect(await run.told()).toBe("child-run, person: heddle runs answer RUN yes | heddle runs answer RUN no");
  const [parent, child] = await run.why();
  expect(parent?.commands).toEqual(child?.commands);
  await run.api.runs.answer({ runId: child?.run as RunId, answer: true }, caller);
  expect(await run.view()).toMatchObject({ status: "succeeded", output: "done" });
});

test("aborting ends by itself, after the grace of the executor", async () => {
  const run = new OneRun(handlers);
  await run.start(workflowOf("main", [handler("deaf"), done]));
  await run.api.runs.cancel({ runId: run.runId }, caller);
  expect(await run.told()).toBe("aborting: heddle runs follow RUN | heddle runs cancel RUN");
  await run.api.runs.cancel({ runId: run.runId }, caller);
  await run.simulation.run();
  expect((await run.view()).status).toBe("cancelled");
});

test("bundle-not-loaded ends when a process has what the bundle needs", async () => {
  const run = new OneRun(handlers);
  await run.start(workflowOf("main", [ask, done]));
  run.handlers = {};
  run.simulation.start();
  await run.simulation.settle();
  await run.api.runs.answer({ runId: run.runId, answer: true }, caller);
  expect((await run.why()).map(({ kind }) => kind)).toEqual(["bundle-not-loaded"]);
  expect((await run.view()).status).toBe("parked");
  run.handlers = handlers;
  run.simulation.start();
  expect((await run.view()).status).toBe("succeeded");
});

test("storage-refused ends by resume --now once there is room, and by itself later", async () => {
  for (const how of ["command", "time"] as const) {
    let full = false;
    const memory = createMemoryStore();
    const append: Store["journal"]["append"] = async (items) => {
      if (full) throw new HeddleError("storage-full", "no space is left");
      return memory.journal.append(items);
    };
    const run = new OneRun({ slow: untilAsked() }, { ...memory, journal: { ...memory.journal, append } });
    await run.start(workflowOf("main", [handler("slow"), ask]));
    full = true;
    finish?.("finished");
    await run.simulation.settle();
    expect(await run.told()).toBe("storage-refused, effect-in-flight: heddle runs follow RUN | heddle runs cancel RUN");
    expect((await run.why())[0]?.commands).toEqual([`heddle runs resume ${run.runId} --now`]);
    full = false;
    if (how === "command") await run.api.runs.resume({ runId: run.runId, now: true }, caller);
    else await run.simulation.run();
    await run.simulation.settle();
    expect((await run.why()).map(({ kind }) => kind)).toEqual(["person"]);
  }
});

let finish: ((value: string) => void) | undefined;

function untilAsked(): HandlerFunction {
  return (() =>
    new Promise((resolve) => {
      finish = resolve;
    })) as HandlerFunction;
}
