import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const main = fileURLToPath(new URL("./main.ts", import.meta.url));

test("kills of the daemon in mid commit, and of handler processes, lose nothing and repeat nothing that was committed", async () => {
  const child = spawn(process.execPath, [main, "--daemon-kills", "4", "--handler-kills", "3", "--open", "200", "--open-min", "100"], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  let said = "";
  child.stdout.on("data", (text: Buffer) => {
    said += text.toString();
  });
  child.stderr.on("data", (text: Buffer) => {
    said += text.toString();
  });
  const [exitCode] = (await once(child, "close")) as [number | null];
  expect(said).toContain("chaos: everything held");
  expect(said).toMatch(/daemon kills: 4 counted of/);
  expect(exitCode).toBe(0);
}, 120_000);
