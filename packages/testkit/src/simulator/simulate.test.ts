import { anonymousBundle, type BundleManifest, type Expr, irVersion, type JsonValue, type Node, type WorkflowIr } from "@heddle/core";
import { expect, test } from "vitest";
import { defineSimulation, parseSimulation, type SimulationSpec } from "./define-simulation.ts";
import { historyOfSeed, simulate } from "./simulate.ts";

const literal = (value: JsonValue): Expr => ({ kind: "literal", value });
const result: Expr = { kind: "ref", scope: "result" };

function flow(nodes: readonly Node[], extra: Partial<WorkflowIr> = {}): BundleManifest {
  const last = nodes.length - 1;
  const ir: WorkflowIr = {
    ir: irVersion,
    id: "flow",
    discipline: "stages",
    inputs: [],
    entry: nodes[0]?.id ?? "",
    nodes: nodes.map((node, i) => (i === last ? { ...node, exit: { output: result } } : node)),
    edges: nodes.slice(1).map((node, i) => ({ id: `e${i}`, from: nodes[i]?.id ?? "", to: node.id })),
    ...extra,
  };
  return anonymousBundle([ir]);
}

const step = (id: string, extra: Partial<Extract<Node, { kind: "handler" }>> = {}): Node => ({
  kind: "handler",
  id,
  handler: id,
  ...extra,
});

interface Bank {
  readonly charges: string[];
}

const patient = { retry: { attemptsMax: 40 } };

/** `charge` without a key: the second request is a second charge. */
const charging = (keyed: boolean): SimulationSpec<Bank> =>
  defineSimulation({
    world: (): Bank => ({ charges: [] }),
    handlers: {
      order: () => ({ cents: 5 }),
      charge: (_input: unknown, ctx) =>
        ctx.visit(({ charges }) => {
          if (!keyed || !charges.includes(ctx.idempotencyKey)) charges.push(ctx.idempotencyKey);
          return charges.length > 0;
        }),
    },
    check: ({ charges }) => (charges.length > 1 ? `charged ${charges.length} times` : undefined),
  });

const payment = flow([step("order"), step("charge", patient)]);

test("a seed repeats its history byte for byte, and another seed has another one", async () => {
  for (const seed of [3, 4, 17, 41]) {
    const once = await historyOfSeed({ manifest: payment, simulation: charging(false) }, seed);
    expect(await historyOfSeed({ manifest: payment, simulation: charging(false) }, seed)).toEqual(once);
    expect(once.length).toBeGreaterThan(8);
    expect(await historyOfSeed({ manifest: payment, simulation: charging(false) }, seed + 1)).not.toEqual(once);
  }
});

test("the first failing seed of a range is told, with as few faults as it takes, and fails alone as well", async () => {
  const report = await simulate({ manifest: payment, simulation: charging(false), seeds: 500 });
  const { failing } = report;
  expect(failing).toMatchObject({ law: "check", what: "charged 2 times", seed: report.seedsPlayed });
  expect(failing?.faults).toHaveLength(1);
  expect(failing?.story.filter(({ fault }) => fault)).toHaveLength(1);
  const from = failing?.seed ?? 0;
  const alone = await simulate({ manifest: payment, simulation: charging(false), seeds: 1, from });
  expect(alone.failing).toEqual(failing);
  const before = await simulate({ manifest: payment, simulation: charging(false), seeds: (failing?.seed ?? 1) - 1 });
  expect(before.failing).toBeUndefined();
});

test("what is sound survives deaths at every port call, and every other kind of fault", async () => {
  const report = await simulate({ manifest: payment, simulation: charging(true), seeds: 400 });
  expect(report).toMatchObject({ seedsPlayed: 400, sweptAll: true, undisturbed: { status: "succeeded", output: true } });
  expect(report.failing).toBeUndefined();
  expect(Object.keys(report.faults)).toEqual(
    expect.arrayContaining([
      "answer-lost",
      "cancels",
      "clock-behind",
      "dies",
      "fails-after",
      "fails-before",
      "lost-after",
      "lost-and-goes-on",
      "request-lost",
      "slow-start",
    ]),
  );
});

test("what is wrong undisturbed is told as such", async () => {
  const simulation = { ...charging(true), check: () => "never right" };
  expect(await simulate({ manifest: payment, simulation, seeds: 10 })).toMatchObject({
    seedsPlayed: 1,
    failing: { what: "never right", faults: [] },
  });
});

