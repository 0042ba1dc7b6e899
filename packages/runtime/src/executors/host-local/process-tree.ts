/**
 * One program and everything it starts, ended together.
 *
 * The program leads a process group of its own. To end it is to ask the group (SIGTERM), wait the
 * grace, and then insist (SIGKILL); descendants that left the group are found on Linux by the unique
 * mark in their environment. When the program itself exits, what it left behind in its group is ended
 * too: the attempt is over, and its folder goes away.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { readdir, readFile } from "node:fs/promises";
import type { Writable } from "node:stream";
import type { Clock } from "@heddle/ports";
import { instruct } from "../../guards/sandbox/start-instructed.ts";

export interface TreeOptions {
  readonly line: readonly string[];
  readonly folder: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly clock: Clock;
  readonly graceMs: number;
  /** Part of the environment that no other program on this machine has. */
  readonly mark: string;
  /** Handed over file descriptor 3, which is then closed. */
  readonly instructions?: Uint8Array;
  readonly stdout: (bytes: Buffer) => void;
  readonly stderr: (bytes: Buffer) => void;
}

export type TreeEnd =
  | { readonly kind: "exited"; readonly exitCode: number }
  | { readonly kind: "signalled"; readonly signal: NodeJS.Signals }
  | { readonly kind: "unstarted"; readonly message: string; readonly code: string | undefined };

/** How long output may still come in after the program has exited: its pipes may be held by what escaped. */
const drainMs = 1_000;

const isWindows = process.platform === "win32";
const living = new Set<ProcessTree>();

/** Nothing outlives this process when it leaves by its own will. A kill leaves no time for that. */
function endAllNow(): void {
  for (const tree of living) tree.kill();
}

export class ProcessTree {
  /** Resolves once the program is gone and its output is complete. */
  readonly ended: Promise<TreeEnd>;
  readonly #options: TreeOptions;
  readonly #child: ChildProcess;
  #end: TreeEnd | undefined;
  #asked = false;
  #disarm: (() => void) | undefined;

  constructor(options: TreeOptions) {
    this.#options = options;
    const [program = "", ...args] = options.line;
    this.#child = spawn(program, args, {
      cwd: options.folder,
      env: { ...options.environment },
      stdio: ["ignore", "pipe", "pipe", ...(options.instructions === undefined ? [] : ["pipe" as const])],
      detached: !isWindows,
      windowsHide: true,
    });
    if (options.instructions !== undefined) instruct(this.#child.stdio[3] as Writable, options.instructions);
    if (living.size === 0) process.once("exit", endAllNow);
    living.add(this);
    for (const name of ["stdout", "stderr"] as const) {
      this.#child[name]?.on("data", options[name]);
      this.#child[name]?.on("error", () => undefined);
    }
    this.ended = new Promise((resolve) => {
      this.#child.on("error", (error: NodeJS.ErrnoException) => {
        if (this.#child.pid === undefined) resolve({ kind: "unstarted", message: error.message, code: error.code });
      });
      this.#child.on("exit", (code, signal) => {
        this.#end = signal === null ? { kind: "exited", exitCode: code ?? 0 } : { kind: "signalled", signal };
        this.kill();
        if (this.#asked) void this.sweep();
        this.#disarm?.();
        this.#disarm = options.clock.setTimer(drainMs, () => void this.#abandonOutput());
      });
      this.#child.on("close", () => {
        if (this.#end !== undefined) resolve(this.#end);
      });
    });
    void this.ended.then(() => this.#forget());
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** Asks the whole tree to end, and makes it end after the grace. */
  end(): void {
    if (this.#asked || this.#end !== undefined) return;
    this.#asked = true;
    this.#signal("SIGTERM");
    this.#disarm = this.#options.clock.setTimer(this.#options.graceMs, () => this.kill());
  }

  /** Ends the group at once. */
  kill(): void {
    this.#signal("SIGKILL");
  }

  /** Ends what left the group. To be called once the program is gone. */
  async sweep(): Promise<void> {
    // Each round ends parents; what they had started a moment before is found by the next.
    for (let round = 0; round < 5; round++) if ((await killMarked(this.#options.mark)) === 0) return;
  }

  async #abandonOutput(): Promise<void> {
    await this.sweep();
    this.#child.stdout?.destroy();
    this.#child.stderr?.destroy();
  }

  #signal(signal: "SIGTERM" | "SIGKILL"): void {
    const { pid } = this.#child;
    if (pid === undefined) return;
    if (isWindows) {
      // Windows has no signals and no groups; this ends the tree, at once.
      spawn("taskkill", ["/pid", String(pid), "/T", "/F"], { stdio: "ignore", windowsHide: true }).on("error", () => undefined);
      return;
    }
    try {
      process.kill(-pid, signal);
    } catch {
      // The group is gone already.
    }
  }

  #forget(): void {
    this.#disarm?.();
    living.delete(this);
    if (living.size === 0) process.removeListener("exit", endAllNow);
  }
}

/** Kills the processes of this user whose environment has the mark; the number of them. Where there is no /proc: none. */
async function killMarked(mark: string): Promise<number> {
  if (process.platform !== "linux") return 0;
  const pids = (await readdir("/proc")).filter((name) => /^[0-9]+$/.test(name));
  const killed = await Promise.all(
    pids.map(async (pid) => {
      try {
        if (!(await readFile(`/proc/${pid}/environ`)).includes(mark)) return 0;
        process.kill(Number(pid), "SIGKILL");
        return 1;
      } catch {
        // It is gone, or another user's.
        return 0;
      }
    }),
  );
  return killed.reduce<number>((sum, one) => sum + one, 0);
}
