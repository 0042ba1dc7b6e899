import type { CallNeed, Policy, Verdict } from "@heddle/core";
import { describe, expect, test } from "vitest";
import {
  before,
  bound,
  callOf,
  contains,
  contextOf,
  deny,
  eq,
  input,
  inputOf,
  lit,
  not,
  pathOf,
  startsWith,
  write,
} from "../../../test/gate-calls.ts";
import { compileGrant, compilePolicies, judge, pathTextsOf } from "./index.ts";

const verdictOf = (verdict: Verdict): string =>
  verdict.kind === "deny"
    ? verdict.denial.code
    : verdict.kind === "allow"
      ? `allow ${verdict.why}`
      : `needs ${verdict.needs.map((need) => need.kind).join(" ")}`;
const needsOf = (verdict: Verdict): readonly CallNeed[] => (verdict.kind === "needs" ? verdict.needs : []);

const insideOnly = deny("fs.write", ["path"], not(contains(input("root"), bound("path"))), "inside");
const rootInput = [inputOf("root", "path")];
const inRoot = (more = {}) => ({ inputPaths: { root: "/ws" }, ...more });
const confirm = before("fs.write", ["path"], [{ capability: "user.confirm" }], { id: "ask" });
const readFirst = before("fs.write", ["path"], [{ capability: "fs.read", args: { path: bound("path") } }], { id: "read" });

