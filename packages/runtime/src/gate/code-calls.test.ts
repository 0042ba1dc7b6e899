// Calls that the code of a node makes itself: bound like a tool node, asked of nobody, and done once under one name.
// Parity: NE4.
import { mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  type CallFailedError,
  defaultTenant,
  defineTool,
  type HandlerContext,
  HeddleError,
  type Node,
  type Policy,
  type Principal,
  type RunEventOf,
  type WorkflowIr,
} from "@heddle/core";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import * as z from "zod";
import { handler, literal, workflowOf } from "../../test/small-ir.ts";
import { createRuntime, type Runtime, type RuntimeOptions } from "../create-runtime.ts";
import { createMemoryDisk } from "../store-memory/disk.ts";
import { createMemoryStore } from "../store-memory/memory-store.ts";

const caller = { principal: { subject: "ada", tenant: defaultTenant, roles: ["engineer"] } as Principal };
type Code = (input: unknown, ctx: HandlerContext) => unknown;
type Called = RunEventOf<"handler-called">;

let folder: string;
let performed: string[];
/** What a tool does besides, while it is at work. */
let atWork: (key: string, signal: AbortSignal) => unknown;
const open: Runtime[] = [];

beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), "heddle-code-calls-")));
  writeFileSync(join(folder, "a.md"), "hello");
  performed = [];
  atWork = () => undefined;
});
afterEach(async () => {
  for (const runtime of open.splice(0)) await runtime.close({ graceMs: 0 });
  rmSync(folder, { recursive: true, force: true });
});

const read = defineTool({
  name: "read",
  capability: "fs.read",
  description: "reads",
  input: z.strictObject({ path: z.string() }),
  handler: async (_, context) => {
    performed.push(`read ${context.file("path").relative}`);
    return { text: await context.file("path").readText() };
  },
});
const write = defineTool({
  name: "write",
  capability: "fs.write",
  description: "writes",
  input: z.strictObject({ path: z.string(), content: z.string() }),
  handler: async ({ content }, context) => {
    performed.push(`write ${context.file("path").relative} ${context.idempotencyKey.split("/").slice(1).join("/")}`);
    await atWork(context.idempotencyKey, context.signal);
    if (content === "broken") throw Object.assign(new TypeError("no luck"), { retryable: false });
    return { ...(await context.file("path").write(content)), signal: context.signal.aborted };
  },
});

function start(code: Code, options: RuntimeOptions = {}): Runtime {
  const runtime = createRuntime({ tools: [read, write], roots: { workspace: folder }, handlers: { work: code as never }, ...options });
  open.push(runtime);
  return runtime;
}

const working = (node: Partial<Node> = {}, extra: Partial<WorkflowIr> = {}): WorkflowIr =>
  workflowOf("working", [handler("work", { requires: ["fs.read", "fs.write"], ...node } as never)], extra);

/** The run's end, and what the journal says of calls. */
async function played(runtime: Runtime, ir: WorkflowIr): Promise<{ status: string; output: unknown; failure: unknown; calls: Called[] }> {
  const { hash } = await runtime.api.bundles.put(
    { manifest: { format: "heddle.bundle/v1", main: ir.id, workflows: [ir], handlers: [{ name: "work" }], files: [] }, files: [] },
    caller,
  );
  const { runId } = await runtime.api.runs.start({ bundle: hash, input: {} }, caller);
  return ended(runtime, runId);
}

async function ended(runtime: Runtime, runId: string): ReturnType<typeof played> {
  const { status, output, failure } = await runtime.api.runs.result({ runId }, caller);
  const events = (await runtime.api.runs.events({ runId }, caller)).map(({ event }) => event);
  return { status, output, failure, calls: events.filter((event) => event.kind === "handler-called") };
}

const allow = { approvals: { builtin: "allow" } } as const;
const refusal = async (calling: Promise<unknown>) => {
  try {
    await calling;
    return "done";
  } catch (error) {
    if (!HeddleError.is(error)) throw error;
    return [error.code, (error as CallFailedError).details["reason"] ?? "", (error as CallFailedError).retryable].join(" ");
  }
};

