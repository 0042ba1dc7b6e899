/** Starts a program that is told over a file descriptor what to do, and waits for it: for what is short and prints little. */
import { spawn } from "node:child_process";
import type { Writable } from "node:stream";

export interface Instructed {
  readonly line: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  /** For file descriptor 3. */
  readonly instructions?: Uint8Array;
}

const timeMsMax = 5_000;
const outputMax = 8 * 1024;

/** Never rejects: a program that cannot be started has no exit code. */
export function startInstructed({
  line,
  environment,
  instructions,
}: Instructed): Promise<{ exitCode: number | undefined; output: string }> {
  return new Promise((resolve) => {
    const [program = "", ...args] = line;
    let output = "";
    const child = spawn(program, args, {
      env: { ...environment },
      stdio: ["ignore", "pipe", "pipe", instructions === undefined ? "ignore" : "pipe"],
      timeout: timeMsMax,
      killSignal: "SIGKILL",
    });
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding("utf8").on("data", (text: string) => {
        output = (output + text).slice(-outputMax);
      });
    }
    child.on("error", (error) => resolve({ exitCode: undefined, output: error.message }));
    child.on("close", (exitCode) => resolve({ exitCode: exitCode ?? undefined, output }));
    if (instructions !== undefined) instruct(child.stdio[3] as Writable, instructions);
  });
}

/** Hands over and lets go. A program that has ended before is known by its end. */
export function instruct(channel: Writable, instructions: Uint8Array): void {
  channel.on("error", () => undefined);
  channel.end(instructions);
}
