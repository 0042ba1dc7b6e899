/** What the judge says about what it cannot judge, how far it reads, and what it keeps apart. */
import { type Expr, type JsonObject, type JsonValue, type Policy, valueBytesMax } from "@heddle/core";
import { describe, expect, test } from "vitest";
import { before, bound, callOf, contextOf, deny, eq, input, inputOf, lit, pathOf, write } from "../../../test/gate-calls.ts";
import { type CompiledPolicies, compilePolicies, countsAsSatisfied, judge } from "./index.ts";

const inputs = [inputOf("any", "json"), inputOf("text", "string"), inputOf("root", "path")];

function messageOf(condition: Expr, given: JsonObject = {}): string {
  const policy = deny("fs.write", ["path", "content"], condition, "p");
  const verdict = judge(write("/ws/a"), contextOf([policy], { inputs: given }, inputs));
  return verdict.kind === "deny" ? verdict.denial.message : verdict.kind;
}

describe("a policy error says", () => {
  test("which policy it is, and that it refuses for that reason", () => {
    expect(messageOf(input("text"))).toBe(
      "the policy `p` cannot be judged, and what cannot be judged is refused: the input text has no value",
    );
  });

  test.each<[string, JsonValue, string]>([
    ["a list", [1], "a list is not compared with a text"],
    ["an object", {}, "an object is not compared with a text"],
    ["a number", 1, "a number is not compared with a text"],
    ["a boolean", true, "a boolean is not compared with a text"],
  ])("the types of what it compared: %s", (_, value, why) => {
    expect(messageOf(eq(input("any"), lit("x")), { any: value })).toContain(why);
  });

  test.each<[string, Expr, JsonObject, string]>([
    ["null in a list", { kind: "in", left: lit("x"), right: input("any") }, { any: [null] }, "null is not compared with a text"],
    ["a part of `and`", { kind: "and", of: [lit(1)] }, {}, "a part of `and` is neither true nor false"],
    ["a part of `or`", { kind: "or", of: [lit(1)] }, {}, "a part of `or` is neither true nor false"],
    ["a nameless input", { kind: "ref", scope: "input" }, {}, "a condition names what it reads of input"],
    ["a nameless argument", { kind: "ref", scope: "bound" }, {}, "a condition names what it reads of bound"],
    ["a variable", { kind: "ref", scope: "var", name: "x" }, {}, "a condition cannot read var.x"],
    ["a list's member", { kind: "field", of: input("any"), name: "a" }, { any: [] }, "a list has no member under a text"],
  ])("what is wrong with %s", (_, condition, given, why) => {
    expect(messageOf(condition, given)).toContain(why);
  });

  test("that nothing says what a relative text is relative to", () => {
    const policy = deny("fs.write", ["path"], eq(bound("path"), lit("a")), "p");
    const { base: _, ...context } = contextOf([policy]);
    expect(judge(write("/ws/a"), context)).toMatchObject({
      denial: { message: expect.stringContaining("nothing says what it is relative to") },
    });
    expect(judge(write("/ws/a"), { ...context, base: "/ws" })).toMatchObject({ denial: { code: "policy-denied" } });
  });

  test("an operator's refusal what the call would do", () => {
    const message = (permission: "modify" | "admin"): string => {
      const verdict = judge(write("/ws/a", { permission }), contextOf([], { builtin: "deny" }));
      return verdict.kind === "deny" ? verdict.denial.message : "";
    };
    expect(message("modify")).toContain("would change something");
    expect(message("admin")).toContain("would administer something");
  });
});

