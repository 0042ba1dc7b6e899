/**
 * `editFile`: one text in a file for another. `content` is the new text, so that a policy on the content of `fs.write`
 * judges what will be written; what it replaces is `find`.
 */
import { defineTool, type Tool } from "@heddle/core";
import * as z from "zod";
import { toolFailure } from "./tool-failure.ts";

/** Of an edited file. */
const charactersMax = 16 * 1024 * 1024;

/** How often `find` is in a text, without overlaps. */
export function occurrencesOf(text: string, find: string): number {
  let count = 0;
  for (let at = text.indexOf(find); at !== -1; at = text.indexOf(find, at + find.length)) count++;
  return count;
}

/** The text with `content` in the place of `find`, and how often. Throws `tool-failed` where `find` is absent, or ambiguous. */
export function editText(
  text: string,
  { find, content, replaceAll }: { readonly find: string; readonly content: string; readonly replaceAll: boolean },
): { text: string; occurrencesReplaced: number } {
  if (find === "") throw toolFailure("find is empty: give the text that is to be replaced");
  if (find === content) throw toolFailure("content is what find is: nothing would change");
  const occurrences = occurrencesOf(text, find);
  if (occurrences === 0) throw toolFailure("the file does not contain the text of find: read the file, and copy the text exactly");
  if (occurrences > 1 && !replaceAll) {
    const message = `the file contains the text of find ${occurrences} times: give more of the text around it, or set replaceAll`;
    throw toolFailure(message, { occurrences });
  }
  if (text.length + occurrences * (content.length - find.length) > charactersMax)
    throw toolFailure(`the file would have more than ${charactersMax} characters: replace with less`);
  // Pieces are joined as they are: a replacement text has characters that mean something to `replace`.
  return { text: text.split(find).join(content), occurrencesReplaced: occurrences };
}

/**
 * Replaces a text in a file. Capability `fs.write`. Failures: `tool-failed` where `find` is absent, ambiguous or the
 * same as `content`, or the file changed in between; `call-denied` with the file guard's reasons.
 */
export const editFile: Tool = defineTool({
  name: "editFile",
  capability: "fs.write",
  description:
    "Replaces the text `find` in a text file by `content`. `find` has to be in the file exactly once, unless `replaceAll` is set. Copy it exactly, spaces and ends of lines included.",
  input: z.strictObject({
    path: z.string().describe("The file, relative to the workspace or absolute"),
    content: z.string().describe("The new text"),
    find: z.string().min(1).describe("The text that is replaced"),
    replaceAll: z.boolean().default(false).describe("Replace every occurrence"),
  }),
  handler: async ({ path, content, find, replaceAll }, context) => {
    const file = context.file("path");
    const before = await file.readText();
    const edited = editText(before, { find, content, replaceAll });
    // Looked at once more, as late as can be: what somebody else wrote meanwhile is not overwritten.
    if ((await file.readText()) !== before) throw toolFailure("the file changed while it was edited: read it, and edit it again");
    const { bytes } = await file.write(edited.text);
    return { path, occurrencesReplaced: edited.occurrencesReplaced, bytesWritten: bytes };
  },
});
