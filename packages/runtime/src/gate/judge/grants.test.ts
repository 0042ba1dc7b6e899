import type { PreparedCall } from "@heddle/core";
import { describe, expect, test } from "vitest";
import { bound, callOf, contextOf, eq, input, lit, startsWith, write } from "../../../test/gate-calls.ts";
import { compileGrant, coveredBy, coveringGrant, type Grant, type JudgeContext, withinManifest } from "./index.ts";

const run = "run_00000000000000000000000000";
const bundle = `sha256:${"0".repeat(64)}`;
const base: Grant = { id: "g", capability: "fs.write", scope: { kind: "run", run } };
const covers = (grant: Partial<Grant>, call: PreparedCall = write("/ws/a"), context: Partial<JudgeContext> = {}): boolean =>
  coveredBy(compileGrant({ ...base, ...grant }), call, contextOf([], context));

describe("a grant covers", () => {
  test("calls of its capability, and of its tool where it names one", () => {
    expect(covers({})).toBe(true);
    expect(covers({}, callOf("fs.read", { path: "/ws/a" }))).toBe(false);
    expect(covers({ tool: "fs_write" })).toBe(true);
    expect(covers({ tool: "edit" })).toBe(false);
    expect(covers({ capability: "os.shell" }, callOf("os.shell.script", { command: "a | b" }))).toBe(false);
  });

  test("what it permits, and never admin", () => {
    const of = (permission: PreparedCall["permission"]) => write("/ws/a", { permission });
    expect(covers({ permission: "modify" }, of("modify"))).toBe(true);
    expect(covers({ permission: "read" }, of("modify"))).toBe(false);
    expect(covers({ permission: "read" }, of("read"))).toBe(true);
    expect(covers({}, of("admin"))).toBe(false);
    expect(covers({ permission: "admin" as "modify" }, of("admin"))).toBe(false);
  });

  test("its run, its session or its bundle alone", () => {
    expect(covers({ scope: { kind: "run", run: run.replace(/0$/, "1") } })).toBe(false);
    expect(covers({ scope: { kind: "session", session: "s" } })).toBe(false);
    expect(covers({ scope: { kind: "session", session: "s" } }, write("/ws/a"), { session: "s" })).toBe(true);
    expect(covers({ scope: { kind: "session", session: "s" } }, write("/ws/a"), { session: "t" })).toBe(false);
    expect(covers({ scope: { kind: "bundle", bundle } })).toBe(true);
    expect(covers({ scope: { kind: "bundle", bundle: bundle.replace(/0$/, "1") } })).toBe(false);
  });

  test("until it ends, at that moment no more", () => {
    expect(covers({ expiresAtMs: 1_001 })).toBe(true);
    expect(covers({ expiresAtMs: 1_000 })).toBe(false);
    expect(covers({ expiresAtMs: 0 })).toBe(false);
  });

  test("as many calls as it counts", () => {
    expect(covers({ count: 1 })).toBe(true);
    expect(covers({ count: 2 }, write("/ws/a"), { grantUses: new Map([["g", 1]]) })).toBe(true);
    expect(covers({ count: 2 }, write("/ws/a"), { grantUses: new Map([["g", 2]]) })).toBe(false);
    expect(covers({ count: 0 })).toBe(false);
    expect(covers({ count: 1 }, write("/ws/a"), { grantUses: new Map([["other", 5]]) })).toBe(true);
  });

  test("paths within its scopes, every one of them", () => {
    expect(covers({ paths: ["workspace:"] })).toBe(true);
    expect(covers({ paths: ["workspace:b"] })).toBe(false);
    expect(covers({ paths: [] })).toBe(false);
    const two = write("/ws/a", { paths: [...write("/ws/a").paths, ...write("/etc/x").paths] });
    expect(covers({ paths: ["workspace:"] }, two)).toBe(false);
    expect(covers({ paths: ["workspace:", "disk:etc/"] }, two)).toBe(true);
    expect(covers({ capability: "os.shell", paths: [] }, callOf("os.shell", {}))).toBe(true);
  });

  test("destinations within its scopes, every one of them", () => {
    const to = (...hosts: readonly string[]) =>
      callOf("http.fetch", {}, { destinations: hosts.map((host) => ({ parameter: "url", scheme: "https", host, port: 443 })) });
    const grant: Partial<Grant> = { capability: "http.fetch", destinations: [".example.com:443"] };
    expect(covers(grant, to("api.example.com"))).toBe(true);
    expect(covers(grant, to("api.example.com", "evil.net"))).toBe(false);
    expect(covers({ ...grant, destinations: [] }, to("api.example.com"))).toBe(false);
  });

  test("arguments of which its condition is strictly true", () => {
    expect(covers({ where: eq(bound("content"), lit("text")) })).toBe(true);
    expect(covers({ where: eq(bound("content"), lit("other")) })).toBe(false);
    expect(covers({ where: eq(bound("none"), lit("x")) })).toBe(false);
    expect(covers({ where: startsWith(bound("path"), lit("/ws")) })).toBe(false);
    expect(covers({ where: eq(bound("path"), lit("/ws/a")) })).toBe(true);
    expect(covers({ where: lit("true") })).toBe(false);
  });
});

