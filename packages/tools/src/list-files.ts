import { defineTool, type Tool, type ToolEntry } from "@heddle/core";
import * as z from "zod";

/** Lists what is in a folder. Capability `fs.read`. Failures: `call-denied` with the file guard's reasons. */
export const listFiles: Tool = defineTool({
  name: "listFiles",
  capability: "fs.read",
  description: "Lists what is in a folder, in the order of names: files, folders and links. `depth` 1 is what is directly in it.",
  input: z.strictObject({
    path: z.string().describe("The folder, relative to the workspace or absolute"),
    depth: z.int().min(1).max(16).default(1).describe("How deep to look"),
    limit: z.int().min(1).max(10_000).default(1_000).describe("Most entries to give"),
  }),
  handler: async ({ path, depth, limit }, context) => {
    const entries: { path: string; kind: ToolEntry["kind"] }[] = [];
    let more = false;
    const walked = await context.file("path").walk(
      ({ relative, kind }) => {
        if (entries.length === limit) {
          more = true;
          return "stop";
        }
        entries.push({ path: relative, kind });
        return kind === "folder" && relative.split("/").length >= depth ? "skip" : undefined;
      },
      { depthMax: depth },
    );
    return { path, entries, truncated: more || walked.stopped };
  },
});
