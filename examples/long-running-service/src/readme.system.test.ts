// Parity: MN5, MN6. What the README says, typed: a service, its pressure, the death of its daemon, and its end.
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { commandsOf, Typed } from "./typed.ts";

const here = fileURLToPath(new URL("..", import.meta.url));
const commands = commandsOf(readFileSync(join(here, "README.md"), "utf8"));

let folder: string;
const started: Typed[] = [];

beforeAll(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), "heddle-service-")));
  cpSync(join(here, "src"), join(folder, "src"), { recursive: true });
});

afterAll(async () => {
  for (const one of started) one.kill("SIGKILL");
  await Promise.all(started.map(({ exit }) => exit));
  rmSync(folder, { recursive: true, force: true });
});

function type(words: readonly string[], ...more: readonly string[]): Typed {
  const typed = new Typed([...words, ...more], folder);
  started.push(typed);
  return typed;
}

/** The commands of the README that begin so, with the run that was started. */
function readme(start: string, run = ""): readonly (readonly string[])[] {
  const found = commands.filter((words) => words.join(" ").startsWith(start));
  expect(found.length, start).toBeGreaterThan(0);
  return found.map((words) => words.map((word) => (word === "run_…" ? run : word)));
}

const [daemonWords = []] = readme("daemon");

async function daemon(): Promise<Typed> {
  const serving = type(daemonWords, "--grpc-port", "0", "--http-port", "0", "--json");
  await serving.sees(/"ready":true/);
  return serving;
}

async function done(words: readonly string[]): Promise<string> {
  const typed = type(words);
  expect(await typed.exit, typed.said).toBe(0);
  return typed.said;
}

test("the commands of the README do what it says", async () => {
  const first = await daemon();
  const [start = []] = readme("run ");
  const run = String(/run_\w+/.exec(await done(start)));

  for (const words of readme("runs signal", run)) await done(words);
  const [follow = []] = readme("runs follow", run);
  const [events = []] = readme("runs events", run);
  const before = type(follow);
  await before.sees(/pressure-changed +keep +saturated/);
  expect(await done(events)).toMatch(/node-restarted +keep +restart 1/);

  first.kill("SIGKILL");
  await first.exit;
  before.kill("SIGKILL");
  await daemon();
  mkdirSync(join(folder, "kept"));
  const after = type(follow);
  await after.sees(/pressure-changed +keep +normal/);
  await after.sees(/activation-failed +check.*too-cold/);
  await after.sees(/activation-succeeded +note[\s\S]*activation-succeeded +note/);

  const files = readdirSync(join(folder, "kept"));
  expect(files.filter((name) => name.endsWith(".json"))).toHaveLength(6);
  expect(
    readFileSync(join(folder, "kept", "means.txt"), "utf8")
      .trim()
      .split("\n")
      .sort(),
  ).toEqual(["boiler 80.0", "cellar 13.0"]);
  const [letters = []] = readme("deadletters list", run);
  expect(await done(letters)).toMatch(/too-cold/);
  const [logs = []] = readme("runs logs", run);
  expect(await done(logs)).toContain("boiler has 95 degrees");

  const [cancel = []] = readme("runs cancel", run);
  await done(cancel);
  expect(await after.exit).toBe(1);
  expect(after.said).toMatch(/run-cancelled/);
}, 120_000);
