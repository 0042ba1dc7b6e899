/** `confirmUser`: yes or no from whoever sits at the terminal. Only a plain yes is a yes. */
import { defineTool, type Tool } from "@heddle/core";
import * as z from "zod";
import { ask, processTerminal, type Reading, shownText, type Terminal } from "./terminal.ts";

function read(answer: string): Reading<boolean> {
  switch (answer.toLowerCase()) {
    case "y":
    case "yes":
      return { value: true };
    case "n":
    case "no":
      return { value: false };
    default:
      return { again: "yes or no, please: " };
  }
}

/** `confirmUser` on another terminal. */
export function createConfirmUser(terminal: () => Terminal = processTerminal): Tool {
  return defineTool({
    name: "confirmUser",
    capability: "user.confirm",
    description: "Asks the person at the terminal to agree to something and gives true or false.",
    input: z.strictObject({ message: z.string().min(1).describe("What is to be agreed to") }),
    handler: async ({ message }, { signal }) =>
      (await ask(terminal(), { text: `${shownText(message)} [y/n] `, tries: 2, read, signal })) === true,
  });
}

/** Asks for a yes on the terminal of this process. Capability `user.confirm`. Two answers that are neither are a no. Failures: `not-interactive`. */
export const confirmUser: Tool = createConfirmUser();