test("check sees the world after each death, while requests may be under way", async () => {
  const seen: boolean[] = [];
  const simulation = { ...charging(true), check: (_world: Bank, run: { readonly ended: boolean }) => void seen.push(run.ended) };
  await simulate({ manifest: payment, simulation, seeds: 50 });
  expect(seen.filter((ended) => !ended).length).toBeGreaterThan(5);
  // Two undisturbed plays are compared before the first seed.
  expect(seen.filter((ended) => ended)).toHaveLength(52);
});

test("an output that depends on how often it was tried is told, unless the author says that it may", async () => {
  const counting = {
    world: () => ({ tries: 0 }),
    handlers: {
      order: () => null,
      charge: (_input: unknown, ctx: { visit(act: (world: { tries: number }) => number): Promise<number> }) =>
        ctx.visit((world) => ++world.tries),
    },
  };
  const report = await simulate({ manifest: payment, simulation: counting, seeds: 200 });
  expect(report.failing).toMatchObject({ law: "same-output" });
  expect((await simulate({ manifest: payment, simulation: { ...counting, sameOutput: false }, seeds: 200 })).failing).toBeUndefined();
});

test("a step that never ends is told, and what it is", async () => {
  const simulation = { world: () => ({}), handlers: { order: () => new Promise(() => undefined), charge: () => null } };
  expect(await simulate({ manifest: payment, simulation, seeds: 1 })).toMatchObject({
    failing: { law: "ends", what: "it stands still: order is running (attempt 1)" },
  });
});

test("a signal that nobody sends is told, and where to name it", async () => {
  const manifest = flow([{ kind: "wait", id: "gate", wait: { kind: "signal", name: "go" } }]);
  const world = () => ({});
  const { failing } = await simulate({ manifest, simulation: { world }, seeds: 1 });
  expect(failing?.what).toBe("it stands still: gate waits for the signal go; name what is sent in signals of the simulation");
  const sent = await simulate({ manifest, simulation: { world, signals: { go: 7 } }, seeds: 100 });
  expect(sent).toMatchObject({ undisturbed: { output: 7 } });
  expect(sent.failing).toBeUndefined();
  expect(Object.keys(sent.faults)).toEqual(expect.arrayContaining(["signal-early", "signal-late", "signal-lost", "signal-twice"]));
});

test("people answer as told, and as people do", async () => {
  const manifest = flow([{ kind: "human", id: "may", mode: "approve", prompt: literal("may it?"), timeoutMs: 60_000 }]);
  const report = await simulate({ manifest, simulation: { world: () => ({}), people: { may: () => true } }, seeds: 300 });
  expect(report).toMatchObject({ undisturbed: { status: "succeeded" } });
  expect(report.failing).toBeUndefined();
  expect(Object.keys(report.faults)).toEqual(
    expect.arrayContaining(["answers-late", "answers-twice", "changes-mind", "never-answers", "rejects"]),
  );
  const refused = await simulate({ manifest, simulation: { world: () => ({}), people: { may: false } }, seeds: 1 });
  expect(refused).toMatchObject({ undisturbed: { status: "failed" } });
});

test("a question that takes several people is put to several, none of whom started the run", async () => {
  const approval = { quorum: 3, notRequester: true };
  const manifest = flow([{ kind: "human", id: "may", mode: "approve", prompt: literal("may it?"), approval }]);
  const report = await simulate({ manifest, simulation: { world: () => ({}) }, seeds: 150 });
  expect(report.failing).toBeUndefined();
  expect(report.undisturbed.status).toBe("succeeded");
});

test("programs, models and tools are stood in for by their nodes, and what lacks a stub is told at once", async () => {
  const manifest = flow([
    { kind: "process", id: "build", config: { command: ["make"] } },
    { kind: "model", id: "name", prompt: literal("a name?") },
    { kind: "tool", id: "send", capability: "mail.send", tool: "mail.send", permission: "read" },
  ]);
  const handlers = { build: () => ({ done: true }), name: (input: { prompt: string }) => `asked: ${input.prompt}`, send: () => "sent" };
  const report = await simulate({ manifest, simulation: { world: () => ({}), handlers }, seeds: 60 });
  expect(report.failing).toBeUndefined();
  expect(report.undisturbed).toMatchObject({ status: "succeeded", output: "sent" });
  await expect(simulate({ manifest, simulation: { world: () => ({}), handlers: { send: () => null } }, seeds: 1 })).rejects.toMatchObject({
    code: "handler-not-found",
    message: "nothing stands in for build (process), name (model); add a function of that name to handlers of the simulation",
  });
});

