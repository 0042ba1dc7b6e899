/** All that a command may know of the process around it. `main.ts` makes the real one, tests make their own. */

/** Takes text. */
export interface Sink {
  write(text: string): unknown;
}

/** What asked the command to stop. `pipe`: nobody reads its output any more. */
export type Interrupt = "SIGINT" | "SIGTERM" | "SIGHUP" | "pipe";

export interface CliContext {
  /** The words after `heddle`. */
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  readonly stdin: NodeJS.ReadableStream;
  readonly stdout: Sink;
  readonly stderr: Sink;
  /** Which of the three are terminals. */
  readonly isTerminal: { readonly stdin: boolean; readonly stdout: boolean; readonly stderr: boolean };
  /** Columns of the terminal, now. */
  columns(): number;
  /**
   * Hears the first wish to stop; a second one ends the process at once. Without a listener, the first does.
   * Returns the way to stop hearing.
   */
  onInterrupt(listener: (why: Interrupt) => void): () => void;
  /** Turns this process into the daemon, with these arguments, for the rest of its life. */
  becomeDaemon(args: readonly string[]): Promise<number>;
}

/** The exit code of a command that was stopped, as shells count. */
export function interruptedCode(why: Interrupt): number {
  return { SIGINT: 130, SIGTERM: 143, SIGHUP: 129, pipe: 141 }[why];
}
