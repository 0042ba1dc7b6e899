/** A command as a user starts it: the launcher in a process of its own, behind pipes. */
import { fail } from "node:assert/strict";
import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { fileURLToPath } from "node:url";

const launcher = fileURLToPath(new URL("../../bin/heddle.js", import.meta.url));

/** How long a test waits for a text. */
const patienceMs = 40_000;

/** One started command, and what it has said so far. */
export class Running {
  readonly process: ChildProcessWithoutNullStreams;
  stdout = "";
  stderr = "";
  readonly exit: Promise<number | null>;
  readonly #watchers = new Set<() => void>();

  constructor(words: readonly string[], cwd: string, env: NodeJS.ProcessEnv) {
    this.process = spawn(process.execPath, [launcher, ...words], { cwd, env });
    this.process.stdout.on("data", (bytes: Buffer) => this.#said("stdout", bytes));
    this.process.stderr.on("data", (bytes: Buffer) => this.#said("stderr", bytes));
    this.exit = new Promise((resolve) => {
      this.process.on("close", (code) => resolve(code));
    });
  }

  #said(stream: "stdout" | "stderr", bytes: Buffer): void {
    this[stream] += bytes.toString("utf8");
    this.#wake();
  }

  /** Waits until a stream holds a text. Without it, the test fails with what was said instead. */
  async sees(stream: "stdout" | "stderr", pattern: RegExp): Promise<RegExpExecArray> {
    let over: "ended" | "waited long" | undefined;
    const timer = setTimeout(() => this.#wake(), patienceMs);
    const late = performance.now() + patienceMs;
    void this.exit.then(() => {
      over = "ended";
      this.#wake();
    });
    try {
      for (;;) {
        const found = pattern.exec(this[stream]);
        if (found !== null) return found;
        if (performance.now() >= late) over ??= "waited long";
        if (over !== undefined) fail(`${over} without ${pattern}:\n${this.stdout}\n${this.stderr}`);
        await new Promise<void>((resolve) => {
          this.#watchers.add(resolve);
        });
      }
    } finally {
      clearTimeout(timer);
    }
  }

  #wake(): void {
    for (const watcher of this.#watchers) watcher();
    this.#watchers.clear();
  }
}
