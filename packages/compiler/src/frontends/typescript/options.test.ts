/** Each option is read, and reaches the IR: of a source that gives every one of them, each line taken out makes another workflow. */
// Parity: MN5, MN6.
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { WorkflowIr } from "@heddle/core";
import { describe, expect, test } from "vitest";
import { agent, handler, workflow } from "../../authoring/index.ts";
import { compile } from "../../compile.ts";
import { isError } from "../../diagnostics/index.ts";

function textOf(name: string): string {
  return readFileSync(fileURLToPath(new URL(`../../../fixtures/ok/${name}/flow.ts`, import.meta.url)), "utf8");
}

function irOf(text: string): WorkflowIr {
  const { workflows, diagnostics } = compile(new Map([["flow.ts", text]]));
  expect(diagnostics.filter(isError)).toEqual([]);
  const [only] = workflows;
  if (only === undefined) throw new TypeError("nothing was compiled");
  return only.ir;
}

/** An IR without the places of the source, which move with every line. */
function bare(ir: WorkflowIr): unknown {
  return JSON.parse(JSON.stringify(ir, (key, value: unknown) => (key === "source" ? undefined : value)));
}

const option = /^ {4}(\w+): .*\n/gm;

function optionsIn(text: string): readonly (readonly [string, string])[] {
  return [...text.matchAll(option)].filter(([, name]) => name !== "name").map(([line, name = ""]) => [name, text.replace(line, "")]);
}

const common = ["label", "description", "pool", "backpressure", "passEnv", "uploads", "policy", "resources", "services"];
const nodes = [...common, "requiresServices", "rawConfig", "requires", "safety"];
const whole = ["description", "type", "limits", "streamMode", "recoveryMode", "deployment", "schedule", "triggers", "services"];
const workflows = [...whole, "requiredServices", "policies", "backpressure", "includes", "excludes"];

describe.each<[string, readonly string[]]>([
  ["ts-option-agent", ["type", "runner", "retries", "timeout", "env", ...nodes]],
  ["ts-option-handler", ["template", "confinement", "retry", "timeoutMs", "environment", ...nodes]],
  ["ts-option-workflow", workflows],
  ["ts-option-workflow-class", workflows],
])("%s", (name, expected) => {
  const text = textOf(name);
  const full = bare(irOf(text));

  test("gives every option", () => {
    expect(
      optionsIn(text)
        .map(([one]) => one)
        .sort(),
    ).toEqual([...expected].sort());
  });

  test.each(optionsIn(text))("without %s it is another workflow", (_, less) => {
    expect(bare(irOf(less))).not.toEqual(full);
  });
});

test("an agent and a handler say the same by their own names", () => {
  expect(bare(irOf(textOf("ts-option-agent")))).toEqual(bare(irOf(textOf("ts-option-handler"))));
  expect(bare(irOf(textOf("ts-option-workflow-class")))).toEqual(bare(irOf(textOf("ts-option-workflow"))));
});

test("maps of orchestration and raw settings go into the workflow as they are", () => {
  const ir = irOf(textOf("ts-option-workflow"));
  expect(ir.schedules).toEqual([{ cron: "0 4 * * *", time_zone: "Europe/Berlin" }]);
  expect(ir.restart).toEqual({ attempts: 5, intervalMs: 60_000 });
  expect(ir.raw?.["policies"]).toEqual({
    restart: { attempts: 5, intervalMs: 60_000 },
    reschedule: { unlimited: true },
    scheduler: { strategy: "spread" },
    update: { canary: 1 },
  });
  const [node] = irOf(textOf("ts-option-agent")).nodes;
  expect(node?.raw).toEqual({
    policy: "policies/network.yaml",
    requiresServices: [{ name: "models", tags: ["llm"] }],
    config: { output_message_type: null, python_version: "3.12" },
  });
});

test("a key of a deployment, and a list of schedules, are written short", () => {
  const text = textOf("ts-option-workflow")
    .replace(/deployment: .*/, 'deployment: "main-live",')
    .replace(/schedule: .*/, 'schedule: [{ cron: "0 4 * * *" }, { every: "1h" }],');
  expect(irOf(text)).toMatchObject({ deployment: { key: "main-live" }, schedules: [{ cron: "0 4 * * *" }, { every: "1h" }] });
});

describe("what runs that was not compiled", () => {
  test("an agent that is a function is a handler, and takes the names of an agent alone", async () => {
    const work = agent({ name: "work", retries: { maxAttempts: 2 }, timeout: "5s" }, async (n: number) => n + 1);
    expect(await work(1)).toBe(2);
    const wrong = { name: "work", retry: { attemptsMax: 2 } } as never;
    expect(() => agent(wrong, async (n: number) => n)).toThrow(
      "agent work has the option retry, which does not exist. Of an agent it is retries",
    );
    expect(() => agent.defn({ name: "work", nonsense: 1 } as never)).toThrow("nonsense");
    expect(() => handler({ name: "work", retries: 1 } as never, async () => 1)).toThrow("retries");
  });

  test("decorators change nothing, and an input is its default", () => {
    class Main {
      run(): string {
        return workflow.input("topic", { default: "charging" });
      }
    }
    workflow.defn({ name: "main" })(Main);
    workflow.run(Main.prototype.run);
    expect(new Main().run()).toBe("charging");
    expect(() => workflow.defn({ name: "1st" })).toThrow("the name of a workflow");
  });
});