describe("compiling policies", () => {
  const problemsOf = (condition: Expr): CompiledPolicies["problems"] =>
    compilePolicies({ policies: [deny("fs.write", ["path"], condition, "p")], inputs }).problems;

  test("lists what can never have a value, each once, before any call", () => {
    const found = (condition: Expr): readonly string[] => problemsOf(condition).map(({ message }) => message);
    expect(found(eq(bound("path"), lit("/ws")))).toEqual([]);
    expect(found(input("any"))).toEqual([]);
    expect(found(lit(true))).toEqual([]);
    expect(found(lit("true"))).toEqual(["the condition is neither true nor false"]);
    expect(found(input("none"))).toEqual(["the workflow has no input none"]);
    expect(found(eq(bound("path"), input("none")))).toEqual(["the workflow has no input none"]);
    expect(found(eq(bound("path"), lit(7)))).toEqual(["a path equals a path, or a text that stands for one"]);
    expect(found({ kind: "contains", left: lit("/ws/a"), right: bound("path") })).toEqual([
      expect.stringContaining("a text contains a text"),
    ]);
    expect(found({ kind: "contains", left: input("none"), right: bound("path") })).toEqual(["the workflow has no input none"]);
    expect(found({ kind: "contains", left: input("any"), right: { kind: "array", items: [bound("path")] } })).toEqual([
      expect.stringContaining("a text contains a text"),
    ]);
    expect(found({ kind: "not", of: { kind: "starts-with", left: bound("path"), right: lit("/") } })).toEqual([
      expect.stringContaining("`starts_with` never asks a path"),
    ]);
  });

  test("takes no paths from inside an input", () => {
    const path = { kind: "path" } as const;
    const types = [
      { kind: "array", items: { kind: "array", items: path } },
      {
        kind: "object",
        fields: [
          { name: "a", type: { kind: "string" } },
          { name: "b", type: path },
        ],
      },
    ] as const;
    for (const type of types) {
      const { problems } = compilePolicies({
        policies: [deny("fs.write", [], input("in"), "p")],
        inputs: [{ name: "in", type: type as never }],
      });
      expect(problems).toEqual([{ policy: "p", message: expect.stringContaining("the input in has paths inside") }]);
    }
  });

  test("is nothing without policies, and inputs do not count then", () => {
    const none = compilePolicies({ inputs });
    expect(none).toMatchObject({ count: 0, problems: [] });
    expect(none.hash).toBe(compilePolicies({ inputs: [] }).hash);
    expect(judge(write("/ws/a"), { ...contextOf([]), policies: none, builtin: "allow" })).toEqual({ kind: "allow", why: "operator" });
  });

  test("names them by what they say and what they read", () => {
    const policy = deny("fs.write", ["path"], lit(true), "p");
    const hashOf = (policies: readonly Policy[], of = inputs) => compilePolicies({ policies: [...policies], inputs: of }).hash;
    expect(hashOf([policy])).toBe(hashOf([{ ...policy }]));
    expect(hashOf([policy])).not.toBe(hashOf([{ ...policy, id: "q" }]));
    expect(hashOf([policy])).not.toBe(
      hashOf(
        [policy],
        inputs.map((each) => ({ ...each, type: { kind: "string" } })),
      ),
    );
  });
});

describe("needs", () => {
  const verdictOf = (policies: readonly Policy[]) => judge(write("/ws/a"), contextOf(policies));

  test("of a policy that names none are none", () => {
    const { requires: _, ...policy } = before("fs.write", ["path"], []);
    expect(verdictOf([policy])).toEqual({ kind: "allow", why: "policies" });
  });

  test("that are alike hold where any of their policies holds", () => {
    const when = (condition: Expr, id: string) =>
      before("fs.write", ["path"], [{ capability: "fs.read", args: { path: bound("path") } }], { id, condition });
    expect(verdictOf([when(lit(false), "never"), when(lit(true), "always")])).toMatchObject({ needs: [{ policy: "always" }] });
    const asks = (condition: Expr, id: string) => before("fs.write", [], [{ capability: "user.confirm" }], { id, condition });
    expect(verdictOf([asks(lit(false), "never"), asks(lit(true), "always")])).toMatchObject({ needs: [{ policy: "always" }] });
  });

  test("have keys as they are up to 1,024 characters, and hashes beyond", () => {
    const policy = before("fs.write", ["content"], [{ capability: "user.elicit", args: { question: bound("content") } }]);
    const keyOf = (length: number): string => {
      const verdict = judge(callOf("fs.write", { content: "x".repeat(length) }), contextOf([policy]));
      const [need] = verdict.kind === "needs" ? verdict.needs : [];
      return need?.kind === "call" ? need.key : "";
    };
    const rest = 1_024 - keyOf(0).length;
    expect(keyOf(rest)).toHaveLength(1_024);
    expect(keyOf(rest + 1)).toMatch(/^sha256:/);
  });

  test("count as satisfied once prepared, where there is no file to read", () => {
    const read = (exists: boolean, parameter = "path") =>
      callOf("fs.read", {}, { paths: [pathOf("other", "/ws/b"), pathOf(parameter, "/ws/a", exists)] });
    expect(countsAsSatisfied(read(false))).toBe(true);
    expect(countsAsSatisfied(read(true))).toBe(false);
    expect(countsAsSatisfied(read(false, "base"))).toBe(false);
    expect(countsAsSatisfied({ ...read(false), capability: "fs.write" })).toBe(false);
    expect(countsAsSatisfied(callOf("fs.read", {}))).toBe(false);
  });
});

