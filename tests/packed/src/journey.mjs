// What a new user does with the packed command line, in order: makes a project, installs it, breaks a line, watches it
// being mended, runs it, tests it, and reads where a handler threw. Each stop is a check of its own; after one that fails,
// those behind it are not made.
import { spawn } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createProject, installIn, run } from "./project.mjs";

const patienceMs = 60_000;

/** A command that goes on, and what it has said so far. */
class Session {
  stdout = "";
  stderr = "";
  #watchers = new Set();

  constructor(command, args, { cwd, env }) {
    this.child = spawn(command, args, { cwd, env, stdio: ["ignore", "pipe", "pipe"] });
    for (const stream of ["stdout", "stderr"]) {
      this.child[stream].setEncoding("utf8").on("data", (text) => {
        this[stream] += text;
        this.#wake();
      });
    }
    this.ended = new Promise((resolve) => {
      this.child.on("error", () => resolve(undefined));
      this.child.on("close", (code) => resolve(code));
    });
    void this.ended.then(() => {
      this.over = true;
      this.#wake();
    });
  }

  /** Waits until a stream holds a text; throws when the command ends, or time is up, without it. */
  async sees(stream, pattern) {
    const late = performance.now() + patienceMs;
    const timer = setTimeout(() => this.#wake(), patienceMs);
    try {
      for (;;) {
        const found = pattern.exec(this[stream]);
        if (found !== null) return found;
        if (this.over || performance.now() >= late) throw new Error(`no ${pattern} in:\n${this.stdout}\n${this.stderr}`);
        await new Promise((resolve) => this.#watchers.add(resolve));
      }
    } finally {
      clearTimeout(timer);
    }
  }

  #wake() {
    for (const watcher of this.#watchers) watcher();
    this.#watchers.clear();
  }
}

function expects(what, found) {
  if (!found) throw new Error(what);
}

/** The line of a source that holds a text, counted from 1, and the column where it begins. */
function placeOf(source, text) {
  const lines = source.split("\n");
  const line = lines.findIndex((each) => each.includes(text));
  expects(`the template has no line with ${text}`, line >= 0);
  return { line: line + 1, column: lines[line].indexOf(text) + 1 };
}

/**
 * Walks the journey, and tells each stop to `report(name, ok, output)`.
 * @param {{ scratch: string, registry: string, node: string, cli: string }} where `cli` is the packed command line as `name@version`
 */
export async function takeJourney({ scratch, registry, node, cli }, report) {
  const starter = await createProject({ scratch, name: "journey", registry, packages: [cli] });
  report("journey: the command line installs in an empty project", starter.ok, starter.output);
  if (!starter.ok) return;
  const folder = join(starter.folder, "flow");
  const source = join(folder, "flow.ts");
  const env = { ...starter.env, HEDDLE_HOME: join(scratch, "journey-home"), HEDDLE_GRPC_PORT: "0", HEDDLE_HTTP_PORT: "0", NO_COLOR: "1" };
  const program = (at) => join(at, "node_modules", "@heddle", "cli", "bin", "heddle.js");
  const heddle = (at, ...words) => run(node, [program(at), ...words], { cwd: at, env });
  const sessions = [];
  let written = "";

  const stops = {
    "`heddle init` makes a project that installs": async () => {
      const made = await heddle(starter.folder, "init", "flow");
      expects(made.output, made.ok && made.stdout.includes("npx heddle dev flow.ts"));
      const installed = await installIn({ folder, env, registry });
      expects(installed.output, installed.ok);
      expects("it brought its own command line", existsSync(program(folder)));
      const checked = await heddle(folder, "check", "flow.ts");
      expects(checked.output, checked.stdout === "flow.ts is sound.\n");
      written = readFileSync(source, "utf8");
    },
    "a broken line is told with its place and a way out": async () => {
      const broken = written.replace("await assess(input.reason)", "assess(input.reason)");
      expects("the line to break is there", broken !== written);
      writeFileSync(source, broken);
      const { line, column } = placeOf(broken, "assess(input.reason)");
      const told = await heddle(folder, "check", "flow.ts");
      expects(told.output, !told.ok && told.stdout === "");
      expects(`no flow.ts:${line}:${column} in\n${told.output}`, told.output.includes(`--> flow.ts:${line}:${column}\n`));
      expects(`no help in\n${told.output}`, / = help: .*await/.test(told.output));
    },
    "`heddle dev` sees the mend, and runs it": async () => {
      const dev = new Session(node, [program(folder), "dev", "flow.ts", "--input-file", "input.json", "--yes"], { cwd: folder, env });
      sessions.push(dev);
      await dev.sees("stderr", /flow\.ts does not compile/);
      writeFileSync(source, written);
      await dev.sees("stderr", /^loaded [0-9a-f]{8} \(refund of flow\.ts\)$/m);
      await dev.sees("stdout", /"message": "125\.00 for order A-17"\n\}\n/);
      dev.child.kill("SIGINT");
      const code = await dev.ended;
      expects(`it ended with ${code}\n${dev.stderr}`, code === 0);
    },
    "`heddle run` gives the output alone": async () => {
      const { ok, stdout, output } = await heddle(folder, "run", "flow.ts", "--input-file", "input.json", "--yes");
      expects(output, ok && JSON.parse(stdout).status === "paid");
    },
    "`heddle test` plays it in a simulated world": async () => {
      const { ok, output } = await heddle(folder, "test", "flow.ts", "--simulate", "20");
      expects(output, ok);
    },
    "the stack of what a handler throws names the line of its author": async () => {
      const throwing = written.replace('ctx.log.info("paying"', 'throw new Error("the bank is closed");\n  ctx.log.info("paying"');
      expects("the line to replace is there", throwing !== written);
      writeFileSync(source, throwing);
      const { line, column } = placeOf(throwing, 'new Error("the bank is closed")');
      const { ok, output } = await heddle(folder, "run", "flow.ts", "--input-file", "input.json", "--yes");
      expects(output, !ok && output.includes("the bank is closed (handler-failed)"));
      expects(`no flow.ts:${line}:${column} in\n${output}`, output.includes(`(flow.ts:${line}:${column})`));
      expects(`names a place on this machine:\n${output}`, !output.includes(scratch));
    },
  };
  try {
    for (const [name, stop] of Object.entries(stops)) {
      try {
        await stop();
        report(`journey: ${name}`, true);
      } catch (error) {
        report(`journey: ${name}`, false, error.message);
        return;
      }
    }
  } finally {
    for (const { child } of sessions) child.kill("SIGKILL");
  }
}
