/**
 * The command line: the table of commands given to a parser, one call of the command that was meant, and
 * one place where errors end. Everything it knows of the process comes with the context.
 */
import { RunId } from "@heddle/core";
import { Command, CommanderError, Option } from "commander";
import { type CommandSpec, type Invocation, Options, UsageError } from "./command.ts";
import { commandGroups, commands } from "./commands/index.ts";
import type { CliContext } from "./context.ts";
import { Printer } from "./printer.ts";
import { reportError } from "./report-error.ts";
import { cliVersion } from "./version.ts";

/** Runs one command line, and returns its exit code: 0 done, 1 failed, 2 wrong usage. Never throws. */
export async function runCli(context: CliContext): Promise<number> {
  const { argv } = context;
  // Its flags are the daemon's own.
  if (argv[0] === "daemon") return startDaemon(context);
  const end = argv.indexOf("--");
  const json = (end === -1 ? argv : argv.slice(0, end)).includes("--json");
  const printer = new Printer(context, json);
  let code = 0;
  const program = createProgram(context, async (spec, args, values) => {
    const invocation: Invocation = { context, args, options: new Options(values), printer };
    code = await spec.run(invocation);
  });
  try {
    await program.parseAsync([...argv], { from: "user" });
    return code;
  } catch (error) {
    if (!(error instanceof CommanderError))
      return reportError(
        printer,
        error,
        argv.find((word) => RunId.safeParse(word).success),
      );
    if (error.exitCode === 0) return 0;
    // Help that was shown because a command is missing says enough.
    if (error.code === "commander.help") return 2;
    return reportError(printer, usageErrorOf(error, argv));
  }
}

type Act = (spec: CommandSpec, args: readonly (string | undefined)[], values: Readonly<Record<string, unknown>>) => Promise<void>;

/** The parser of the whole table. */
function createProgram(context: CliContext, act: Act): Command {
  const program = new Command("heddle");
  program
    .description("Heddle: a compiler and a durable runtime for agent workflows")
    .version(`heddle ${cliVersion}`, "--version", "print the version")
    .exitOverride()
    .configureOutput({
      writeOut: (text) => context.stdout.write(text),
      writeErr: (text) => context.stderr.write(text),
      outputError: () => undefined,
      getOutHelpWidth: () => (context.isTerminal.stdout ? context.columns() : 100),
      getErrHelpWidth: () => (context.isTerminal.stderr ? context.columns() : 100),
      getOutHasColors: () => false,
      getErrHasColors: () => false,
    })
    .helpCommand("help [command]", "explain a command")
    .addHelpText("after", exampleText("heddle run flow.ts --input name=world"));
  const groups = new Map<string, Command>();
  const groupOf = (name: string, example: string): Command => {
    const known = groups.get(name);
    if (known !== undefined) return known;
    const group = program
      .command(name)
      .description(commandGroups[name] ?? "")
      .addHelpText("after", exampleText(example));
    groups.set(name, group);
    return group;
  };
  for (const spec of commands) {
    const [first = "", second] = spec.name.split(" ");
    if (second === undefined) addCommand(program, first, spec, act);
    else addCommand(groupOf(first, spec.example), second, spec, act);
  }
  return program;
}

function exampleText(example: string): string {
  return `\nExample:\n  $ ${example}`;
}

/** Help comes from the daemon itself, below a word of ours. */
function startDaemon(context: CliContext): Promise<number> {
  const args = context.argv.slice(1);
  const spec = commands.find(({ name }) => name === "daemon");
  if (spec !== undefined && (args.includes("--help") || args.includes("-h"))) {
    context.stdout.write(`Usage: heddle daemon [flags]\n\n${spec.summary}\n${exampleText(spec.example)}\n\n`);
  }
  return context.becomeDaemon(args);
}

function addCommand(parent: Command, word: string, spec: CommandSpec, act: Act): void {
  const command = parent.command(spec.args === undefined ? word : `${word} ${spec.args}`).description(spec.summary);
  for (const { flags, summary, repeat } of spec.options ?? []) {
    const option = new Option(flags, summary);
    if (repeat === true) option.argParser((value: string, before: string[] | undefined) => [...(before ?? []), value]);
    command.addOption(option);
  }
  if (spec.daemon === true) {
    command.option("--target <host:port>", "the daemon to speak to (HEDDLE_TARGET)");
    command.option("--data <folder>", "the data folder whose daemon is meant (HEDDLE_DATA, ./.heddle)");
  }
  command.option("--json", "JSON on standard output, errors included");
  command.addHelpText("after", exampleText(spec.example));
  command.action(async () => {
    // An argument that may be given more than once comes as a list of its own.
    await act(spec, command.processedArgs.flat() as (string | undefined)[], command.opts());
  });
}

/** What the parser found wrong, in our words and shape. */
function usageErrorOf(error: CommanderError, argv: readonly string[]): UsageError {
  const [first = "", ...rest] = error.message.replace(/^error: /, "").split("\n");
  const near = rest.map((line) => line.trim().replace(/^\(Did you mean (.*)\?\)$/i, "did you mean $1?")).join(" ");
  const known = commandGroups[argv[0] as string] !== undefined || commands.some(({ name }) => name === argv[0]);
  const help = `see: heddle ${known ? `${argv[0]} ` : ""}--help`;
  return new UsageError(near === "" ? first : `${first} (${near})`, help);
}
