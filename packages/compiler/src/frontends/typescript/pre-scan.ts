/**
 * A linear look at a text before a native parser meets it. Native code that recurses ends the process where it
 * runs out of stack, so what nests or chains beyond what anybody writes is refused here.
 */

/** Longest source, in UTF-16 units. */
export const sourceLengthMax = 1_024 * 1_024;
/** Brackets of all kinds that are open at the same time. */
export const openBracketsMax = 500;
/** Operators between two ends of statements or brackets. */
export const operatorsMax = 10_000;

export interface Excess {
  readonly offset: number;
  readonly message: string;
  readonly help: string;
}

const operators: ReadonlySet<string> = new Set([..."+-*/%=<>!&|^~?:."]);

/**
 * What is too much in a text, if anything. Texts and comments are looked over as code is: what only seems to be a
 * bracket counts too, so the bounds are far above what code has.
 */
export function excessOf(text: string): Excess | undefined {
  if (text.length > sourceLengthMax) {
    return { offset: 0, message: `this source has ${text.length} characters`, help: "split it into several files" };
  }
  const counts: number[] = [0];
  for (let at = 0; at < text.length; at++) {
    const character = text.charAt(at);
    if (character === "(" || character === "[" || character === "{") {
      counts.push(0);
      if (counts.length > openBracketsMax + 1) {
        return { offset: at, message: `more than ${openBracketsMax} brackets are open here`, help: "give parts of it names of their own" };
      }
    } else if (character === ")" || character === "]" || character === "}") {
      if (counts.length > 1) counts.pop();
    } else if (character === ";" || character === ",") counts[counts.length - 1] = 0;
    else if (operators.has(character)) {
      const count = (counts.at(-1) ?? 0) + 1;
      counts[counts.length - 1] = count;
      if (count > operatorsMax) {
        return {
          offset: at,
          message: `an expression has more than ${operatorsMax} operators`,
          help: "give parts of it names of their own",
        };
      }
    }
  }
  return undefined;
}
