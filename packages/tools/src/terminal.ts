/**
 * Asking a person on a terminal: one question at a time, on standard error, so that what a program prints stays what it
 * prints. Without a terminal nobody is asked.
 */
import { createInterface, type Interface } from "node:readline";
import { HeddleError } from "@heddle/core";
import { cutText } from "./cut-text.ts";

/** Where questions are put and answers come from. */
export interface Terminal {
  readonly input: NodeJS.ReadableStream & { readonly isTTY?: boolean };
  readonly output: NodeJS.WritableStream;
}

/** Of a question, and of each option. */
const questionCharactersMax = 4_000;

/** The terminal of this process. */
export function processTerminal(): Terminal {
  return { input: process.stdin, output: process.stderr };
}

/** Text of others: with nothing in it that a terminal obeys, or that hides or reorders what is read. */
export function shownText(text: string): string {
  const deceptive = /(?!\n)[\p{Cc}\p{Cf}\u2028\u2029]/gu;
  const escaped = (found: string): string => `\\u{${(found.codePointAt(0) ?? 0).toString(16)}}`;
  return cutText(text, questionCharactersMax).replace(deceptive, escaped);
}

/** What to make of an answer: a value, or what to tell who is to try again. */
export type Reading<Value> = { readonly value: Value } | { readonly again: string };

export interface Question<Value> {
  readonly text: string;
  readonly tries: number;
  readonly read: (answer: string) => Reading<Value>;
  readonly signal: AbortSignal;
}

/** By terminal: when the last question that was put has been answered. */
const turns = new WeakMap<object, Promise<unknown>>();

/** The answer; undefined where every try was of no use. Throws `not-interactive` without a terminal and at the end of its input. */
export function ask<Value>(terminal: Terminal, question: Question<Value>): Promise<Value | undefined> {
  if (terminal.input.isTTY !== true) return Promise.reject(notInteractive("there is no terminal"));
  const turn = turns.get(terminal.input) ?? Promise.resolve();
  const asked = turn.then(() => put(terminal, question));
  turns.set(
    terminal.input,
    asked.catch(() => undefined),
  );
  return asked;
}

function notInteractive(why: string): HeddleError {
  const message = `nobody can be asked: ${why}; leave askUser and confirmUser out of the tools, and the run asks instead`;
  return Object.assign(new HeddleError("not-interactive", message), { retryable: false });
}

async function put<Value>({ input, output }: Terminal, { text, tries, read, signal }: Question<Value>): Promise<Value | undefined> {
  signal.throwIfAborted();
  const lines = createInterface({ input, terminal: false });
  try {
    const answers = answersOf(lines, signal);
    output.write(text);
    for (let left = tries; left > 0; left--) {
      const answer = await answers();
      if (answer === undefined) throw notInteractive("the input of the terminal has ended");
      const reading = read(answer.trim());
      if ("value" in reading) return reading.value;
      if (left > 1) output.write(reading.again);
    }
    return undefined;
  } finally {
    lines.close();
  }
}

/** The next line each time it is called; undefined at the end of the input. Rejects once aborted. */
function answersOf(lines: Interface, signal: AbortSignal): () => Promise<string | undefined> {
  const early: string[] = [];
  let ended = false;
  let waiting: PromiseWithResolvers<string | undefined> | undefined;
  lines.on("line", (line) => {
    if (waiting === undefined) early.push(line);
    else waiting.resolve(line);
    waiting = undefined;
  });
  lines.once("close", () => {
    ended = true;
    waiting?.resolve(undefined);
  });
  signal.addEventListener("abort", () => waiting?.reject(signal.reason), { once: true });
  return () => {
    const line = early.shift();
    if (line !== undefined || ended) return Promise.resolve(line);
    waiting = Promise.withResolvers();
    return waiting.promise;
  };
}
