import { readFileSync } from "node:fs";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import type { ValueType, WorkflowInput } from "@heddle/core";
import { describe, expect, it } from "vitest";
import { UsageError } from "./command.ts";
import { commands } from "./commands/index.ts";
import { answerOf } from "./follow/answers.ts";
import { namedValues } from "./named-values.ts";
import { readRunInput } from "./run-input.ts";
import { createPaint, plainText } from "./style.ts";
import { Terminal } from "./testing/terminal.ts";
import { typedText, withAbsolutePaths } from "./typed-text.ts";

const string: ValueType = { kind: "string" };
const number: ValueType = { kind: "number" };

describe("a typed value", () => {
  it.each<[string, ValueType | undefined, unknown]>([
    ["12", string, "12"],
    ["12", number, 12],
    ["12", undefined, 12],
    ["null", { kind: "path" }, "null"],
    ["[1]", { kind: "json" }, [1]],
    ["1", { kind: "enum", values: ["1", "2"] }, "1"],
    ["1", { kind: "enum", values: [1, 2] }, 1],
    ["not json", { kind: "json" }, "not json"],
    ["", undefined, ""],
  ])("%j as %j is %j", (text, type, value) => {
    expect(typedText(text, type)).toEqual(value);
  });

  it("makes paths absolute wherever the type has them", () => {
    const type: ValueType = {
      kind: "object",
      fields: [
        { name: "files", type: { kind: "array", items: { kind: "path" } } },
        { name: "name", type: string },
      ],
    };
    expect(withAbsolutePaths({ files: ["a.txt"], name: "a.txt" }, type, "/home/ada")).toEqual({
      files: [join("/home/ada", "a.txt")],
      name: "a.txt",
    });
  });

  it("answers an approval by yes or no alone", () => {
    expect(answerOf("Y", "approve", undefined)).toBe(true);
    expect(answerOf("no", "approve", undefined)).toBe(false);
    expect(() => answerOf("perhaps", "approve", undefined)).toThrow(UsageError);
    expect(answerOf("yes", "answer", string)).toBe("yes");
  });
});

describe("the input of a run", () => {
  const declared: readonly WorkflowInput[] = [
    { name: "name", type: string },
    { name: "file", type: { kind: "path" }, optional: true },
    { name: "count", type: number, default: 1 },
  ];
  const stdin = new PassThrough();
  const context = { argv: [], env: {}, cwd: "/home/ada", stdin, stdout: stdin, stderr: stdin } as unknown as Parameters<
    typeof readRunInput
  >[0];
  const read = (...pairs: string[]) => readRunInput(context, { pairs }, declared);

  it("is read from pairs, by declared type", async () => {
    expect(await read("name=12", "file=notes.txt", "count=2")).toEqual({ name: "12", file: join("/home/ada", "notes.txt"), count: 2 });
    expect(await read("name=a=b")).toEqual({ name: "a=b" });
  });

  it.each([
    [["nme=x"], /there is no input nme \(did you mean name\?\); input name is missing/],
    [["__proto__=1", "name=x"], /there is no input __proto__/],
    [["name"], /"name" is not name=value/],
    [[], /input name is missing/],
  ])("%j is refused, with all that is wrong", async (pairs, message) => {
    await expect(read(...pairs)).rejects.toThrow(message);
  });
});

describe("named values", () => {
  const values = (...pairs: string[]) => namedValues({ option: "param", pairs, texts: new Set(["city"]) }, { days: 1, city: "Rome" });

  it("are JSON where they are JSON, texts where those are wanted, and win over the object", () => {
    expect(values("city=12", "days=[1,2]", "note=not json", "a=b=c")).toEqual({ city: "12", days: [1, 2], note: "not json", a: "b=c" });
    expect(values()).toEqual({ days: 1, city: "Rome" });
  });

  it("keep a name that objects have by themselves", () => {
    expect(Object.keys(values("__proto__=1"))).toEqual(["days", "city", "__proto__"]);
  });
});

describe("text for people", () => {
  it("has colour on a terminal alone, and never with NO_COLOR", () => {
    expect(createPaint(true, {})("red", "x")).toBe("\u001b[31mx\u001b[39m");
    expect(createPaint(true, { NO_COLOR: "1" })("red", "x")).toBe("x");
    expect(createPaint(true, { TERM: "dumb" })("red", "x")).toBe("x");
    expect(createPaint(false, {})("red", "x")).toBe("x");
  });

  it("cannot steer the terminal", () => {
    expect(plainText("a\u001b[2Jb\nc")).toBe("a\ufffd[2Jb\nc");
  });
});