describe("deny policies", () => {
  const shellList = deny(
    "os.shell",
    ["command"],
    not({ kind: "or", of: [eq(bound("command"), lit("python run.py")), startsWith(bound("command"), lit("git commit -m "))] }),
    "shell-allowlist",
  );
  const shell = (command: string) => verdictOf(judge(callOf("os.shell", { command }), contextOf([shellList])));

  test("let through what an allow-list of commands names, and nothing else", () => {
    expect(shell("python run.py")).toBe("allow policies");
    expect(shell("git commit -m done")).toBe("allow policies");
    for (const command of ["python run.py ", "python  run.py", "git commit -m", "git push", " git commit -m x", "GIT COMMIT -m x", ""]) {
      expect(shell(command)).toBe("policy-denied");
    }
  });

  test("let through the one path that an allow-list names by an input", () => {
    const list = deny("fs.write", ["path"], not(eq(bound("path"), input("candidate_path"))), "write-allowlist");
    const context = contextOf([list], {}, [inputOf("candidate_path", "path")]);
    const candidate = { inputPaths: { candidate_path: "/ws/a.txt" } };
    expect(verdictOf(judge(write("/ws/a.txt", candidate), context))).toBe("allow policies");
    expect(verdictOf(judge(write("/ws/b.txt", candidate), context))).toBe("policy-denied");
  });

  test("judge the real path, whatever the argument says", () => {
    const context = contextOf([insideOnly], {}, rootInput);
    const swapped = write("/ws/link", inRoot({ paths: [pathOf("path", "/etc/passwd")] }));
    expect(verdictOf(judge(swapped, context))).toBe("policy-denied");
    const honest = write("/elsewhere", inRoot({ paths: [pathOf("path", "/ws/file")] }));
    expect(verdictOf(judge(honest, context))).toBe("allow policies");
  });

  test("follow the links of the texts that they compare with paths, once these are looked up", () => {
    const list = [
      deny("fs.write", ["path"], eq(bound("path"), lit("/var/run/x")), "run"),
      deny("fs.write", ["path"], contains(input("root"), lit("up"))),
    ];
    const context = contextOf(list, {}, rootInput);
    const call = write("/run/x", inRoot());
    expect(pathTextsOf(call, { ...context, policies: contextOf([insideOnly], {}, rootInput).policies })).toEqual([]);
    expect(pathTextsOf(call, context)).toEqual(["/var/run/x", "/ws/up"]);
    const real = (links: Record<string, string>) => judge(call, { ...context, realPathOf: (path) => links[path] });
    expect(real({ "/ws/up": "/" })).toEqual({ kind: "allow", why: "policies" });
    expect(real({ "/var/run/x": "/run/x" })).toMatchObject({ denial: { policy: "run" } });
    expect(real({})).toMatchObject({ denial: { policy: "deny" } });
    expect(pathTextsOf(call, { ...context, realPathOf: () => "/run/x" })).toEqual(["/var/run/x"]);
  });

  test("contain by parts: a neighbour whose name begins alike is outside", () => {
    const context = contextOf([insideOnly], {}, rootInput);
    expect(verdictOf(judge(write("/ws", inRoot()), context))).toBe("allow policies");
    expect(verdictOf(judge(write("/ws/a/b", inRoot()), context))).toBe("allow policies");
    expect(verdictOf(judge(write("/ws-other/a", inRoot()), context))).toBe("policy-denied");
    expect(verdictOf(judge(write("/", inRoot()), context))).toBe("policy-denied");
  });

  test("say which policy refused and what it saw", () => {
    const verdict = judge(write("/elsewhere/x", inRoot()), contextOf([insideOnly], {}, rootInput));
    expect(verdict).toEqual({
      kind: "deny",
      denial: { code: "policy-denied", policy: "inside", message: 'the policy `inside` denies fs_write: path = "/elsewhere/x"' },
    });
  });

  test("without a condition deny every call", () => {
    expect(verdictOf(judge(write("/ws/a"), contextOf([deny("fs.write", [], undefined)])))).toBe("policy-denied");
    expect(
      verdictOf(judge(callOf("fs.read", { path: "/ws/a" }, { permission: "read" }), contextOf([deny("fs.write", [], undefined)]))),
    ).toBe("allow read");
  });

  test("deny in order: the first that hits is named", () => {
    const hit = (id: string): Policy => deny("fs.write", ["path"], contains(lit("/ws"), lit("/")), id);
    const always = (id: string): Policy => deny("fs.write", ["path"], lit(true), id);
    const never = deny("fs.write", ["path"], lit(false), "never");
    expect(judge(write("/ws/a"), contextOf([never, always("first"), always("second"), hit("third")]))).toMatchObject({
      denial: { policy: "first" },
    });
  });

  test("that cannot be judged deny, with the policy and the reason", () => {
    const verdict = judge(write("/ws/a"), contextOf([insideOnly], {}, rootInput));
    expect(verdict).toMatchObject({ kind: "deny", denial: { code: "policy-error", policy: "inside" } });
    expect(verdict).toMatchObject({ denial: { message: expect.stringContaining("the input root has no value") } });
    const later = deny("fs.write", [], lit(true), "later");
    expect(judge(write("/ws/a"), contextOf([insideOnly, later], {}, rootInput))).toMatchObject({
      denial: { code: "policy-error", policy: "inside" },
    });
  });

  test("bind the calls of their own capability alone", () => {
    const context = contextOf([deny("fs.write", [], lit(true))]);
    expect(verdictOf(judge(callOf("fs.read", { path: "/ws/a" }, { permission: "read" }), context))).toBe("allow read");
    expect(verdictOf(judge(callOf("os.shell", { command: "ls" }), context))).toBe("allow policies");
  });

  test("on the shell bind scripts too, in the order of the workflow, and those on scripts bind scripts alone", () => {
    const shellOnly = deny("os.shell", ["command"], startsWith(bound("command"), lit("rm")), "shell");
    const scripts = deny("os.shell.script", ["script"], startsWith(bound("script"), lit("rm")), "scripts");
    const script = callOf("os.shell.script", { script: "rm -rf * | cat" });
    expect(judge(script, contextOf([shellOnly]))).toMatchObject({ denial: { code: "policy-error", policy: "shell" } });
    const always = deny("os.shell", ["command"], lit(true), "always");
    expect(judge(script, contextOf([always]))).toMatchObject({
      denial: { code: "policy-denied", policy: "always", message: 'the policy `always` denies os_shell_script: script = "rm -rf * | cat"' },
    });
    expect(judge(script, contextOf([scripts, shellOnly]))).toMatchObject({ denial: { policy: "scripts" } });
    expect(judge(script, contextOf([shellOnly, scripts]))).toMatchObject({ denial: { policy: "shell" } });
    expect(verdictOf(judge(callOf("os.shell", { command: "ls" }), contextOf([scripts])))).toBe("allow policies");
  });

  test("that allow commands by how they begin refuse scripts that begin so", () => {
    const only = deny("os.shell", ["command"], { kind: "not", of: startsWith(bound("command"), lit("git ")) }, "git-only");
    expect(verdictOf(judge(callOf("os.shell", { command: "git status" }), contextOf([only])))).toBe("allow policies");
    const script = callOf("os.shell.script", { script: "git status; touch made" });
    expect(verdictOf(judge(script, contextOf([only])))).toBe("policy-error");
  });

  test("see the words of a command, past the ways to write them", () => {
    const words = deny(
      "os.shell",
      ["argv"],
      { kind: "eq", left: { kind: "index", of: bound("argv"), at: lit(0) }, right: lit("rm") },
      "no-rm",
    );
    const context = contextOf([words]);
    expect(verdictOf(judge(callOf("os.shell", { command: " 'r'm -rf x" }, { argv: ["rm", "-rf", "x"] }), context))).toBe("policy-denied");
    expect(verdictOf(judge(callOf("os.shell", { command: "ls rm" }, { argv: ["ls", "rm"] }), context))).toBe("allow policies");
    // An argument of that name is not the words, and a call without words is not judged by guessing.
    expect(verdictOf(judge(callOf("os.shell", { command: "ls", argv: ["ls"] }), context))).toBe("policy-error");
    expect(verdictOf(judge(callOf("os.shell.script", { script: "ls" }), context))).toBe("policy-error");
  });

  test("take no text for a path where a tool has a path that its capability does not know", () => {
    const policy = deny("notes.move", ["to"], startsWith(bound("to"), lit("/etc")), "to");
    expect(verdictOf(judge(callOf("notes.move", { to: "/etc/x" }), contextOf([policy])))).toBe("policy-denied");
    const asPath = callOf("notes.move", { to: "/ws/link" }, { paths: [pathOf("to", "/etc/x")] });
    expect(verdictOf(judge(asPath, contextOf([policy])))).toBe("policy-error");
    const asPaths = callOf("notes.move", { to: ["/ws/link"] }, { paths: [pathOf("to.0", "/etc/x")] });
    expect(verdictOf(judge(asPaths, contextOf([policy])))).toBe("policy-error");
  });
});

