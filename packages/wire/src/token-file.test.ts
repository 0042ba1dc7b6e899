import { chmodSync, mkdtempSync, readdirSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { isLoopbackHost, parseAddress } from "./address.ts";
import { readTokenFile, tokenFilePath, writeTokenFile } from "./token-file.ts";

const home = () => mkdtempSync(join(tmpdir(), "heddle-home-"));

describe("token files", () => {
  it("are found by any name of this machine, and by port", () => {
    const at = home();
    const path = writeTokenFile("127.0.0.1:4000", "one", at);
    writeTokenFile("[::1]:4001", "two", at);
    expect(readTokenFile("localhost:4000", at)).toBe("one");
    expect(readTokenFile("[::1]:4000", at)).toBe("one");
    expect(readTokenFile("localhost:4001", at)).toBe("two");
    expect(readTokenFile("localhost:4002", at)).toBeUndefined();
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(statSync(join(at, "tokens")).mode & 0o777).toBe(0o700);
  });

  it("are replaced whole, and leave nothing behind", () => {
    const at = home();
    writeTokenFile("localhost:1", "old", at);
    writeTokenFile("localhost:1", "new", at);
    expect(readTokenFile("localhost:1", at)).toBe("new");
    expect(readdirSync(join(at, "tokens"))).toEqual(["localhost_1"]);
  });

  it.each([0o640, 0o604, 0o620, 0o666])("that others can open (%o) are refused, with the way to mend it", (mode) => {
    const at = home();
    const path = writeTokenFile("localhost:1", "secret", at);
    chmodSync(path, mode);
    expect(() => readTokenFile("localhost:1", at)).toThrow(
      expect.objectContaining({ code: "config-invalid", message: expect.stringContaining(`chmod 600 ${path}`) }),
    );
  });

  it("stay below their folder, whatever the address", () => {
    expect(tokenFilePath("[fe80::1%eth0]:1", "/h")).toBe("/h/tokens/fe80--1-eth0_1");
    expect(tokenFilePath("Example.ORG:2", "/h")).toBe("/h/tokens/example.org_2");
    expect(tokenFilePath("127.0.0.2:3", "/h")).toBe("/h/tokens/127.0.0.2_3");
    expect(() => tokenFilePath("../../x:1", "/h")).toThrow(expect.objectContaining({ code: "config-invalid" }));
  });
});

describe("addresses", () => {
  it.each(["localhost", "localhost:", ":80", "a b:1", "http://x:1", "x:70000", "::1:80", ""])("%j is none", (text) => {
    expect(() => parseAddress(text)).toThrow(expect.objectContaining({ code: "config-invalid" }));
  });

  it.each([
    ["127.0.0.1", true],
    ["127.9.9.9", true],
    ["::1", true],
    ["localhost", true],
    ["0.0.0.0", false],
    ["127.0.0.1.example.org", false],
    ["10.0.0.1", false],
  ])("%s is loopback: %s", (host, loopback) => expect(isLoopbackHost(host)).toBe(loopback));
});
