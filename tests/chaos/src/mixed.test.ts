import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const main = fileURLToPath(new URL("./mixed-main.ts", import.meta.url));

test("kills of the daemon and of whatever carries out steps lose no run, and repeat nothing unsafe without somebody's word", async () => {
  const child = spawn(process.execPath, [main, "--kills", "8", "--open", "5"], { stdio: ["ignore", "pipe", "pipe"] });
  let said = "";
  for (const output of [child.stdout, child.stderr]) {
    output.on("data", (text: Buffer) => {
      said += text.toString();
    });
  }
  const [exitCode] = (await once(child, "close")) as [number | null];
  expect(said).toContain("mixed: everything held");
  expect(said).toMatch(/ 8 kills: /);
  expect(exitCode).toBe(0);
}, 180_000);
