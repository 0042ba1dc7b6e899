// Hooks on the command line, against a real daemon in this process.
// Parity: LC8.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Workspace } from "./testing/workspace.ts";

describe("hooks on the command line", () => {
  let space: Workspace;

  beforeAll(async () => {
    space = new Workspace();
    await space.daemon();
  }, 60_000);
  afterAll(async () => {
    await space[Symbol.asyncDispose]();
  }, 60_000);

  const register = (...more: string[]) => space.heddle("hooks", "register", "team", "review", ...more);

  it("are registered with a secret that is shown once, listed and deleted", async () => {
    expect((await space.heddle("hooks", "list")).stderr).toBe("none\n");
    const first = await register("--url", "https://hooks.example/x", "--tool", "write*", "--closed", "--timeout-ms", "100", "--json");
    const { hook, secret } = first.json as { hook: { id: string }; secret: string };
    expect(hook).toMatchObject({ owner: "team", name: "review", phase: "pre", tools: ["write*"], failMode: "closed", timeoutMs: 100 });
    expect(secret).toMatch(/^hks_[\w-]{43}$/);
    const again = await register("--url", "https://hooks.example/y", "--phase", "post");
    expect(again).toMatchObject({ code: 0, stdout: expect.stringMatching(/^registered team\/review as hook_[\s\S]*secret[\s\S]*hks_/) });
    const listed = await space.heddle("hooks", "list");
    expect(listed.stdout).toMatch(/^hook_\w+ +team +review +post +all +all +open +https:\/\/hooks\.example\/y$/m);
    expect(listed.stdout).not.toContain("hks_");
    expect(await space.heddle("hooks", "delete", hook.id)).toMatchObject({ code: 1, stderr: expect.stringContaining("(hook-not-found)") });
    const [id = ""] = /hook_\w+/.exec(listed.stdout) ?? [];
    expect(await space.heddle("hooks", "delete", id)).toMatchObject({ code: 0, stdout: `hook ${id} is gone\n` });
    expect((await space.heddle("hooks", "list")).stderr).toBe("none\n");
  });

  it("are refused where nobody could be asked", async () => {
    expect(await register()).toMatchObject({ code: 2, stderr: expect.stringContaining("--url") });
    expect(await register("--url", "https://hooks.example", "--timeout-ms", "60001")).toMatchObject({ code: 2 });
    expect(await register("--url", "https://127.0.0.1/")).toMatchObject({ code: 1, stderr: expect.stringContaining("(hook-invalid)") });
    expect(await space.heddle("hooks", "delete", "x")).toMatchObject({ code: 2, stderr: expect.stringContaining("heddle hooks list") });
  });
});
