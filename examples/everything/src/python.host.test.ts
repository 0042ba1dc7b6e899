// The program of the example, in Python.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { World } from "./world.ts";

test("the program may be in another language: nothing but its command changes", async () => {
  await using world = await World.open();
  const flow = join(world.folder, "src/flow.ts");
  const command = '["python3", new URL("./label.py", import.meta.url)]';
  const text = readFileSync(flow, "utf8").replace('["node", new URL("./label.mjs", import.meta.url)]', command);
  expect(text).toContain(command);
  expect(readFileSync(new URL("../README.md", import.meta.url), "utf8")).toContain(command);
  writeFileSync(flow, text);
  await world.start("heddle daemon").said(/pid=/);
  await world.start("node src/worker.ts").said(/ready/);
  await world.start("node src/plugin.ts").said(/registered/);
  await world.start("node src/node-server.ts").said(/ws:/);
  await world.run("heddle nodes add ws://127.0.0.1:3017");
  const ran = await world.run("heddle run src/flow.ts --input-file order.json --yes");
  expect(ran.text).toContain('"parcel": "P1-ADA-280"');
  expect(ran.code).toBe(0);
}, 60_000);
