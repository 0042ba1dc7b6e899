/** The commit probe: tells a crash test, byte by byte, when a commit begins and ends. */
import { writeSync } from "node:fs";
import { HeddleError } from "@heddle/core";

/** Told of each phase of a commit, on the writer's own thread. */
export type CommitProbe = (phase: "begin" | "end") => void;

/** Writes `B` or `E` to the descriptor that `HEDDLE_COMMIT_PROBE_FD` names; undefined when it names none. */
export function commitProbeOf(env: Readonly<Record<string, string | undefined>>): CommitProbe | undefined {
  const text = env["HEDDLE_COMMIT_PROBE_FD"];
  if (text === undefined || text === "") return undefined;
  const fd = Number(text);
  if (!Number.isInteger(fd) || fd < 0) {
    throw new HeddleError("config-invalid", `HEDDLE_COMMIT_PROBE_FD is ${JSON.stringify(text)}, not a file descriptor`);
  }
  return (phase) => {
    writeSync(fd, phase === "begin" ? "B" : "E");
  };
}
