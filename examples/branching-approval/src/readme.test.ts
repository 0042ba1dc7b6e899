// The README of this example, typed and read: on a terminal, over HTTP and over gRPC, every line as it stands.
// Parity: MI6, LC15.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { createClient } from "@heddle/client";
import { expect, test } from "vitest";
import { World } from "./world.ts";

const readme = readFileSync(new URL("../README.md", import.meta.url), "utf8");
const blocks = [...readme.matchAll(/```\n\$ (.*)\n([\s\S]*?)```/g)].map(([, command = "", output = ""]) => ({ command, output }));
const runIn = (text: string): string => /run_[0-9a-z]{26}/.exec(text)?.[0] ?? "";

/** A text without what differs from run to run. */
const steady = (text: string): string =>
  text
    .replace(/run_[0-9a-z]{26}/g, "run_…")
    .replace(/sha256:[0-9a-f]{64}/g, "sha256:…")
    .replace(/in (?:\d+s)?\d+ms|in \d+s/g, "in …")
    .replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, "(then)")
    .replace(/"(askedAtMs|deadlineMs)":\d+/g, '"$1":0')
    .replace(/pid=\d+/g, "pid=…");

test("the commands of the README do what it shows", async () => {
  await using world = await World.open();
  const [daemon, published, list, approve, approveCall, ...others] = blocks;
  expect(blocks).toHaveLength(11);
  expect(steady(await world.start(daemon?.command ?? "").said(/pid=\d+\n/))).toBe(steady(daemon?.output ?? ""));

  const running = world.start(published?.command ?? "");
  const runId = runIn(await running.said(/ no --activation 2\n/));
  const typed = (command = ""): string => command.replace(runIn(command), runId);
  expect(steady((await world.run(list?.command ?? "")).text)).toBe(steady(list?.output ?? ""));
  expect(steady((await world.run(typed(approve?.command))).text)).toBe(steady(approve?.output ?? ""));
  await running.said(/ no --activation 4\n/);
  expect(existsSync(join(world.folder, "pages"))).toBe(false);
  expect(steady((await world.run(typed(approveCall?.command))).text)).toBe(steady(approveCall?.output ?? ""));
  const { code, text } = await running.ended;
  expect(steady(text)).toBe(steady(published?.output ?? ""));
  expect(code).toBe(0);
  expect(readFileSync(join(world.folder, "pages", "Hello.md"), "utf8")).toBe("# Hello\nWorks.");

  await using client = createClient({ target: `127.0.0.1:${world.grpc}`, token: world.token });
  let real = "";
  for (const { command, output } of others) {
    const done = await world.run(runIn(command) === "" ? command : command.replace(runIn(command), real));
    expect(steady(done.text), command).toBe(steady(output));
    expect(done.code, command).toBe(0);
    if (!command.includes("--detach")) continue;
    real = runIn(done.text);
    // Whoever types it by hand takes longer than the run does until it asks.
    for await (const changes of client.approvals.follow({ runId: real })) if (changes.some(({ kind }) => kind === "asked")) break;
  }
}, 60_000);
