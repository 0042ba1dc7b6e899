/**
 * What a guard says when it does not do something: a value with a code of one closed list and a sentence
 * for people, which names what was refused and what to do instead. Guards throw for bugs alone.
 */

/** Every reason that a guard may have, by what it looked at. */
export const refusalCodes = [
  // A path as text.
  "path-empty",
  "path-not-absolute",
  "path-character",
  "path-reserved-name",
  "path-too-long",
  // Where a path leads.
  "path-escapes-root",
  "path-link-loop",
  "path-link-swapped",
  "path-changed",
  "root-missing",
  "root-refused",
  // What is there.
  "file-not-found",
  "file-access-denied",
  "file-is-folder",
  "file-not-folder",
  "file-kind-refused",
  "file-hard-linked",
  "file-not-text",
  "file-too-large",
  "folder-not-empty",
  "tree-too-large",
  "storage-full",
  "file-failed",
  // A destination as text.
  "destination-invalid",
  "scheme-refused",
  "credentials-in-url",
  "host-invalid",
  "host-spelling",
  "port-refused",
  "host-rule-invalid",
  // Whether and how it is reached.
  "destination-not-allowed",
  "destination-not-public",
  "destination-unreachable",
  "host-not-found",
  "tls-refused",
  // A request and its response.
  "method-refused",
  "header-refused",
  "request-too-large",
  "request-timed-out",
  "redirect-refused",
  "redirects-too-many",
  "response-invalid",
  "response-incomplete",
  "response-too-large",
  "response-encoding",
  // A command as text, and as a program.
  "command-empty",
  "command-too-long",
  "command-character",
  "command-needs-shell",
  "command-unfinished",
  "folder-refused",
  "environment-refused",
  "program-not-found",
  "program-refused",
  // Somebody wanted it to stop.
  "aborted",
] as const;

export type RefusalCode = (typeof refusalCodes)[number];

/** `message`: what was refused and what to do, in one or two sentences, without a full stop. */
export interface Refusal {
  readonly refused: RefusalCode;
  readonly message: string;
}

export function refuse(refused: RefusalCode, message: string): Refusal {
  return { refused, message };
}

/** Tells a refusal from what a guard gives otherwise. */
export function isRefusal(value: unknown): value is Refusal {
  return typeof value === "object" && value !== null && "refused" in value;
}

/** Text of a stranger inside a message: in quotes, bounded, and without anything that a terminal would obey. */
export function shown(text: string): string {
  const cut = text.length > 120 ? `${text.slice(0, 120)}...` : text;
  return JSON.stringify(cut).replace(/\p{Cc}|\p{Cf}|[\u2028\u2029]/gu, (character) => {
    return `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`;
  });
}
