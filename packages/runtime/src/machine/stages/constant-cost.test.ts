/** Row HE1: what a step costs does not depend on how many came before it. */
import type { RunEvent, WorkflowIr } from "@heddle/core";
import { expect, test } from "vitest";
import { emptyHead } from "../run/state.ts";
import { DraftRun, decide, evolve, LiveRun, prepareStages, snapshotOf } from "./index.ts";

const carried = { kind: "ref", scope: "var", name: "i" } as const;

const counting: WorkflowIr = {
  ir: "heddle.ir/v1",
  id: "counting",
  discipline: "stages",
  inputs: [],
  entry: "loop",
  nodes: [
    {
      kind: "loop",
      id: "loop",
      carried: [{ name: "i", initial: { kind: "literal", value: 0 } }],
      while: { kind: "compare", op: "lt", left: carried, right: { kind: "literal", value: 1_000_000 } },
      exit: { output: { kind: "ref", scope: "result" } },
      body: {
        entry: "step",
        edges: [],
        nodes: [
          {
            kind: "handler",
            id: "step",
            handler: "step",
            reads: [{ name: "i", value: carried }],
            exit: { output: { kind: "object", fields: [{ name: "i", value: { kind: "ref", scope: "result" } }] } },
          },
        ],
      },
    },
  ],
  edges: [],
};

test("a run's state and its journal per step stay as small as they were, however long it goes on", () => {
  const plan = prepareStages(counting);
  const live = new LiveRun();
  let bytes = 0;
  const obey = (command: Parameters<typeof decide>[2], atMs: number): void => {
    const events: RunEvent[] = [];
    expect(decide(plan, new DraftRun(live), command, { atMs, random: 0 }, events)).toBeUndefined();
    for (const event of events) {
      bytes += JSON.stringify(event).length;
      evolve(live, event, atMs);
    }
    live.takeTouched();
  };
  obey({ kind: "start", run: `run_${"0".repeat(26)}`, workflow: "counting", bundle: `sha256:${"0".repeat(64)}`, input: {} }, 1);
  const sizes: number[] = [];
  const bytesAt: number[] = [];
  for (let step = 1; step <= 20_000; step++) {
    const [region, current] = [...live.activations()];
    expect(region?.does?.kind).toBe("region");
    obey({ kind: "settle-attempt", activation: current?.id ?? 0, attempt: 1, outcome: { kind: "succeeded", result: step } }, step);
    if (step % 10_000 !== 0) continue;
    sizes.push(JSON.stringify(snapshotOf(live)).length);
    bytesAt.push(bytes);
  }
  const [first = 0, second = 0] = sizes;
  // Only the digits of counters grow.
  expect(second - first).toBeLessThan(32);
  const perStep = ((bytesAt[1] ?? 0) - (bytesAt[0] ?? 0)) / 10_000;
  expect(perStep).toBeLessThan(512);
  expect([...live.frames()]).toHaveLength(2);
});

test("a head is small enough to be copied quickly for each draft", () => {
  // Spreading 30 members takes ten times as long as spreading 28, and was two fifths of the throughput of short runs.
  expect(Object.keys(emptyHead()).length).toBeLessThanOrEqual(28);
});