test("an unsafe step is done once, and whoever settles its call looks at the world first", async () => {
  const manifest = flow([step("charge", { safety: "unsafe" })]);
  const report = await simulate({ manifest, simulation: charging(false), seeds: 400 });
  expect(report.failing).toBeUndefined();
  expect(report.faults["dies"]).toBeGreaterThan(50);
});

test("child runs are part of the run", async () => {
  const [parent] = flow([{ kind: "workflow", id: "nested", workflow: "inner" }]).workflows;
  const [inner] = flow([step("charge", patient)], { id: "inner" }).workflows;
  const manifest = anonymousBundle([parent as WorkflowIr, inner as WorkflowIr]);
  expect((await simulate({ manifest, simulation: charging(true), seeds: 200 })).failing).toBeUndefined();
  expect((await simulate({ manifest, simulation: charging(false), seeds: 200 })).failing).toMatchObject({ what: "charged 2 times" });
});

test("messages of a graph are handled by stubs as well", async () => {
  const [ir] = flow([step("first"), step("second")], { discipline: "graph" }).workflows;
  const nodes = (ir as WorkflowIr).nodes.map(({ exit: _exit, ...node }) => node as Node);
  const manifest = anonymousBundle([{ ...(ir as WorkflowIr), nodes }]);
  const report = await simulate({
    manifest,
    simulation: { world: () => ({}), handlers: { first: () => ({ n: 1 }), second: () => ({ n: 2 }) } },
    seeds: 150,
  });
  expect(report.failing).toBeUndefined();
  expect(report.undisturbed.status).toBe("succeeded");
});

test("a service that waits for messages is cancelled, and no fault", async () => {
  const [ir] = flow([step("first")], { discipline: "graph", type: "service" }).workflows;
  const nodes = (ir as WorkflowIr).nodes.map(({ exit: _exit, ...node }) => node as Node);
  const manifest = anonymousBundle([{ ...(ir as WorkflowIr), nodes }]);
  const report = await simulate({ manifest, simulation: { world: () => ({}), handlers: { first: () => null } }, seeds: 60 });
  expect(report).toMatchObject({ undisturbed: { status: "cancelled" }, seedsPlayed: 60 });
  expect(report.failing).toBeUndefined();
});

test("a request that a stub does not wait for may be lost, and ends nothing else", async () => {
  const simulation = {
    world: () => ({ noted: 0 }),
    handlers: {
      order: (_input: unknown, ctx: { visit(act: (world: { noted: number }) => void): Promise<void> }) => {
        void ctx.visit((world) => void world.noted++);
        return null;
      },
      charge: () => null,
    },
  };
  const report = await simulate({ manifest: payment, simulation, seeds: 150 });
  expect(report.failing).toBeUndefined();
  expect((report.faults["request-lost"] ?? 0) + (report.faults["answer-lost"] ?? 0)).toBeGreaterThan(0);
});

test("code is run as it is where there is no simulation, one call after the other, and what differs is remarked", async () => {
  let calls = 0;
  let open = 0;
  const slow = async (): Promise<number> => {
    expect(++open).toBe(1);
    await new Promise((resolve) => setImmediate(resolve));
    open--;
    return ++calls;
  };
  const report = await simulate({ manifest: payment, code: { order: slow, charge: () => "paid" }, seeds: 60 });
  expect(report.failing).toBeUndefined();
  expect(report.remarks).toContain("order gave different results for the same call");
  const body = { entry: "order", nodes: [{ ...step("order"), exit: { output: result } }], edges: [] };
  const branches = ["left", "right"].map((name) => ({
    name,
    body: { ...body, entry: name, nodes: [{ ...body.nodes[0], id: name } as Node] },
  }));
  const manifest = flow([{ kind: "parallel", id: "both", branches }]);
  const other = await simulate({ manifest, code: { order: slow }, seeds: 20 });
  expect(other.remarks).toContain("two undisturbed runs ended with different outputs, so outputs are not compared");
});

test("a simulation of another shape is refused, and what would do is said", () => {
  expect(() => parseSimulation(7)).toThrow("the simulation is no object");
  expect(() => parseSimulation({ handler: {} })).toThrow("has the member handler, which does not exist (did you mean handlers?)");
  expect(() => parseSimulation({ handlers: { pay: "paid" } })).toThrow(
    "has a stub pay that is no function; write pay: async (input, ctx) => …",
  );
  expect(() => parseSimulation({ world: {} })).toThrow("has a world that is no function");
  expect(parseSimulation({}).world()).toEqual({});
});
