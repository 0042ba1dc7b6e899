// Deterministic stages of compiled texts, each one call of an official tool, end to end; and the tool code of the
// document that the language comes from, line by line. Parity: NE4, NE8, NE10.
import { mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { compile } from "@heddle/compiler";
import { createToolRegistry, defineTool, type Expr, type JsonObject, type Policy, type Tool, type WorkflowIr } from "@heddle/core";
import { createRuntime, type RuntimeOptions } from "@heddle/runtime";
import { askUser, confirmUser, editFile, httpFetch, readFile, runShell, writeFile } from "@heddle/runtime/tools";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import * as z from "zod";
import { caller, workflowCalling } from "./tools-world.ts";

let folder: string;
beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), "heddle-texts-")));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function compiled(text: string): WorkflowIr {
  const { workflows, diagnostics } = compile(new Map([["flow.nemo", text]]));
  expect(diagnostics.filter(({ severity }) => severity === "error")).toEqual([]);
  return workflows[0]!.ir;
}

const official = [readFile, writeFile, editFile, runShell, httpFetch];

async function run(ir: WorkflowIr, input: JsonObject, options: Partial<RuntimeOptions> = {}) {
  await using runtime = createRuntime({ tools: official, roots: { workspace: folder }, approvals: { builtin: "allow" }, ...options });
  return (await runtime.run(ir, input)).output;
}

describe("a text of deterministic stages", () => {
  const release = `workflow Release {
    input { notes: path target: path }
    policy {
      deny fs.write(path) if not path.eq(target)
      deny os.shell(command) if not command.starts_with("wc ")
    }
    stage @entry Read {
      exec: fs.read(path: notes)
      output: { content: string truncated: bool linesReturned: number }
    }
    stage Save {
      exec: fs.write(path: target, content: Read.content)
      output: { created: bool bytesWritten: number }
    }
    stage @exit Count {
      exec: os.shell(command: "wc -l notes.txt")
      output: { stdout: string exitCode: number }
    }
  }`;

  test("runs to its end, stage by stage, without a model", async () => {
    writeFileSync(join(folder, "notes.txt"), "one\ntwo\n");
    const output = await run(compiled(release), { notes: "notes.txt", target: "out/copy.txt" });
    expect(output).toEqual({ stdout: "2 notes.txt\n", exitCode: 0 });
    expect(readFileSync(join(folder, "out/copy.txt"), "utf8")).toBe("one\ntwo\n");
  });
  test("whose policy denies a call fails there, and nothing was done", async () => {
    writeFileSync(join(folder, "notes.txt"), "one\n");
    const elsewhere = release.replace('starts_with("wc ")', 'starts_with("ls ")');
    await expect(run(compiled(elsewhere), { notes: "notes.txt", target: "copy.txt" })).rejects.toMatchObject({
      code: "run-failed",
      details: { code: "call-denied" },
    });
  });
  test("takes an answer that is a text for its one output", async () => {
    const ask = `workflow Ask {
      input { question: string }
      stage A { exec: user.elicit(question: question) output: { answer: string } }
    }`;
    const asked = defineTool({
      name: "askUser",
      capability: "user.elicit",
      description: "answers",
      input: z.strictObject({ question: z.string() }),
      handler: ({ question }) => `${question} Yes.`,
    });
    expect(await run(compiled(ask), { question: "Well?" }, { tools: [asked] })).toEqual({ answer: "Well? Yes." });
  });
  test("that asks for consent first gets it from a person, also where a tool could ask on a terminal", async () => {
    writeFileSync(join(folder, "a.txt"), "");
    const asking = `workflow Asking {
      input { target: path }
      policy { before fs.write(path) requires fs.read(path), user.confirm }
      stage A { exec: fs.write(path: target, content: "new") output: { created: bool } }
    }`;
    await using runtime = createRuntime({ tools: [...official, confirmUser], roots: { workspace: folder } });
    const prompts: string[] = [];
    const ir = compiled(asking);
    const stored = await runtime.api.bundles.put(
      { manifest: { format: "heddle.bundle/v1", main: ir.id, workflows: [ir], handlers: [], files: [] }, files: [] },
      caller,
    );
    const { runId } = await runtime.api.runs.start({ bundle: stored.hash, input: { target: "a.txt" } }, caller);
    for await (const _ of runtime.api.runs.follow({ runId }, caller)) {
      const { questions } = await runtime.api.runs.get({ runId }, caller);
      for (const { activation, prompt } of questions) {
        prompts.push(prompt);
        await runtime.api.runs.answer({ runId, activation, answer: true }, caller);
      }
      if (prompts.length > 0) break;
    }
    expect((await runtime.api.runs.result({ runId }, caller)).output).toEqual({ created: false });
    expect(prompts).toHaveLength(1);
    expect(prompts[0]).toContain("new");
    expect(readFileSync(join(folder, "a.txt"), "utf8")).toBe("new");
  });
});