describe("needs", () => {
  test("come in the order of the policies, after every deny", () => {
    const context = contextOf([confirm, readFirst, insideOnly], {}, rootInput);
    expect(verdictOf(judge(write("/ws/a", inRoot()), context))).toBe("needs approval call");
    expect(verdictOf(judge(write("/elsewhere/a", inRoot()), context))).toBe("policy-denied");
    expect(verdictOf(judge(write("/ws/a", inRoot()), contextOf([readFirst, confirm])))).toBe("needs call approval");
  });

  test("forward the real path, and name the policy", () => {
    expect(needsOf(judge(write("/ws/link", { paths: [pathOf("path", "/ws/real")] }), contextOf([readFirst])))).toEqual([
      {
        kind: "call",
        policy: "read",
        capability: "fs.read",
        args: { path: "/ws/real" },
        key: '["fs.write","fs.read",{"path":"/ws/real"},[]]',
      },
    ]);
  });

  test("are asked once, however many policies have them", () => {
    const renamed: Policy = {
      ...readFirst,
      id: "renamed",
      trigger: { capability: "fs.write", bind: { p: "path" } },
      requires: [{ capability: "fs.read", args: { path: bound("p") } }],
    };
    const needs = needsOf(judge(write("/ws/a"), contextOf([readFirst, { ...readFirst, id: "again" }, renamed])));
    expect(needs).toMatchObject([{ policy: "read" }]);
  });

  test("are satisfied once per run for their arguments, until what they looked at changes", () => {
    const seen = (content: string, satisfied: readonly string[] = []) =>
      judge(write("/ws/a"), contextOf([readFirst], { contents: new Map([["/ws/a", content]]), satisfied: new Set(satisfied) }));
    const [need] = needsOf(seen("one"));
    const key = need?.kind === "call" ? need.key : "";
    expect(verdictOf(seen("one", [key]))).toBe("allow policies");
    expect(verdictOf(seen("two", [key]))).toBe("needs call");
    const other = judge(write("/ws/b"), contextOf([readFirst], { contents: new Map([["/ws/b", "one"]]), satisfied: new Set([key]) }));
    expect(verdictOf(other)).toBe("needs call");
  });

  test("of one capability do not satisfy another's", () => {
    const shell = before("os.shell", [], [{ capability: "fs.read", args: { path: lit("/ws/a") } }]);
    const [need] = needsOf(judge(write("/ws/a"), contextOf([readFirst])));
    const key = need?.kind === "call" ? need.key : "";
    expect(verdictOf(judge(callOf("os.shell", { command: "ls" }), contextOf([shell], { satisfied: new Set([key]) })))).toBe("needs call");
  });

  test("have keys of bounded length, and different ones for different arguments", () => {
    const policy = before("fs.write", ["content"], [{ capability: "user.elicit", args: { question: bound("content") } }]);
    const keyOf = (content: string): string => {
      const [need] = needsOf(judge(callOf("fs.write", { path: "/ws/a", content }), contextOf([policy])));
      return need?.kind === "call" ? need.key : "";
    };
    const long = "x".repeat(5_000);
    expect(keyOf(long)).toMatch(/^sha256:/);
    expect(keyOf(`${long}y`)).not.toBe(keyOf(long));
    expect(keyOf("short")).toContain("short");
  });

  test("to read a file that does not exist are met: a new file may be written", () => {
    const absent = (path: string, exists: boolean) => write(path, { paths: [pathOf("path", path, exists)] });
    expect(verdictOf(judge(absent("/ws/new", false), contextOf([readFirst])))).toBe("allow policies");
    expect(verdictOf(judge(absent("/ws/old", true), contextOf([readFirst])))).toBe("needs call");
    // Only reading is met by there being nothing to read.
    const asked = before("fs.write", ["path"], [{ capability: "user.elicit", args: { question: bound("path") } }]);
    expect(verdictOf(judge(absent("/ws/new", false), contextOf([asked])))).toBe("needs call");
    // And another file that is not there says nothing about this one.
    const other = before("fs.write", ["path"], [{ capability: "fs.read", args: { path: lit("/ws/other") } }]);
    expect(verdictOf(judge(absent("/ws/new", false), contextOf([other])))).toBe("needs call");
  });

  test("of a call that is itself a need are none, and its denies count", () => {
    const context = contextOf([confirm, readFirst], { forNeed: true });
    expect(verdictOf(judge(write("/ws/a"), context))).toBe("allow policies");
    expect(verdictOf(judge(write("/ws/a"), contextOf([confirm, deny("fs.write", [], lit(true))], { forNeed: true })))).toBe(
      "policy-denied",
    );
  });

  test("that lack an argument deny instead of failing later", () => {
    const lacking = before("fs.write", ["path"], [{ capability: "fs.read" }], { id: "lacking" });
    expect(judge(write("/ws/a"), contextOf([lacking]))).toMatchObject({ denial: { code: "policy-error", policy: "lacking" } });
    expect(compilePolicies({ policies: [lacking], inputs: [] }).problems).toEqual([
      { policy: "lacking", message: "fs.read, which it needs, is not given path" },
    ]);
    const empty = before("fs.write", ["path"], [{ capability: "fs.read", args: { path: input("none") } }], { id: "empty" });
    expect(judge(write("/ws/a"), contextOf([empty]))).toMatchObject({ denial: { code: "policy-error", policy: "empty" } });
  });

  test("of a policy with a condition hold where it is true, and deny where it has no value", () => {
    const secret: Policy = { ...confirm, condition: contains(lit("/ws/secret"), bound("path")) };
    const asPath: Policy = { ...confirm, condition: contains(input("root"), bound("path")) };
    expect(verdictOf(judge(write("/ws/a"), contextOf([secret])))).toBe("policy-error");
    const context = contextOf([asPath], {}, rootInput);
    expect(verdictOf(judge(write("/ws/a", { inputPaths: { root: "/ws" } }), context))).toBe("needs approval");
    expect(verdictOf(judge(write("/ws/a", { inputPaths: { root: "/tmp" } }), context))).toBe("allow policies");
    expect(verdictOf(judge(write("/ws/a"), context))).toBe("policy-error");
  });

  test("on the shell hold for scripts", () => {
    const policy = before("os.shell", ["command"], [{ capability: "user.confirm" }]);
    expect(verdictOf(judge(callOf("os.shell.script", { script: "ls | wc" }), contextOf([policy])))).toBe("needs approval");
  });
});

