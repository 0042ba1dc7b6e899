/** The process edge of heddle: the only file that speaks to the process. */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { runCli } from "./cli.ts";
import { type CliContext, type Interrupt, interruptedCode } from "./context.ts";

const listeners = new Set<(why: Interrupt) => void>();
const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
let interrupted = false;

/** The first wish to stop goes to whoever listens, the second ends the process. */
function interrupt(why: Interrupt): void {
  if (interrupted || listeners.size === 0) process.exit(interruptedCode(why));
  interrupted = true;
  for (const listener of [...listeners]) listener(why);
}

// Installed while somebody listens, so that everything else ends at once, as a process does.
function onInterrupt(listener: (why: Interrupt) => void): () => void {
  if (listeners.size === 0) for (const signal of signals) process.on(signal, interrupt);
  listeners.add(listener);
  return () => {
    listeners.delete(listener);
    if (listeners.size === 0 && !interrupted) for (const signal of signals) process.off(signal, interrupt);
  };
}

/** The daemon is a program of its own, and reads its arguments where programs do. It ends the process. */
async function becomeDaemon(args: readonly string[]): Promise<number> {
  const home = new URL("./", import.meta.resolve("@heddle/daemon/package.json"));
  const { bin }: { bin: { heddled: string } } = JSON.parse(readFileSync(new URL("package.json", home), "utf8"));
  const program = new URL(bin.heddled, home);
  process.argv.splice(1, process.argv.length, fileURLToPath(program), ...args);
  await import(program.href);
  return 0;
}

// A reader that has gone ends what is printed for it.
process.stdout.on("error", () => interrupt("pipe"));
process.stderr.on("error", () => undefined);

const context: CliContext = {
  argv: process.argv.slice(2),
  env: process.env,
  cwd: process.cwd(),
  stdin: process.stdin,
  stdout: process.stdout,
  stderr: process.stderr,
  isTerminal: { stdin: process.stdin.isTTY === true, stdout: process.stdout.isTTY === true, stderr: process.stderr.isTTY === true },
  columns: () => process.stderr.columns ?? 80,
  onInterrupt,
  becomeDaemon,
};

const code = await runCli(context);
// What was printed is on its way through a pipe; only then may the process end.
await Promise.all([process.stdout, process.stderr].map((stream) => new Promise((resolve) => stream.write("", resolve))));
process.exit(code);