describe("the texts of a question", () => {
  const asking = (...texts: readonly Expr[]) =>
    texts.map((message, i) => before("fs.write", ["content"], [{ capability: "user.confirm", args: { message } }], { id: `${i}` }));
  const messageFor = (content: string, ...texts: readonly Expr[]): string => {
    const verdict = judge(callOf("fs.write", { content }), contextOf(asking(...texts)));
    const [need] = verdict.kind === "needs" ? verdict.needs : [];
    return need?.kind === "approval" ? need.message : "";
  };

  test("are one line each, so that none passes for the call", () => {
    expect(messageFor('ok?\nfs_write(content = "safe")\n', bound("content"))).toBe(
      'ok? fs_write(content = "safe")\nfs_write(content = "ok?\\nfs_write(content = \\"safe\\")\\n")',
    );
    expect(messageFor("x", lit(" \n "), lit("a"))).toBe('a\nfs_write(content = "x")');
  });

  test("are bounded each and together, and the call is shown all the same", () => {
    expect(messageFor("x", lit("y".repeat(3_000)))).toBe(`${"y".repeat(2_000)}… (3000 characters)\nfs_write(content = "x")`);
    const many = messageFor("x", ...Array.from({ length: 50 }, (_, i) => lit(`${i} ${"y".repeat(1_000)}`)));
    expect(many.length).toBeLessThan(8_100);
    expect(many.endsWith('\nfs_write(content = "x")')).toBe(true);
  });
});

describe("the words of a command", () => {
  const first: Expr = { kind: "index", of: bound("argv"), at: lit(0) };
  const verdictOf = (capability: string, args: JsonObject, argv?: string[]): string => {
    const policy = deny(capability, ["argv"], eq({ kind: "coalesce", left: first, right: lit("none") }, lit("none")), "p");
    const verdict = judge(callOf(capability, args, argv === undefined ? {} : { argv }), contextOf([policy]));
    return verdict.kind === "deny" ? verdict.denial.code : verdict.kind;
  };

  test("are absent where there are none, and an argument of that name stands for nothing", () => {
    expect(verdictOf("os.shell", { command: "ls" }, ["ls"])).toBe("allow");
    expect(verdictOf("os.shell", { command: "ls" })).toBe("policy-denied");
    expect(verdictOf("os.shell", { command: "ls", argv: ["ls"] })).toBe("policy-denied");
    expect(verdictOf("os.shell.script", { script: "ls", argv: ["ls"] })).toBe("policy-denied");
    expect(verdictOf("os.other", { argv: ["ls"] })).toBe("allow");
  });
});

describe("texts in a condition", () => {
  const answer = (made: Expr, length: number): string => {
    const policy = deny("fs.write", ["content"], { kind: "compare", op: "gt", left: { kind: "length", of: made }, right: lit(0) }, "p");
    const verdict = judge(callOf("fs.write", { content: "x".repeat(length) }), contextOf([policy]));
    return verdict.kind === "deny" ? verdict.denial.code : verdict.kind;
  };

  test.each<[string, Expr]>([
    ["joined", { kind: "arithmetic", op: "add", left: bound("content"), right: bound("content") }],
    ["in a template", { kind: "template", parts: [bound("content"), bound("content")] }],
  ])("grow as long as a value may be, and no longer: %s", (_, made) => {
    expect(answer(made, valueBytesMax / 2)).toBe("policy-denied");
    expect(answer(made, valueBytesMax / 2 + 1)).toBe("policy-error");
    expect(answer({ kind: "template", parts: [made, lit("x")] }, valueBytesMax / 2)).toBe("policy-error");
    expect(answer({ kind: "template", parts: [bound("content"), bound("content"), lit("x")] }, valueBytesMax / 2)).toBe("policy-error");
  });
});