describe("a question to a person", () => {
  test("shows the tool and its arguments, in the order of their names, after the policy's own text", () => {
    const asks = before("fs.write", ["path"], [{ capability: "user.confirm", args: { message: lit("Really?") } }], { id: "asks" });
    const [need] = needsOf(judge(write("/ws/a"), contextOf([asks])));
    expect(need).toEqual({
      kind: "approval",
      why: "policy",
      policy: "asks",
      message: 'Really?\nfs_write(content = "text", path = "/ws/a")',
    });
    const [plain] = needsOf(judge(write("/ws/a"), contextOf([confirm])));
    expect(plain).toMatchObject({ message: 'fs_write(content = "text", path = "/ws/a")' });
  });

  test("is one question, whoever asks", () => {
    const asks = (text: string) => before("fs.write", [], [{ capability: "user.confirm", args: { message: lit(text) } }], { id: text });
    const context = contextOf([asks("one"), asks("two"), asks("one"), confirm]);
    expect(needsOf(judge(write("/ws/a", { plugin: true }), context))).toEqual([
      { kind: "approval", why: "policy", policy: "one", message: 'one\ntwo\nfs_write(content = "text", path = "/ws/a")' },
    ]);
  });

  test("is bounded, and hides nothing behind invisible or reordering characters", () => {
    const content = `safe\u202e${"x".repeat(10_000)}`;
    const [need] = needsOf(judge(callOf("fs.write", { path: "/ws/a", content }), contextOf([confirm])));
    const message = need?.kind === "approval" ? need.message : "";
    expect(message).toContain("safe\\u202e");
    expect(message).toContain("(10005 characters)");
    expect(message.length).toBeLessThan(1_000);
    const many = Object.fromEntries(Array.from({ length: 200 }, (_, i) => [`a${i}`, "y".repeat(300)]));
    const [all] = needsOf(judge(callOf("fs.write", many, { paths: [pathOf("path", "/ws/a")] }), contextOf([confirm])));
    const long = all?.kind === "approval" ? all.message : "";
    expect(long.length).toBeLessThan(5_000);
    expect(long).toMatch(/\(\d+ more\)\)$/);
  });

  test("is answered by true alone", () => {
    const answered = (answer: JudgeAnswer) => verdictOf(judge(write("/ws/a"), contextOf([confirm], { answer })));
    expect(answered(true)).toBe("allow approved");
    for (const answer of [false, null, "true", "yes", 1, {}, [true]] as const) expect(answered(answer)).toBe("approval-rejected");
  });

  test("that is answered leaves the other needs open, and every deny in force", () => {
    expect(verdictOf(judge(write("/ws/a"), contextOf([confirm, readFirst], { answer: true })))).toBe("needs call");
    expect(verdictOf(judge(write("/ws/a"), contextOf([confirm, readFirst], { answer: false })))).toBe("approval-rejected");
    expect(verdictOf(judge(write("/ws/a"), contextOf([confirm, deny("fs.write", [], lit(true))], { answer: true })))).toBe("policy-denied");
  });

  test("an answer to what nobody asked changes nothing", () => {
    const read = callOf("fs.read", { path: "/ws/a" }, { permission: "read" });
    expect(verdictOf(judge(read, contextOf([], { answer: false })))).toBe("allow read");
    expect(verdictOf(judge(write("/ws/a"), contextOf([readFirst], { answer: false })))).toBe("needs call");
    expect(verdictOf(judge(write("/ws/a"), contextOf([insideOnly], { answer: true }, [])))).toBe("policy-error");
  });
});

