/**
 * The processes that the README starts, for the tests of this example: real ones, at ports of their own,
 * whose output is shown with the ports of the README.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { cpSync, mkdtempSync, realpathSync, rmSync, symlinkSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../../../", import.meta.url));

/** A command that was started. */
export interface Started {
  /** Resolves with all that it said so far, on both outputs, once that matches. */
  said(wanted: RegExp): Promise<string>;
  /** Resolves with its exit code and all that it said: standard error first, as the README shows it. */
  readonly ended: Promise<{ readonly code: number | null; readonly text: string }>;
}

export class World implements AsyncDisposable {
  /** A copy of this example, so that nothing is written here. */
  readonly folder = realpathSync(mkdtempSync(join(tmpdir(), "heddle-everything-")));
  readonly #children: ChildProcess[] = [];
  readonly #ports: { readonly grpc: number; readonly http: number; readonly nodes: number };

  private constructor(ports: { readonly grpc: number; readonly http: number; readonly nodes: number }) {
    this.#ports = ports;
    for (const name of ["src", "package.json", "order.json"])
      cpSync(join(root, "examples/everything", name), join(this.folder, name), { recursive: true });
    symlinkSync(join(root, "node_modules"), join(this.folder, "node_modules"));
  }

  static async open(): Promise<World> {
    const [grpc, http, nodes] = await Promise.all([freePort(), freePort(), freePort()]);
    return new World({ grpc, http, nodes });
  }

  /** Starts a command line of the README. */
  start(line: string): Started {
    const { grpc, http, nodes } = this.#ports;
    const [program = "", ...args] = line.replace("127.0.0.1:3017", `127.0.0.1:${nodes}`).split(" ");
    const argv = program === "heddle" ? [join(root, "apps/cli/bin/heddle.js"), ...args] : args;
    const child = spawn(process.execPath, argv, {
      cwd: this.folder,
      stdio: ["ignore", "pipe", "pipe"],
      env: {
        ...process.env,
        HEDDLE_HOME: join(this.folder, "home"),
        HEDDLE_TARGET: `127.0.0.1:${grpc}`,
        HEDDLE_GRPC_PORT: String(grpc),
        HEDDLE_HTTP_PORT: String(http),
        HEDDLE_HANDLER_PROCESSES: "1",
        HEDDLE_LOG_PATH: join(this.folder, "sdk.log"),
        PORT: String(nodes),
      },
    });
    this.#children.push(child);
    let out = "";
    let err = "";
    const text = (): string => {
      const shown = (err + out).replaceAll(`:${grpc}`, ":55051").replaceAll(`:${http}`, ":8787");
      return shown.replaceAll(`:${nodes}`, ":3017").replaceAll(this.folder, "/home/ada/everything");
    };
    const waiting = new Set<() => void>();
    const told = (): void => {
      for (const look of [...waiting]) look();
    };
    child.stdout.setEncoding("utf8").on("data", (part: string) => {
      out += part;
      told();
    });
    child.stderr.setEncoding("utf8").on("data", (part: string) => {
      err += part;
      told();
    });
    const closed = once(child, "close");
    child.once("close", told);
    const said = (wanted: RegExp): Promise<string> =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          if (wanted.test(text())) resolve(text());
          else if (child.exitCode !== null || child.signalCode !== null) reject(new Error(`${line} ended: ${text()}`));
          else return;
          waiting.delete(look);
        };
        waiting.add(look);
        look();
      });
    return { said, ended: closed.then(([code]) => ({ code: code as number | null, text: text() })) };
  }

  /** Runs a command line to its end. */
  run(line: string): Promise<{ readonly code: number | null; readonly text: string }> {
    return this.start(line).ended;
  }

  /** Ends what was started, the daemon last. */
  async [Symbol.asyncDispose](): Promise<void> {
    for (const child of this.#children.reverse()) {
      if (child.exitCode !== null || child.signalCode !== null) continue;
      const closed = once(child, "close");
      child.kill("SIGTERM");
      const patience = setTimeout(() => child.kill("SIGKILL"), 10_000);
      await closed;
      clearTimeout(patience);
    }
    rmSync(this.folder, { recursive: true, force: true });
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  return typeof address === "object" && address !== null ? address.port : 0;
}
