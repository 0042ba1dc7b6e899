/**
 * The argument vector that is really started: placeholders filled in, shell text handed to a shell,
 * and the memory limit put in front where the system has one.
 */
import { access, constants } from "node:fs/promises";
import { delimiter, isAbsolute, join } from "node:path";

/** Placeholders that a command may contain, without braces. */
export type Placeholder = "input_file" | "context_file" | "message_file" | "body_file" | "workdir" | "job_id" | "agent_id";

const placeholder = /\{(input_file|context_file|message_file|body_file|workdir|job_id|agent_id)\}/g;

/**
 * A list is an argument vector: nothing in it is ever read by a shell. Text is a script for /bin/sh,
 * which is a capability of its own, `os.shell.script`.
 */
export function commandLine(command: string | readonly string[], values: Readonly<Record<Placeholder, string>>): readonly string[] {
  if (typeof command === "string") return ["/bin/sh", "-c", command.replace(placeholder, (_, name: Placeholder) => quoted(values[name]))];
  return command.map((argument) => argument.replace(placeholder, (_, name: Placeholder) => values[name]));
}

/** As a shell reads it back. Plain values, which is all of them on most systems, stay as they are. */
function quoted(value: string): string {
  return /^[\w@%+=:,./-]+$/.test(value) ? value : `'${value.replaceAll("'", "'\\''")}'`;
}

/** The program as a path; undefined where there is none, or it cannot be run. */
export async function findProgram(name: string, folder: string, path: string | undefined): Promise<string | undefined> {
  if (process.platform === "win32") return name;
  const candidates = name.includes("/")
    ? [isAbsolute(name) ? name : join(folder, name)]
    : (path ?? "/usr/local/bin:/usr/bin:/bin").split(delimiter).map((part) => join(part === "" ? folder : part, name));
  for (const candidate of candidates) {
    try {
      await access(candidate, constants.X_OK);
      return candidate;
    } catch {
      // The next folder may have it.
    }
  }
  return undefined;
}

/**
 * The same program, allowed `memoryMb` of data. Linux alone holds a program to it; what does the
 * limiting is the shell's own `ulimit`, which then becomes the program.
 */
export function limited(line: readonly string[], memoryMb: number): readonly string[] {
  if (process.platform !== "linux") return line;
  return ["/bin/sh", "-c", `ulimit -d ${memoryMb * 1024} 2>/dev/null; exec "$@"`, "sh", ...line];
}
