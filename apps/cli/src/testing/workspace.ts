/** A folder for one test file: workflows in it, token files of its own, and daemons that end with it. */
import { mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseDaemonConfig } from "@heddle/core";
import { type Daemon, startDaemon } from "@heddle/daemon";
import { Terminal, type TerminalOptions } from "./terminal.ts";

export class Workspace implements AsyncDisposable {
  readonly folder = realpathSync(mkdtempSync(join(tmpdir(), "heddle-cli-")));
  readonly env: Readonly<Record<string, string>> = { HEDDLE_HOME: join(this.folder, "home"), HEDDLE_HANDLER_PROCESSES: "1" };
  readonly #daemons: Daemon[] = [];
  readonly #terminals: Terminal[] = [];

  write(name: string, text: string): void {
    writeFileSync(join(this.folder, name), text);
  }

  /** A daemon on a data folder of this workspace, with more keys of the configuration. */
  async daemon(data = ".heddle", more: object = {}): Promise<Daemon> {
    const config = parseDaemonConfig({
      dataDir: join(this.folder, data),
      grpc: { port: 0 },
      http: { port: 0 },
      handlers: { processes: 1 },
      roots: { workspace: this.folder },
      ...more,
    });
    const daemon = await startDaemon({ config, env: this.env });
    this.#daemons.push(daemon);
    return daemon;
  }

  /** Starts a command here. */
  start(argv: readonly string[], options: Partial<TerminalOptions> = {}): Terminal {
    const terminal = new Terminal(argv, { cwd: this.folder, env: this.env, ...options });
    this.#terminals.push(terminal);
    return terminal;
  }

  /** Runs a command here to its end. */
  async heddle(
    ...argv: readonly string[]
  ): Promise<{ readonly code: number; readonly stdout: string; readonly stderr: string; readonly json: unknown }> {
    const terminal = this.start(argv);
    const code = await terminal.exit;
    const { stdout, stderr } = terminal;
    return { code, stdout, stderr, json: argv.includes("--json") ? terminal.jsonLines.at(-1) : undefined };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const terminal of this.#terminals) terminal.interrupt("SIGTERM");
    for (const daemon of this.#daemons) await daemon.close();
    await Promise.all(this.#terminals.map(({ exit }) => exit));
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** Workflows that the tests share. */
export const greetingSource = `import { buildWorkflow, handler, t } from "@heddle/compiler/authoring";

export const greet = handler({ name: "greet" }, async (name: string, ctx) => {
  ctx.log.info("greeting " + name);
  return "hello " + name;
});

export default buildWorkflow({ id: "greeting", input: { name: t.string } }, (b, input) => b.call(greet, input.name));
`;

export const approvalSource = `import { buildWorkflow, t } from "@heddle/compiler/authoring";

const inner = buildWorkflow({ id: "inner", input: { text: t.string } }, (b, input) => {
  const sure = b.approve({ id: "sure", prompt: "Sure about the child?", details: input.text });
  return sure.approved;
});

export default buildWorkflow({ id: "outer" }, (b) => {
  const first = b.approve({ id: "publish", prompt: "Publish?" });
  const copies = b.ask({ id: "copies", prompt: "How many copies?", answer: t.number });
  const sure = b.child(inner, { text: "go" });
  return { approved: first.approved, copies: copies.answer, sure };
});
`;

export const waitingSource = `import { buildWorkflow, t } from "@heddle/compiler/authoring";

export default buildWorkflow({ id: "waiting" }, (b) => {
  const step = b.let("step", "paying");
  b.query("step", step);
  const paid = b.signal("paid", { id: "payment", type: t.json });
  return paid;
});
`;

export const failingSource = `import { buildWorkflow, handler } from "@heddle/compiler/authoring";

export const burst = handler({ name: "burst", retry: { attemptsMax: 1 } }, async () => {
  throw new Error("out of steam");
});

export default buildWorkflow({ id: "failing" }, (b) => b.call(burst));
`;
