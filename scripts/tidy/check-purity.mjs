// The pure parts: no waiting, no clock, no dice, no voice. What they need of the world is given to them.
import { matches } from "./glob.mjs";
import { pureParts } from "./rules.mjs";
import { isTest } from "./tree.mjs";

const word = "(?<![.\\w$])";
const impurities = [
  ["await", new RegExp(`${word}await\\b(?!\\s*[?]?:)`, "g")],
  ["Date.now", /\bDate\s*\.\s*now\b/g],
  ["Math.random", /\bMath\s*\.\s*random\b/g],
  ["performance.now", /\bperformance\s*\.\s*now\b/g],
  ["console", new RegExp(`${word}console\\s*\\.`, "g")],
  ["a timer", new RegExp(`${word}(?:setTimeout|setInterval|setImmediate|queueMicrotask)\\b(?!\\s*[?]?:)`, "g")],
  ["process", new RegExp(`${word}process\\s*(?:\\.|\\[|\\?\\.)`, "g")],
  ["globalThis.process", /\bglobalThis\s*\.\s*(?:process|console|setTimeout|performance)\b/g],
  ["random bytes", /\b(?:randomUUID|randomBytes|getRandomValues)\b/g],
  ["fetch", new RegExp(`${word}fetch\\s*\\(`, "g")],
];
const anyDate = new RegExp(`${word}(?:new\\s+)?Date\\s*\\(`, "g");
const dateOfNow = new RegExp(`${word}(?:new\\s+Date\\b(?!\\s*\\(\\s*[^)\\s])|Date\\s*\\(\\s*\\))`, "g");

/** @returns {Iterable<{ rule: string, path: string, at?: number, message: string }>} */
export function* purityFaults(tree) {
  for (const file of tree.sources) {
    if (isTest(file.path)) continue;
    const part = pureParts.find((candidate) => matches(file.path, candidate.in));
    if (part === undefined) continue;
    const dates = [part.strictDates ? "new Date(" : "the present date", part.strictDates ? anyDate : dateOfNow];
    for (const [what, pattern] of [...impurities, dates]) {
      for (const match of file.code.matchAll(pattern)) {
        yield { rule: "pure", path: file.path, at: match.index, message: `${what} in a pure part` };
      }
    }
  }
}
