// Parity: NE4, HE5.
/**
 * Nothing reaches an executor that was not printed, over random bundles and an adversary in every role; and the same
 * play finds each guard that is taken away. HEDDLE_SEEDS=n plays n seeds.
 */
import { join } from "node:path";
import type { PreparedCall, Verdict } from "@heddle/core";
import { describe, expect, test, vi } from "vitest";
import { SoundnessWorld } from "./capability-soundness.ts";

const taken = vi.hoisted(() => ({ guard: "" }));

vi.mock("../../../packages/runtime/src/gate/screen/index.ts", async (original) => {
  const real = await original<typeof import("../../../packages/runtime/src/gate/screen/index.ts")>();
  return {
    ...real,
    screenCall: ((call, rules) => {
      if (taken.guard === "capabilities") return undefined;
      const { reach } = rules;
      if (taken.guard !== "permission" || reach === undefined) return real.screenCall(call, rules);
      return real.screenCall(call, { ...rules, reach: { ...reach, permission: "admin" } });
    }) satisfies typeof real.screenCall,
    screenReach: ((call, reach) => {
      if (reach !== undefined && taken.guard === "paths") return real.screenReach(call, { ...reach, paths: ["*"] });
      if (reach !== undefined && taken.guard === "destinations") return real.screenReach(call, { ...reach, destinations: ["*"] });
      return real.screenReach(call, reach);
    }) satisfies typeof real.screenReach,
  };
});

vi.mock("../../../packages/runtime/src/gate/judge/index.ts", async (original) => {
  const real = await original<typeof import("../../../packages/runtime/src/gate/judge/index.ts")>();
  const yes: Verdict = { kind: "allow", why: "operator" };
  return {
    ...real,
    judge: ((call: PreparedCall, context) => (taken.guard === "consent" ? yes : real.judge(call, context))) as typeof real.judge,
  };
});

vi.mock("../../../packages/runtime/src/gate/calls.ts", async (original) => {
  const real = await original<typeof import("../../../packages/runtime/src/gate/calls.ts")>();
  return {
    ...real,
    createCalls: ((options) => {
      const calls = real.createCalls(options);
      return {
        ...calls,
        authorise: (request, call) => (taken.guard === "a second look" ? Promise.resolve(undefined) : calls.authorise(request, call)),
      };
    }) satisfies typeof real.createCalls,
  };
});

vi.mock("../../../packages/runtime/src/guards/files/file-guard.ts", async (original) => {
  const real = await original<typeof import("../../../packages/runtime/src/guards/files/file-guard.ts")>();
  return {
    ...real,
    createFileGuard: ((options) => {
      const files = real.createFileGuard(options);
      return {
        ...files,
        resolve: async (text: string, base: string) => {
          const found = await files.resolve(text, base);
          if (taken.guard !== "links" || "refused" in found) return found;
          // As if what was written were where it leads.
          const relative = join("/", text).slice(1);
          return text.startsWith("/") ? found : { ...found, relative, real: join(base, relative) };
        },
      };
    }) satisfies typeof real.createFileGuard,
  };
});

const seeds = Number(process.env["HEDDLE_SEEDS"] ?? 400);

async function firstBroken(world: SoundnessWorld, count: number): Promise<{ readonly seed: number; readonly error: Error } | undefined> {
  for (let seed = 1; seed <= count; seed++) {
    try {
      await world.play(seed);
    } catch (error) {
      return { seed, error: error as Error };
    }
  }
  return undefined;
}

describe.each(["ask", "allow"] as const)("where built-in tools %s", (builtin) => {
  test("nothing reaches an executor that was not printed", { timeout: 120_000 }, async () => {
    await using world = new SoundnessWorld(builtin);
    const broken = await firstBroken(world, seeds);
    expect(broken, `seed ${broken?.seed}: ${broken?.error.stack}`).toBeUndefined();
    const reached = [...world.reached].sort().map(([what, count]) => `${what} ${count}`);
    process.stdout.write(`what reached an executor (${builtin}): ${reached.join(", ")}\n`);
    if (seeds < 400) return;
    // A play in which little gets through says little.
    for (const what of ["tool tool fs.read", "tool tool fs.write", "tool tool http.fetch", "handler tool fs.read", "handler handler"])
      expect(world.reached.get(what) ?? 0, what).toBeGreaterThan(5);
    if (builtin === "allow") expect(world.reached.get("handler tool fs.write") ?? 0).toBeGreaterThan(5);
  });
});

describe("is found where it is taken away:", () => {
  test.each([
    ["capabilities", "allow", "reaches what was not printed"],
    ["permission", "allow", "reaches what was not printed"],
    ["paths", "allow", "reaches what was not printed"],
    ["destinations", "allow", "reaches what was not printed"],
    ["links", "allow", "reaches what was not printed"],
    ["a second look", "ask", "reaches what was not printed"],
    ["consent", "ask", "nobody said yes"],
  ] as const)("%s", { timeout: 120_000 }, async (guard, builtin, law) => {
    await using world = new SoundnessWorld(builtin);
    taken.guard = guard;
    try {
      expect((await firstBroken(world, 2_000))?.error.message).toContain(law);
    } finally {
      taken.guard = "";
    }
  });
});
