import { defineTool, type Tool } from "@heddle/core";
import * as z from "zod";
import { runProgram, timeoutSeconds } from "./run-program.ts";

/**
 * Runs one program with its words; text that needs a shell is refused with `command-needs-shell`. Capability `os.shell`.
 * A program that fails is a result, with its exit code. Failures: `call-denied` with the command guard's reasons.
 */
export const runShell: Tool = defineTool({
  name: "runShell",
  capability: "os.shell",
  description:
    "Runs one program with its arguments in the workspace, as in `git log -n 5`; quotes work, pipes, redirections and variables do not. Gives its exit code and what it printed.",
  input: z.strictObject({ command: z.string().describe("The program and its arguments"), timeoutSeconds }),
  handler: async ({ command, timeoutSeconds: seconds }, context) => ({ command, ...(await runProgram("command", seconds, context)) }),
});
