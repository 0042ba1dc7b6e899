/** Colour, where a terminal shows it and nobody forbade it. */
import type { RunStatus } from "@heddle/core";

export type Colour = "bold" | "dim" | "red" | "green" | "yellow" | "cyan";

/** Colours a text, or leaves it as it is. */
export type Paint = (colour: Colour, text: string) => string;

const codes: Readonly<Record<Colour, readonly [number, number]>> = {
  bold: [1, 22],
  dim: [2, 22],
  red: [31, 39],
  green: [32, 39],
  yellow: [33, 39],
  cyan: [36, 39],
};

/** Never with NO_COLOR (whatever its value, unless empty), on a dumb terminal, or off a terminal. */
export function createPaint(isTerminal: boolean, env: Readonly<Record<string, string | undefined>>): Paint {
  if (!isTerminal || (env["NO_COLOR"] ?? "") !== "" || env["TERM"] === "dumb") return (_, text) => text;
  return (colour, text) => {
    const [on, off] = codes[colour];
    return `\u001b[${on}m${text}\u001b[${off}m`;
  };
}

export function colourOfStatus(status: RunStatus): Colour {
  switch (status) {
    case "succeeded":
      return "green";
    case "failed":
    case "cancelled":
      return "red";
    case "parked":
    case "paused":
    case "cancelling":
      return "yellow";
    default:
      return "cyan";
  }
}

/** Text from elsewhere, without what would steer the terminal. Line ends stay. */
export function plainText(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is taken out
  return text.replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g, "\ufffd");
}
