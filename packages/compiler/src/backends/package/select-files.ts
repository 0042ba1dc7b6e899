/**
 * Which files of a package folder the `includes` and `excludes` of a workflow mean. Pure: the host lists files, this chooses.
 *
 * Patterns are globs relative to the package folder, with `/` between parts; a plain path means a file, or all below a
 * folder. A name that begins with a dot is meant by an include only where it says so, and by an exclude always.
 */
import picomatch from "picomatch";

const patternCharsMax = 512;
/** Stars of a pattern: with many, matching a long name takes forever. */
const starsMax = 8;

/** What is wrong with a pattern, if anything: the end of a sentence, and a way out. */
export function patternTrouble(pattern: string): { readonly message: string; readonly help: string } | undefined {
  const inFolder = "write it relative to the folder of package.json: `prompts/*.md`";
  if (pattern.trim() === "") return { message: "is empty", help: "take it out" };
  if (pattern.length > patternCharsMax) return { message: `has more than ${patternCharsMax} characters`, help: "write several" };
  if ((pattern.match(/\*+/g)?.length ?? 0) > starsMax) return { message: `has more than ${starsMax} stars`, help: "write several" };
  if (pattern.startsWith("!")) return { message: "begins with `!`", help: "name what is left out in `excludes`" };
  if (pattern.includes("\\")) return { message: "has a `\\`", help: "write `/` between the parts of a path" };
  if (/^(?:\/|~|[a-z]+:)/i.test(pattern)) return { message: "is not a relative path", help: inFolder };
  if (pattern.split("/").includes("..")) return { message: "leads out of the package folder", help: "move the files into it" };
  return undefined;
}

/** The folder to list for a pattern, relative to the package folder; empty for that itself. */
export function folderOf(pattern: string): string {
  const plain = normalised(pattern);
  const { base, isGlob } = picomatch.scan(plain);
  return isGlob ? base.replace(/^\.?\/?$/, "") : plain;
}

/** The files that an include means. */
export function includedBy(pattern: string, files: readonly string[]): readonly string[] {
  const matches = matcher(pattern, false);
  return files.filter((path) => matches(path));
}

/** The first of some excludes that means a file. */
export function excludedBy(patterns: readonly string[], path: string): string | undefined {
  return patterns.find((pattern) => matcher(pattern, true)(path));
}

function matcher(pattern: string, dot: boolean): (path: string) => boolean {
  const plain = normalised(pattern);
  const within = `${plain}/`;
  const glob = picomatch.scan(plain).isGlob ? picomatch(plain, { dot, noextglob: true, windows: false }) : undefined;
  return (path) => {
    if (path === plain || glob?.(path) === true) return true;
    if (glob !== undefined || !(plain === "" || path.startsWith(within))) return false;
    return dot || !/(?:^|\/)\./.test(path.slice(plain === "" ? 0 : within.length));
  };
}

/** Without `./` before and `/` behind. */
function normalised(pattern: string): string {
  return pattern
    .split("/")
    .filter((part) => part !== "." && part !== "")
    .join("/");
}
