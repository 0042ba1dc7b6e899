/** `grepFiles`: lines of text files beneath a folder, or of one file. */
import { defineTool, HeddleError, type Tool, type ToolContext, type ToolFile } from "@heddle/core";
import * as z from "zod";
import { cutText } from "./cut-text.ts";
import { compileGlob, patternCharactersMax, skippedDefault } from "./glob-pattern.ts";
import { type LineSearch, searchRegex, searchText } from "./line-search.ts";

/** Of a file, its beginning is searched. */
const fileBytesMax = 1024 * 1024;
const lineCharactersMax = 500;
/** All matching of one call together; walking and reading are not counted. */
const matchingTimeMs = 5_000;

interface Found {
  readonly matches: { path: string; line: number; text: string }[];
  filesSearched: number;
  truncated: boolean;
}

/**
 * Finds lines in text files. Capability `fs.read`. What is no text, and what policies do not let be read, is passed
 * over. Failures: `tool-failed` for a pattern that cannot be read or takes too long; `call-denied`.
 */
export const grepFiles: Tool = defineTool({
  name: "grepFiles",
  capability: "fs.read",
  description:
    "Finds lines in text files beneath a folder, or in one file. `pattern` is looked for as it is; with `regex` it is a JavaScript regular expression. `glob` narrows the files, as in `**/*.ts`. Lines are counted from 1.",
  input: z.strictObject({
    path: z.string().describe("The folder or file, relative to the workspace or absolute"),
    pattern: z.string().min(1).max(patternCharactersMax).describe("What a line has to contain"),
    regex: z.boolean().default(false).describe("The pattern is a regular expression"),
    ignoreCase: z.boolean().default(false),
    glob: z.string().min(1).exactOptional().describe("What the paths of files beneath the folder have to match"),
    skip: z
      .array(z.string())
      .max(100)
      .default([...skippedDefault])
      .describe("Names of folders that are not entered"),
    limit: z.int().min(1).max(2_000).default(200).describe("Most lines to give"),
  }),
  handler: async ({ path, pattern, regex, ignoreCase, glob, skip, limit }, context) => {
    const search = regex
      ? searchRegex(pattern, ignoreCase, { timeMs: matchingTimeMs, signal: context.signal })
      : searchText(pattern, ignoreCase);
    const found: Found = { matches: [], filesSearched: 0, truncated: false };
    try {
      await searchBeneath(context.file("path"), { search, skip, limit, ...(glob === undefined ? {} : { glob }) }, found);
    } finally {
      await search.close();
    }
    return { path, matches: found.matches, filesSearched: found.filesSearched, truncated: found.truncated };
  },
});

interface Wanted {
  readonly search: LineSearch;
  readonly glob?: string;
  readonly skip: readonly string[];
  readonly limit: number;
}

async function searchBeneath(file: ReturnType<ToolContext["file"]>, { search, glob, skip, limit }: Wanted, found: Found): Promise<void> {
  const matches = glob === undefined ? undefined : compileGlob(glob);
  const skipped = new Set(skip);
  const searchIn = async (path: string, text: string): Promise<void> => {
    found.filesSearched++;
    // One more than may be given tells whether there is more.
    const lines = await search.find(text, limit - found.matches.length + 1);
    for (const { line, text: whole } of lines) {
      if (found.matches.length === limit) found.truncated = true;
      else found.matches.push({ path, line, text: cutText(whole, lineCharactersMax) });
    }
  };
  const only = await asFile(file);
  if (only !== undefined) return searchIn(file.relative.slice(file.relative.lastIndexOf("/") + 1), only);
  const walked = await file.walk(async ({ relative, kind, readText }) => {
    if (kind === "folder") return skipped.has(relative.slice(relative.lastIndexOf("/") + 1)) ? "skip" : undefined;
    if (kind !== "file" || matches?.(relative) === false) return undefined;
    const text = await readText(fileBytesMax);
    if (text !== undefined) await searchIn(relative, text);
    return found.truncated ? "stop" : undefined;
  });
  found.truncated ||= walked.stopped;
}

/** The text of a path that is a file; undefined where it is a folder. */
async function asFile(file: ToolFile): Promise<string | undefined> {
  if (file.relative === "") return undefined;
  try {
    return await file.readText();
  } catch (error) {
    if (HeddleError.is(error, "call-denied") && error.details["reason"] === "file-is-folder") return undefined;
    throw error;
  }
}
