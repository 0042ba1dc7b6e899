/** `globFiles`: files beneath a folder, by a pattern of their paths. */
import { defineTool, type Tool } from "@heddle/core";
import * as z from "zod";
import { compileGlob, skippedDefault } from "./glob-pattern.ts";

/** Finds files by a pattern of their paths. Capability `fs.read`. Failures: `tool-failed` for a pattern that cannot be read; `call-denied`. */
export const globFiles: Tool = defineTool({
  name: "globFiles",
  capability: "fs.read",
  description:
    "Finds files beneath a folder by a pattern of their paths, in the order of names: `src/*.ts`, `**/*.test.ts`, `docs/{a,b}.md`. `*` is any characters of one part, `**` any number of parts.",
  input: z.strictObject({
    path: z.string().describe("The folder, relative to the workspace or absolute"),
    pattern: z.string().min(1).describe("What the paths of files beneath the folder have to match"),
    skip: z
      .array(z.string())
      .max(100)
      .default([...skippedDefault])
      .describe("Names of folders that are not entered"),
    limit: z.int().min(1).max(10_000).default(1_000).describe("Most files to give"),
  }),
  handler: async ({ path, pattern, skip, limit }, context) => {
    const matches = compileGlob(pattern);
    const skipped = new Set(skip);
    const files: string[] = [];
    let more = false;
    const walked = await context.file("path").walk(({ relative, kind }) => {
      if (kind === "folder") return skipped.has(relative.slice(relative.lastIndexOf("/") + 1)) ? "skip" : undefined;
      if (kind !== "file" || !matches(relative)) return undefined;
      if (files.length === limit) {
        more = true;
        return "stop";
      }
      files.push(relative);
      return undefined;
    });
    return { path, files, truncated: more || walked.stopped };
  },
});
