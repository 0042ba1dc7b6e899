/** The daemon's own log: one line each, on stderr. */
import type { LogLevel } from "@heddle/core";

/** Takes one message. */
export type Log = (level: LogLevel, message: string) => void;

/** Says nothing. */
export const silentLog: Log = () => undefined;

/** Lines of `time level message` for a stream. Line ends within a message are kept, indented. */
export function createLog(write: (line: string) => void, now: () => number = Date.now): Log {
  return (level, message) => {
    write(`${new Date(now()).toISOString()} ${level} ${message.replaceAll("\n", "\n  ")}\n`);
  };
}
