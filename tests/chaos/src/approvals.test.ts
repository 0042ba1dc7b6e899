import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const main = fileURLToPath(new URL("./approvals-main.ts", import.meta.url));

test("kills of the daemon while people approve: each call at most once, and none without an approval", async () => {
  const child = spawn(process.execPath, [main, "--calls", "40", "--kills", "6"], { stdio: ["ignore", "pipe", "pipe"] });
  let said = "";
  for (const output of [child.stdout, child.stderr]) {
    output.on("data", (text: Buffer) => {
      said += text.toString();
    });
  }
  const [exitCode] = (await once(child, "close")) as [number | null];
  expect(said).toContain("approvals: everything held");
  expect(said).toMatch(/ 6 kills; 40 calls: /);
  expect(exitCode).toBe(0);
}, 120_000);
