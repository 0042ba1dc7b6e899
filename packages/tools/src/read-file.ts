/** `readFile`: lines of a text file, as they are in it. */
import { defineTool, type Tool } from "@heddle/core";
import * as z from "zod";
import { cutText } from "./cut-text.ts";

/** Of what one call gives, whatever its lines are. */
export const readCharactersMax = 1_000_000;

/** Lines of a text with their ends: from the line `offset` on, at most `limit` of them and `charactersMax` characters. */
export function linesOf(
  text: string,
  { offset, limit, charactersMax }: { readonly offset: number; readonly limit: number; readonly charactersMax: number },
): { content: string; linesReturned: number; truncated: boolean } {
  let start = 0;
  for (let passed = 0; passed < offset; passed++) {
    const end = text.indexOf("\n", start);
    if (end === -1) return { content: "", linesReturned: 0, truncated: false };
    start = end + 1;
  }
  let end = start;
  let lines = 0;
  while (lines < limit && end < text.length) {
    const found = text.indexOf("\n", end);
    const next = found === -1 ? text.length : found + 1;
    if (next - start > charactersMax) break;
    end = next;
    lines++;
  }
  // A first line that is longer than everything that may be given is given in part: nothing else could be.
  if (lines === 0 && end < text.length) return { content: cutText(text.slice(start), charactersMax), linesReturned: 1, truncated: true };
  return { content: text.slice(start, end), linesReturned: lines, truncated: end < text.length };
}

/** Reads lines of a text file. Capability `fs.read`. Failures: `call-denied` with the file guard's reasons (`file-not-found`, `file-not-text`, …). */
export const readFile: Tool = defineTool({
  name: "readFile",
  capability: "fs.read",
  description:
    "Reads a text file (UTF-8). Gives at most `limit` lines, from the line `offset` on; lines are counted from 0. `truncated` says that there are more lines after them.",
  input: z.strictObject({
    path: z.string().describe("The file, relative to the workspace or absolute"),
    offset: z.int().min(0).max(1_000_000_000).default(0).describe("Lines to pass over"),
    limit: z.int().min(1).max(100_000).default(2_000).describe("Most lines to give"),
  }),
  handler: async ({ path, offset, limit }, context) => {
    const text = await context.file("path").readText();
    const { content, linesReturned, truncated } = linesOf(text, { offset, limit, charactersMax: readCharactersMax });
    return { path, content, offset, limit, linesReturned, truncated };
  },
});
