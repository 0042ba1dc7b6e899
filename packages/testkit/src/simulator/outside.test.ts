import type { Node, RunEvent } from "@heddle/core";
import type { Task } from "@heddle/ports";
import { expect, test } from "vitest";
import { FaultPlan } from "./fault-plan.ts";
import { Outside } from "./outside.ts";
import { VirtualClock } from "./virtual-clock.ts";

const run = "run_00000000000000000000000001";
const node: Node = { kind: "handler", id: "pay", handler: "pay" };

function opened(): Outside {
  const outside = new Outside(new FaultPlan(1), new VirtualClock());
  commit(outside, {
    kind: "frames-opened",
    region: 1,
    frames: [{ frame: 1, slot: "body", index: 0, open: { activation: 2, node: "pay" } }],
  });
  return outside;
}

function commit(outside: Outside, event: RunEvent): void {
  outside.appended([
    { stream: `run:${run}`, tenant: "default", expectedSeq: 0, epoch: 1, events: [{ atMs: 0, text: JSON.stringify(event) }] },
  ]);
}

function begin(outside: Outside, task: Partial<Task> = {}, life = 1, isSafe = true): string {
  const usual = { run, node, activation: 2, attempt: 1, idempotencyKey: `${run}/2`, input: { cents: 5 } } as unknown as Task;
  return outside.begin({ ...usual, ...task }, life, isSafe);
}

test("an attempt that is begun again after a death breaks no law, and is told apart", () => {
  const outside = opened();
  expect([begin(outside), begin(outside, {}, 2), begin(outside, { attempt: 2 }, 3)]).toEqual([
    "pay#2 attempt 1",
    "pay#2 attempt 1 time 2",
    "pay#2 attempt 2",
  ]);
  expect(outside.broken).toBeUndefined();
});

test.each<{ readonly law: string; readonly play: (outside: Outside) => void }>([
  { law: "facts-first", play: (outside) => begin(outside, { activation: 3, idempotencyKey: `${run}/3` }) },
  {
    law: "done-once",
    play: (outside) => {
      commit(outside, { kind: "activation-succeeded", activation: 2, attempt: 1 });
      begin(outside);
    },
  },
  { law: "one-at-a-time", play: (outside) => [begin(outside), begin(outside, { attempt: 2 })] },
  { law: "stable-key", play: (outside) => [begin(outside), begin(outside, { idempotencyKey: "another" }, 2)] },
  { law: "stable-key", play: (outside) => [begin(outside), begin(outside, { input: { cents: 6 } }, 2)] },
  { law: "unsafe-once", play: (outside) => [begin(outside, {}, 1, false), begin(outside, {}, 2, false)] },
])("the law $law can be broken", ({ law, play }) => {
  const outside = opened();
  play(outside);
  expect(outside.broken).toMatchObject({ law });
});

test("only the first law that is broken is told", () => {
  const outside = opened();
  outside.break("check", "first");
  outside.break("ends", "second");
  expect(outside.broken).toEqual({ law: "check", text: "first" });
});

test("leaving out one fault changes no other", () => {
  const sites = Array.from({ length: 200 }, (_, i) => `site ${i}`);
  const drawnAt = (plan: FaultPlan): readonly string[] =>
    sites.flatMap((site) => (plan.draw("attempt", site, { one: 1, two: 1 }, 0.5) === undefined ? [] : [site]));
  const seed = [1, 2, 3, 4, 5, 6, 7, 8].find((one) => drawnAt(new FaultPlan(one)).length > 50) ?? 0;
  const all = drawnAt(new FaultPlan(seed));
  const [first = "", ...others] = all;
  const without = new Set(others.flatMap((site) => [`${site}\none`, `${site}\ntwo`]));
  expect(drawnAt(new FaultPlan(seed, without))).toEqual(others);
  expect(others).not.toContain(first);
});
