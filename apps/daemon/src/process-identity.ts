/**
 * Whether a process of another time still lives. A pid alone is not enough, for pids are given again:
 * where the system has /proc, the start time of the process is part of who it is.
 */
import { readFileSync } from "node:fs";

/** A process as a lock remembers it. `start` is empty where the system does not tell. */
export interface ProcessIdentity {
  readonly pid: number;
  readonly start: string;
}

/** This process. */
export function ownIdentity(): ProcessIdentity {
  return { pid: process.pid, start: startOf(process.pid) ?? "" };
}

/** False once the process has ended, also when another one has its pid. True where that cannot be known. */
export function isAlive({ pid, start }: ProcessIdentity): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    // EPERM: it lives, and belongs to somebody else.
    if (!(error instanceof Error && "code" in error && error.code === "EPERM")) return false;
  }
  const now = startOf(pid);
  if (now === ended) return false;
  return now === undefined || start === "" || now === start;
}

const ended = "ended";

/** The boot and the tick at which a process started; `ended` for one that was not yet reaped; undefined without /proc. */
function startOf(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
    // The second field is the name in parentheses, and may hold anything. State is the third, start time the 22nd.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    if (fields[0] === "Z" || fields[0] === "X") return ended;
    return `${readFileSync("/proc/sys/kernel/random/boot_id", "latin1").trim()}/${fields[19]}`;
  } catch {
    return undefined;
  }
}
