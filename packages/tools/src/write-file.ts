import { defineTool, type Tool } from "@heddle/core";
import * as z from "zod";

/** Writes a whole file in one step, folders included. Capability `fs.write`. Failures: `call-denied` with the file guard's reasons (`path-changed`, `file-is-folder`, …). */
export const writeFile: Tool = defineTool({
  name: "writeFile",
  capability: "fs.write",
  description: "Writes `content` as the whole of a file, which is made or replaced; folders that are missing are made.",
  input: z.strictObject({
    path: z.string().describe("The file, relative to the workspace or absolute"),
    content: z.string().describe("Everything that the file shall hold"),
  }),
  handler: async ({ path, content }, context) => {
    const { bytes, created } = await context.file("path").write(content);
    return { path, bytesWritten: bytes, created };
  },
});