describe("a call of code", () => {
  test("that only reads is carried out, and the journal holds the digest of what it gave", async () => {
    const runtime = start((_, ctx) => ctx.call("read", { path: "a.md" }));
    const { output, calls } = await played(runtime, working());
    expect(output).toEqual({ text: "hello" });
    expect(calls).toMatchObject([{ name: "1", tool: "read", outcome: "succeeded", verdict: "read", attempt: 1 }]);
    expect(calls[0]).toMatchObject({ digest: expect.stringMatching(/^sha256:/), call: expect.stringMatching(/^sha256:/) });
    expect(calls[0]).not.toHaveProperty("result");
  });

  test("that changes something is in the journal before it starts, and has a key of its own", async () => {
    const runtime = start((_, ctx) => ctx.call("fs.write", { path: "b.md", content: "x" }, { name: "save" }), allow);
    const { output, calls } = await played(runtime, working());
    expect(output).toMatchObject({ created: true });
    expect(performed).toEqual(["write b.md 1/save"]);
    expect(calls).toMatchObject([
      { name: "save", outcome: "started", verdict: "operator", prepared: { tool: "write", permission: "modify" } },
      { name: "save", outcome: "succeeded", result: { created: true } },
    ]);
    expect(calls[1]?.call).toBe(calls[0]?.call);
  });

  test.each([
    ["what its node does not require", "read", { path: "a.md" }, { requires: ["fs.write"] }, "call-denied capability-not-required false"],
    ["anything, where its node requires nothing", "read", { path: "a.md" }, { requires: [] }, "call-denied capability-not-required false"],
    ["what is not beneath a root", "read", { path: "/etc/passwd" }, {}, "call-denied path-escapes-root false"],
    ["a tool that is not there", "nothing", {}, {}, "tool-not-found  false"],
    ["an action of a plugin", "mail.send", {}, { requires: ["mail.send"] }, "tool-not-found  false"],
    ["with arguments that do not fit", "read", { path: 1 }, {}, "input-invalid  false"],
    ["a person", "user.confirm", { message: "Go on?" }, { requires: ["user.confirm"] }, "call-needs-person call-needs-person false"],
    ["what a person has to be asked about", "write", { path: "b", content: "" }, {}, "call-needs-person call-needs-person false"],
  ])("is refused where it calls for %s", async (_, tool, args, node, expected) => {
    const runtime = start((_input, ctx) => refusal(ctx.call(tool, args)));
    const { output, calls } = await played(runtime, working(node));
    expect(output).toBe(expected);
    expect(performed).toEqual([]);
    expect(calls).toMatchObject([{ outcome: "refused", tool }]);
  });

  test.each([
    ["a name that is a number", "read", { path: "a.md" }, "7"],
    ["an empty tool", "", {}, undefined],
    ["a tool without end", "x".repeat(10_000), {}, undefined],
    ["arguments that are no object", "read", ["a.md"], undefined],
  ])("with %s is refused before anything is journalled", async (_, tool, args, name) => {
    const runtime = start((_input, ctx) => refusal(ctx.call(tool, args as never, name === undefined ? {} : { name })));
    const { output, calls } = await played(runtime, working());
    expect(output).toBe("input-invalid  false");
    expect(calls).toEqual([]);
  });

  test("is bound by what the tool of its capability was printed to reach", async () => {
    const tools = [{ name: "read", capability: "fs.read", paths: ["workspace:notes/"] }] as WorkflowIr["tools"] & object;
    const runtime = start((_, ctx) => refusal(ctx.call("read", { path: "a.md" })));
    expect(await played(runtime, working({ requires: ["fs.read"] }, { tools }))).toMatchObject({
      output: "call-denied path-not-declared false",
    });
    expect(performed).toEqual([]);
  });

  test("is bound by the policies of its workflow, which also consent", async () => {
    const trigger = { capability: "fs.write", bind: { content: "content" } };
    const content = { kind: "ref", scope: "bound", name: "content" } as const;
    const deny: Policy = { id: "never", kind: "deny", trigger, condition: { kind: "eq", left: content, right: literal("evil") } };
    const runtime = start(async (_, ctx) => [
      await refusal(ctx.call("write", { path: "b", content: "evil" })),
      await refusal(ctx.call("write", { path: "b", content: "good" })),
    ]);
    expect(await played(runtime, working({}, { policies: [deny] }))).toMatchObject({ output: ["call-denied policy-denied false", "done"] });
  });

  test("is refused where a policy needs another call first", async () => {
    const before: Policy = { id: "look", kind: "before", trigger: { capability: "fs.write" }, requires: [{ capability: "fs.read" }] };
    const runtime = start((_, ctx) => refusal(ctx.call("write", { path: "b", content: "x" })));
    const { output } = await played(runtime, working({}, { policies: [before] }));
    expect(output).toMatch(/^call-denied (need-open|policy-error) false$/);
    expect(performed).toEqual([]);
  });

  test("that is not caught fails its handler for good", async () => {
    const runtime = start((_, ctx) => ctx.call("nothing"));
    const { failure } = await played(runtime, working({ retry: { attemptsMax: 5 } }));
    expect(failure).toMatchObject({ code: "tool-not-found", retryable: false });
  });

  test("ends with the handler that did not wait for it, and is refused from then on", async () => {
    let late: HandlerContext | undefined;
    let begin: () => void = () => undefined;
    const begun = new Promise<void>((resolve) => {
      begin = resolve;
    });
    atWork = (_, signal) => {
      begin();
      return new Promise((resolve) => signal.addEventListener("abort", resolve));
    };
    const runtime = start(async (_, ctx) => {
      late = ctx;
      void ctx.call("write", { path: "b", content: "x" });
      await begun;
      return "early";
    }, allow);
    const { output, calls } = await played(runtime, working());
    expect(output).toBe("early");
    expect(calls.map(({ outcome }) => outcome)).toEqual(["started"]);
    expect(await refusal((late as HandlerContext).call("read", { path: "a.md" }))).toMatch(/^cancelled/);
  });

  test("that changes something is done once under a name, however often it is asked for at once", async () => {
    const runtime = start((_, ctx) => {
      const once = () => refusal(ctx.call("write", { path: "b", content: "x" }, { name: "save" }));
      return Promise.all([once(), once(), once()]);
    }, allow);
    const { output } = await played(runtime, working());
    expect([...(output as string[])].sort()).toEqual(["done", "outcome-unknown  false", "outcome-unknown  false"]);
    expect(performed).toHaveLength(1);
  });

  test("is one of a thousand at most", async () => {
    const runtime = start(async (_, ctx) => {
      for (let i = 0; i < 1_000; i++) await refusal(ctx.call("nothing"));
      return refusal(ctx.call("read", { path: "a.md" }));
    });
    expect(await played(runtime, working())).toMatchObject({ output: expect.stringMatching(/^limit-exceeded/) });
  });
});

