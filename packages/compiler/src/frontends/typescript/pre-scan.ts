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
/** Words between two ends of statements that what follows nests in: `while (a) while (b) …`, `else if`, `new new …`. */
export const headsMax = 2_000;

export interface Excess {
  readonly offset: number;
  readonly message: string;
  readonly help: string;
}

const head =
  /(?:while|for|if|else|do|with|new|await|typeof|void|delete|yield|async|function|class|extends|keyof|readonly|infer|as|satisfies)\b/y;
/** Words that nothing nests in: a statement has begun. */
const beginning = /(?:const|let|var|return|import|export)\b/y;
const operators: ReadonlySet<string> = new Set([..."+-*/%=<>!&|^~?:.`@"]);

/**
 * What is too much in a text, if anything. Texts and comments are looked over as code is: what only seems to be a
 * bracket counts too, so the bounds are far above what code has.
 */
export function excessOf(text: string): Excess | undefined {
  if (text.length > sourceLengthMax) {
    return { offset: 0, message: `this source has ${text.length} characters`, help: "split it into several files" };
  }
  const counts: number[] = [0];
  const heads: number[] = [0];
  let inWord = false;
  for (let at = 0; at < text.length; at++) {
    const character = text.charAt(at);
    if (character === "(" || character === "[" || character === "{") {
      // What is called, indexed or given a body nests in what it follows.
      counts[counts.length - 1] = (counts.at(-1) ?? 0) + 1;
      if ((counts.at(-1) ?? 0) > operatorsMax) return tooManyOperators(at);
      counts.push(0);
      heads.push(0);
      if (counts.length > openBracketsMax + 1) {
        return { offset: at, message: `more than ${openBracketsMax} brackets are open here`, help: "give parts of it names of their own" };
      }
    } else if (character === ")" || character === "]" || character === "}") {
      if (counts.length > 1) {
        counts.pop();
        heads.pop();
      }
      // A block ends its statement, unless another arm of it follows.
      if (character === "}" && !elseFollows(text, at + 1)) heads[heads.length - 1] = 0;
    } else if (character === ";" || character === ",") {
      counts[counts.length - 1] = 0;
      heads[heads.length - 1] = 0;
    } else if (!inWord && isLetter(character)) {
      head.lastIndex = at;
      beginning.lastIndex = at;
      if (beginning.test(text)) heads[heads.length - 1] = 0;
      else if (head.test(text)) {
        const count = (heads.at(-1) ?? 0) + 1;
        heads[heads.length - 1] = count;
        if (count > headsMax)
          return {
            offset: at,
            message: `more than ${headsMax} statements or operators nest in each other here`,
            help: "give parts of it names of their own",
          };
      }
    } else if (operators.has(character)) {
      const count = (counts.at(-1) ?? 0) + 1;
      counts[counts.length - 1] = count;
      if (count > operatorsMax) return tooManyOperators(at);
    }
    inWord = isLetter(character);
  }
  return undefined;
}

function tooManyOperators(offset: number): Excess {
  return { offset, message: `an expression has more than ${operatorsMax} operators`, help: "give parts of it names of their own" };
}

function isLetter(character: string): boolean {
  return (
    (character >= "a" && character <= "z") ||
    (character >= "A" && character <= "Z") ||
    character === "_" ||
    character === "$" ||
    (character >= "0" && character <= "9")
  );
}

function elseFollows(text: string, from: number): boolean {
  let at = from;
  while (at < text.length && /\s/.test(text.charAt(at))) at++;
  return text.startsWith("else", at);
}
