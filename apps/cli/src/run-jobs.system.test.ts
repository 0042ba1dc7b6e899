// Parity: MN7.
// `heddle run` on folders with a manifest of version 1.0: graphs of programs, without a daemon.
import { cpSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Workspace } from "./testing/workspace.ts";

const fixtures = fileURLToPath(new URL("../../../packages/compiler/fixtures/manifests/", import.meta.url));

interface Ran {
  readonly runId: string;
  readonly output: unknown;
}

describe("a job folder", () => {
  let space: Workspace;
  beforeEach(() => {
    space = new Workspace();
  });
  afterEach(async () => {
    await space[Symbol.asyncDispose]();
  }, 60_000);

  const run = async (name: string): Promise<Ran> => {
    cpSync(join(fixtures, name), join(space.folder, name), { recursive: true });
    const ran = await space.heddle("run", name, "--embedded", "--json");
    expect([ran.stderr.includes("error"), ran.code]).toEqual([false, 0]);
    return ran.json as unknown as Ran;
  };

  it("of programs in a row runs, and its output is what the last one gave", async () => {
    const { output } = await run("linear");
    expect(output).toMatchObject({
      count: 1,
      last_message: { agent_id: "report", sandbox: { exit_code: 0, stdout: '{"line":"3 different words"}' }, input: { agent_id: "count" } },
    });
  }, 60_000);

  it("with a cycle goes round until a guard lets a message out", async () => {
    expect((await run("cycle")).output).toMatchObject({ last_message: { version: 3, author: "loom" } });
  }, 60_000);

  it("streams compressed lines from program to program, and keeps the state of each", async () => {
    expect((await run("streaming")).output).toMatchObject({ last_message: { peaks: [4, 9] } });
  }, 60_000);

  it("fans out to a hundred programs, collects what they gave, and sums it up", async () => {
    expect((await run("fan-out")).output).toEqual({ parts: 100, total: 500_500 });
  }, 120_000);

  it("that cannot run here is refused with what is missing", async () => {
    cpSync(join(fixtures, "service"), join(space.folder, "service"), { recursive: true });
    const crowded = await space.heddle("run", "service", "--embedded", "--json");
    expect(crowded).toMatchObject({ code: 1, json: { error: { message: expect.stringContaining("add it, as in HEDDLE_POOLS=io=") } } });
  });
});