describe("on a later attempt", () => {
  const retry = { attemptsMax: 2, delayMs: 0 };
  const failsOnce = (code: Code): Code => {
    let attempts = 0;
    return async (input, ctx) => {
      const value = await code(input, ctx);
      if (++attempts === 1) throw new TypeError("once more");
      return value;
    };
  };

  test("a name gives what was recorded under it; a read without one is done again", async () => {
    const code = failsOnce(async (_, ctx) => [
      await ctx.call("write", { path: "b.md", content: "x" }),
      await ctx.call("read", { path: "a.md" }),
      await ctx.call("read", { path: "a.md" }, { name: "look" }),
    ]);
    const { status, output } = await played(start(code, allow), working({ retry }));
    expect({ status, output }).toMatchObject({ status: "succeeded", output: [{ created: true }, { text: "hello" }, { text: "hello" }] });
    expect(performed).toEqual(["write b.md 1/1", "read a.md", "read a.md", "read a.md"]);
  });

  test("what changed something and failed is not done again", async () => {
    const code = failsOnce((_, ctx) => refusal(ctx.call("write", { path: "b.md", content: "broken" }, { name: "save" })));
    expect(await played(start(code, allow), working({ retry }))).toMatchObject({ output: expect.stringMatching(/^tool-failed/) });
    expect(performed).toHaveLength(1);
  });

  test("another call under the same name is refused", async () => {
    let n = 0;
    const code = failsOnce((_, ctx) => refusal(ctx.call("write", { path: "b.md", content: String(n++) }, { name: "save" })));
    expect(await played(start(code, allow), working({ retry }))).toMatchObject({ output: "call-changed call-changed false" });
    expect(performed).toHaveLength(1);
  });
});

describe("after a crash", () => {
  async function crashed(at: "work" | "after", node: Partial<Node> = {}): Promise<Awaited<ReturnType<typeof played>>> {
    const disk = createMemoryDisk();
    let left: ReturnType<typeof createMemoryDisk> | undefined;
    const crash = (): void => {
      left ??= structuredClone(disk);
    };
    if (at === "work") atWork = crash;
    const code: Code = async (_, ctx) => {
      const said = await refusal(ctx.call("write", { path: "b.md", content: "x" }, { name: "save" }));
      if (at === "after") crash();
      return said;
    };
    await played(start(code, { ...allow, store: createMemoryStore(disk) }), working(node));
    expect(performed).toEqual(["write b.md 1/save"]);
    if (left === undefined) throw new HeddleError("internal", "it never crashed");
    const again = start(code, { ...allow, store: createMemoryStore(left) });
    await again.ready();
    const { rows } = await again.api.runs.list({}, caller);
    return ended(again, (rows[0] as (typeof rows)[number]).id);
  }

  test("between the beginning of a change and its end, nobody knows, and it is not done again", async () => {
    expect(await crashed("work")).toMatchObject({ output: "outcome-unknown outcome-unknown false" });
    expect(performed).toHaveLength(1);
  });

  test("once a change is recorded, its result is there", async () => {
    expect(await crashed("after")).toMatchObject({ output: "done" });
    expect(performed).toHaveLength(1);
  });
});