describe("usage", () => {
  const heddle = async (...argv: string[]) => {
    const terminal = new Terminal(argv, { cwd: "/", env: { HEDDLE_HOME: "/nowhere", HEDDLE_DATA: "/nowhere/data" } });
    return { code: await terminal.exit, stdout: terminal.stdout, stderr: terminal.stderr, daemonCalls: terminal.daemonCalls };
  };

  it.each([
    [["rnu"], /unknown command 'rnu' \(did you mean run\?\) \(request-invalid\)\n {2}see: heddle --help/],
    [["runs", "lst"], /unknown command 'lst' \(did you mean list\?\)/],
    [["runs", "list", "--limt", "3"], /unknown option '--limt' \(did you mean --limit\?\)/],
    [["runs", "get"], /missing required argument 'run'/],
    [["run"], /name a bundle folder or an authoring file/],
    [["run", "a.ts", "--attach", "run_x"], /--attach goes on with a run and takes no file/],
    [["run", "a.ts", "--embedded", "--detach"], /cannot --detach/],
    [["run", "--attach", "nonsense"], /"nonsense" is not the id of a run/],
    [["validate"], /name a bundle folder/],
    [["check"], /missing required argument 'files'/],
    [["compile"], /missing required argument 'files'/],
    [["compile", "a.nemo", "--emit", "irr"], /--emit is "irr", expected one of .*\(did you mean ir\?\)/],
    [["compile", "a.nemo", "--emit", "bundle"], /a bundle is a folder.*\n {2}say where it goes: -o <folder>/],
    [["plugins", "invoke", "weather"], /missing required argument 'action'/],
    [["plugins", "invoke", "weather", "get", "--param", "city"], /--param "city" is not name=value/],
    [["plugins", "invoke", "weather", "get", "--param", "a=1", "--param", "a=2"], /--param a is given twice/],
    [["plugins", "invoke", "weather", "get", "--params", "[1]"], /--params is no JSON object/],
    [["nodes", "invoke", "resize", "--input", "=1"], /--input "=1" is not name=value/],
    [["nodes", "add"], /missing required argument 'url'/],
    [["nodes", "add", "ws://localhost:1/", "--token", ""], /the token is empty/],
    [["deadletters", "replay", "run_x"], /"run_x" is not the id of a run/],
    [["deadletters", "replay", `run_${"0".repeat(26)}`, "--letter", "0"], /--letter is "0", expected a whole number from 1/],
  ])("%j is wrong: exit 2, with a word of help", async (argv, message) => {
    const { code, stderr, stdout } = await heddle(...argv);
    expect(stderr).toMatch(message);
    expect(stderr).toMatch(/^error: /);
    expect([code, stdout]).toEqual([2, ""]);
  });

  it("is told as JSON where that is asked for", async () => {
    const { code, stdout, stderr } = await heddle("runs", "lst", "--json");
    expect(JSON.parse(stdout)).toEqual({
      error: { code: "request-invalid", message: "unknown command 'lst' (did you mean list?)", details: {} },
    });
    expect([code, stderr]).toEqual([2, ""]);
  });

  it("shows help for every command, with an example", async () => {
    const top = await heddle("--help");
    expect(top.code).toBe(0);
    for (const name of [
      "run",
      "runs",
      "calls",
      "audit",
      "deadletters",
      "plugins",
      "nodes",
      "bundles",
      "tokens",
      "validate",
      "check",
      "compile",
      "why",
      "status",
      "version",
    ]) {
      expect(top.stdout).toMatch(new RegExp(`^ {2}${name}\\b`, "m"));
      expect((await heddle(name, "--help")).stdout).toContain("Example:\n  $ heddle");
    }
    expect((await heddle("runs", "answer", "--help")).stdout).toContain("--decline");
  });

  it("has every command and every option in docs/cli.md", () => {
    const document = readFileSync(new URL("../../../docs/cli.md", import.meta.url), "utf8");
    for (const { name, options = [] } of commands) {
      expect(document).toContain(`heddle ${name}`);
      for (const { flags } of options) expect(document, `${name} ${flags}`).toContain(flags.split(" ")[0]);
    }
  });

  it("hands the arguments of the daemon on as they are", async () => {
    expect((await heddle("daemon", "--grpc-port", "0", "--json")).daemonCalls).toEqual([["--grpc-port", "0", "--json"]]);
  });

  it("says how to start a daemon where there is none", async () => {
    const { code, stderr } = await heddle("runs", "list", "--target", "localhost:1");
    expect(stderr).toBe("error: no daemon answers at localhost:1; start one with: heddle daemon --grpc-port 1 (daemon-unreachable)\n");
    expect(code).toBe(1);
  });
});
