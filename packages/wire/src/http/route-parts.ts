/** What many routes have in common. */
import { Nothing } from "../answers.ts";

/** The query of a page. */
export const page = { limit: "number", cursor: "text" } as const;

/** An answer that holds nothing. */
export const nothing = { answer: "nothing", response: Nothing } as const;
