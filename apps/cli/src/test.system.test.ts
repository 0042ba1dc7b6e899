// Parity: MN17. `heddle test`: without a daemon, without a data folder; once, and in a simulated world.
import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { approvalSource, failingSource, greetingSource, Workspace, waitingSource } from "./testing/workspace.ts";

const paymentSource = `import { handler, workflow } from "@heddle/compiler/authoring";

export const order = handler({ name: "order" }, async (input: { cents: number }) => ({ cents: input.cents }));
export const charge = handler({ name: "charge", retry: { attemptsMax: 5 } }, async (input: { cents: number }) => "paid " + input.cents);

export default workflow({ name: "payment" }, async (input: { cents?: number }) => {
  const ordered = await order({ cents: input.cents ?? 5 });
  const receipt = await charge({ cents: ordered.cents });
  return { receipt };
});
`;

const simulationSource = (test: string): string => `export const simulation = {
  world: () => ({ charges: [] as string[] }),
  handlers: {
    charge: (input: { cents: number }, ctx: any) =>
      ctx.visit((world: { charges: string[] }) => {
        if (${test}) world.charges.push(ctx.idempotencyKey);
        return "paid " + input.cents;
      }),
  },
  check: (world: { charges: string[] }) => (world.charges.length > 1 ? "charged " + world.charges.length + " times" : undefined),
};
`;

const jobManifest = {
  manifest_version: "1.0",
  graph_id: "quick",
  job_name: "quick",
  entrypoints: ["first"],
  initial_inputs: { first: [{ n: 1 }] },
  nodes: [{ node_id: "first", agent_type: "router", role: "root_coordinator" }],
  edges: [],
};

