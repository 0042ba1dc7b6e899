// One secret through a whole daemon: a program and a handler are given it and do what they can to spread it. It is searched
// for in every file of the data folder while the daemon runs and afterwards, in what the daemon prints, and in every answer.
import { type ChildProcess, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { type BundleManifest, type Node, WorkflowIr } from "@heddle/core";
import { afterEach, expect, it } from "vitest";
import { temporaryFolder } from "./fake-engine.ts";
import { wires } from "./wires.ts";

const heddled = fileURLToPath(new URL("../../../apps/daemon/bin/heddled.js", import.meta.url));
const canary = "c4nary/öf+the=secrets&0123456789";
const digest = createHash("sha256").update(canary).digest("hex");

const children: ChildProcess[] = [];
afterEach(() => {
  for (const child of children.splice(0)) child.kill("SIGKILL");
});

/** Everything that would give the value away, and enough of it to be of use. */
const traces = [
  canary,
  canary.slice(0, 12),
  canary.slice(-12),
  JSON.stringify(canary).slice(1, -1),
  encodeURIComponent(canary),
  Buffer.from(canary).toString("hex"),
  Buffer.from(canary).toString("base64").slice(0, 24),
  Buffer.from(canary).toString("base64url").slice(0, 24),
  Buffer.from(`me:${canary}`).toString("base64").slice(6, 30),
];

const spread = `
const c = process.env.CANARY;
const forms = [c, JSON.stringify({ c }), encodeURIComponent(c), Buffer.from(c).toString("base64"), Buffer.from(c).toString("base64url"),
  Buffer.from("me:" + c).toString("base64"), Buffer.from(c).toString("hex"), "x".repeat(8180) + c];
`;
const proof = `require("node:crypto").createHash("sha256").update(c).digest("hex")`;

const program = (end: string): string =>
  `${spread} for (const form of forms) { console.log(form); console.error("error: " + form); }
   process.stdout.write(c.slice(0, 9)); setTimeout(() => { process.stdout.write(c.slice(9) + "\\n"); ${end} }, 20);`;

const handlers = `import { createRequire } from "node:module";
const require = createRequire(import.meta.url);
${spread}
export function telling(input, ctx) {
  for (const form of forms) { console.log(form); ctx.log.info(form, { form, [form]: [form] }); process.stderr.write(form + "\\n"); }
  return { forms, [c]: 1, proof: ${proof} };
}
export function throwing() { throw Object.assign(new Error("no way in with " + forms.join(" ")), { code: "no-way", details: { forms } }); }
export async function recording(input, ctx) { await ctx.once("token", () => c); return {}; }
export async function calling(input, ctx) { await ctx.call("http_fetch", { url: "http://127.0.0.1:1/" + c }); return {}; }
`;

function workflowOf(id: string, node: Partial<Node>): WorkflowIr {
  return WorkflowIr.parse({
    ir: "heddle.ir/v1",
    id,
    discipline: "stages",
    inputs: [],
    entry: "work",
    nodes: [{ ...node, id: "work", environment: { CANARY: "secret://canary" }, exit: { output: { kind: "ref", scope: "result" } } }],
    edges: [],
  });
}

const processOf = (end: string): Omit<Extract<Node, { kind: "process" }>, "id"> => ({
  kind: "process",
  config: { command: [process.execPath, "-e", program(end)] },
});

const workflows = [
  workflowOf("printing", processOf(`console.log(${proof});`)),
  workflowOf("failing", processOf(`console.error("last: " + c); process.exitCode = 3;`)),
  ...["telling", "throwing", "recording", "calling"].map((handler) => workflowOf(handler, { kind: "handler", handler })),
];
const handlerNames = ["telling", "throwing", "recording", "calling"];

function filesBelow(folder: string): readonly string[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .map((name) => join(folder, name))
    .filter((path) => statSync(path, { throwIfNoEntry: false })?.isFile() === true);
}

it("a secret is found in no store, log, event, error or answer of a daemon", async () => {
  const cwd = temporaryFolder();
  const vault = join(temporaryFolder(), "canary");
  writeFileSync(vault, `${canary}\n`, { mode: 0o600 });
  writeFileSync(join(cwd, "heddle.yaml"), `secrets:\n  canary:\n    file: ${JSON.stringify(vault)}\n`);
  const env = { ...process.env, HEDDLE_HOME: cwd };
  const child = spawn(process.execPath, [heddled, "--grpc-port", "0", "--http-port", "0"], { cwd, env, stdio: ["ignore", "pipe", "pipe"] });
  children.push(child);
  const printed: string[] = [];
  child.stderr.setEncoding("utf8").on("data", (text: string) => printed.push(text));
  const lines = createInterface({ input: child.stdout });
  lines.on("line", (line) => printed.push(line));
  const [line] = await once(lines, "line");
  const token = readFileSync(join(cwd, ".heddle", "admin.token"), "utf8").trim();

  const code = Buffer.from(handlers);
  const hash = `sha256:${createHash("sha256").update(code).digest("hex")}` as const;
  const manifest: BundleManifest = {
    format: "heddle.bundle/v1",
    main: "printing",
    workflows,
    handlers: handlerNames.map((name) => ({ name, code: { file: "code.mjs", export: name } })),
    files: [{ path: "code.mjs", hash, bytes: code.length }],
  };
  const answers: unknown[] = [];
  const outcomes: Record<string, unknown> = {};
  for (const wire of wires) {
    const address = new RegExp(`${wire.name.toLowerCase()}=(\\S+)`).exec(String(line))?.[1] ?? "";
    await using client = wire.connect(address, { home: cwd, token });
    const { hash: bundle } = await client.bundles.put({ manifest, files: [{ path: "code.mjs", bytes: code }] });
    for (const { id } of workflows) {
      const { runId } = await client.runs.start({ bundle, workflow: id, input: {} });
      const result = await client.runs.result({ runId });
      outcomes[id] = result.failure?.code ?? "succeeded";
      const told = await Promise.all([client.runs.get({ runId }), client.runs.events({ runId }), client.runs.logs({ runId })]);
      answers.push(result, ...told);
      const raw = await fetch(`http://${/http=(\S+)/.exec(String(line))?.[1]}/v1/runs/${runId}`, {
        headers: { authorization: `Bearer ${token}` },
      });
      answers.push(await raw.text());
    }
  }
  // They had the value: who has it not cannot say its digest.
  expect(JSON.stringify(answers).split(digest).length).toBeGreaterThan(2);
  expect(outcomes).toEqual({
    printing: "succeeded",
    failing: "process-failed",
    telling: "succeeded",
    throwing: "no-way",
    recording: "cancelled",
    calling: "call-denied",
  });
  const search = (): readonly string[] => {
    const texts = new Map<string, string>(filesBelow(cwd).map((path) => [path, readFileSync(path).toString("latin1")]));
    texts.set("answers", Buffer.from(JSON.stringify(answers)).toString("latin1"));
    texts.set("printed", Buffer.from(printed.join("\n")).toString("latin1"));
    return [...texts].flatMap(([place, text]) =>
      traces.flatMap((trace) => (text.includes(Buffer.from(trace).toString("latin1")) ? [`${trace} in ${place}`] : [])),
    );
  };
  expect(filesBelow(cwd).map((path) => path.slice(cwd.length + 1))).toEqual(
    expect.arrayContaining([".heddle/heddle.db", ".heddle/heddle.db-wal"]),
  );
  expect(search()).toEqual([]);
  const ended = once(child, "exit");
  child.kill("SIGTERM");
  await ended;
  expect(search()).toEqual([]);
  // The search itself can find something.
  writeFileSync(join(cwd, ".heddle", "planted"), `x${canary}x`);
  expect(search()).not.toEqual([]);
});