test("the oldest grant that covers a call is the one that is used", () => {
  const grants = [compileGrant({ ...base, id: "spent", count: 1 }), compileGrant({ ...base, id: "a" }), compileGrant({ ...base, id: "b" })];
  const context = contextOf([], { grants, grantUses: new Map([["spent", 1]]) });
  expect(coveringGrant(write("/ws/a"), context)?.grant.id).toBe("a");
  expect(coveringGrant(callOf("os.shell", {}), context)).toBeUndefined();
});

describe("a grant may be created", () => {
  const reach = { capabilities: ["fs.write", "http.fetch"], paths: ["workspace:src/"], destinations: [".example.com"] };
  const problems = (grant: Partial<Grant>, of: Parameters<typeof withinManifest>[1] = reach) => withinManifest({ ...base, ...grant }, of);

  test("within the manifest", () => {
    expect(problems({})).toEqual([]);
    expect(problems({ tool: "fs_write", paths: ["workspace:src/a"] })).toEqual([]);
    expect(problems({ capability: "http.fetch", tool: "fetch", destinations: ["api.example.com"], count: 1 })).toEqual([]);
    expect(
      problems(
        { capability: "anything", paths: ["disk:"], destinations: ["*"] },
        { capabilities: ["*"], paths: ["*"], destinations: ["*"] },
      ),
    ).toEqual([]);
    expect(problems({ where: eq(bound("content"), lit("x")) })).toEqual([]);
    const two = { ...reach, paths: ["disk:etc/", "workspace:"], destinations: ["a.net", "b.net"] };
    expect(problems({ paths: ["workspace:x"], destinations: ["b.net:80"] }, two)).toEqual([]);
  });

  const wider = (scope: string): string => `${scope} is wider than what the bundle reaches`;

  test.each<[string, Partial<Grant>, string]>([
    ["a capability that is not there", { capability: "os.shell" }, "nothing in the bundle reaches os.shell"],
    ["a wider path", { paths: ["workspace:src/a", "workspace:"] }, wider("workspace:")],
    ["a wider destination", { destinations: ["*"] }, wider("*")],
    ["no scope of paths", { paths: ["../etc"] }, "../etc is no path scope: write <root>:<path>, and a folder with a / at its end"],
    ["no scope of destinations", { destinations: ["https://x"] }, "https://x is no destination scope: write host, host:port, .suffix or *"],
    ["admin", { permission: "admin" as "modify" }, "admin cannot be granted: such a call is approved one by one"],
    ["no call at all", { count: 0 }, "count is a whole number of calls, 1 or more"],
    ["half a call", { count: 1.5 }, "count is a whole number of calls, 1 or more"],
    ["a condition without an answer", { where: eq(input("x"), lit("y")) }, "a grant reads the arguments of a call, and not the input x"],
  ])("but not with %s", (_, grant, problem) => {
    expect(problems(grant)).toEqual([problem]);
  });
});
