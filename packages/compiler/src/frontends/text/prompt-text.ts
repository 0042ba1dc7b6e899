/** Prompts: every line without the spaces around it, as the language has it, and a word on what that loses. */
import { unescaped } from "./parse-expression.ts";
import type { Scanner } from "./scanner.ts";
import type { TextSyntax } from "./syntax.ts";

/** What Unicode calls white space; the byte order mark is none. */
const space = "[\\t-\\r \\u0085\\u00a0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000]";
const leading = new RegExp(`^${space}+`);
const trailing = new RegExp(`${space}+$`);

export function promptOf(text: TextSyntax, scanner: Scanner): string {
  if (text.multiLine) reportLostIndentation(text, scanner);
  const value = trimmed(text.multiLine ? text.raw : unescaped(scanner, text));
  if (!value.includes("\n")) return value;
  return value
    .split("\n")
    .map((line) => trimmed(line))
    .join("\n");
}

function trimmed(text: string): string {
  const from = leading.exec(text)?.[0].length ?? 0;
  let end = text.length;
  while (end > from && trailing.test(text.charAt(end - 1))) end--;
  return text.slice(from, end);
}

/** Lines that are indented against each other mean something by it. */
function reportLostIndentation(text: TextSyntax, scanner: Scanner): void {
  const lines = text.raw.split("\n").slice(1);
  const indents = new Set(lines.filter((line) => line.trim() !== "").map((line) => /^[ \t]*/.exec(line)?.[0].length ?? 0));
  if (indents.size < 2) return;
  scanner.report(
    "HD1502",
    { start: text.start, end: text.start + 3 },
    {
      severity: scanner.dialect === "nemo" ? "warning" : "error",
      message: "the indentation within this prompt is lost",
      reason: "Every line of a prompt loses the spaces around it.",
      help: "indent all lines alike, and show structure by numbers or dashes",
    },
  );
}