describe("the tool code of the document", () => {
  test("a tool is defined, registered and run", async () => {
    writeFileSync(join(folder, "task.txt"), "analyze code");
    const readWhole = defineTool({
      name: "read_file",
      capability: "fs.read",
      description: "Read a file",
      input: z.strictObject({ path: z.string() }),
      handler: async (_args, ctx) => ctx.file("path").readText(),
    });
    const tools = createToolRegistry([readWhole]);
    await using runtime = createRuntime({ tools, roots: { workspace: folder } });
    const result = await runtime.run(workflowCalling(readWhole, { path: "task.txt" }), {});
    expect(result.output).toBe("analyze code");
  });

  test("every official tool is registered, each of its own import", () => {
    const tools = createToolRegistry([readFile, writeFile, editFile, runShell, askUser, confirmUser]);
    expect(tools.tools.map(({ name, capability }) => [name, capability])).toEqual([
      ["readFile", "fs.read"],
      ["writeFile", "fs.write"],
      ["editFile", "fs.write"],
      ["runShell", "os.shell"],
      ["askUser", "user.elicit"],
      ["confirmUser", "user.confirm"],
    ]);
    expect(tools.forCapability("fs.write")).toBe(writeFile);
  });

  test("or a subset; what is missing fails where it is called, and a name cannot be there twice", async () => {
    const tools = createToolRegistry([readFile, editFile, runShell]);
    expect(tools.get("writeFile")).toBeUndefined();
    await expect(run(workflowCalling(writeFile, { path: "a", content: "" }), {}, { tools })).rejects.toMatchObject({
      details: { code: "tool-not-found" },
    });
    expect(() => createToolRegistry([readFile, readFile])).toThrow(expect.objectContaining({ code: "tool-invalid" }));
  });

  const bound = (name: string): Expr => ({ kind: "ref", scope: "bound", name });
  const literal = (value: string): Expr => ({ kind: "literal", value });
  const shellAllowlist: Policy = {
    id: "shell-allowlist",
    kind: "deny",
    trigger: { capability: "os.shell", bind: { command: "command" } },
    condition: {
      kind: "not",
      of: {
        kind: "or",
        of: [
          { kind: "eq", left: bound("command"), right: literal("python run.py") },
          { kind: "starts-with", left: bound("command"), right: literal("git commit -m ") },
        ],
      },
    },
  };
  const writeAllowlist: Policy = {
    id: "write-allowlist",
    kind: "deny",
    trigger: { capability: "fs.write", bind: { path: "path" } },
    condition: { kind: "not", of: { kind: "eq", left: bound("path"), right: { kind: "ref", scope: "input", name: "candidate_path" } } },
  };

  test("the policies are those that the text of the comment above them compiles to", () => {
    const { policies } = compiled(`workflow Lists {
      input { candidate_path: path }
      policy {
        deny os.shell(command) if not (command.eq("python run.py") or command.starts_with("git commit -m "))
        deny fs.write(path) if not path.eq(candidate_path)
      }
      stage A { exec: fs.write(path: candidate_path, content: "x") }
    }`);
    expect(policies?.map(({ id: _, ...policy }) => policy)).toEqual([shellAllowlist, writeAllowlist].map(({ id: _, ...policy }) => policy));
  });

  const calling = (tool: Tool, args: JsonObject): WorkflowIr => ({
    ...workflowCalling(tool, args, { policies: [shellAllowlist, writeAllowlist] }),
    inputs: [{ name: "candidate_path", type: { kind: "path" } }],
  });
  const input = { candidate_path: "candidate.txt" };

  test.each([
    ["git commit -m 'a; b' --dry-run", true],
    ["git commit -m x; rm -rf y", false],
    ["git push", false],
    ["python  run.py", false],
    [" python run.py", false],
  ])("the shell's list and %j", async (command, allowed) => {
    const ran = run(calling(runShell, { command }), input);
    if (allowed) expect(await ran).toMatchObject({ command });
    else await expect(ran).rejects.toMatchObject({ details: { code: "call-denied" } });
  });

  test.each([
    ["candidate.txt", true],
    ["./x/../candidate.txt", true],
    ["other.txt", false],
    ["candidate.txt/../other.txt", false],
  ])("the list of what may be written and %j", async (path, allowed) => {
    const ran = run(calling(writeFile, { path, content: "x" }), input);
    if (allowed) expect(await ran).toMatchObject({ path: join(folder, "candidate.txt"), bytesWritten: 1 });
    else await expect(ran).rejects.toMatchObject({ details: { code: "call-denied" } });
  });
});