describe("heddle test", () => {
  let space: Workspace;

  beforeAll(() => {
    space = new Workspace();
    space.write("greeting.ts", greetingSource);
    space.write("approval.ts", approvalSource);
    space.write("waiting.ts", waitingSource);
    space.write("failing.ts", failingSource);
    space.write("payment.ts", paymentSource);
    space.write("expected.json", '"hello Ada"');
  });

  afterAll(async () => {
    await space[Symbol.asyncDispose]();
  }, 60_000);

  it("runs once, tells the path and the calls, prints the output alone, and leaves nothing behind", async () => {
    const { code, stdout, stderr } = await space.heddle("test", "greeting.ts", "--input", "name=Ada", "--expect", "expected.json");
    expect([code, stdout], stderr).toEqual([0, "hello Ada\n"]);
    expect(stderr).toBe("  greet#1 succeeded\ncalls: greet 1\ngreeting succeeded\n");
    expect(existsSync(join(space.folder, ".heddle"))).toBe(false);
  });

  it("fails where the output is another one, where the run fails, and where inputs are missing", async () => {
    const other = await space.heddle("test", "greeting.ts", "--input", "name=Bob", "--expect", "expected.json");
    expect([other.code, other.stdout]).toEqual([1, "hello Bob\n"]);
    expect(other.stderr).toContain('unexpected output: expected "hello Ada"');
    const failed = await space.heddle("test", "failing.ts", "--json");
    expect(failed).toMatchObject({
      code: 1,
      json: { status: "failed", failure: { message: "out of steam" }, path: [{ node: "burst", outcome: "failed" }] },
    });
    expect(await space.heddle("test", "greeting.ts")).toMatchObject({ code: 2, stderr: expect.stringContaining("input name is missing") });
  });

  it("answers people and sends signals as told, in child runs too, and says what nobody answers", async () => {
    const told = await space.heddle("test", "approval.ts", "--yes", "--answer", "copies=3", "--answer", "sure=no", "--json");
    expect(told.json).toMatchObject({ status: "succeeded", output: { copies: 3, sure: false } });
    expect(told.json).toMatchObject({ calls: { publish: { calls: 1 }, "inner/sure": { calls: 1 } } });
    const yes = await space.heddle("test", "approval.ts", "--yes", "--answer", "copies=3");
    expect(JSON.parse(yes.stdout)).toEqual({ approved: true, copies: 3, sure: true });
    expect((await space.heddle("test", "waiting.ts", "--signal", 'paid={"cents":5}', "--json")).json).toMatchObject({
      output: { cents: 5 },
    });
    const nobody = await space.heddle("test", "waiting.ts");
    expect(nobody.code).toBe(1);
    expect(nobody.stderr).toContain("waiting did not end:\n- payment waits for the signal paid\n");
    expect((await space.heddle("test", "approval.ts", "--answer", "copis=3")).stderr).toContain("which asks nobody (did you mean copies?)");
  });

  it("plays seeds on the code as it is, where no simulation is beside it", async () => {
    const { code, stdout, stderr } = await space.heddle("test", "payment.ts", "--simulate", "300");
    expect(code, stderr + stdout).toBe(0);
    expect(stderr).toContain("no simulation is beside it");
    expect(stdout).toMatch(
      /^payment undisturbed: succeeded after 3 commits\n300 seeds hold \(1 to 300\), \d+ seeds\/s\nfaults: .*dies \d+/,
    );
    expect(stdout).toContain("the process died at every port call of the run, before it and after it");
  });

  it("finds what a simulation says to be wrong, and prints the command that finds it again", async () => {
    space.write("payment.simulation.ts", simulationSource("true"));
    const { code, stdout } = await space.heddle("test", "payment.ts", "--simulate", "500");
    expect(code).toBe(1);
    const [, seed = ""] = /^seed (\d+) fails: charged \d times$/m.exec(stdout) ?? [];
    expect(stdout).toContain(`again: heddle test payment.ts --simulate 1 --seed ${seed}\n`);
    const again = await space.heddle("test", "payment.ts", "--simulate", "1", "--seed", seed);
    expect(again.code).toBe(1);
    expect(again.stdout).toBe(stdout);
    expect((await space.heddle("test", "payment.ts", "--simulate", "1", "--seed", seed, "--json")).json).toMatchObject({
      failing: { seed: Number(seed), law: "check", faults: [expect.anything()] },
    });
  });

  it("holds where the same is mended", async () => {
    space.write("mended.simulation.ts", simulationSource("!world.charges.includes(ctx.idempotencyKey)"));
    const { code, stdout } = await space.heddle("test", "payment.ts", "--simulate", "400", "--simulation", "mended.simulation.ts");
    expect(code, stdout).toBe(0);
  });

  it("plays a text workflow, whose models have stubs, and says what has none", async () => {
    space.write("title.nemo", 'workflow Sample {\n  stage@entry Title { prompt: "a title" }\n}\n');
    const without = await space.heddle("test", "title.nemo", "--simulate", "5");
    expect([without.code, without.stderr]).toEqual([1, expect.stringContaining("nothing stands in for Title (model)")]);
    space.write("title.simulation.mjs", "export const simulation = { handlers: { Title: ({ prompt }) => ({ answer: prompt }) } };\n");
    const { code, stdout, stderr } = await space.heddle("test", "title.nemo", "--simulate", "60");
    expect(code, stdout + stderr).toBe(0);
  });

  it("refuses a simulation of another shape, and options of the other kind of test", async () => {
    space.write("wrong.simulation.ts", "export const simulation = { wrold: () => ({}) };\n");
    const wrong = await space.heddle("test", "payment.ts", "--simulate", "1", "--simulation", "wrong.simulation.ts");
    expect([wrong.code, wrong.stderr]).toEqual([
      1,
      expect.stringContaining("has the member wrold, which does not exist (did you mean world?)"),
    ]);
    space.write("empty.simulation.ts", "export const other = 1;\n");
    expect(await space.heddle("test", "payment.ts", "--simulate", "1", "--simulation", "empty.simulation.ts")).toMatchObject({ code: 2 });
    expect(await space.heddle("test", "payment.ts", "--seed", "3")).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("--seed goes with --simulate"),
    });
    expect(await space.heddle("test", "payment.ts", "--simulate", "3", "--yes")).toMatchObject({ code: 2 });
    expect(await space.heddle("test", "payment.ts", "--simulate", "none")).toMatchObject({ code: 2 });
  });

  it("takes the quick test that a job manifest fixes", async () => {
    const job = (quick_test: object): void =>
      space.write("job/manifest.json", JSON.stringify({ ...jobManifest, metadata: { quick_test } }));
    mkdirSync(join(space.folder, "job", "payloads"), { recursive: true });
    job({ enabled: true, inputs: { first: [{ n: 7 }] } });
    const fixed = await space.heddle("test", "job", "--json");
    expect(fixed, fixed.stderr).toMatchObject({ code: 0, json: { status: "succeeded" } });
    expect(JSON.stringify(fixed.json)).toContain('"n":7');
    job({ enabled: false });
    expect(await space.heddle("test", "job")).toMatchObject({ code: 2, stderr: expect.stringContaining("there is no quick test") });
    job({ enabled: true, inputs: { frist: [1] } });
    expect((await space.heddle("test", "job")).stderr).toContain("names the node frist, which does not exist (did you mean first?)");
  });
});
