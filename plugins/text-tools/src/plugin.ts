/** Text tools: what workflows need between two systems that speak in text. All of it only looks. */
import { ActionError, defineAction, definePlugin } from "@heddle/plugin-sdk";
import { compareLines } from "./compare-lines.ts";
import { cutAtWord, measure } from "./measure.ts";

const textCharsMax = 1_000_000;

export const plugin = definePlugin({
  name: "text_tools",
  version: "0.1.0",
  description: "Counts, cuts, searches and compares text. It changes nothing and reaches nothing.",
  permission: "read",
  stages: ["observe", "code"],
  actions: {
    measure: defineAction({
      description: "Counts the characters, words and lines of a text. Use it to decide whether a text is short enough for what comes next.",
      input: { text: "string" },
      output: { characters: "integer", words: "integer", lines: "integer" },
      intents: ["how long is *", "count the words of *"],
      execute: ({ params }) => measure(params.text),
    }),
    cut: defineAction({
      description: "Cuts a text to a number of characters, at the end of a word where there is one, and marks the cut.",
      input: {
        text: "string",
        characters: { type: "integer", description: "At most this many, the mark included" },
        mark: { type: "string", default: "…", description: "Put where something was left out" },
      },
      output: { text: "string", wasCut: "boolean" },
      execute: ({ params }) => {
        if (params.characters < params.mark.length)
          throw new ActionError("too-short", "characters is less than the mark has", { retryable: false });
        return cutAtWord(params.text, params.characters, params.mark);
      },
    }),
    find: defineAction({
      description: "Finds every place of a word or phrase in a text. Gives the line, counted from 1, and the line's text.",
      input: {
        text: "string",
        phrase: "string",
        matchCase: { type: "boolean", default: false },
        limit: { type: "integer", default: 100, description: "At most this many places" },
      },
      output: { places: "array" },
      intents: [{ pattern: "find * in *", priority: 5 }],
      execute: ({ params, log }) => {
        if (params.phrase === "") throw new ActionError("empty-phrase", "phrase is empty", { retryable: false });
        const folded = (text: string) => (params.matchCase ? text : text.toLowerCase());
        const phrase = folded(params.phrase);
        const places = params.text.split(/\r?\n/).flatMap((text, i) => (folded(text).includes(phrase) ? [{ line: i + 1, text }] : []));
        if (places.length > params.limit) log.warn(`${places.length - params.limit} places were left out`);
        return { places: places.slice(0, params.limit) };
      },
    }),
    compare: defineAction({
      description: "Compares two texts line by line. Gives the lines that were taken out and those that were put in.",
      input: { before: "string", after: "string" },
      output: { same: "boolean", removed: "array", added: "array" },
      execute: ({ params }) => {
        if (params.before.length + params.after.length > textCharsMax) {
          throw new ActionError("too-long", `the texts have more than ${textCharsMax} characters`, { retryable: false });
        }
        return compareLines(params.before, params.after);
      },
    }),
  },
  prompts: [
    {
      name: "summarise_changes",
      description: "For the result of compare",
      content: "Say in two sentences what changed.\nTaken out:\n{{removed}}\nPut in:\n{{added}}",
    },
  ],
});
