/**
 * Every measurement is a job in a process of its own, with a folder of its own: nothing is warmed up,
 * grown or fragmented by the one before. A job is one line of JSON in, and one out.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { SystemName } from "./system.ts";

/** What carries events in W4. */
export type W4Wire = "grpc" | "sse" | "bare";

/** Who carries out the calls of W9: an action in the process of the runtime, a plugin or a node server in another. */
export type W9Target = "local" | "plugin" | "nodes";

export type Job =
  | {
      readonly kind: "w1";
      readonly system: SystemName;
      readonly folder: string;
      readonly resultBytes: number;
      readonly clients: number;
      readonly ms: number;
    }
  | {
      readonly kind: "w1-worker";
      readonly role: "serve" | "work" | "drive";
      readonly folder: string;
      readonly resultBytes: number;
      readonly clients: number;
      readonly ms: number;
    }
  | { readonly kind: "w2"; readonly system: SystemName; readonly folder: string; readonly steps: number; readonly ms: number }
  | { readonly kind: "w3"; readonly system: SystemName; readonly folder: string; readonly items: number; readonly ms: number }
  | { readonly kind: "w4"; readonly role: "serve"; readonly folder: string; readonly events: number }
  | {
      readonly kind: "w4";
      readonly role: "follow";
      readonly folder: string;
      readonly wire: W4Wire;
      readonly followers: number;
      readonly typed: boolean;
    }
  | { readonly kind: "w5"; readonly system: SystemName; readonly folder: string; readonly runs: number; readonly phase: "start" | "resume" }
  | { readonly kind: "w6"; readonly folder: string; readonly phase: "fill" | "idle"; readonly runs: number; readonly ms: number }
  | { readonly kind: "w7"; readonly folder: string; readonly form: "loop" | "cycle"; readonly steps: number }
  | { readonly kind: "w9"; readonly role: "plugin" | "nodes"; readonly folder: string }
  | {
      readonly kind: "w9";
      readonly role: "drive";
      readonly folder: string;
      readonly target: W9Target;
      readonly clients: number;
      readonly ms: number;
    };

const jobFile = fileURLToPath(new URL("job.ts", import.meta.url));
const jobMsMax = 30 * 60_000;

export interface Spawned {
  readonly child: ChildProcess;
  /** Resolves at the first line of this text. */
  said(text: string): Promise<void>;
  /** Resolves with the answer of the job, rejects where it ends without one. */
  readonly answer: Promise<unknown>;
  readonly ended: Promise<void>;
}

/** Starts the process of a job. */
export function spawnJob(job: Job, nodeArguments: readonly string[] = []): Spawned {
  const child = spawn(process.execPath, [...nodeArguments, jobFile, JSON.stringify(job)], { stdio: ["ignore", "pipe", "inherit"] });
  const timer = setTimeout(() => child.kill("SIGKILL"), jobMsMax);
  const waiting = new Map<string, () => void>();
  const lines = createInterface({ input: child.stdout });
  const answer = new Promise<unknown>((resolve, reject) => {
    lines.on("line", (line) => {
      if (line.startsWith("{")) resolve(JSON.parse(line));
      else waiting.get(line)?.();
    });
    child.once("error", reject);
    child.once("close", (code, signal) => reject(new Error(`the job ${job.kind} ended without an answer (${signal ?? code})`)));
  });
  // Where a job is meant to be killed, nobody asks for its answer.
  answer.catch(() => undefined);
  const ended = new Promise<void>((resolve) => child.once("close", () => resolve(clearTimeout(timer))));
  const said = (text: string): Promise<void> => new Promise((resolve) => waiting.set(text, resolve));
  return { child, said, answer, ended };
}

/** Resolves once a process says that it is ready, rejects where it ends before. */
export async function ready({ said, ended }: Spawned): Promise<void> {
  await Promise.race([
    said("ready"),
    ended.then(() => {
      throw new Error("a process of a workload ended before it was ready");
    }),
  ]);
}

/** Runs a job to its end. */
export async function runJob<Answer>(job: Job, nodeArguments?: readonly string[]): Promise<Answer> {
  const { answer, ended } = spawnJob(job, nodeArguments);
  const given = (await answer) as Answer;
  await ended;
  return given;
}

/** In the process of a job: one line to who started it, at once. */
export function say(line: string): void {
  writeSync(1, `${line}\n`);
}

/** A fresh folder for the length of `use`. */
export async function inFolder<Result>(use: (folder: string) => Promise<Result>): Promise<Result> {
  const folder = mkdtempSync(join(process.env["HEDDLE_BENCH_DIR"] ?? tmpdir(), "heddle-bench-"));
  try {
    return await use(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
