/** Row MN8: host-local processes as nodes of runs. */
import { createHash } from "node:crypto";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Expr, JsonValue, Node, ProcessNode, RunId, WorkflowIr } from "@heddle/core";
import { simulatedPrincipal } from "@heddle/testkit/simulator";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { isAlive, workerCommand } from "../../../test/process-world.ts";
import { result, variable, workflowOf } from "../../../test/small-ir.ts";
import { createRuntime, type Runtime, type RuntimeOptions } from "../../create-runtime.ts";

const caller = { principal: simulatedPrincipal };
const runtimes: Runtime[] = [];
let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "heddle-in-runs-"));
});
afterEach(async () => {
  for (const runtime of runtimes.splice(0)) await runtime.close({ graceMs: 0 });
  await rm(folder, { recursive: true, force: true });
});

function open(options: RuntimeOptions = {}): Runtime {
  const runtime = createRuntime({ processes: { graceMs: 200 }, ...options });
  runtimes.push(runtime);
  return runtime;
}

const of = (path: string): Expr => path.split(".").reduce<Expr>((from, name) => ({ kind: "field", of: from, name }), result);

function worker(id: string, code: string, { config, ...extra }: Partial<Omit<ProcessNode, "kind" | "id">> = {}): Node {
  return { kind: "process", id, config: { command: workerCommand(code), ...config }, ...extra };
}

async function stored(runtime: Runtime, ir: WorkflowIr, payloads: Readonly<Record<string, string>> = {}): Promise<`sha256:${string}`> {
  const files = Object.entries(payloads).map(([path, text]) => ({ path, bytes: Buffer.from(text) }));
  const manifest = {
    format: "heddle.bundle/v1",
    main: ir.id,
    workflows: [ir],
    handlers: [],
    files: files.map(({ path, bytes }) => ({
      path,
      bytes: bytes.length,
      hash: `sha256:${createHash("sha256").update(bytes).digest("hex")}`,
    })),
  };
  return (await runtime.api.bundles.put({ manifest, files }, caller)).hash as `sha256:${string}`;
}

async function start(
  runtime: Runtime,
  ir: WorkflowIr,
  input: Record<string, JsonValue> = {},
  payloads?: Readonly<Record<string, string>>,
): Promise<RunId> {
  return (await runtime.api.runs.start({ bundle: await stored(runtime, ir, payloads), input }, caller)).runId;
}

test("a workflow of two processes: uploads, reads, writes, state, logs", async () => {
  const runtime = open();
  const count = worker("count", `console.error("counting"); say({ next_state: { n: 1 }, words: input.text.split(" ").length })`, {
    reads: [{ name: "text", value: variable("text") }],
    writes: [
      { name: "words", value: of("output.words") },
      { name: "state", value: of("state") },
    ],
  });
  const report: Node = {
    kind: "process",
    id: "report",
    config: { command: ["./report.sh"], workdir: "/sandbox/job/tools", upload_path: "tools" },
    reads: [
      { name: "words", value: variable("words") },
      { name: "$state", value: variable("state") },
    ],
  };
  const ir = { ...workflowOf("flow", [count, report]), inputs: [{ name: "text", type: { kind: "string" as const } }] };
  const script = `#!/bin/sh\nprintf '{"input": %s, "context": %s}' "$(cat $MN_INPUT_FILE)" "$(cat $MN_CONTEXT_FILE)"\n`;
  const runId = await start(runtime, ir, { text: "one two three" }, { "tools/report.sh": script });
  const { status, output } = await runtime.api.runs.result({ runId }, caller);
  expect(status).toBe("succeeded");
  expect(output).toMatchObject({ agent_id: "report", output: { input: { words: 3 }, context: { agent_state: { n: 1 } } } });
  const logs = await runtime.api.runs.logs({ runId }, caller);
  expect(logs).toContainEqual(expect.objectContaining({ node: "count", attempt: 1, level: "warn", source: "stderr", text: "counting" }));
  const kinds = (await runtime.api.runs.events({ runId }, caller)).map(({ event }) => event.kind);
  expect(kinds.filter((kind) => kind === "attempt-started")).toHaveLength(2);
});

test("a map of 60 programs runs so many at a time, and keeps its order", async () => {
  const runtime = open();
  const body = {
    inputs: [],
    entry: "one",
    nodes: [
      {
        kind: "process" as const,
        id: "one",
        config: { command: `echo + >> ${folder}/log; sleep 0.01; echo - >> ${folder}/log; cat "$MN_INPUT_FILE"` },
        reads: [{ name: "n", value: variable("n") }],
        exit: { output: of("output.n") },
      },
    ],
    edges: [],
  };
  const items = Array.from({ length: 60 }, (_, n) => n);
  const runId = await start(
    runtime,
    workflowOf("all", [{ kind: "map", id: "each", over: { kind: "literal", value: items }, item: "n", body }]),
  );
  expect(await runtime.api.runs.result({ runId }, caller)).toMatchObject({ status: "succeeded", output: items });
  let now = 0;
  for (const line of (await readFile(join(folder, "log"), "utf8")).trim().split("\n")) {
    now += line === "+" ? 1 : -1;
    expect(now).toBeLessThanOrEqual(4);
  }
});

