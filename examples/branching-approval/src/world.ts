/** The processes that the README starts, and its HTTP requests, for the test of this example: at ports of their own, shown as the README's. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { cpSync, mkdtempSync, readFileSync, realpathSync, rmSync, symlinkSync } from "node:fs";
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
  readonly folder = realpathSync(mkdtempSync(join(tmpdir(), "heddle-approval-")));
  readonly grpc: number;
  readonly #http: number;
  readonly #children: ChildProcess[] = [];

  private constructor(grpc: number, http: number) {
    this.grpc = grpc;
    this.#http = http;
    for (const name of ["src", "package.json", "heddle.yaml"])
      cpSync(join(root, "examples/branching-approval", name), join(this.folder, name), { recursive: true });
    symlinkSync(join(root, "node_modules"), join(this.folder, "node_modules"));
  }

  static async open(): Promise<World> {
    const [grpc, http] = await Promise.all([freePort(), freePort()]);
    return new World(grpc, http);
  }

  get token(): string {
    return readFileSync(join(this.folder, ".heddle", "admin.token"), "utf8").trim();
  }

  /** Starts a command line of the README. */
  start(line: string): Started {
    const [program = "", ...args] = line.split(" ");
    const argv = program === "heddle" ? [join(root, "apps/cli/bin/heddle.js"), ...args] : args;
    const child = spawn(process.execPath, argv, {
      cwd: this.folder,
      stdio: ["ignore", "pipe", "pipe"],
      env: {
        ...process.env,
        HEDDLE_HOME: join(this.folder, "home"),
        HEDDLE_TARGET: `127.0.0.1:${this.grpc}`,
        HEDDLE_GRPC_PORT: String(this.grpc),
        HEDDLE_HTTP_PORT: String(this.#http),
        HEDDLE_HANDLER_PROCESSES: "1",
        HEDDLE_LOG_PATH: join(this.folder, "sdk.log"),
      },
    });
    this.#children.push(child);
    let out = "";
    let err = "";
    const text = (): string => this.#asShown(err + out);
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

  /** Runs a command line to its end; one of curl by the platform's own fetch. */
  async run(line: string): Promise<{ readonly code: number | null; readonly text: string }> {
    if (!line.startsWith("curl ")) return this.start(line).ended;
    const url = /(http:[^\s"]+)/.exec(line)?.[1]?.replace(":8787", `:${this.#http}`) ?? "";
    const body = /--json '([^']*)'/.exec(line)?.[1];
    const answer = await fetch(url, {
      headers: { authorization: `Bearer ${this.token}`, ...(body === undefined ? {} : { "content-type": "application/json" }) },
      ...(body === undefined ? {} : { method: "POST", body }),
    });
    const text = await answer.text();
    return { code: answer.ok ? 0 : answer.status, text: text === "" ? "" : `${text}\n` };
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

  #asShown(text: string): string {
    const ports = text.replaceAll(`:${this.grpc}`, ":55051").replaceAll(`:${this.#http}`, ":8787");
    return ports.replaceAll(this.folder, "/home/ada/approval");
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
