import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Node, SecretSource } from "@heddle/core";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { systemClock } from "../shell/system.ts";
import { createSecrets } from "./secrets.ts";

const value = "canary-0123456789";
let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "heddle-secrets-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

function secretsOf(sources: Record<string, SecretSource>, environment: Record<string, string> = {}) {
  return createSecrets({ sources, environment, clock: systemClock });
}

const unresolved = (message: string) => ({ code: "secret-unresolved", message: expect.stringContaining(message) });

describe("a variable", () => {
  test("gives its value, which the redactor then knows", async () => {
    const secrets = secretsOf({ github: { env: "GITHUB_TOKEN" } }, { GITHUB_TOKEN: value });
    expect(secrets.redactor.inText(value)).toBe(value);
    expect(await secrets.fill({ TOKEN: "secret://github", PLAIN: "about secret://github" })).toEqual({
      TOKEN: value,
      PLAIN: "about secret://github",
    });
    expect(secrets.redactor.inText(value)).toBe("[redacted]");
  });

  test("that is not set, or too short to be found again, is refused", async () => {
    const secrets = secretsOf(
      { absent: { env: "ABSENT" }, empty: { env: "EMPTY" }, short: { env: "SHORT" } },
      { EMPTY: "", SHORT: "12345" },
    );
    await expect(secrets.value("secret://absent")).rejects.toMatchObject(unresolved("the variable ABSENT is not set"));
    await expect(secrets.value("secret://empty")).rejects.toMatchObject(unresolved("the variable EMPTY is not set"));
    const tooShort = secrets.value("secret://short");
    await expect(tooShort).rejects.toMatchObject(unresolved("less than 6 characters"));
    await expect(tooShort).rejects.not.toMatchObject({ message: expect.stringContaining("12345") });
  });
});

describe("a file", () => {
  async function fileWith(text: string | Buffer, mode: number): Promise<SecretSource> {
    const file = join(folder, "secret");
    await writeFile(file, text);
    await chmod(file, mode);
    return { file };
  }

  test.each([0o600, 0o400])("of mode %o gives its text, without one line end", async (mode) => {
    const secrets = secretsOf({ a: await fileWith(`${value}\n\n`, mode) });
    expect(await secrets.value("secret://a")).toBe(`${value}\n`);
  });

  test.skipIf(process.platform === "win32").each([0o644, 0o640, 0o604, 0o620, 0o602, 0o610])("of mode %o is refused", async (mode) => {
    const secrets = secretsOf({ a: await fileWith(value, mode) });
    await expect(secrets.value("secret://a")).rejects.toMatchObject(unresolved("others may read its file"));
  });

  test("that is none, is too large, or is no text is refused", async () => {
    await expect(secretsOf({ a: { file: join(folder, "absent") } }).value("secret://a")).rejects.toMatchObject(unresolved("(ENOENT)"));
    await expect(secretsOf({ a: { file: folder } }).value("secret://a")).rejects.toMatchObject(unresolved("is no file"));
    const large = secretsOf({ a: await fileWith("x".repeat(65_537), 0o600) });
    await expect(large.value("secret://a")).rejects.toMatchObject(unresolved("more than 65536 bytes"));
    const bytes = secretsOf({ a: await fileWith(Buffer.alloc(20, 0xff), 0o600) });
    await expect(bytes.value("secret://a")).rejects.toMatchObject(unresolved("no text in UTF-8"));
    const zero = secretsOf({ a: await fileWith("canary\0canary", 0o600) });
    await expect(zero.value("secret://a")).rejects.toMatchObject(unresolved("no variable and no header can hold"));
  });

  test("is read again each time: it may be replaced", async () => {
    const secrets = secretsOf({ a: await fileWith(value, 0o600) });
    expect(await secrets.value("secret://a")).toBe(value);
    await fileWith("another-value", 0o600);
    expect(await secrets.value("secret://a")).toBe("another-value");
    expect(secrets.redactor.inText(`${value} another-value`)).toBe("[redacted] [redacted]");
  });
});

describe("a name", () => {
  test("that has no source is refused, with the line that is missing", async () => {
    await expect(secretsOf({}).value("secret://git-hub")).rejects.toMatchObject(unresolved("secrets: { git-hub: { env: GIT_HUB } }"));
    await expect(secretsOf({}).value("secret://a b")).rejects.toMatchObject(unresolved("a reference is like secret://github"));
  });

  test("of a node is held against the configuration before anything starts", () => {
    const secrets = secretsOf({ known: { env: "KNOWN" } });
    const node = (environment: Record<string, string>): Node => ({ kind: "process", id: "work", config: { environment } });
    expect(secrets.refuse(node({ A: "secret://known", B: "plain" }))).toBeUndefined();
    expect(secrets.refuse(node({ A: "secret://unknown" }))).toMatchObject({ code: "secret-unresolved", class: "denied", node: "work" });
    expect(secrets.refuse({ kind: "handler", id: "h", handler: "h", environment: { A: "secret://unknown" } })).toBeDefined();
  });
});

describe("a header", () => {
  const secrets = () =>
    secretsOf({ api: { env: "API", hosts: ["api.example.org", "127.0.0.1:8080"] }, local: { env: "API" } }, { API: value });
  const to = (host: string, port = 443) => ({ host, port, isAddress: /^[0-9.]+$/.test(host) });

  test("is filled for the hosts that its secret may go to", async () => {
    const { headers, secret } = await secrets().headers(
      { Authorization: "Bearer secret://api", "X-Plain": "about the secret://api" },
      to("api.example.org"),
    );
    expect(headers).toEqual({ Authorization: `Bearer ${value}`, "X-Plain": "about the secret://api" });
    expect([...secret]).toEqual(["authorization"]);
    expect((await secrets().headers({ "X-Key": "secret://api" }, to("127.0.0.1", 8080))).headers).toEqual({ "X-Key": value });
  });

  test.each([to("evil.example.org"), to("api.example.org.evil.org"), to("127.0.0.1", 8081)])("is not filled for %o", async (place) => {
    await expect(secrets().headers({ a: "secret://api" }, place)).rejects.toMatchObject(unresolved("it may not be sent to"));
  });

  test("is filled for nobody unless its hosts are named", async () => {
    await expect(secrets().headers({ a: "secret://local" }, to("api.example.org"))).rejects.toMatchObject(
      unresolved("hosts of secrets.local"),
    );
  });
});

test("hosts that cannot be read are an error of the configuration", () => {
  expect(() => secretsOf({ a: { env: "A", hosts: ["https://example.org/"] } })).toThrow(/secrets\.a\.hosts/);
});
