/** Options of agents where the runtime judges them today: each of them taken out, the run goes otherwise. */
import { compile, isError } from "@heddle/compiler";
import type { HeddleError, WorkflowIr } from "@heddle/core";
import { createRuntime, type RuntimeOptions } from "@heddle/runtime";
import { describe, expect, test } from "vitest";

function flow(options: string, workflowOptions = ""): WorkflowIr {
  const text = `import { agent, workflow } from "@heddle/compiler/authoring";
export class Agents {
  @agent.defn({ name: "work"${options} })
  async work(n: number): Promise<number> { return n; }
}
@workflow.defn({ name: "main"${workflowOptions} })
export default class Main {
  agents = new Agents();
  @workflow.run
  async run(input: { n: number }) {
    const n = await this.agents.work(input.n);
    return await this.agents.work(n);
  }
}
`;
  const { workflows, diagnostics } = compile(new Map([["flow.ts", text]]));
  expect(diagnostics.filter(isError)).toEqual([]);
  const [only] = workflows;
  if (only === undefined) throw new TypeError("nothing was compiled");
  return only.ir;
}

/** The output of a run, or the code of its failure. */
async function outcome(ir: WorkflowIr, work: new () => object, options: RuntimeOptions = {}): Promise<unknown> {
  await using runtime = createRuntime({ handlers: { work: { of: work, method: "work" } }, ...options });
  return await runtime.run(ir, { n: 1 }).then(
    ({ output }) => output,
    (error: HeddleError) => (error.code === "run-failed" ? error.details?.["code"] : error.code),
  );
}

/** Fails once; then each call counts on from what it is given. */
function flaky(): new () => object {
  return class {
    #failed = false;
    work(n: number): number {
      if (this.#failed) return n + 1;
      this.#failed = true;
      throw Object.assign(new TypeError("not yet"), { code: "too-early" });
    }
  };
}

/** Never answers, until it is told to stop. */
class Waiting {
  work(_n: number, ctx: { readonly signal: AbortSignal }): Promise<never> {
    return new Promise((_, reject) => ctx.signal.addEventListener("abort", () => reject(new TypeError("stopped")), { once: true }));
  }
}

describe("an agent in a run", () => {
  test("is tried again as often as `retries` says", async () => {
    expect(await outcome(flow(", retries: { maxAttempts: 2, backoffMs: 0 }"), flaky())).toBe(3);
    expect(await outcome(flow(""), flaky())).toBe("too-early");
  });

  test("is ended when its `timeout` is over", async () => {
    expect(await outcome(flow(', timeout: "20ms"'), Waiting)).toBe("timeout");
    expect(await outcome(flow("", ", limits: { timeMs: 20 }"), Waiting)).not.toBe("timeout");
  });

  test("takes the slots of its `pool`", async () => {
    expect(await outcome(flow(', pool: "wide"'), flaky(), { pools: { narrow: 1 } })).toBe("capability-denied");
    expect(await outcome(flow(', pool: "wide", retries: { maxAttempts: 2, backoffMs: 0 }'), flaky(), { pools: { wide: 1 } })).toBe(3);
  });
});
