/**
 * Kills of everything that takes part in the mixed workflow, while runs are in flight: the daemon, its
 * handler processes, a worker, a plugin, a node server, programs. Then proves from the logs of the peers
 * that every run gave what it should, that nothing unsafe was executed again without somebody's word, and
 * that nothing safe was left out.
 *
 *   node tests/chaos/src/mixed-main.ts [--kills 50] [--open 6] [--seed n]
 *
 * The seed chooses whom to kill and when; what that strikes depends on the machine.
 */
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { createClient } from "@heddle/client";
import { buildBundle } from "@heddle/compiler";
import { DaemonProcess, freePort } from "./daemon-process.ts";
import { checkLedger, linesOf, places } from "./mixed-ledger.ts";
import { MixedLoad } from "./mixed-load.ts";
import { killLogged, Peer } from "./mixed-peers.ts";

const { values } = parseArgs({
  options: {
    kills: { type: "string", default: "50" },
    open: { type: "string", default: "6" },
    seed: { type: "string", default: String(Math.floor(Math.random() * 2 ** 31)) },
  },
});
const kills = Number(values.kills);
const seed = Number(values.seed);
const budgetMs = 30_000 + kills * 6_000;
const startedAt = Date.now();
const later = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
const say = (text: string): void => console.log(`${((Date.now() - startedAt) / 1000).toFixed(1).padStart(7)} s  ${text}`);

/** Numbers from 0 to 1 that a seed determines. */
function randomOf(from: number): () => number {
  let state = from >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
const random = randomOf(seed);
say(`seed ${seed}`);

const folder = await mkdtemp(join(tmpdir(), "heddle-mixed-"));
const logs = join(folder, "logs");
await mkdir(logs);
process.env["HEDDLE_HANDLER_PROCESSES"] = "1";
const home = { dataDir: join(folder, "data"), home: join(folder, "home"), port: await freePort() };
const target = `127.0.0.1:${home.port}`;
const nodesPort = await freePort();
const env = { HEDDLE_HOME: home.home, HEDDLE_TARGET: target, HEDDLE_LOG_PATH: join(folder, "sdk.log"), PORT: String(nodesPort) };
let daemon = await DaemonProcess.start(home);
const client = createClient({ target, env, reattachMs: 120_000 });
const peers = ["worker", "plugin", "nodes"].map((name) => new Peer(name, env));
await Promise.all(peers.map((peer) => peer.ready()));
await client.nodes.add({ url: `ws://127.0.0.1:${nodesPort}/` });
const built = await buildBundle(fileURLToPath(new URL("./mixed-flow.ts", import.meta.url)));
if (!built.valid) throw new Error(JSON.stringify(built.problems));
const bundle = await client.bundles.put({
  manifest: built.manifest,
  files: [...built.files].map(([path, bytes]) => ({ path, bytes })),
});
const load = new MixedLoad({ client, bundle: bundle.hash, logs, open: Number(values.open), env, target });
load.fill();
const operated = load.operate();

/** Waits until somebody at a place begins a call; its process id. */
async function begunAt(place: string, step?: string): Promise<number | undefined> {
  const seen = linesOf(logs, place).length;
  for (const untilMs = Date.now() + 3_000; Date.now() < untilMs; await later(5)) {
    const begun = linesOf(logs, place)
      .slice(seen)
      .find((line) => line.at === "begin" && (step === undefined || line.step === step));
    if (begun !== undefined) return begun.pid;
  }
  return undefined;
}

/** Kills one process that takes part, in the middle of something. False where that did not come about. */
async function strike(victim: string): Promise<boolean> {
  if (victim === "daemon") {
    if (random() < 0.7) await begunAt("nodes", "blend");
    await daemon.killInCommit(500);
    daemon = await DaemonProcess.start(home);
    return true;
  }
  const delayMs = random() * 160;
  // A program may have ended by then; the next one may not.
  for (let tries = 0; tries < 5; tries++) {
    const pid = await begunAt(victim);
    if (pid === undefined) return false;
    await later(delayMs / (tries + 1));
    if (killLogged(pid)) return true;
  }
  return false;
}

const struck: Record<string, number> = Object.fromEntries(["daemon", ...places].map((victim) => [victim, 0]));
let round: string[] = [];
let done = 0;
while (done < kills && Date.now() - startedAt < budgetMs) {
  await later(random() * 250);
  // Everybody's turn comes once in a round, in an order that the seed gives.
  if (round.length === 0)
    round = ["daemon", ...places]
      .map((victim) => ({ victim, at: random() }))
      .sort((a, b) => a.at - b.at)
      .map(({ victim }) => victim);
  const victim = round.pop() ?? "daemon";
  if (load.open === 0 || !(await strike(victim))) continue;
  struck[victim] = (struck[victim] ?? 0) + 1;
  done++;
}
say(`${done} kills: ${JSON.stringify(struck)}; no more of them, waiting for every run to end`);
await load.finish(60_000);
await operated;

const findings = checkLedger(logs, load.runs.size, load.retries);
const problems = [...load.wrong, ...findings.problems];
for (const runId of load.runs.keys()) {
  const events = await client.runs.events({ runId, limit: 10_000 });
  const committed = events.flatMap(({ event }) => (event.kind === "activation-succeeded" ? [event.activation] : []));
  if (new Set(committed).size !== committed.length) problems.push(`${runId}: a step was committed twice`);
  if (events.filter(({ event }) => event.kind === "run-succeeded").length !== 1) problems.push(`${runId}: did not succeed exactly once`);
}
const known = new Map<string, number>();
for (let cursor: string | undefined, first = true; first || cursor !== undefined; first = false) {
  const page = await client.runs.list({ limit: 500, ...(cursor === undefined ? {} : { cursor }) });
  for (const { workflow } of page.rows) known.set(workflow, (known.get(workflow) ?? 0) + 1);
  cursor = page.cursor;
}
for (const workflow of ["mixed", "mixed-inner"]) {
  if (known.get(workflow) !== load.runs.size)
    problems.push(`there are ${known.get(workflow)} runs of ${workflow}, and ${load.runs.size} were started`);
}
if (done < kills) problems.push(`only ${done} of ${kills} kills in the time given`);
await client.close();
for (const peer of peers) await peer.stop();
const exitCode = await daemon.stop();
if (exitCode !== 0) problems.push(`the daemon ended with code ${exitCode}: ${daemon.stderr}`);
const { succeeded, retried } = load.settled;
say(`runs ${load.runs.size}, of which typed ${load.commandLines}; answers ${load.answered}`);
say(
  `executed ${JSON.stringify(findings.executions)}, again ${findings.repeated}, after their end was decided ${findings.late}; asked again of the node server and executed once ${findings.joined}`,
);
say(`calls settled: ${succeeded.size} as succeeded, ${retried.size} to be repeated`);
for (const problem of problems.slice(0, 20)) console.error(`problem: ${problem}`);
if (problems.length === 0) await rm(folder, { recursive: true, force: true });
else console.error(`problem: look at ${folder}; the seed was ${seed}`);
console.log(problems.length === 0 ? "mixed: everything held" : `mixed: ${problems.length} problems`);
process.exitCode = problems.length === 0 ? 0 : 1;