test("a failing process is repeated as its node says, and fails with what it wrote", async () => {
  const runtime = open();
  const code = `fs.appendFileSync(${JSON.stringify(folder)} + "/tries", env.MN_ATTEMPT_ID + "\\n"); console.error("no luck"); process.exit(4)`;
  const runId = await start(runtime, workflowOf("flow", [worker("try-it", code, { retry: { attemptsMax: 3, delayMs: 1 } })]));
  expect(await runtime.api.runs.result({ runId }, caller)).toMatchObject({
    status: "failed",
    failure: {
      code: "process-failed",
      node: "try-it",
      message: "try-it exited with code 4: no luck",
      details: { exitCode: 4, stderr: ["no luck"] },
    },
  });
  const tries = (await readFile(join(folder, "tries"), "utf8")).trim().split("\n");
  expect(tries).toEqual([1, 2, 3].map((attempt) => `${runId}/1/${attempt}`));
});

/** A worker that says where it is and goes on for ever. */
const endless = (): string => `fs.writeFileSync(${JSON.stringify(folder)} + "/pid", String(process.pid)); setInterval(() => {}, 1000)`;
const pidOf = (): Promise<number> =>
  vi.waitFor(
    async () => {
      const pid = Number(await readFile(join(folder, "pid"), "utf8"));
      expect(pid).toBeGreaterThan(0);
      return pid;
    },
    { timeout: 10_000, interval: 20 },
  );

test("cancelling a run ends its process, and then the run", async () => {
  const runtime = open();
  const runId = await start(runtime, workflowOf("flow", [worker("endless", endless())]));
  const pid = await pidOf();
  await runtime.api.runs.cancel({ runId }, caller);
  expect(await runtime.api.runs.result({ runId }, caller)).toMatchObject({ status: "cancelled" });
  await vi.waitFor(() => expect(isAlive(pid)).toBe(false));
});

test("closing the runtime ends its processes", async () => {
  const runtime = open();
  await start(runtime, workflowOf("flow", [worker("endless", endless())]));
  const pid = await pidOf();
  await runtime.close({ graceMs: 0 });
  await vi.waitFor(() => expect(isAlive(pid)).toBe(false));
});

test("a timeout of an unsafe process parks its run; of a safe one it is a failure", async () => {
  const runtime = open();
  const unsafe = await start(runtime, workflowOf("flow", [worker("slow", "setInterval(() => {}, 1000)", { timeoutMs: 100 })]));
  await vi.waitFor(async () => expect((await runtime.api.runs.get({ runId: unsafe }, caller)).status).toBe("parked"), { timeout: 10_000 });
  const [call] = (await runtime.api.calls.list({ status: "outcome-unknown" }, caller)).rows;
  expect(call).toMatchObject({ run: unsafe, node: "slow" });
  await runtime.api.calls.settle({ call: call?.id ?? "", as: "succeeded", result: { output: "known" } }, caller);
  expect(await runtime.api.runs.result({ runId: unsafe }, caller)).toMatchObject({ status: "succeeded", output: { output: "known" } });
  const safe = await start(
    runtime,
    workflowOf("safe", [worker("slow", "setInterval(() => {}, 1000)", { timeoutMs: 100, safety: "safe" })]),
  );
  expect(await runtime.api.runs.result({ runId: safe }, caller)).toMatchObject({ status: "failed", failure: { code: "timeout" } });
});

test.each([
  ["a runner that is not there", { config: { runner_module: "MirrorNeuron.Sandbox.OpenShell" } }, "unimplemented"],
  ["a python_environment", { config: { python_environment: { packages: ["x"] } } }, "unimplemented"],
  ["less confinement than the operator wants", { confinement: "none" as const }, "capability-denied"],
  ["an upload from elsewhere", { config: { upload_path: "../x" } }, "path-escape"],
  ["an upload that is not there", { uploads: ["x"] }, "bundle-invalid"],
  ["all variables of the host", { passEnv: ["*"] }, "capability-denied"],
])("a workflow is not started with %s", async (_, extra, code) => {
  const runtime = open();
  await expect(start(runtime, workflowOf("flow", [worker("work", "say({})", extra)]))).rejects.toMatchObject({ code });
});

test("a workflow is not started with a sandbox where the machine gives none, and is told what to install", async () => {
  const missing = { kind: "unavailable", why: "there is no program bwrap in PATH", remedy: "install bubblewrap" } as const;
  const runtime = open({ sandbox: () => Promise.resolve(missing) });
  await expect(start(runtime, workflowOf("flow", [worker("work", "say({})", { confinement: "sandbox" })]))).rejects.toMatchObject({
    code: "capability-denied",
    message:
      "node work wants the confinement sandbox: this machine gives no sandbox: there is no program bwrap in PATH; install bubblewrap",
  });
});

test("the runner by its own name, and less confinement where the operator allows it", async () => {
  const runtime = open({ confinementMin: "none" });
  const node = worker("work", "say({ ok: true })", { config: { runner_module: "MirrorNeuron.Runner.HostLocal" }, confinement: "none" });
  const runId = await start(runtime, workflowOf("flow", [node]));
  expect(await runtime.api.runs.result({ runId }, caller)).toMatchObject({ status: "succeeded", output: { output: { ok: true } } });
});
