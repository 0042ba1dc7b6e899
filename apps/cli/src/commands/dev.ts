/** `heddle dev`: a daemon, and a workflow that is compiled, loaded and perhaps run again whenever it is saved. */
import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { type CommandSpec, type Invocation, UsageError } from "../command.ts";
import { type Interrupt, interruptedCode } from "../context.ts";
import { DevLoop } from "../dev/dev-loop.ts";
import { SourceWatcher } from "../dev/source-watcher.ts";

/** What is looked for where no file is named. */
const usualFiles = ["flow.ts", "src/flow.ts", "workflow.ts", "src/workflow.ts"];

export const dev: CommandSpec = {
  name: "dev",
  args: "[file]",
  summary: "Compile, load and run a workflow again whenever it is saved, with a daemon for it",
  example: "heddle dev flow.ts --input name=world",
  daemon: true,
  options: [
    { flags: "--run", summary: "run each bundle that is loaded; --input and --input-file imply it" },
    { flags: "--input <name=value>", summary: "an input of these runs: JSON, or a text where a text is wanted", repeat: true },
    { flags: "--input-file <file>", summary: "inputs as a JSON object" },
    { flags: "--workflow <id>", summary: "another workflow of the bundle than its main one" },
    { flags: "--yes", summary: "answer yes to every approval" },
  ],
  async run(invocation) {
    const { context, options } = invocation;
    const file = fileOf(invocation);
    const data = options.text("data") ?? ((context.env["HEDDLE_DATA"] ?? "") || ".heddle");
    const runs = options.flag("run") || options.texts("input").length > 0 || options.text("input-file") !== undefined;
    const stop = new AbortController();
    let why: Interrupt = "SIGINT";
    const ignore = context.onInterrupt((given) => {
      why = given;
      stop.abort();
    });
    try {
      using watcher = new SourceWatcher([data]);
      await using loop = new DevLoop({ invocation, file, runs, watcher, signal: stop.signal });
      await loop.run();
    } finally {
      ignore();
    }
    // To be stopped is how it ends, as a daemon does.
    return why === "SIGINT" || why === "SIGTERM" ? 0 : interruptedCode(why);
  },
};

function fileOf({ context, args: [named], options }: Invocation): string {
  if (options.text("input-file") === "-")
    throw new UsageError("--input-file is read for each run, and standard input only once", "name a file");
  const file = named ?? usualFiles.find((name) => existsSync(resolve(context.cwd, name)));
  if (file === undefined) {
    const help = "write: heddle dev path/to/flow.ts, or make a project with: heddle init";
    throw new UsageError(`name the file of the workflow; there is no ${usualFiles.join(", ")} here`, help);
  }
  if (named !== undefined && !existsSync(resolve(context.cwd, named)))
    throw new UsageError(`${named} does not exist`, "name a file that does");
  return file;
}
