/**
 * Kills the daemon and its handler processes, again and again, under load; then proves that nothing
 * was lost, nothing was committed twice, and every follower saw each event once, in order.
 *
 *   node tests/chaos/src/main.ts [--daemon-kills 200] [--handler-kills 100] [--open 1000] [--open-min 500]
 *
 * A kill of the daemon counts only with enough open runs, and in the middle of a commit: begun and not
 * acknowledged, as the bytes on a pipe around it show.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { createClient } from "@heddle/client";
import { DaemonProcess, freePort } from "./daemon-process.ts";
import { Load } from "./load.ts";
import { verify } from "./verify.ts";
import { workloadBundle } from "./workload.ts";

const { values } = parseArgs({
  options: {
    "daemon-kills": { type: "string", default: "200" },
    "handler-kills": { type: "string", default: "100" },
    open: { type: "string", default: "1000" },
    "open-min": { type: "string", default: "500" },
    "delay-ms": { type: "string", default: "150" },
    long: { type: "boolean", default: false },
  },
});
const daemonKills = Number(values["daemon-kills"]);
const handlerKills = Number(values["handler-kills"]);
const openTarget = Number(values.open);
const openMin = Number(values["open-min"]);
const budgetMs = 60_000 + daemonKills * 10_000;

const folder = await mkdtemp(join(tmpdir(), "heddle-chaos-"));
const home = { dataDir: join(folder, "data"), home: join(folder, "home"), port: await freePort() };
const stepLog = join(folder, "steps.log");
const startedAt = Date.now();
let daemon = await DaemonProcess.start(home);
const client = createClient({
  target: `127.0.0.1:${home.port}`,
  env: { HEDDLE_HOME: home.home, HEDDLE_LOG_PATH: join(folder, "sdk.log") },
  reattachMs: 120_000,
});
const bundle = await client.bundles.put(workloadBundle(stepLog, Number(values["delay-ms"])));
const load = new Load(client, bundle.hash, openTarget);
load.fill();

const say = (text: string): void => console.log(`${((Date.now() - startedAt) / 1000).toFixed(1).padStart(7)} s  ${text}`);
const later = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

let counted = 0;
let tried = 0;
let handlersKilled = 0;
const openAtKill: number[] = [];
while (counted < daemonKills && Date.now() - startedAt < budgetMs) {
  while (load.open < openMin && Date.now() - startedAt < budgetMs) await later(20);
  await later(Math.random() * 600);
  if (handlersKilled < handlerKills && Math.random() < 0.75) {
    const [pid] = daemon.handlerPids().toSorted(() => Math.random() - 0.5);
    if (pid !== undefined) {
      process.kill(pid, "SIGKILL");
      handlersKilled++;
      await later(Math.random() * 200);
    }
  }
  const { open } = load;
  const { inCommit } = await daemon.killInCommit(2_000);
  tried++;
  if (open >= openMin && inCommit) {
    counted++;
    openAtKill.push(open);
    if (counted % 10 === 0 || counted <= 3)
      say(`kill ${counted} of the daemon: ${open} runs open, in a commit; ${load.started.size} runs started so far`);
  }
  daemon = await DaemonProcess.start(home);
}
while (handlersKilled < handlerKills && Date.now() - startedAt < budgetMs) {
  const [pid] = daemon.handlerPids().toSorted(() => Math.random() - 0.5);
  if (pid !== undefined) {
    process.kill(pid, "SIGKILL");
    handlersKilled++;
  }
  await later(50 + Math.random() * 100);
}
say("no more kills; waiting for every run to end");
await load.finish(90_000);
const findings = await verify(client, [...load.started.values()], load.followed, stepLog);
await client.close();
const exitCode = await daemon.stop();

const sorted = openAtKill.toSorted((a, b) => a - b);
say(
  `daemon kills: ${counted} counted of ${tried}; open runs at a kill: least ${sorted[0] ?? 0}, median ${sorted[Math.floor(sorted.length / 2)] ?? 0}`,
);
say(`handler process kills: ${handlersKilled}`);
say(`runs ${findings.runs}, steps committed ${findings.steps}, lost ${findings.lost}, committed twice ${findings.committedTwice}`);
say(
  `steps executed again ${findings.executedTwice}, in one run at most ${findings.executedTwicePerRunMax}; followers ${load.followed.length}`,
);
const problems = [...load.wrong, ...findings.problems];
if (counted < daemonKills) problems.push(`only ${counted} of ${daemonKills} kills counted in the time given`);
if (findings.lost > 0) problems.push(`${findings.lost} steps were never executed`);
if (findings.committedTwice > 0) problems.push(`${findings.committedTwice} steps were committed twice`);
if (exitCode !== 0) problems.push(`the daemon ended with code ${exitCode}: ${daemon.stderr}`);
for (const problem of problems.slice(0, 20)) console.error(`problem: ${problem}`);
await rm(folder, { recursive: true, force: true });
console.log(problems.length === 0 ? "chaos: everything held" : `chaos: ${problems.length} problems`);
process.exitCode = problems.length === 0 ? 0 : 1;
