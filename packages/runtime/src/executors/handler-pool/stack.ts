/**
 * Stacks as an author reads them: in the files of their project, from its folder on. Source maps have turned places in
 * the bundle's modules into places in the sources that these were made from. Pure, but for the error that is asked.
 */
import { pathToFileURL } from "node:url";

const framesMax = 16;

/** Says where things lie in a bundle, without where that lies on this machine. */
export interface ShownPaths {
  /** A text without the folder of the bundle: its paths begin there. */
  withoutFolder(text: string): string;
  /** The stack of a thrown value, below a line with its name and what `message` says; undefined where it has none. */
  stackOf(thrown: unknown, message: string): string | undefined;
}

/** `folders`: all the names of the folder that the bundle's code is loaded from. */
export function createShownPaths(folders: readonly string[]): ShownPaths {
  const bare = [...new Set(folders.map((folder) => folder.replace(/[\\/]+$/, "")))];
  // URLs first: they end in the very path that a plain one has.
  const prefixes = [...bare.map((folder) => `${pathToFileURL(folder).href}/`), ...bare.flatMap((folder) => [`${folder}/`, `${folder}\\`])];
  const withoutFolder = (text: string): string => {
    let shown = text;
    for (const prefix of prefixes) if (shown.includes(prefix)) shown = shown.replaceAll(prefix, "");
    return shown;
  };
  return {
    withoutFolder,
    stackOf(thrown, message) {
      const stack = stackTextOf(thrown);
      if (stack === undefined) return undefined;
      const frames = stack
        .split("\n")
        .filter((line) => /^\s+at /.test(line) && prefixes.some((prefix) => line.includes(prefix)))
        .slice(0, framesMax)
        .map((line) => `    ${withoutFolder(line.trim())}`);
      return frames.length === 0 ? undefined : [`${nameOf(thrown)}: ${message}`, ...frames].join("\n");
    },
  };
}

/** What is thrown may be anything, and its members may throw in their turn. */
function stackTextOf(thrown: unknown): string | undefined {
  try {
    const stack: unknown = typeof thrown === "object" && thrown !== null && "stack" in thrown ? thrown.stack : undefined;
    return typeof stack === "string" ? stack : undefined;
  } catch {
    return undefined;
  }
}

function nameOf(thrown: unknown): string {
  try {
    const { name } = thrown as { readonly name?: unknown };
    return typeof name === "string" && /^[\w$.]{1,100}$/.test(name) ? name : "Error";
  } catch {
    return "Error";
  }
}
