// The tools of a runtime, and one call of a tool as a run of its own.
// Parity: LC15.
import { mkdtempSync, readFileSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { defaultTenant, defineTool, type Principal } from "@heddle/core";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import * as z from "zod";
import { createRuntime, type Runtime } from "../create-runtime.ts";

const ada = { principal: { subject: "ada", tenant: defaultTenant, roles: ["engineer"] } as Principal };
const otto = { principal: { subject: "otto", tenant: defaultTenant, roles: ["operator"] } as Principal };

const save = defineTool({
  name: "save",
  capability: "fs.write",
  description: "saves a text",
  input: z.strictObject({ path: z.string(), content: z.string().default("empty") }),
  handler: (args, context) => context.file("path").write(args.content),
});
const shout = defineTool({
  name: "shout",
  capability: "kv.read",
  description: "shouts",
  input: z.strictObject({ key: z.string() }),
  handler: ({ key }) => key.toUpperCase(),
});

let folder: string;
let runtime: Runtime;

beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), "heddle-tools-api-")));
  runtime = createRuntime({ tools: [shout, save], roots: { workspace: folder } });
});
afterEach(async () => {
  await runtime.close({ graceMs: 0 });
  rmSync(folder, { recursive: true, force: true });
});

describe("tools", () => {
  test("are listed by name, with what they may do and what they take", async () => {
    expect(await runtime.api.tools.list({}, otto)).toMatchObject([
      {
        name: "save",
        capability: "fs.write",
        permission: "modify",
        description: "saves a text",
        parameters: [
          { name: "path", kind: "path", required: true },
          { name: "content", kind: "value", required: false },
        ],
        inputSchema: { type: "object", required: ["path"] },
      },
      { name: "shout", permission: "read" },
    ]);
    expect((await runtime.api.tools.list({ capability: "kv.read" }, otto)).map(({ name }) => name)).toEqual(["shout"]);
  });

  test("are called as a run; the same key is the same run", async () => {
    const request = { tool: "shout", args: { key: "hi" }, idempotencyKey: "once" };
    const first = await runtime.api.tools.invoke(request, otto);
    expect(await runtime.api.runs.result({ runId: first.runId }, otto)).toMatchObject({ status: "succeeded", output: "HI" });
    expect(await runtime.api.tools.invoke(request, otto)).toEqual({ runId: first.runId, existing: true });
  });

  test("ask as in any workflow before they change something", async () => {
    const { runId } = await runtime.api.tools.invoke({ tool: "save", args: { path: "a.txt", content: "hello" } }, otto);
    for await (const [change] of runtime.api.approvals.follow({ runId }, ada)) {
      if (change?.kind !== "asked") continue;
      const { id, call } = change.approval;
      expect(call).toMatchObject({ tool: "save", permission: "modify" });
      await expect(runtime.api.approvals.approve({ id, hash: call?.hash ?? "" }, otto)).rejects.toMatchObject({
        code: "permission-denied",
      });
      await runtime.api.approvals.approve({ id, hash: call?.hash ?? "" }, ada);
      break;
    }
    expect(await runtime.api.runs.result({ runId }, ada)).toMatchObject({ status: "succeeded", output: { created: true } });
    expect(readFileSync(join(folder, "a.txt"), "utf8")).toBe("hello");
  });

  test("that are not there, and arguments that do not fit, are refused before there is a run", async () => {
    await expect(runtime.api.tools.invoke({ tool: "shuot", args: {} }, ada)).rejects.toMatchObject({
      code: "tool-not-found",
      message: expect.stringContaining("did you mean shout?"),
    });
    await expect(runtime.api.tools.invoke({ tool: "shout", args: { kye: "hi" } }, ada)).rejects.toMatchObject({
      code: "input-invalid",
      message: expect.stringMatching(/key: .*kye/),
    });
    await using bare = createRuntime();
    await expect(bare.api.tools.invoke({ tool: "shout", args: {} }, ada)).rejects.toMatchObject({
      code: "tool-not-found",
      message: expect.stringContaining("there are no tools"),
    });
    expect((await runtime.api.runs.list({}, ada)).rows).toEqual([]);
  });
});
