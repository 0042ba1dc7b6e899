/**
 * Patterns of paths: `*` any characters of one part, `?` one of them, `[a-z]` one of these (`[!a-z]` none), `**` any
 * number of parts, `{a,b}` one or the other. Hidden files are files. Pure.
 *
 * Matching takes time in proportion to the lengths of pattern and path, whatever the pattern is: it goes back to the
 * latest star alone.
 */
import { toolFailure } from "./tool-failure.ts";

/** Of a pattern. */
export const patternCharactersMax = 1_000;

/** Folders that a search does not enter unless it is told to. */
export const skippedDefault: readonly string[] = [".git", "node_modules"];

const alternativesMax = 64;

type Part = "**" | readonly Atom[];
type Atom = { readonly kind: "star" } | { readonly kind: "one"; readonly matches: (character: string) => boolean };

/** Whether a path matches, its parts separated by `/`. Throws `tool-failed` for a pattern that cannot be read. */
export function compileGlob(pattern: string): (path: string) => boolean {
  if (pattern === "" || pattern.length > patternCharactersMax)
    throw toolFailure(`the pattern has ${pattern.length} characters, and has to have 1 to ${patternCharactersMax}`);
  const alternatives = alternativesOf(pattern).map((each) => each.replace(/^\.\//, "").split("/").map(partOf));
  return (path) => {
    const parts = path.split("/").map((part) => [...part]);
    return alternatives.some((alternative) => matchPath(alternative, parts));
  };
}

/** What braces stand for, written out. */
function alternativesOf(pattern: string): readonly string[] {
  let written: string[] = [""];
  for (let at = 0; at < pattern.length; ) {
    const open = pattern.indexOf("{", at);
    const plain = pattern.slice(at, open === -1 ? undefined : open);
    if (plain.includes("}")) throw unreadable(pattern, "a } without its {");
    written = written.map((each) => each + plain);
    if (open === -1) break;
    const close = pattern.indexOf("}", open);
    const inside = close === -1 ? "{" : pattern.slice(open + 1, close);
    if (inside.includes("{")) throw unreadable(pattern, close === -1 ? "a { without its }" : "braces inside braces");
    const choices = inside.split(",");
    if (written.length * choices.length > alternativesMax) throw unreadable(pattern, `braces for more than ${alternativesMax} patterns`);
    written = written.flatMap((each) => choices.map((choice) => each + choice));
    at = close + 1;
  }
  return written;
}

function unreadable(pattern: string, why: string): Error {
  return toolFailure(`the pattern ${JSON.stringify(pattern)} has ${why}: correct it`);
}

function partOf(part: string): Part {
  if (part === "**") return part;
  const atoms: Atom[] = [];
  const characters = [...part];
  for (let at = 0; at < characters.length; at++) {
    const character = characters[at] as string;
    const close = character === "[" ? characters.indexOf("]", at + 2) : -1;
    if (character === "*") atoms.push({ kind: "star" });
    else if (character === "?") atoms.push({ kind: "one", matches: () => true });
    else if (close !== -1) {
      atoms.push({ kind: "one", matches: oneOf(characters.slice(at + 1, close)) });
      at = close;
    } else atoms.push({ kind: "one", matches: (given) => given === character });
  }
  return atoms;
}

function oneOf(inside: readonly string[]): (character: string) => boolean {
  const isNegated = inside[0] === "!" || inside[0] === "^";
  const characters = isNegated ? inside.slice(1) : inside;
  const ranges: (readonly [string, string])[] = [];
  for (let at = 0; at < characters.length; at++) {
    const from = characters[at] as string;
    const to = characters[at + 1] === "-" ? characters[at + 2] : undefined;
    ranges.push([from, to ?? from]);
    if (to !== undefined) at += 2;
  }
  return (character) => ranges.some(([from, to]) => from <= character && character <= to) !== isNegated;
}

function matchPath(pattern: readonly Part[], path: readonly (readonly string[])[]): boolean {
  return matchSequence(
    pattern.length,
    path.length,
    (i) => pattern[i] === "**",
    (i, j) => matchPart(pattern[i] as readonly Atom[], path[j] as readonly string[]),
  );
}

function matchPart(atoms: readonly Atom[], part: readonly string[]): boolean {
  return matchSequence(
    atoms.length,
    part.length,
    (i) => atoms[i]?.kind === "star",
    (i, j) => {
      const atom = atoms[i];
      return atom?.kind === "one" && atom.matches(part[j] as string);
    },
  );
}

function matchSequence(
  patternLength: number,
  length: number,
  isStar: (i: number) => boolean,
  matches: (i: number, j: number) => boolean,
): boolean {
  let i = 0;
  let star = -1;
  let resume = 0;
  for (let j = 0; j < length; ) {
    if (i < patternLength && isStar(i)) {
      star = i++;
      resume = j;
    } else if (i < patternLength && matches(i, j)) {
      i++;
      j++;
    } else if (star !== -1) {
      i = star + 1;
      j = ++resume;
    } else return false;
  }
  while (i < patternLength && isStar(i)) i++;
  return i === patternLength;
}
