import type { Permission, Reach } from "@heddle/core";
import { describe, expect, test } from "vitest";
import { callOf } from "../../../test/gate-calls.ts";
import { type ScreenRules, screenCall, screenReach } from "./index.ts";

const reachOf = (capabilities: readonly string[], permission: Permission = "modify"): ScreenRules["reach"] => ({
  capabilities: [...capabilities],
  permission,
});
const screened = (capability: string, rules: Partial<ScreenRules>, permission: Permission = "modify"): string =>
  screenCall({ tool: "run", capability, permission }, { reach: reachOf([capability]), ...rules })?.code ?? "passes";

describe("screening a call", () => {
  test("lets through what the manifest says and no list narrows", () => {
    expect(screened("fs.read", {})).toBe("passes");
    expect(screened("fs.read", { requires: ["fs.write", "fs.read"], tools: ["other", "run"] })).toBe("passes");
    expect(screened("anything", { reach: reachOf(["*"]) })).toBe("passes");
  });

  test("refuses what a list does not name, and everything under an empty one", () => {
    for (const list of [["fs.write"], []]) {
      expect(screened("fs.read", { requires: list })).toBe("capability-not-required");
      expect(screened("fs.read", { reach: reachOf(list) })).toBe("capability-not-declared");
      expect(screened("fs.read", { tools: list })).toBe("tool-not-allowed");
    }
  });

  test("refuses every call of a node of which the manifest says nothing, or nothing about calls", () => {
    expect(screened("fs.read", { reach: undefined })).toBe("capability-not-declared");
    expect(screened("fs.read", { reach: { capabilities: ["fs.read"] } })).toBe("permission-not-declared");
  });

  test("refuses more than what the manifest says that calls may do", () => {
    const ranks: readonly Permission[] = ["read", "modify", "admin"];
    for (const [asked, permission] of ranks.entries()) {
      for (const [said, most] of ranks.entries()) {
        expect(screened("x", { reach: reachOf(["x"], most) }, permission)).toBe(asked > said ? "permission-not-declared" : "passes");
      }
    }
  });

  test("lists narrow together: each of them has to agree", () => {
    expect(screened("fs.read", { reach: reachOf([]), requires: ["fs.read"] })).toBe("capability-not-declared");
    expect(screened("fs.read", { requires: [], tools: ["run"] })).toBe("capability-not-required");
    expect(screened("fs.read", { requires: ["fs.read"], tools: [] })).toBe("tool-not-allowed");
  });

  test("refuses a script where the shell alone is allowed, and says so", () => {
    const script = "os.shell.script";
    expect(screened(script, { requires: ["os.shell"] })).toBe("script-refused");
    expect(screened(script, { reach: reachOf(["os.shell"]) })).toBe("script-refused");
    expect(screened(script, { requires: ["os.shell", script] })).toBe("passes");
    expect(screened(script, { reach: reachOf(["os.shell"]), requires: ["os.shell", script] })).toBe("script-refused");
    expect(screened(script, { requires: ["fs.read"] })).toBe("capability-not-required");
    expect(screened(script, { reach: reachOf(["fs.read"]) })).toBe("capability-not-declared");
    // Allowing scripts does not allow more than that, and the shell in a list says nothing about other capabilities.
    expect(screened("os.shell", { requires: [script] })).toBe("capability-not-required");
    expect(screened("fs.read", { requires: ["os.shell"] })).toBe("capability-not-required");
  });

  test("says what to do", () => {
    const message = (rules: Partial<ScreenRules>, permission: Permission = "modify"): string | undefined =>
      screenCall({ tool: "run", capability: "x", permission }, { reach: reachOf(["x"]), ...rules })?.message;
    expect(message({ requires: [] })).toBe("the node does not require x: add it to `requires` if it should call run");
    expect(message({ reach: { capabilities: ["x"] } })).toContain("may do nothing");
    expect(message({ reach: reachOf(["x"], "read") })).toContain("may read at most");
  });
});

describe("screening what a call reaches", () => {
  const code = (reach: Pick<Reach, "paths" | "destinations"> | undefined, real: string, ...hosts: readonly string[]): string => {
    const destinations = hosts.map((host) => ({ parameter: "url", scheme: "https", host, port: 443 }));
    return screenReach(callOf("any", { path: real }, { destinations }), reach)?.code ?? "passes";
  };

  test("lets through paths and destinations within what the manifest says", () => {
    expect(code({ paths: ["workspace:"], destinations: [".example.com"] }, "/ws/a", "api.example.com")).toBe("passes");
    expect(code({ paths: ["disk:", "workspace:a"], destinations: [] }, "/ws/a")).toBe("passes");
    expect(screenReach(callOf("any", {}), { paths: [], destinations: [] })).toBeUndefined();
    expect(screenReach(callOf("any", {}), undefined)).toBeUndefined();
  });

  test("refuses every one that is not, and all where nothing is said", () => {
    expect(code({ paths: ["workspace:a"], destinations: [] }, "/ws/b")).toBe("path-not-declared");
    expect(code({ paths: ["workspace:"], destinations: [] }, "/etc/passwd")).toBe("path-not-declared");
    expect(code({ paths: [], destinations: ["*"] }, "/ws/a")).toBe("path-not-declared");
    expect(code(undefined, "/ws/a")).toBe("path-not-declared");
    const paths = ["*"];
    expect(code({ paths, destinations: ["a.net"] }, "/ws/a", "a.net", "b.net")).toBe("destination-not-declared");
    expect(code({ paths, destinations: [] }, "/ws/a", "a.net")).toBe("destination-not-declared");
    expect(
      screenReach(callOf("any", {}, { destinations: [{ parameter: "url", scheme: "https", host: "a.net", port: 443 }] }), undefined),
    ).toMatchObject({
      code: "destination-not-declared",
    });
  });

  test("names what was asked for, and what may be", () => {
    const call = callOf("any", { path: "/ws/b" }, { destinations: [{ parameter: "url", scheme: "https", host: "a.net", port: 443 }] });
    expect(screenReach(call, { paths: ["workspace:a", "disk:"], destinations: [] })?.message).toBe(
      "path is workspace:b, and the capability manifest says that the node reaches workspace:a, disk:",
    );
    expect(screenReach(call, { paths: ["*"], destinations: [] })?.message).toBe(
      "url is a.net:443, and the capability manifest says that the node reaches nothing of the kind",
    );
  });
});
