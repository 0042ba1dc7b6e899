/** The supervisor of the peers: each is a process of its own that is started again whenever it ends. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** A peer process, under supervision until it is stopped. */
export class Peer {
  readonly name: string;
  readonly #env: Readonly<Record<string, string>>;
  #child: ChildProcess;
  #stopped = false;
  #said = "";
  /** How often it was started. */
  starts = 0;

  constructor(name: string, env: Readonly<Record<string, string>>) {
    this.name = name;
    this.#env = env;
    this.#child = this.#start();
  }

  #start(): ChildProcess {
    this.starts++;
    const program = fileURLToPath(new URL(`./mixed-${this.name}.ts`, import.meta.url));
    const child = spawn(process.execPath, [program], { env: { ...process.env, ...this.#env }, stdio: ["ignore", "pipe", "pipe"] });
    const keep = (text: Buffer): void => {
      this.#said = (this.#said + text.toString()).slice(-4_000);
    };
    child.stdout?.on("data", keep);
    child.stderr?.on("data", keep);
    child.once("exit", () => {
      if (!this.#stopped) this.#child = this.#start();
    });
    return child;
  }

  /** What it said last. */
  get said(): string {
    return this.#said;
  }

  /** Waits until it has said that it is ready. */
  async ready(): Promise<void> {
    while (!this.#said.includes("ready\n")) {
      if (this.starts > 5) throw new Error(`${this.name} does not start: ${this.#said}`);
      await Promise.race([once(this.#child.stdout ?? this.#child, "data"), once(this.#child, "exit")]);
    }
  }

  /** Asks it to end, and waits. */
  async stop(): Promise<void> {
    this.#stopped = true;
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const exited = once(this.#child, "exit");
    this.#child.kill("SIGTERM");
    const patience = setTimeout(() => this.#child.kill("SIGKILL"), 5_000);
    await exited;
    clearTimeout(patience);
  }
}

/** Kills a process that wrote `pid` into a log, if it is still what it was: a Node process of this test. */
export function killLogged(pid: number): boolean {
  try {
    if (!/node/.test(readFileSync(`/proc/${pid}/cmdline`, "utf8"))) return false;
    process.kill(pid, "SIGKILL");
    return true;
  } catch {
    return false;
  }
}
