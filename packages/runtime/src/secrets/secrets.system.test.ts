import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { SecretSource } from "@heddle/core";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { systemClock } from "../shell/system.ts";
import { createSecrets } from "./secrets.ts";

const value = "canary-0123456789";
let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "heddle-secrets-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const script = (text: string): SecretSource => ({ command: ["/bin/sh", "-c", text] });

function secretsOf(source: SecretSource) {
  return createSecrets({ sources: { a: source }, environment: { PATH: process.env["PATH"], CANARY: value }, clock: systemClock });
}

describe.skipIf(process.platform === "win32")("a command", () => {
  test("gives what it prints, and is asked once by all who ask", async () => {
    const secrets = secretsOf(script(`echo asked >> ${folder}/asked; printf '%s\\n' "$CANARY"`));
    expect(await Promise.all([secrets.value("secret://a"), secrets.value("secret://a")])).toEqual([value, value]);
    expect(await secrets.value("secret://a")).toBe(value);
    expect(await readFile(join(folder, "asked"), "utf8")).toBe("asked\n");
  });

  test("that fails is told without anything that it printed, and asked again", async () => {
    const secrets = secretsOf(
      script(
        `if test -e ${folder}/again; then printf %s "$CANARY"; else touch ${folder}/again; echo "$CANARY" >&2; echo "$CANARY"; exit 3; fi`,
      ),
    );
    const failed = secrets.value("secret://a");
    await expect(failed).rejects.toMatchObject({ code: "secret-unresolved", message: expect.stringContaining("/bin/sh ended with 3") });
    await expect(failed).rejects.not.toMatchObject({ message: expect.stringContaining(value) });
    expect(await secrets.value("secret://a")).toBe(value);
  });

  test("that is not there, or prints without end, is refused", async () => {
    await expect(secretsOf({ command: [join(folder, "absent")] }).value("secret://a")).rejects.toMatchObject({
      code: "secret-unresolved",
      message: expect.stringContaining("did not start (program-not-found)"),
    });
    await expect(secretsOf(script("head -c 1000000 /dev/zero | tr '\\0' x")).value("secret://a")).rejects.toMatchObject({
      code: "secret-unresolved",
      message: expect.stringContaining("printed more than 65536 bytes"),
    });
  });
});
