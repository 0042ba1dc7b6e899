// The README of this example, typed and read: every command is run as it stands, by real processes, and says what is shown.
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { World } from "./world.ts";

const readme = readFileSync(new URL("../README.md", import.meta.url), "utf8");
const shown = new Map(
  [...readme.matchAll(/```\n\$ (.*)\n([\s\S]*?)```/g)].map(([, command = "", output = ""]) => [command, output] as const),
);
const example = /run_[0-9a-z]{26}/.exec(readme)?.[0] ?? "";

/** A text without what differs from run to run. */
const steady = (text: string): string =>
  text
    .replace(/run_[0-9a-z]{26}/g, "run_…")
    .replace(/in (?:\d+s)?\d+ms|in \d+s/g, "in …")
    // Steps of a run that another started are shown as far as they are seen before it ends.
    .replace(/^ {2}letter\/.*\n/gm, "")
    .replace(/^\d{4}-\d\d-\d\dT[\d:.]+Z/gm, "(then)")
    .replace(/(pid=|PLUGIN_PORT=)\d+/g, "$1…");

test("the commands of the README do what it shows", async () => {
  await using world = await World.open();
  for (const [command, ready] of [
    ["heddle daemon", /pid=\d+\n/],
    ["node src/worker.ts", /ready\n/],
    ["node src/plugin.ts", /registered with .*\n[\s\S]*PORT=\d+\n/],
    ["node src/node-server.ts", /\/\n/],
  ] as const) {
    // The daemon may already tell who came, and two outputs have no order.
    const said = steady(await world.start(command).said(ready)).split("\n");
    expect(said).toEqual(expect.arrayContaining(steady(shown.get(command) ?? "nothing").split("\n")));
  }
  const add = "heddle nodes add ws://127.0.0.1:3017";
  expect(await world.run(add)).toEqual({ code: 0, text: shown.get(add) });

  const run = "heddle run src/flow.ts --input-file order.json";
  const running = world.start(run);
  const asked = await running.said(/ no --activation 6\n/);
  const answer = /heddle runs answer \S+ yes --activation 6/.exec(asked)?.[0] ?? "";
  const runId = answer.split(" ")[3] ?? "";
  const typed = answer.replace(runId, example);
  expect(await world.run(answer)).toEqual({ code: 0, text: shown.get(typed)?.replaceAll(example, runId) });
  const { code, text } = await running.ended;
  expect(steady(text)).toBe(steady(shown.get(run) ?? ""));
  expect(code).toBe(0);

  const logs = await world.run(`heddle runs logs ${runId}`);
  expect(steady(logs.text)).toBe(steady(shown.get(`heddle runs logs ${example}`) ?? ""));
  expect(shown.size).toBe(8);
}, 60_000);
