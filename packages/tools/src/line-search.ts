/**
 * Finding lines: by a text that they contain, or by a regular expression.
 *
 * A regular expression can take longer than anyone lives, and while it is tried nothing else of its thread runs. So it
 * is tried in a thread of its own, which is ended when the time of the search is over or nobody wants the answer any more.
 */
import { Worker } from "node:worker_threads";
import { toolFailure } from "./tool-failure.ts";

/** A line that was found, counted from 1. */
export interface FoundLine {
  readonly line: number;
  readonly text: string;
}

export interface LineSearch {
  /** The first lines of a text that match, at most `linesMax`. Throws `tool-failed` once the time is over. */
  find(text: string, linesMax: number): Promise<readonly FoundLine[]>;
  close(): Promise<void>;
}

/** Lines that contain a text. */
export function searchText(pattern: string, ignoreCase: boolean): LineSearch {
  const wanted = ignoreCase ? pattern.toLowerCase() : pattern;
  return {
    find(text, linesMax) {
      const found: FoundLine[] = [];
      let number = 1;
      for (let start = 0; start <= text.length && found.length < linesMax; number++) {
        const end = text.indexOf("\n", start);
        const line = text.slice(start, end === -1 ? undefined : end);
        if ((ignoreCase ? line.toLowerCase() : line).includes(wanted)) found.push({ line: number, text: line.replace(/\r$/, "") });
        if (end === -1) break;
        start = end + 1;
      }
      return Promise.resolve(found);
    },
    close: () => Promise.resolve(),
  };
}

/** What runs in the thread: a text of its own, since a package has no file that is JavaScript before it is built. */
const threadSource = `
const { parentPort, workerData } = require("node:worker_threads");
const expression = new RegExp(workerData.pattern, workerData.flags);
parentPort.on("message", ({ text, linesMax }) => {
  const found = [];
  let number = 1;
  for (const line of text.split("\\n")) {
    const plain = line.endsWith("\\r") ? line.slice(0, -1) : line;
    if (expression.test(plain)) found.push({ line: number, text: plain });
    if (found.length >= linesMax) break;
    number++;
  }
  parentPort.postMessage(found);
});
`;

export interface RegexLimits {
  /** Of all its matching together. */
  readonly timeMs: number;
  readonly signal?: AbortSignal;
}

/** Lines that match a JavaScript regular expression. Throws `tool-failed` for one that cannot be read. The thread lives until `close`. */
export function searchRegex(pattern: string, ignoreCase: boolean, { timeMs, signal }: RegexLimits): LineSearch {
  const flags = ignoreCase ? "i" : "";
  try {
    new RegExp(pattern, flags);
  } catch (error) {
    const why = error instanceof Error ? error.message : "unknown";
    throw toolFailure(`the pattern is no regular expression (${why}): correct it, or leave out \`regex\` to look for the text itself`);
  }
  let thread: Worker | undefined;
  let spentMs = 0;
  const ask = (text: string, linesMax: number): Promise<readonly FoundLine[]> =>
    new Promise((resolve, reject) => {
      thread ??= new Worker(threadSource, {
        eval: true,
        env: {},
        workerData: { pattern, flags },
        resourceLimits: { maxOldGenerationSizeMb: 128 },
      });
      const asked = thread;
      const startedMs = performance.now();
      const onMessage = (found: readonly FoundLine[]): void => settle(() => resolve(found));
      const onError = (): void => settle(() => reject(toolFailure("matching the pattern failed: make it simpler")));
      const onAbort = (): void => settle(() => reject(toolFailure("the search was stopped")));
      const onTime = (): void =>
        settle(() =>
          reject(
            toolFailure(`matching the pattern took more than ${timeMs} ms: avoid repetitions inside repetitions, or search fewer files`),
          ),
        );
      const timer = setTimeout(onTime, Math.max(1, timeMs - spentMs));
      const settle = (then: () => void): void => {
        spentMs += performance.now() - startedMs;
        clearTimeout(timer);
        asked.off("message", onMessage).off("exit", onError);
        signal?.removeEventListener("abort", onAbort);
        then();
      };
      // An error ends the thread, and the end is what is told; a listener keeps it from being nobody's.
      asked.on("message", onMessage).on("exit", onError).on("error", ignore);
      signal?.addEventListener("abort", onAbort, { once: true });
      asked.postMessage({ text, linesMax });
    });
  return {
    async find(text, linesMax) {
      if (signal?.aborted === true) throw toolFailure("the search was stopped");
      return ask(text, linesMax);
    },
    async close() {
      await thread?.terminate();
    },
  };
}

function ignore(): void {
  // See where it is given.
}
