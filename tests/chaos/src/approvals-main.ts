/**
 * Kills the daemon again and again while people approve and reject calls that change something; then proves that every
 * approved call was executed at most once, that none was executed without an approval, and that every run came to its end.
 *
 *   node tests/chaos/src/approvals-main.ts [--calls 1000] [--kills 200]
 *
 * A call starts a program that writes a line of its own to a log, before it answers: the log says what was executed,
 * whoever lived to hear of it.
 */
import { appendFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { type Client, createClient } from "@heddle/client";
import { HeddleError } from "@heddle/core";
import { DaemonProcess, freePort } from "./daemon-process.ts";

const { values } = parseArgs({ options: { calls: { type: "string", default: "1000" }, kills: { type: "string", default: "200" } } });
const callCount = Number(values.calls);
const killCount = Number(values.kills);
const budgetMs = 60_000 + killCount * 4_000 + callCount * 300;

const folder = await mkdtemp(join(tmpdir(), "heddle-approvals-"));
const workspace = join(folder, "workspace");
mkdirSync(workspace);
const log = join(folder, "executed.log");
appendFileSync(log, "");
writeFileSync(
  join(workspace, "act.mjs"),
  `import { appendFileSync } from "node:fs";\nappendFileSync(${JSON.stringify(log)}, process.argv[2] + "\\n");\n`,
);
const home = {
  dataDir: join(folder, "data"),
  home: join(folder, "home"),
  port: await freePort(),
  cwd: workspace,
  args: ["--tools", "runShell"],
};
const startedAt = Date.now();
const say = (text: string): void => console.log(`${((Date.now() - startedAt) / 1_000).toFixed(1).padStart(7)} s  ${text}`);
const later = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
const isOver = (): boolean => Date.now() - startedAt > budgetMs;

let daemon = await DaemonProcess.start(home);
const client: Client = createClient({
  target: `127.0.0.1:${home.port}`,
  env: { HEDDLE_HOME: home.home, HEDDLE_LOG_PATH: join(folder, "sdk.log") },
  reattachMs: 120_000,
});

/** What is away now comes back; everything else is a finding. */
const passing = ["daemon-unreachable", "shutting-down", "deadline-exceeded", "cancelled", "journal-fenced"];
const problems: string[] = [];
async function tried<Answer>(ask: () => Promise<Answer>, known: readonly string[] = []): Promise<Answer | undefined> {
  try {
    return await ask();
  } catch (error) {
    if (!HeddleError.is(error) || !(passing.includes(error.code) || known.includes(error.code))) problems.push(String(error));
    return undefined;
  }
}

const workflow = {
  ir: "heddle.ir/v1",
  id: "act",
  discipline: "stages",
  inputs: [{ name: "command", type: { kind: "string" } }],
  entry: "act",
  nodes: [
    {
      kind: "tool",
      id: "act",
      capability: "os.shell",
      tool: "runShell",
      reads: [{ name: "command", value: { kind: "ref", scope: "var", name: "command" } }],
      exit: { output: { kind: "ref", scope: "result" } },
    },
  ],
  edges: [],
};
const bundle = await client.bundles.put({
  manifest: { format: "heddle.bundle/v1", main: "act", workflows: [workflow], handlers: [], files: [] },
  files: [],
});

/** By run: what people said, once they have begun to say it. */
const said = new Map<string, "approve" | "reject">();
const nameOf = new Map<string, string>();
let begun = 0;

async function begin(): Promise<void> {
  const name = `call-${begun}`;
  const run = await tried(() =>
    client.runs.start({ bundle: bundle.hash, input: { command: `${process.execPath} act.mjs ${name}` }, idempotencyKey: name }),
  );
  if (run === undefined) return;
  nameOf.set(run.runId, name);
  begun++;
}

/** Answers some of what is asked; one in ten is rejected. What was said once is said again until it is heard. */
async function answerSome(): Promise<void> {
  const page = await tried(() => client.approvals.list({ limit: 20 }));
  for (const { id, runId, call } of page?.rows ?? []) {
    const verdict = said.get(runId) ?? (Math.random() < 0.1 ? "reject" : "approve");
    said.set(runId, verdict);
    const gone = ["approval-not-found", "not-waiting", "run-ended", "call-changed"];
    if (verdict === "reject") await tried(() => client.approvals.reject({ id, comment: "no" }), gone);
    else await tried(() => client.approvals.approve({ id, hash: call?.hash ?? "" }, {}), gone);
  }
}

const executed = (): Map<string, number> => {
  const counts = new Map<string, number>();
  for (const line of readFileSync(log, "utf8").split("\n")) if (line !== "") counts.set(line, (counts.get(line) ?? 0) + 1);
  return counts;
};

/** Says of calls of unknown outcome what the log says. None is ever told to start again. */
async function settle(): Promise<void> {
  const page = await tried(() => client.calls.list({ status: "outcome-unknown", limit: 500 }));
  const rows = page?.rows ?? [];
  if (rows.length === 0) return;
  // A program that outlived its daemon may still be about to write.
  await later(1_000);
  const done = executed();
  for (const { id, run, attempt } of rows) {
    const as = done.has(nameOf.get(run) ?? "") ? "succeeded" : "failed";
    await tried(
      () => client.calls.settle({ call: id, as, attempt, ...(as === "succeeded" ? { result: null } : {}) }),
      ["call-not-unknown", "call-not-found"],
    );
  }
}

let kills = 0;
let unknown = 0;
const openRuns = async (): Promise<number> => {
  const status = await tried(() => client.runtime.status({}));
  return Object.values(status?.openRuns ?? { unknown: 1 }).reduce((sum, count) => sum + count, 0);
};
for (let nextKill = Date.now() + 300; !isOver(); ) {
  // So many calls between two kills that the last kill comes with the last calls.
  const due = Math.ceil((callCount * (kills + 1)) / (killCount + 1));
  for (let i = 0; i < 10 && begun < due; i++) await begin();
  await answerSome();
  if (kills < killCount && Date.now() >= nextKill) {
    await later(Math.random() * 40);
    await daemon.killInCommit(200);
    kills++;
    daemon = await DaemonProcess.start(home);
    unknown += ((await tried(() => client.calls.list({ status: "outcome-unknown", limit: 500 })))?.rows ?? []).length;
    await settle();
    if (kills % 20 === 0) say(`${kills} kills; ${begun} runs begun, ${said.size} answered`);
    nextKill = Date.now() + Math.random() * 300;
  } else if (begun === callCount && kills === killCount && (await openRuns()) === 0) break;
  if (begun === callCount) await settle();
}

const counts = executed();
const twice = [...counts].filter(([, count]) => count > 1);
const verdictOf = new Map([...said].map(([run, verdict]) => [nameOf.get(run) ?? "", verdict]));
const unasked = [...counts.keys()].filter((name) => verdictOf.get(name) !== "approve");
const ends: Record<string, number> = {};
for (const [runId, name] of nameOf) {
  const view = await tried(() => client.runs.get({ runId }));
  const end = view?.status ?? "unknown";
  ends[end] = (ends[end] ?? 0) + 1;
  if (end === "succeeded" && !counts.has(name)) problems.push(`${name} succeeded, and was not executed`);
  if (end !== "succeeded" && end !== "failed") problems.push(`${name} is ${end}`);
}
await client.close();
const exitCode = await daemon.stop();
say(`${kills} kills; ${callCount} calls: ${counts.size} executed, ${unknown} of unknown outcome settled; ends ${JSON.stringify(ends)}`);
say(`executed twice ${twice.length}, executed without an approval ${unasked.length}`);
if (kills < killCount) problems.push(`only ${kills} of ${killCount} kills in the time given`);
if (begun < callCount) problems.push(`only ${begun} of ${callCount} runs begun`);
if (!existsSync(log)) problems.push("there is no log");
if (twice.length > 0) problems.push(`executed twice: ${twice.map(([name]) => name).join(", ")}`);
if (unasked.length > 0) problems.push(`executed without an approval: ${unasked.join(", ")}`);
if (exitCode !== 0) problems.push(`the daemon ended with code ${exitCode}: ${daemon.stderr}`);
for (const problem of problems.slice(0, 20)) console.error(`problem: ${problem}`);
await rm(folder, { recursive: true, force: true });
console.log(problems.length === 0 ? "approvals: everything held" : `approvals: ${problems.length} problems`);
process.exitCode = problems.length === 0 ? 0 : 1;
