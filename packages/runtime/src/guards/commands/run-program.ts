/**
 * Runs one program by its argument vector: no shell reads it, nothing of the environment is inherited, what
 * it prints is bounded while it prints, and when it is over, by itself or not, so is all that it has started.
 */

import { lstat, readdir, readFile } from "node:fs/promises";
import { isAbsolute } from "node:path";
import type { Clock } from "@heddle/ports";
import { ProcessTree, type TreeOptions } from "../../executors/host-local/process-tree.ts";
import { systemCodeOf } from "../files/file-errors.ts";
import { isRefusal, type Refusal, refuse, shown } from "../refusal.ts";
import type { Confine } from "../sandbox/sandbox.ts";
import { BoundedOutput, type KeptOutput } from "./bounded-output.ts";

export interface ProgramLimits {
  /** Of both streams together. What is beyond is read and left out. */
  readonly outputBytesMax: number;
  readonly timeMs: number;
  /** Between asking the program to end and ending it. */
  readonly graceMs: number;
}

export interface ProgramCall {
  /** A program, as a path or a name to be found in `PATH` of `environment`, and its arguments. */
  readonly argv: readonly string[];
  /** An absolute folder, or the open one of a file guard. */
  readonly folder: string;
  /** All of it. */
  readonly environment: Readonly<Record<string, string>>;
  readonly limits: ProgramLimits;
  readonly clock: Clock;
  /** What no other program on this machine has; its descendants are known by it, wherever they go. */
  readonly mark: string;
  readonly signal?: AbortSignal;
  /** What confines it. May throw: then nothing starts. */
  readonly confine?: Confine;
}

export interface ProgramResult extends KeptOutput {
  /** Undefined where a signal ended it. */
  readonly exitCode: number | undefined;
  readonly signal: NodeJS.Signals | undefined;
  readonly timedOut: boolean;
  readonly aborted: boolean;
  /** Nothing of its process group is left, as far as this process can see. */
  readonly treeEnded: boolean;
}

/** The variable that carries the mark. */
export const markVariable = "HEDDLE_CALL";

const argumentBytesMax = 128 * 1024 - 1;

/**
 * What the program does is a result, also where it fails. Codes: `command-empty`, `command-character` (an argument
 * holds what no argument can), `command-too-long`, `folder-refused`, `environment-refused`, `program-not-found`,
 * `program-refused` (it may not be run), `aborted` (before it began).
 */
export async function runProgram(call: ProgramCall): Promise<ProgramResult | Refusal> {
  const refused = refuseArguments(call.argv) ?? refuseEnvironment(call) ?? (await refuseFolder(call.folder));
  if (refused !== undefined) return refused;
  if (call.signal?.aborted === true) return refuse("aborted", "the program was not started: it was stopped before");
  const output = new BoundedOutput(call.limits.outputBytesMax);
  const environment = { ...call.environment, [markVariable]: call.mark };
  const tree = startTree({
    ...(call.confine?.(call.argv, environment, 3) ?? { line: call.argv, environment }),
    folder: call.folder,
    mark: `${markVariable}=${call.mark}`,
    clock: call.clock,
    graceMs: call.limits.graceMs,
    stdout: (bytes) => output.take("stdout", bytes),
    stderr: (bytes) => output.take("stderr", bytes),
  });
  if (isRefusal(tree)) return tree;
  let cause: "timeout" | "abort" | undefined;
  const stop = (why: "timeout" | "abort"): void => {
    cause ??= why;
    tree.end();
  };
  const onAbort = (): void => stop("abort");
  call.signal?.addEventListener("abort", onAbort, { once: true });
  const disarm = call.clock.setTimer(call.limits.timeMs, () => stop("timeout"));
  const end = await tree.ended;
  disarm();
  call.signal?.removeEventListener("abort", onAbort);
  if (end.kind === "unstarted") return refuseStart(call.argv[0] ?? "", end.code);
  // Also after a program that ended by itself: what it left behind in another group would outlive the call.
  await tree.sweep();
  return {
    exitCode: end.kind === "exited" ? end.exitCode : undefined,
    signal: end.kind === "signalled" ? end.signal : undefined,
    ...output.kept(),
    timedOut: cause === "timeout",
    aborted: cause === "abort",
    treeEnded: await isGroupGone(tree.pid, call.clock),
  };
}

/** Most of what is wrong with a start is told later; some of it at once. */
function startTree(options: TreeOptions): ProcessTree | Refusal {
  try {
    return new ProcessTree(options);
  } catch (error) {
    const code = systemCodeOf(error);
    if (code === undefined) throw error;
    return refuseStart(options.line[0] ?? "", code);
  }
}

function refuseArguments(argv: readonly string[]): Refusal | undefined {
  if (argv.length === 0 || argv[0] === "") return refuse("command-empty", "the command names no program: write one, as in ls -l");
  for (const argument of argv) {
    if (argument.includes("\0") || /\p{Cs}/u.test(argument)) {
      return refuse("command-character", `the argument ${shown(argument)} has a character that no argument can hold: leave it out`);
    }
    if (Buffer.byteLength(argument) > argumentBytesMax) {
      return refuse("command-too-long", `the argument ${shown(argument)} has more than ${argumentBytesMax} bytes: put it into a file`);
    }
  }
  return undefined;
}

function refuseEnvironment({ environment, mark }: ProgramCall): Refusal | undefined {
  for (const [name, value] of [...Object.entries(environment), [markVariable, mark] as const]) {
    if (!/^[^\0=\p{Cs}]+$/u.test(name) || value.includes("\0") || /\p{Cs}/u.test(value)) {
      return refuse("environment-refused", `the variable ${shown(name)} cannot be given to a program: correct its name or its value`);
    }
  }
  return undefined;
}

async function refuseFolder(folder: string): Promise<Refusal | undefined> {
  if (!isAbsolute(folder)) return refuse("folder-refused", `the folder ${shown(folder)} is not absolute: give one that is`);
  // An open folder is a link of the system's own, which leads to it.
  const path = /^\/proc\/self\/fd\/\d+$/.test(folder) ? `${folder}/.` : folder;
  const stats = await lstat(path).catch(() => undefined);
  if (stats?.isDirectory() === true) return undefined;
  return refuse("folder-refused", `${shown(folder)} is not a folder in which a program can start: give its real path`);
}

function refuseStart(program: string, code: string | undefined): Refusal {
  if (code === "ENOENT") return refuse("program-not-found", `there is no program ${shown(program)}: install it, or name another one`);
  if (code === "E2BIG") return refuse("command-too-long", "the arguments are longer together than the system takes: put them into a file");
  return refuse("program-refused", `${shown(program)} cannot be run (${code ?? "unknown"}): see whether it may be, and what it is`);
}

/** Killing is asked for; that the system has done it is seen a moment later. */
async function isGroupGone(pid: number | undefined, clock: Clock): Promise<boolean> {
  if (pid === undefined || process.platform === "win32") return true;
  for (let round = 0; round < 50; round++) {
    if (!(await isGroupAlive(pid))) return true;
    await new Promise<void>((resolve) => void clock.setTimer(10, resolve));
  }
  return false;
}

async function isGroupAlive(group: number): Promise<boolean> {
  try {
    process.kill(-group, 0);
  } catch {
    return false;
  }
  if (process.platform !== "linux") return true;
  // Who has ended and was not yet taken note of by its new parent still counts for a signal.
  const pids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name));
  for (const pid of pids) {
    const stat = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => "");
    const [state, , members] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    if (members === String(group) && state !== "Z" && state !== "X") return true;
  }
  return false;
}
