/** `heddle init`: a project that compiles and runs, from a template. Writes nothing over anything. */
import { resolve } from "node:path";
import { HeddleError } from "@heddle/core";
import { type CommandSpec, UsageError } from "../command.ts";
import { shellWord } from "../connect.ts";
import { createProject, templateNames, templateUsual } from "../templates/create-project.ts";

export const init: CommandSpec = {
  name: "init",
  args: "[folder]",
  summary: "Make a project with a workflow in it",
  example: "heddle init my-flow",
  options: [{ flags: "--template <name>", summary: `one of ${templateNames().join(", ")}; ${templateUsual} by default` }],
  async run({ context, args: [folder = "."], options, printer }) {
    const template = options.choice("template", templateNames()) ?? templateUsual;
    const made = await createProject(resolve(context.cwd, folder), template);
    if (made.kind === "occupied") {
      const some = made.names.slice(0, 3).join(", ");
      throw new UsageError(
        `${folder === "." ? "this folder" : folder} is not empty (${some}${made.names.length > 3 ? ", …" : ""}), so nothing was written`,
        "name a new folder: heddle init my-flow",
      );
    }
    if (made.kind === "unwritable") throw new HeddleError("request-invalid", `${folder} cannot be written to (${made.why})`);
    const start = folder === "." ? "npm install" : `cd ${shellWord(folder)} && npm install`;
    const next = [start, "npx heddle check flow.ts", "npx heddle dev flow.ts --input-file input.json"];
    printer.answer({ folder, template, files: made.files, next }, () => [
      `${folder === "." ? "this folder is" : `${folder} is`} a workflow now: ${made.files.join(", ")}`,
      "",
      "Next:",
      ...next.map((command) => `  ${command}`),
    ]);
    return 0;
  },
};
