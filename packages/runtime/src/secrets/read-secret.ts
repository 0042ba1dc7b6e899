/** Reads the value of a secret from where an operator keeps it. No message holds anything of a value. */
import { constants } from "node:fs";
import { open } from "node:fs/promises";
import { HeddleError, type SecretSource } from "@heddle/core";
import type { Clock } from "@heddle/ports";
import { runProgram } from "../guards/commands/run-program.ts";
import { isRefusal } from "../guards/refusal.ts";
import { secretLengthMin } from "./redactor.ts";

export interface SecretReading {
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
}

const secretBytesMax = 64 * 1024;
const commandLimits = { timeMs: 10_000, outputBytesMax: 2 * secretBytesMax, graceMs: 500 } as const;

/** Errors: `secret-unresolved`, with what to do. */
export async function readSecret(name: string, source: SecretSource, reading: SecretReading): Promise<string> {
  const value = await valueFrom(name, source, reading);
  if (value.includes("\0")) throw unresolved(name, "its value has a character that no variable and no header can hold");
  if (value.length >= secretLengthMin) return value;
  throw unresolved(name, `its value has less than ${secretLengthMin} characters, which could not be told from other text in a log`);
}

export function unresolved(name: string, why: string): HeddleError {
  return new HeddleError("secret-unresolved", `the secret ${name} has no value: ${why}`, { details: { secret: name } });
}

function valueFrom(name: string, { env, file, command }: SecretSource, reading: SecretReading): Promise<string> {
  if (file !== undefined) return fromFile(name, file);
  if (command !== undefined) return fromCommand(name, command, reading);
  return Promise.resolve().then(() => fromEnvironment(name, env ?? "", reading));
}

function fromEnvironment(name: string, variable: string, { environment }: SecretReading): string {
  const value = environment[variable];
  if (value === undefined || value === "") throw unresolved(name, `the variable ${variable} is not set where the runtime was started`);
  return value;
}

async function fromFile(name: string, path: string): Promise<string> {
  // Not blocking: a pipe that nobody writes to would never open.
  const handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK).catch((error: NodeJS.ErrnoException) => {
    throw unresolved(name, `its file ${path} cannot be read (${error.code ?? "unknown"})`);
  });
  try {
    // What was opened is asked, not what the path leads to a moment later.
    const stats = await handle.stat();
    if (!stats.isFile()) throw unresolved(name, `${path} is no file`);
    if (process.platform !== "win32") {
      const mode = (stats.mode & 0o777).toString(8).padStart(4, "0");
      if ((stats.mode & 0o077) !== 0) throw unresolved(name, `others may read its file ${path} (mode ${mode}); run: chmod 600 ${path}`);
      const me = process.getuid?.();
      if (me !== undefined && stats.uid !== me && stats.uid !== 0) throw unresolved(name, `its file ${path} belongs to another user`);
    }
    if (stats.size > secretBytesMax) throw unresolved(name, `its file ${path} has more than ${secretBytesMax} bytes`);
    return textOf(name, await handle.readFile());
  } finally {
    await handle.close();
  }
}

async function fromCommand(name: string, argv: readonly string[], { environment, clock }: SecretReading): Promise<string> {
  const variables = Object.fromEntries(Object.entries(environment).flatMap(([key, value]) => (value === undefined ? [] : [[key, value]])));
  const result = await runProgram({
    argv,
    folder: process.cwd(),
    environment: variables,
    limits: commandLimits,
    clock,
    mark: `secret/${process.pid}/${name}`,
  });
  const program = argv[0] ?? "";
  if (isRefusal(result)) throw unresolved(name, `its command ${program} did not start (${result.refused})`);
  if (result.timedOut) throw unresolved(name, `its command ${program} took longer than ${commandLimits.timeMs / 1_000} s`);
  if (result.exitCode !== 0) throw unresolved(name, `its command ${program} ended with ${result.exitCode ?? result.signal ?? "a signal"}`);
  if (Buffer.byteLength(result.stdout) > secretBytesMax || result.truncated)
    throw unresolved(name, `its command ${program} printed more than ${secretBytesMax} bytes`);
  return withoutLineEnd(result.stdout);
}

function textOf(name: string, bytes: Buffer): string {
  try {
    return withoutLineEnd(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch {
    throw unresolved(name, "its file is no text in UTF-8");
  }
}

function withoutLineEnd(text: string): string {
  return text.replace(/\r?\n$/, "");
}
