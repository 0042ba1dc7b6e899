/** A command of the README, typed: the launcher in a process of its own, in a folder of its own. */
import { fail } from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const launcher = fileURLToPath(new URL("../../../apps/cli/bin/heddle.js", import.meta.url));
const patienceMs = 60_000;

/** The words of each line of a text that calls `heddle`, quotes taken off. */
export function commandsOf(readme: string): readonly (readonly string[])[] {
  return [...readme.matchAll(/^heddle (.+)$/gm)].map(([, line = ""]) =>
    (line.match(/(?:'[^']*'|"[^"]*"|[^\s'"])+/g) ?? []).map((word) => word.replace(/'([^']*)'|"([^"]*)"/g, "$1$2")),
  );
}

export class Typed {
  /** All that it has said. */
  said = "";
  /** What of that is its result. */
  output = "";
  readonly exit: Promise<number | null>;
  readonly #process: ChildProcess;
  readonly #watchers = new Set<() => void>();
  #isOver = false;

  constructor(words: readonly string[], folder: string) {
    const { HEDDLE_TARGET: _target, HEDDLE_DATA: _data, HEDDLE_TOKEN: _token, MN_GRPC_TARGET: _foreign, ...rest } = process.env;
    const env = { ...rest, HEDDLE_HOME: join(folder, "home"), NO_COLOR: "1" };
    const child = spawn(process.execPath, [launcher, ...words], { cwd: folder, env, stdio: ["ignore", "pipe", "pipe"] });
    this.#process = child;
    child.stdout.on("data", (bytes: Buffer) => {
      this.output += bytes.toString("utf8");
    });
    for (const stream of [child.stdout, child.stderr]) {
      stream.on("data", (bytes: Buffer) => {
        this.said += bytes.toString("utf8");
        this.#wake();
      });
    }
    this.exit = new Promise((resolve) => {
      child.on("close", (code) => {
        this.#isOver = true;
        resolve(code);
        this.#wake();
      });
    });
  }

  kill(signal: NodeJS.Signals): void {
    this.#process.kill(signal);
  }

  /** Waits until it has said something. Where that does not come, the test fails with what was said instead. */
  async sees(pattern: RegExp): Promise<void> {
    const late = performance.now() + patienceMs;
    const timer = setTimeout(() => this.#wake(), patienceMs);
    try {
      while (!pattern.test(this.said)) {
        if (this.#isOver || performance.now() >= late) fail(`never said ${pattern}:\n${this.said}`);
        await new Promise<void>((resolve) => this.#watchers.add(resolve));
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
