// Every branch of the flow, in one process: what people may answer, and an hour in which nobody does.
import { existsSync, mkdtempSync, readFileSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { compile, renderDiagnostics } from "@heddle/compiler";
import { type ApprovalView, defaultTenant, type Principal } from "@heddle/core";
import { createRuntime, type Runtime } from "@heddle/runtime";
import { writeFile } from "@heddle/runtime/tools";
import { VirtualClock } from "@heddle/testkit/simulator";
import { afterEach, beforeEach, expect, test } from "vitest";
import { draft } from "./flow.ts";

const source = readFileSync(fileURLToPath(new URL("./flow.ts", import.meta.url)), "utf8");
const caller = { principal: { subject: "ada", tenant: defaultTenant, roles: ["engineer"] } satisfies Principal };
const pageWithout = "pages/Hello.md";

let folder: string;
let clock: VirtualClock;
let runtime: Runtime;

beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), "heddle-branches-")));
  clock = new VirtualClock();
  runtime = createRuntime({ clock, handlers: { draft }, tools: [writeFile], roots: { workspace: folder } });
});
afterEach(async () => {
  await runtime.close({ graceMs: 0 });
  rmSync(folder, { recursive: true, force: true });
});

/** Starts the flow, and lets somebody see everything that it asks. */
async function outcomeOf(answer: (asked: ApprovalView) => Promise<void> | void): Promise<unknown> {
  const sources = new Map([["src/flow.ts", source]]);
  const { workflows, diagnostics } = compile(sources);
  expect(renderDiagnostics(diagnostics, sources)).not.toContain("error");
  const manifest = {
    format: "heddle.bundle/v1",
    main: "publish",
    workflows: workflows.map(({ ir }) => ir),
    handlers: [{ name: "draft" }],
    files: [],
  };
  const { hash } = await runtime.api.bundles.put({ manifest, files: [] }, caller);
  const { runId } = await runtime.api.runs.start({ bundle: hash, input: { title: "Hello", text: "Works." } }, caller);
  const seen = new AbortController();
  const people = (async () => {
    for await (const changes of runtime.api.approvals.follow({ runId }, { ...caller, signal: seen.signal }))
      for (const change of changes) if (change.kind === "asked") await answer(change.approval);
  })();
  const { output } = await runtime.api.runs.result({ runId }, caller);
  seen.abort();
  await people;
  return output;
}

const say =
  (yes: boolean, comment?: string) =>
  async ({ id, call }: ApprovalView) => {
    const more = comment === undefined ? {} : { comment };
    if (yes) await runtime.api.approvals.approve({ id, ...(call === undefined ? {} : { hash: call.hash }), ...more }, caller);
    else await runtime.api.approvals.reject({ id, ...more }, caller);
  };

test("yes twice: the page is written, and not before the second yes", async () => {
  const asked: string[] = [];
  const outcome = await outcomeOf(async (approval) => {
    asked.push(approval.call?.tool ?? approval.prompt);
    expect(existsSync(join(folder, pageWithout))).toBe(false);
    await say(true, "nice")(approval);
  });
  expect(asked).toEqual(['Publish "Hello"?', "writeFile"]);
  expect(outcome).toEqual({ status: "published", reason: "nice" });
  expect(readFileSync(join(folder, pageWithout), "utf8")).toBe("# Hello\nWorks.");
});

test("no: nothing is asked any more", async () => {
  expect(await outcomeOf(say(false, "too short"))).toEqual({ status: "rejected", reason: "too short" });
  expect(existsSync(join(folder, pageWithout))).toBe(false);
});

test("no answer for an hour", async () => {
  const outcome = await outcomeOf(({ deadlineMs }) => {
    expect(deadlineMs).toBe(clock.nowMs() + 3_600_000);
    expect(clock.nextInMs).toBe(3_600_000);
    clock.advance();
  });
  expect(outcome).toEqual({ status: "expired", reason: "nobody looked at it in time" });
});

test("yes to the page, no to the call", async () => {
  const outcome = await outcomeOf((approval) => say(approval.call === undefined, "not on a Friday")(approval));
  expect(outcome).toEqual({ status: "withheld", reason: "not on a Friday" });
  expect(existsSync(join(folder, pageWithout))).toBe(false);
});
