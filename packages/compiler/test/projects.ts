/** Projects of an author, written to a scratch folder for a test: sources, and packages as an installer would leave them. */
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import type { BundleManifest } from "@heddle/core";

export type ProjectFiles = Readonly<Record<string, string>>;

export interface Projects {
  /** The scratch folder, which no output may name. */
  readonly scratch: string;
  /** Writes files, and gives the folder. A package.json comes along unless there is one. */
  write(files: ProjectFiles): string;
  /** A folder that does not exist yet. */
  free(): string;
  remove(): void;
}

export function createProjects(): Projects {
  const scratch = realpathSync(mkdtempSync(join(tmpdir(), "heddle-projects-")));
  let count = 0;
  return {
    scratch,
    free: () => join(scratch, `free-${++count}`),
    write(files) {
      const folder = join(scratch, `project-${"x".repeat(count % 7)}${++count}`);
      for (const [path, text] of Object.entries({ "package.json": '{ "name": "project", "type": "module" }', ...files })) {
        mkdirSync(dirname(join(folder, path)), { recursive: true });
        writeFileSync(join(folder, path), text);
      }
      return folder;
    },
    remove: () => rmSync(scratch, { recursive: true, force: true }),
  };
}

/** The files of a package below `node_modules`. */
export function packaged(name: string, manifest: object, files: ProjectFiles): ProjectFiles {
  const home = `node_modules/${name}`;
  const own = Object.entries(files).map(([path, text]) => [`${home}/${path}`, text]);
  return { [`${home}/package.json`]: JSON.stringify({ name, version: "1.0.0", ...manifest }), ...Object.fromEntries(own) };
}

/** Runs a handler of a written bundle as the handler process does: by a plain import of its module, far from the author's files. */
export function runHandler(folder: string, manifest: BundleManifest, name: string, input: unknown): unknown {
  const code = manifest.handlers.find((handler) => handler.name === name)?.code;
  const url = pathToFileURL(join(folder, "payloads", code?.file ?? "")).href;
  const script = `const m = await import(${JSON.stringify(url)}); console.log(JSON.stringify(await m[${JSON.stringify(code?.export)}](${JSON.stringify(input)}, {})));`;
  const done = spawnSync(process.execPath, ["--input-type=module", "-e", script], {
    cwd: "/",
    encoding: "utf8",
    env: { PATH: process.env["PATH"] },
  });
  if (done.stderr !== "") throw new TypeError(done.stderr);
  return JSON.parse(done.stdout);
}
