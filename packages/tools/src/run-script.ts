import { defineTool, type Tool } from "@heddle/core";
import * as z from "zod";
import { runProgram, timeoutSeconds } from "./run-program.ts";

/**
 * Has `/bin/sh` read a text. Capability `os.shell.script`, which policies on `os.shell` bind too. A script that fails is
 * a result, with its exit code. Failures: `call-denied` with the command guard's reasons.
 */
export const runScript: Tool = defineTool({
  name: "runScript",
  capability: "os.shell.script",
  description: "Runs a shell script (POSIX sh) in the workspace. Gives its exit code and what it printed.",
  input: z.strictObject({ script: z.string().min(1).describe("What the shell reads"), timeoutSeconds }),
  handler: async ({ script, timeoutSeconds: seconds }, context) => ({ script, ...(await runProgram("script", seconds, context)) }),
});
