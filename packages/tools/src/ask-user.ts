/** `askUser`: a question to whoever sits at the terminal. */
import { defineTool, type Tool } from "@heddle/core";
import * as z from "zod";
import { ask, processTerminal, type Reading, shownText, type Terminal } from "./terminal.ts";
import { toolFailure } from "./tool-failure.ts";

/** An option is chosen by its text, or else by its number. */
export function chosenOption(answer: string, options: readonly string[]): string | undefined {
  if (options.includes(answer)) return answer;
  return /^[1-9]\d{0,5}$/.test(answer) ? options[Number(answer) - 1] : undefined;
}

/** `askUser` on another terminal. */
export function createAskUser(terminal: () => Terminal = processTerminal): Tool {
  return defineTool({
    name: "askUser",
    capability: "user.elicit",
    description: "Asks the person at the terminal a question and gives the answer as text. With `options` the answer is one of them.",
    input: z.strictObject({
      question: z.string().min(1).describe("One question"),
      options: z.array(z.string().trim().min(1)).max(50).default([]).describe("The answers to choose from; none: any text"),
    }),
    handler: async ({ question, options }, { signal }) => {
      const listed = options.map((option, index) => `  ${index + 1}. ${shownText(option)}\n`).join("");
      const read = (answer: string): Reading<string> => {
        if (options.length === 0) return answer === "" ? { again: "An answer, please: " } : { value: answer };
        const chosen = chosenOption(answer, options);
        return chosen === undefined ? { again: `One of them, by its number or text, please: ` } : { value: chosen };
      };
      const answer = await ask(terminal(), { text: `${shownText(question)}\n${listed}> `, tries: 2, read, signal });
      if (answer === undefined) throw toolFailure("the question was answered twice, and neither answer can be taken");
      return answer;
    },
  });
}

/** Asks a person on the terminal of this process. Capability `user.elicit`. Failures: `not-interactive`; `tool-failed` after two answers that cannot be taken. */
export const askUser: Tool = createAskUser();
