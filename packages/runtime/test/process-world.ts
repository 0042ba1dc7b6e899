/** An executor of processes with workers that are small programs of Node, in folders that go away. */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { BundleManifest, JsonValue, Node, PayloadFile, ProcessNode, ProcessResult } from "@heddle/core";
import type { Clock, Outcome, Task } from "@heddle/ports";
import { createHostLocalExecutor, type HostLocalExecutor, type HostLocalOptions } from "../src/executors/host-local/host-local.ts";
import { AttemptAbort } from "../src/shell/abort.ts";
import { systemClock } from "../src/shell/system.ts";

export interface Said {
  readonly level: string;
  readonly source: string;
  readonly text: string;
}

export interface TaskWanted {
  readonly input?: Readonly<Record<string, JsonValue>>;
  readonly node?: Partial<Omit<ProcessNode, "kind" | "config">>;
  readonly attempt?: number;
  readonly abort?: AttemptAbort;
}

const bundle = `sha256:${"0".repeat(64)}` as const;
const run = `run_${"0".repeat(26)}`;

export class ProcessWorld {
  readonly said: Said[] = [];
  readonly folder: string;
  readonly executor: HostLocalExecutor;
  readonly files: PayloadFile[] = [];
  readonly #extra: string[] = [];
  #activations = 0;

  private constructor(folder: string, executor: HostLocalExecutor) {
    this.folder = folder;
    this.executor = executor;
  }

  static async open(
    options: Partial<HostLocalOptions> & { readonly host?: Record<string, string>; readonly clock?: Clock } = {},
  ): Promise<ProcessWorld> {
    const folder = await mkdtemp(join(tmpdir(), "heddle-payloads-"));
    const { host = {}, clock = systemClock, ...rest } = options;
    const executor = createHostLocalExecutor(clock, { memoryMb: 4_096, graceMs: 200, ...rest }, { PATH: process.env["PATH"], ...host });
    return new ProcessWorld(folder, executor);
  }

  async close(): Promise<void> {
    await this.executor.close();
    for (const folder of [this.folder, ...this.#extra]) await rm(folder, { recursive: true, force: true });
  }

  /** A folder outside everything. */
  async spare(): Promise<string> {
    const folder = await mkdtemp(join(tmpdir(), "heddle-spare-"));
    this.#extra.push(folder);
    return folder;
  }

  /** A file of the bundle. */
  async payload(path: string, text: string): Promise<void> {
    await mkdir(dirname(join(this.folder, path)), { recursive: true });
    await writeFile(join(this.folder, path), text, { mode: 0o444 });
    this.list(path, text);
  }

  /** A file that the manifest lists, whatever lies in the folder. */
  list(path: string, text: string): void {
    const hash = `sha256:${createHash("sha256").update(text).digest("hex")}` as const;
    this.files.push({ path, hash, bytes: Buffer.byteLength(text) });
  }

  execute(config: ProcessNode["config"], wanted: TaskWanted = {}): Promise<Outcome> {
    this.executor.register(bundle, { files: this.files } as unknown as BundleManifest, this.folder);
    return this.executor.execute(
      this.task({ kind: "process", id: "work", config, ...wanted.node }, wanted),
      wanted.abort ?? new AttemptAbort(),
    );
  }

  /** Runs `code`, an ES module, with Node. `input`, `context` and `say` are there for it. */
  worker(code: string, config: ProcessNode["config"] = {}, wanted: TaskWanted = {}): Promise<Outcome> {
    return this.execute({ ...config, command: workerCommand(code) }, wanted);
  }

  /** The result of a worker that succeeds. */
  async result(code: string, config?: ProcessNode["config"], wanted?: TaskWanted): Promise<ProcessResult> {
    return resultOf(await this.worker(code, config, wanted));
  }

  task(node: Node, wanted: TaskWanted): Task {
    const activation = ++this.#activations;
    return {
      run,
      tenant: "default",
      bundle,
      node,
      activation,
      attempt: wanted.attempt ?? 1,
      incarnation: "inc",
      idempotencyKey: `${run}/${activation}`,
      input: wanted.input ?? {},
      services: {
        once: () => undefined,
        recorded: () => ({}),
        waiting: () => undefined,
        recordOnce: () => Promise.resolve(),
        call: () => Promise.resolve({ kind: "succeeded", result: null }),
        log: ({ level, source, text }) => this.said.push({ level, source, text }),
      },
    };
  }
}

export function resultOf(outcome: Outcome): ProcessResult {
  if (outcome.kind !== "succeeded") throw new TypeError(`it did not succeed: ${JSON.stringify(outcome)}`);
  return outcome.result as unknown as ProcessResult;
}

const preamble = `
import fs from "node:fs";
import { spawn } from "node:child_process";
const { env } = process;
const read = (name) => fs.readFileSync(env[name], "utf8");
const input = JSON.parse(read("MN_INPUT_FILE"));
const context = JSON.parse(read("MN_CONTEXT_FILE"));
const say = (value) => console.log(JSON.stringify(value));
`;

export function workerCommand(code: string): string[] {
  return [process.execPath, "--input-type=module", "-e", preamble + code];
}

/** Whether a process exists and is more than an entry that nobody has asked after. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  try {
    return !/^State:\s+[ZX]/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
  } catch {
    // Where there is no /proc, the first answer stands; where there is, it has just gone.
    return process.platform !== "linux";
  }
}
