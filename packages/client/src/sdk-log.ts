/** The client's log: warnings and errors, appended to a file. Best effort: it never throws and never delays a call. */
import { appendFileSync, mkdirSync, renameSync, statSync } from "node:fs";
import { dirname } from "node:path";

/** Writes one line. */
export type SdkLog = (level: "warn" | "error", message: string) => void;

const logBytesMax = 8 * 1024 * 1024;

/** A log at a path. Nothing is made before the first line; a file over 8 MiB is put aside as `<path>.1`. */
export function createSdkLog(path: string, now: () => number = Date.now): SdkLog {
  return (level, message) => {
    try {
      mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
      const size = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
      if (size > logBytesMax) renameSync(path, `${path}.1`);
      const line = message.replaceAll("\n", " ").slice(0, 4_096);
      appendFileSync(path, `${new Date(now()).toISOString()} ${level} ${line}\n`, { mode: 0o600 });
    } catch {
      // A client works without its log.
    }
  };
}
