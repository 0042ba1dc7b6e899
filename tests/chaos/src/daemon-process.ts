/**
 * A daemon in a process of its own, and its end by SIGKILL. A pipe that it inherits tells of each
 * commit that begins and ends, so that a kill can be shown to have struck in the middle of one.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import { createServer } from "node:net";
import type { Readable } from "node:stream";
import { fileURLToPath } from "node:url";

const launcher = fileURLToPath(new URL("../../../apps/daemon/bin/heddled.js", import.meta.url));

/** Bytes on the commit pipe: one before each commit, one after it. */
const begun = 66;

export interface DaemonHome {
  readonly dataDir: string;
  readonly home: string;
  readonly port: number;
  /** The folder that it runs in; default: this one's. */
  readonly cwd?: string;
  /** Arguments besides where it listens and keeps its data. */
  readonly args?: readonly string[];
}

export class DaemonProcess {
  readonly #child: ChildProcess;
  readonly #probe: Readable;
  #lastByte = 0;
  #stderr = "";
  #onBegin: (() => void) | undefined;

  private constructor(child: ChildProcess) {
    this.#child = child;
    this.#probe = child.stdio[3] as Readable;
    this.#probe.on("data", (bytes: Buffer) => {
      this.#lastByte = bytes[bytes.length - 1] ?? this.#lastByte;
      if (this.#lastByte === begun) this.#onBegin?.();
    });
    child.stderr?.on("data", (text: Buffer) => {
      this.#stderr = (this.#stderr + text.toString()).slice(-4_000);
    });
  }

  /** Starts a daemon and waits for its readiness line. */
  static async start({ dataDir, home, port, cwd, args = [] }: DaemonHome): Promise<DaemonProcess> {
    const child = spawn(process.execPath, [launcher, "--data", dataDir, "--grpc-port", String(port), "--http-port", "0", ...args], {
      ...(cwd === undefined ? {} : { cwd }),
      stdio: ["ignore", "pipe", "pipe", "pipe"],
      env: { ...process.env, HEDDLE_COMMIT_PROBE_FD: "3", HEDDLE_HOME: home },
    });
    const daemon = new DaemonProcess(child);
    const stdout = child.stdout as Readable;
    let said = "";
    while (!said.includes("heddled ready")) {
      const [event] = await Promise.race([once(stdout, "data"), once(child, "exit")]);
      if (child.exitCode !== null || child.signalCode !== null) throw new Error(`the daemon ended before it was ready: ${daemon.#stderr}`);
      said += String(event);
    }
    stdout.resume();
    return daemon;
  }

  get pid(): number {
    return this.#child.pid as number;
  }

  get stderr(): string {
    return this.#stderr;
  }

  /** Kills it at the next commit that begins; tells whether that commit was never acknowledged. */
  async killInCommit(waitMs: number): Promise<{ readonly inCommit: boolean }> {
    const drained = once(this.#probe, "close");
    const exited = once(this.#child, "exit");
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, waitMs);
      this.#onBegin = () => {
        clearTimeout(timer);
        this.#child.kill("SIGKILL");
        resolve();
      };
    });
    this.#onBegin = undefined;
    this.#child.kill("SIGKILL");
    await Promise.all([exited, drained]);
    return { inCommit: this.#lastByte === begun };
  }

  /** Asks it to end, and waits. Its exit code. */
  async stop(): Promise<number | null> {
    if (this.#child.exitCode !== null) return this.#child.exitCode;
    const exited = once(this.#child, "exit");
    this.#child.kill("SIGTERM");
    await exited;
    return this.#child.exitCode;
  }

  /** Process ids of its handler processes: its own children. */
  handlerPids(): readonly number[] {
    return readdirSync("/proc").flatMap((name) => {
      const pid = Number(name);
      return Number.isInteger(pid) && parentOf(pid) === this.pid ? [pid] : [];
    });
  }
}

function parentOf(pid: number): number | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    return Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]);
  } catch {
    // Gone between the listing and the look.
    return undefined;
  }
}

/** A port on loopback that nobody listens on now. */
export async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  server.close();
  await once(server, "close");
  return port;
}
