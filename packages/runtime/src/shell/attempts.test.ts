import type { RunEvent } from "@heddle/core";
import type { Outcome } from "@heddle/ports";
import { SeededRandom, VirtualClock } from "@heddle/testkit/simulator";
import { expect, test } from "vitest";
import { handler, workflowOf } from "../../test/small-ir.ts";
import { callRulesOf } from "../gate/call-rules.ts";
import { DraftRun, decide, dueEffects, evolve, LiveRun, prepare, type RunEffect } from "../machine/index.ts";
import { createMemoryStore } from "../store-memory/memory-store.ts";
import { Attempts } from "./attempts.ts";
import type { LoadedWorkflow } from "./bundles.ts";
import type { EngineParts } from "./engine-parts.ts";
import { FlowControl } from "./flow-control.ts";
import { Inbox } from "./inbox.ts";

const run = `run_${"0".repeat(26)}`;
const bundle = `sha256:${"0".repeat(64)}` as const;

test("an attempt that has given its outcome is under way until that is durable", async () => {
  const ir = workflowOf("main", [handler("work")]);
  const plan = prepare(ir);
  const live = new LiveRun();
  const events: RunEvent[] = [];
  decide(plan, new DraftRun(live), { kind: "start", run, workflow: "main", bundle, input: {} }, { atMs: 1, random: 0 }, events);
  for (const event of events) evolve(live, event, 1);
  const [effect] = dueEffects(live, "inc").filter((each) => each.kind === "execute-attempt") as Extract<
    RunEffect,
    { kind: "execute-attempt" }
  >[];

  const performed: number[] = [];
  const clock = new VirtualClock();
  const parts: EngineParts = {
    store: createMemoryStore(),
    clock,
    random: new SeededRandom(1),
    gate: {
      prepare: () => Promise.reject(new Error("no tool is called")),
      satisfy: () => Promise.reject(new Error("no tool is called")),
      call: () => Promise.reject(new Error("no tool is called")),
      perform: (task) => {
        performed.push(task.activation);
        return Promise.resolve({ kind: "succeeded", result: "done" });
      },
    },
    flow: new FlowControl(clock, new Map()),
    inbox: new Inbox(),
    append: () => Promise.resolve({ kind: "appended" }),
    incarnation: "inc",
    epoch: 1,
    runChild: () => Promise.resolve({ kind: "aborted" }),
    endChild: () => Promise.resolve(),
    log: () => undefined,
    ended: () => undefined,
    superseded: () => undefined,
    bug: () => undefined,
    report: () => undefined,
    fatal: () => undefined,
  };
  const workflow: LoadedWorkflow = {
    bundle,
    manifest: { format: "heddle.bundle/v1", main: "main", workflows: [ir], handlers: [{ name: "work" }], files: [] },
    ir,
    plan,
    bounded: new Set(),
    makesCalls: false,
    admission: { refuse: () => undefined },
    calls: callRulesOf({ format: "heddle.bundle/v1", main: "main", workflows: [ir], handlers: [], files: [] }, ir),
    problem: undefined,
  };
  const settled = await new Promise<Outcome>((resolve) => {
    const owner = { id: run, tenant: "default", stream: `run:${run}`, live, workflow, submit: () => Promise.resolve() };
    const attempts = new Attempts(parts, owner, (command) => {
      // Its commit is under way, and the state still owes the attempt: it must count as running, but not hold up a shutdown.
      expect(attempts.has(effect?.activation ?? 0)).toBe(true);
      expect(attempts.size).toBe(0);
      attempts.letGo(effect?.activation ?? 0, 1);
      expect(attempts.has(effect?.activation ?? 0)).toBe(false);
      if (command.kind === "settle-attempt") resolve(command.outcome);
    });
    if (effect !== undefined) attempts.execute(effect);
    expect(attempts.size).toBe(1);
  });
  expect(settled).toEqual({ kind: "succeeded", result: "done" });
  expect(performed).toEqual([1]);
});
