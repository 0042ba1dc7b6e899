/** Reads a JSON literal where an argument may be one: objects, lists, numbers, `true`, `false`, `null`. */
import type { JsonValue } from "@heddle/core";
import { isNameCode, type Scanner } from "./scanner.ts";
import { type ExecValueSyntax, expressionDepthMax } from "./syntax.ts";

const scalar = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?|true|false|null/y;

/** Undefined where no JSON literal begins; texts are read elsewhere. */
export function takeLiteral(scanner: Scanner): ExecValueSyntax | undefined {
  scanner.skip();
  const { text, at: start } = scanner;
  const first = text[start];
  if (first === "{" || first === "[") return readNested(scanner, start);
  scalar.lastIndex = start;
  const found = scalar.exec(text)?.[0];
  if (found === undefined || isNameCode(text.charCodeAt(start + found.length))) return undefined;
  scanner.at = start + found.length;
  const value = JSON.parse(found) as number | boolean | null;
  if (typeof value !== "number" || Number.isFinite(value)) return { kind: "json", value, start, end: scanner.at };
  return invalid(scanner, start, "this number is too large");
}

function readNested(scanner: Scanner, start: number): ExecValueSyntax {
  const { end, depth } = extentOf(scanner.text, start);
  scanner.at = end;
  if (depth > expressionDepthMax) return invalid(scanner, start, `this literal nests more than ${expressionDepthMax} levels deep`);
  try {
    const value = JSON.parse(scanner.text.slice(start, end)) as JsonValue;
    return { kind: "json", value, start, end };
  } catch {
    return invalid(scanner, start, "this literal is not valid JSON");
  }
}

function invalid(scanner: Scanner, start: number, message: string): ExecValueSyntax {
  scanner.report(
    "HD1007",
    { start, end: scanner.at },
    {
      message,
      reason: "What is not a text, a name or Stage.field is read as JSON: names in double quotes, no comments, no trailing commas.",
      help: "write the value as JSON",
    },
  );
  return { kind: "json", value: null, start, end: scanner.at };
}

/** The end of a bracketed value, texts in it respected, and how deep its brackets go. */
function extentOf(text: string, start: number): { readonly end: number; readonly depth: number } {
  let open = 0;
  let depth = 0;
  for (let at = start; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === 123 || code === 91) depth = Math.max(depth, ++open);
    else if (code === 125 || code === 93) {
      if (--open === 0) return { end: at + 1, depth };
    } else if (code === 34) {
      for (at++; at < text.length && text.charCodeAt(at) !== 34; at++) if (text.charCodeAt(at) === 92) at++;
    }
  }
  return { end: text.length, depth };
}
