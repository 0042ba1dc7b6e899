import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { installState, recordInstall } from "./lib/install-state.mjs";

const roots: string[] = [];

function checkout(locked: object, installed?: object): string {
  const root = mkdtempSync(join(tmpdir(), "heddle-install-"));
  roots.push(root);
  writeFileSync(join(root, "package-lock.json"), JSON.stringify({ packages: locked }));
  if (installed !== undefined) {
    mkdirSync(join(root, "node_modules"));
    writeFileSync(join(root, "node_modules", ".package-lock.json"), JSON.stringify({ packages: installed }));
  }
  return root;
}

afterEach(() => {
  for (const root of roots.splice(0)) rmSync(root, { recursive: true, force: true });
});

const one = { "node_modules/a": { version: "1.0.0" } };

describe("whether to install", () => {
  it("says yes without node_modules", () => {
    expect(installState(checkout(one))).toMatchObject({ fresh: false, reason: "node_modules is missing" });
  });

  it("says no when npm installed what is locked, with or without a stamp", () => {
    const root = checkout(one, one);
    expect(installState(root)).toMatchObject({ fresh: true, unrecorded: true });
    recordInstall(root);
    expect(installState(root)).toMatchObject({ fresh: true, unrecorded: false });
  });

  it("says yes when the lock file moved on", () => {
    const root = checkout(one, one);
    recordInstall(root);
    writeFileSync(join(root, "package-lock.json"), JSON.stringify({ packages: { "node_modules/a": { version: "2.0.0" } } }));
    expect(installState(root).fresh).toBe(false);
  });

  it("does not ask for optional packages of other platforms", () => {
    const locked = { ...one, "node_modules/a-win32": { version: "1.0.0", optional: true } };
    expect(installState(checkout(locked, one)).fresh).toBe(true);
  });

  it("asks for a workspace that is not linked", () => {
    const locked = { ...one, "node_modules/@x/y": { link: true, resolved: "packages/y" } };
    expect(installState(checkout(locked, one)).reason).toContain("@x/y is not installed");
  });
});
