// Questions on a terminal: who is asked, what counts as an answer, and what happens without one.
import { PassThrough } from "node:stream";
import { HeddleError, type JsonValue, type ToolContext } from "@heddle/core";
import { describe, expect, test } from "vitest";
import { createAskUser } from "./ask-user.ts";
import { createConfirmUser } from "./confirm-user.ts";
import type { Terminal } from "./terminal.ts";

function world(isTTY = true) {
  const input = Object.assign(new PassThrough(), { isTTY });
  const output = new PassThrough();
  let shown = "";
  output.setEncoding("utf8").on("data", (text: string) => {
    shown += text;
  });
  const terminal = (): Terminal => ({ input, output });
  const aborting = new AbortController();
  const context = { signal: aborting.signal } as ToolContext;
  const run = async (tool: ReturnType<typeof createAskUser>, args: Record<string, JsonValue>): Promise<JsonValue> => {
    const parsed = tool.parse(args);
    if ("problem" in parsed) throw new HeddleError("input-invalid", parsed.problem);
    return (await tool.handler(parsed.args, context)) ?? null;
  };
  return {
    input,
    aborting,
    shown: () => shown,
    confirm: (message = "Go on?") => run(createConfirmUser(terminal), { message }),
    ask: (question: string, options?: string[]) => run(createAskUser(terminal), { question, ...(options && { options }) }),
  };
}

describe("confirmUser", () => {
  test.each([
    ["y", true],
    ["YES", true],
    [" yes ", true],
    ["n", false],
    ["No", false],
  ])("takes %j for %s", async (answer, expected) => {
    const { input, confirm } = world();
    input.write(`${answer}\n`);
    expect(await confirm()).toBe(expected);
  });
  test("asks once more, and takes the second answer", async () => {
    const { input, confirm, shown } = world();
    input.write("perhaps\ny\n");
    expect(await confirm("Delete it?")).toBe(true);
    expect(shown()).toBe("Delete it? [y/n] yes or no, please: ");
  });
  test.each(["", "yes please", "true", "1", "ja"])("takes %j twice for a no", async (answer) => {
    const { input, confirm } = world();
    input.write(`${answer}\n${answer}\ny\n`);
    expect(await confirm()).toBe(false);
  });
});

describe("askUser", () => {
  test("gives what is typed, without the space around it", async () => {
    const { input, ask, shown } = world();
    input.write("  a loom \n");
    expect(await ask("What is it?")).toBe("a loom");
    expect(shown()).toBe("What is it?\n> ");
  });
  test.each([
    ["2", "blue"],
    ["red", "red"],
  ])("takes an option by %s", async (answer, expected) => {
    const { input, ask, shown } = world();
    input.write(`${answer}\n`);
    expect(await ask("Which?", ["red", "blue"])).toBe(expected);
    expect(shown()).toContain("  1. red\n  2. blue\n> ");
  });
  test("takes the text of an option before its number", async () => {
    const { input, ask } = world();
    input.write("2\n");
    expect(await ask("How many?", ["2", "1"])).toBe("2");
  });
  test("fails after two answers that are no option", async () => {
    const { input, ask } = world();
    input.write("3\n0\nred\n");
    await expect(ask("Which?", ["red", "blue"])).rejects.toMatchObject({ code: "tool-failed" });
  });
});

describe("a terminal", () => {
  test("that is none is not asked", async () => {
    const { input, ask, confirm, shown } = world(false);
    input.write("y\n");
    await expect(ask("Which?")).rejects.toMatchObject({ code: "not-interactive", retryable: false });
    await expect(confirm()).rejects.toMatchObject({ code: "not-interactive" });
    expect(shown()).toBe("");
  });
  test("whose input ends has nobody who answers", async () => {
    const { input, confirm } = world();
    input.end();
    await expect(confirm()).rejects.toMatchObject({ code: "not-interactive" });
  });
  test("is asked one question at a time", async () => {
    const { input, ask, shown } = world();
    const first = ask("First?");
    const second = ask("Second?");
    await new Promise((resolve) => setImmediate(resolve));
    expect(shown()).toBe("First?\n> ");
    input.write("1\n");
    expect(await first).toBe("1");
    input.write("2\n");
    expect(await second).toBe("2");
  });
  test("is left alone by a call that is no longer wanted, and the next one is asked", async () => {
    const { input, aborting, ask, confirm } = world();
    const first = ask("First?");
    aborting.abort();
    await expect(first).rejects.toBeDefined();
    await expect(confirm()).rejects.toBeDefined();
    const later = world();
    later.input.write("y\n");
    expect(await later.confirm()).toBe(true);
    input.end();
  });
  test("obeys nothing that a question says", async () => {
    const { input, confirm, shown } = world();
    input.write("n\n");
    await confirm("safe\u001b[2J\u202eevil\nnext");
    expect(shown()).toBe("safe\\u{1b}[2J\\u{202e}evil\nnext [y/n] ");
  });
});
