/**
 * Runs one program to its end: bounded in time and output, told line by line, stopped when somebody
 * wants it stopped. Why it ended is decided by who was first.
 */
import type { AbortHandle, Clock, Task } from "@heddle/ports";
import { Head, Lines, Tail, withoutBeacons } from "./output.ts";
import { ProcessTree, type TreeEnd } from "./process-tree.ts";
import type { Redaction } from "./secrets.ts";

export interface ProgramOptions {
  readonly line: readonly string[];
  readonly folder: string;
  readonly environment: Readonly<Record<string, string>>;
  /** Of what confines it, where something does. */
  readonly instructions?: Uint8Array;
  readonly redaction: Redaction;
  readonly mark: string;
  readonly clock: Clock;
  readonly graceMs: number;
  readonly timeoutMs: number | undefined;
  readonly stdoutBytesMax: number;
  readonly log: Task["services"]["log"];
}

export interface ProgramEnd {
  readonly end: TreeEnd;
  /** Why it was made to end; undefined where it ended by itself. */
  readonly cause: "aborted" | "timeout" | "too-much" | undefined;
  readonly stdout: string;
  readonly stderr: string;
}

/** Standard error that is kept: its end. */
const stderrBytesMax = 64 * 1024;

export async function runProgram(options: ProgramOptions, abort: AbortHandle): Promise<ProgramEnd> {
  const { clock, redaction, log } = options;
  const stdout = new Head(options.stdoutBytesMax);
  const stderr = new Tail(stderrBytesMax);
  const linesOf = (source: "stdout" | "stderr"): Lines =>
    new Lines({
      slack: redaction.longest,
      redact: (text) => redaction.inTelling(text),
      tell: (text) => log({ level: source === "stderr" ? "warn" : "info", source, text }),
    });
  const lines = { stdout: linesOf("stdout"), stderr: linesOf("stderr") };
  let cause: ProgramEnd["cause"];
  const stop = (why: NonNullable<ProgramEnd["cause"]>): void => {
    if (cause !== undefined || hasEnded) return;
    cause = why;
    tree.end();
  };
  let hasEnded = false;
  const tree = new ProcessTree({
    line: options.line,
    folder: options.folder,
    environment: options.environment,
    ...(options.instructions === undefined ? {} : { instructions: options.instructions }),
    mark: options.mark,
    clock,
    graceMs: options.graceMs,
    stdout: (bytes) => {
      if (cause === "too-much") return;
      if (stdout.take(bytes)) lines.stdout.take(bytes);
      else stop("too-much");
    },
    stderr: (bytes) => {
      stderr.take(bytes);
      lines.stderr.take(bytes);
    },
  });
  abort.onAbort(() => stop("aborted"));
  const disarm = options.timeoutMs === undefined ? undefined : clock.setTimer(options.timeoutMs, () => stop("timeout"));
  const end = await tree.ended;
  hasEnded = true;
  disarm?.();
  if (cause !== undefined) await tree.sweep();
  lines.stdout.end();
  lines.stderr.end();
  return { end, cause, stdout: redaction.inOutput(withoutBeacons(stdout.text())), stderr: redaction.inOutput(stderr.text()) };
}