type JudgeAnswer = true | false | null | string | number | Record<string, never> | readonly true[];

describe("consent", () => {
  const grant = compileGrant({ id: "g", capability: "fs.write", scope: { kind: "run", run: "run_00000000000000000000000000" } });

  test("reading needs none, whoever's tool it is", () => {
    for (const plugin of [true, false]) {
      for (const builtin of ["ask", "allow", "deny"] as const) {
        expect(verdictOf(judge(callOf("x.read", {}, { permission: "read", plugin }), contextOf([], { builtin })))).toBe("allow read");
      }
    }
  });

  test("for built-in tools is the operator's setting where no policies decide", () => {
    for (const permission of ["modify", "admin"] as const) {
      const call = write("/ws/a", { permission });
      expect(verdictOf(judge(call, contextOf([])))).toBe("needs approval");
      expect(needsOf(judge(call, contextOf([])))).toMatchObject([{ why: "operator" }]);
      expect(verdictOf(judge(call, contextOf([], { builtin: "allow" })))).toBe("allow operator");
      expect(verdictOf(judge(call, contextOf([], { builtin: "deny" })))).toBe("operator-denied");
      expect(verdictOf(judge(call, contextOf([], { builtin: "deny", answer: true, grants: [grant] })))).toBe("operator-denied");
    }
  });

  test("for built-in tools is the policies' where there are some, whatever the operator's setting", () => {
    const elsewhere = deny("os.shell", [], lit(true));
    for (const builtin of ["ask", "allow", "deny"] as const) {
      expect(verdictOf(judge(write("/ws/a"), contextOf([elsewhere], { builtin })))).toBe("allow policies");
    }
  });

  test("for what a plugin changes is always asked, and no setting or policy turns that off", () => {
    for (const permission of ["modify", "admin"] as const) {
      const call = callOf("crm.update", { id: 1 }, { permission, plugin: true });
      for (const context of [contextOf([]), contextOf([], { builtin: "allow" }), contextOf([deny("crm.update", [], lit(false))])]) {
        expect(needsOf(judge(call, context))).toEqual([{ kind: "approval", why: "permission", message: "crm_update(id = 1)" }]);
        expect(verdictOf(judge(call, { ...context, answer: true }))).toBe("allow approved");
      }
    }
  });

  test("comes after what policies need, as the last of the needs", () => {
    const context = contextOf([readFirst]);
    expect(needsOf(judge(write("/ws/a", { plugin: true }), context))).toMatchObject([
      { kind: "call" },
      { kind: "approval", why: "permission" },
    ]);
  });

  test("of a grant is taken where the call would be asked about, but answers no policy's question", () => {
    expect(verdictOf(judge(write("/ws/a"), contextOf([], { grants: [grant] })))).toBe("allow grant");
    expect(verdictOf(judge(write("/ws/a", { plugin: true }), contextOf([], { grants: [grant] })))).toBe("allow grant");
    expect(verdictOf(judge(write("/ws/a", { permission: "admin" }), contextOf([], { grants: [grant] })))).toBe("needs approval");
    expect(verdictOf(judge(write("/ws/a", { plugin: true }), contextOf([confirm], { grants: [grant] })))).toBe("needs approval");
  });
});
