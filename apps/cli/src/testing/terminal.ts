/** A terminal (or a pipe) for tests: what was said, what is typed, and the wish to stop. */
import { PassThrough } from "node:stream";
import { runCli } from "../cli.ts";
import type { CliContext, Interrupt } from "../context.ts";

export interface TerminalOptions {
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** All three are terminals. Default: none is. */
  readonly interactive?: boolean;
  /** Ended standard input. */
  readonly input?: string;
}

/** One command that was started in this process. */
export class Terminal {
  stdout = "";
  stderr = "";
  readonly daemonCalls: (readonly string[])[] = [];
  readonly exit: Promise<number>;
  readonly #stdin = new PassThrough();
  readonly #listeners = new Set<(why: Interrupt) => void>();
  readonly #watchers = new Set<() => void>();

  constructor(argv: readonly string[], options: TerminalOptions) {
    const interactive = options.interactive ?? false;
    if (options.input !== undefined) this.#stdin.end(options.input);
    const sink = (stream: "stdout" | "stderr") => ({
      write: (text: string) => {
        this[stream] += text;
        for (const watcher of [...this.#watchers]) watcher();
      },
    });
    const context: CliContext = {
      argv,
      env: options.env,
      cwd: options.cwd,
      stdin: this.#stdin,
      stdout: sink("stdout"),
      stderr: sink("stderr"),
      isTerminal: { stdin: interactive, stdout: interactive, stderr: interactive },
      columns: () => 100,
      onInterrupt: (listener) => {
        this.#listeners.add(listener);
        return () => this.#listeners.delete(listener);
      },
      becomeDaemon: async (args) => {
        this.daemonCalls.push(args);
        return 0;
      },
    };
    this.exit = runCli(context);
  }

  type(line: string): void {
    this.#stdin.write(`${line}\n`);
  }

  interrupt(why: Interrupt = "SIGINT"): void {
    for (const listener of [...this.#listeners]) listener(why);
  }

  /** Waits until a stream holds a text; undefined when the command ends without it. */
  async sees(stream: "stdout" | "stderr", pattern: RegExp): Promise<RegExpExecArray | undefined> {
    let ended = false;
    const end = this.exit.then(() => {
      ended = true;
    });
    for (;;) {
      const found = pattern.exec(this[stream]);
      if (found !== null || ended) return found ?? undefined;
      let watcher: () => void = () => undefined;
      const said = new Promise<void>((resolve) => {
        watcher = resolve;
      });
      this.#watchers.add(watcher);
      await Promise.race([said, end]);
      this.#watchers.delete(watcher);
    }
  }

  /** The JSON values of standard output, one for each line. */
  get jsonLines(): readonly unknown[] {
    return this.stdout
      .split("\n")
      .filter((line) => line !== "")
      .map((line) => JSON.parse(line) as unknown);
  }
}
