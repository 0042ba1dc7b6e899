/** What `runShell` and `runScript` share: how long, how much, and what they give. */
import type { ToolContext } from "@heddle/core";
import * as z from "zod";
import { cutTogether } from "./cut-text.ts";

/** Of both streams together, in characters. */
export const outputCharactersMax = 200_000;

/** What is kept while the program runs: enough for as many characters, whichever they are. */
const outputBytesMax = 4 * outputCharactersMax;

/** How long a program may take. */
export const timeoutSeconds = z.number().min(0.1).max(300).default(30).describe("Seconds until it is ended");

/** Runs what an argument says and gives what came out. On abort and on timeout all that it started is ended. */
export async function runProgram(
  parameter: string,
  seconds: number,
  context: ToolContext,
): Promise<{ exitCode: number | null; stdout: string; stderr: string; timedOut: boolean; truncated: boolean }> {
  const ran = await context.execute(parameter, { timeoutMs: Math.round(seconds * 1_000), outputBytesMax });
  const { first, second, isCut } = cutTogether(ran.stdout, ran.stderr, outputCharactersMax);
  return {
    exitCode: ran.timedOut ? null : ran.exitCode,
    stdout: first,
    stderr: second,
    timedOut: ran.timedOut,
    truncated: ran.truncated || isCut,
  };
}
