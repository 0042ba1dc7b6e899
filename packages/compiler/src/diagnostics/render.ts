/**
 * Diagnostics for a terminal: the source line, what of it is meant, why, and a way out. Pure: text in,
 * text out. What a source contains cannot steer the terminal, and a line of any length stays readable.
 */
import type { Diagnostic, Span } from "./diagnostic.ts";
import { displayLine } from "./display-line.ts";
import type { Severity } from "./severity.ts";
import { createSourceText, type SourceText } from "./source-text.ts";

export interface RenderOptions {
  /** ANSI colours. Default false. */
  readonly colours?: boolean;
  /** Columns of source that are shown of a long line. Default 120. */
  readonly width?: number;
}

type Paint = (style: "error" | "warning" | "hint" | "gutter" | "bold" | "help", text: string) => string;

const codes = { error: "31;1", warning: "33;1", hint: "36;1", gutter: "34;1", bold: "1", help: "32;1" } as const;

/** All diagnostics, a blank line between them, and a line that counts them. Empty for none. */
export function renderDiagnostics(
  diagnostics: readonly Diagnostic[],
  sources: ReadonlyMap<string, string>,
  options: RenderOptions = {},
): string {
  if (diagnostics.length === 0) return "";
  const texts = new Map<string, SourceText>();
  const source = (file: string): SourceText | undefined => {
    const known = texts.get(file);
    if (known !== undefined) return known;
    const text = sources.get(file);
    if (text === undefined) return undefined;
    const created = createSourceText(file, text);
    texts.set(file, created);
    return created;
  };
  const paint: Paint = options.colours === true ? (style, text) => `\u001b[${codes[style]}m${text}\u001b[0m` : (_, text) => text;
  const width = Math.max(20, options.width ?? 120);
  const blocks = diagnostics.map((diagnostic) => renderOne(diagnostic, source, paint, width));
  return `${blocks.join("\n")}\n${tally(diagnostics)}\n`;
}

function renderOne(diagnostic: Diagnostic, source: (file: string) => SourceText | undefined, paint: Paint, width: number): string {
  const { id, severity, span, message, reason, help, fix, related } = diagnostic;
  const out = [`${paint(severity, `${severity}[${id}]`)}${paint("bold", `: ${plain(message)}`)}`];
  const spans = [span, ...related.map((each) => each.span)].filter((each) => each !== undefined);
  const gutter = Math.max(1, ...spans.map((each) => String(each.start.line).length));
  const bar = (text = ""): string => `${" ".repeat(gutter)} ${paint("gutter", "|")}${text === "" ? "" : ` ${text}`}`;
  if (span !== undefined) {
    out.push(`${" ".repeat(gutter)}${paint("gutter", "-->")} ${place(span)}`);
    out.push(...excerpt(span, diagnostic.label, severity, source, paint, gutter, width));
  } else if (diagnostic.path !== undefined) out.push(`${" ".repeat(gutter)}${paint("gutter", "-->")} ${plain(diagnostic.path)}`);
  for (const other of related) {
    out.push(`${" ".repeat(gutter)}${paint("gutter", ":::")} ${place(other.span)}`);
    out.push(...excerpt(other.span, other.message, undefined, source, paint, gutter, width));
  }
  if (spans.length > 0) out.push(bar());
  const note = (name: string, text: string): void => {
    const [first = "", ...rest] = plain(text).split("\n");
    out.push(`${" ".repeat(gutter)} ${paint("gutter", "=")} ${paint("help", name)}: ${first}`);
    for (const line of rest) out.push(`${" ".repeat(gutter + 3 + name.length + 2)}${line}`);
  };
  note("why", reason);
  if (help !== undefined) note("help", help);
  if (fix !== undefined) note("fix", fix.title);
  return `${out.join("\n")}\n`;
}

function excerpt(
  span: Span,
  label: string | undefined,
  severity: Severity | undefined,
  source: (file: string) => SourceText | undefined,
  paint: Paint,
  gutter: number,
  width: number,
): readonly string[] {
  const text = source(span.file);
  if (text === undefined) return [];
  const { line, column } = span.start;
  const whole = text.line(line);
  const many = span.end.line > line;
  const shown = displayLine(whole, column - 1, many ? whole.length : span.end.column - 1, width);
  const mark = severity === undefined ? "-" : "^";
  const tail = `${label === undefined ? "" : ` ${plain(label)}`}${many ? ` (to line ${span.end.line})` : ""}`;
  const under = `${mark.repeat(Math.max(1, shown.length))}${tail}`;
  const blank = `${" ".repeat(gutter)} ${paint("gutter", "|")}`;
  return [
    blank,
    `${paint("gutter", String(line).padStart(gutter))} ${paint("gutter", "|")} ${shown.text}`.trimEnd(),
    `${blank} ${" ".repeat(shown.start)}${paint(severity ?? "gutter", under)}`,
  ];
}

function place(span: Span): string {
  return `${plain(span.file)}:${span.start.line}:${span.start.column}`;
}

function tally(diagnostics: readonly Diagnostic[]): string {
  const count = (severity: Severity, one: string): string => {
    const found = diagnostics.filter((diagnostic) => diagnostic.severity === severity).length;
    return found === 0 ? "" : `${found} ${one}${found === 1 ? "" : "s"}`;
  };
  return [count("error", "error"), count("warning", "warning"), count("hint", "hint")].filter((part) => part !== "").join(", ");
}

/** Without characters that a terminal would obey. */
function plain(text: string): string {
  return text.replace(/[^\P{C}\n]/gu, "\ufffd");
}
