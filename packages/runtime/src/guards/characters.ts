/** Characters that make text look like other text, or that cannot be handed to the system as they are. Pure. */

// Controls, half surrogate pairs, the marks that turn the direction of writing, and line ends that only some programs know.
const deceptive = /\p{Cc}|\p{Cs}|[\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/u;
const deceptiveButLines = /(?![\t\n])\p{Cc}|\p{Cs}|[\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/u;

export interface StrangeOptions {
  /** Tab and line feed are no strangers. */
  readonly lines?: boolean;
}

/** The first such character as `U+202E`; undefined where there is none. */
export function strangeCharacterIn(text: string, options: StrangeOptions = {}): string | undefined {
  const found = (options.lines === true ? deceptiveButLines : deceptive).exec(text)?.[0];
  return found === undefined ? undefined : `U+${found.charCodeAt(0).toString(16).toUpperCase().padStart(4, "0")}`;
}
