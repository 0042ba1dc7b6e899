/** The command line as a function, for tests and for programs that bring their own terminal. */
export { runCli } from "./cli.ts";
export type { CliContext, Interrupt, Sink } from "./context.ts";
