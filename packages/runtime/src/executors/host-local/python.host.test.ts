import { spawnSync } from "node:child_process";
import { readFile } from "node:fs/promises";
import { afterEach, beforeEach, expect, test } from "vitest";
import { ProcessWorld, resultOf } from "../../../test/process-world.ts";

const hasPython = spawnSync("python3", ["--version"]).status === 0;

let world: ProcessWorld;
beforeEach(async () => {
  world = await ProcessWorld.open();
});
afterEach(() => world.close());

/** The example of the documentation, as it stands there. */
async function example(): Promise<{ readonly worker: string; readonly config: Record<string, never> }> {
  const text = await readFile(new URL("../../../../../docs/processes.md", import.meta.url), "utf8");
  const worker = /```python\n(.*?)```/s.exec(text)?.[1] ?? "";
  const node = JSON.parse(/```json\n(\{\s*"kind": "process".*?)```/s.exec(text)?.[1] ?? "{}") as { config: Record<string, never> };
  return { worker, config: node.config };
}

test.runIf(hasPython)("the worker of the documentation runs, and remembers what it has seen", async () => {
  const { worker, config } = await example();
  await world.payload("words/worker.py", worker);
  const first = resultOf(await world.execute(config, { input: { text: "the cat saw the dog — größer" } }));
  expect(first).toMatchObject({ output: { words: 7, longest: "größer" }, state: { texts: 1 } });
  const second = resultOf(await world.execute(config, { input: { text: "one", $state: first.state ?? null } }));
  expect(second).toMatchObject({ output: { words: 1 }, state: { texts: 2 } });
  const wrong = await world.execute(config, { input: { text: 5 } });
  expect(wrong).toMatchObject({
    kind: "failed",
    failure: { code: "process-failed", details: { exitCode: 2, stderr: ["text is not a text"] } },
  });
});

test.runIf(hasPython)("an exception of Python is told with its last lines", async () => {
  const outcome = await world.execute({ command: ["python3", "-c", "raise ValueError('no luck')"] });
  expect(outcome).toMatchObject({ failure: { code: "process-failed", message: "work exited with code 1: ValueError: no luck" } });
});
