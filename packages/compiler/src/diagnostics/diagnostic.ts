/**
 * Diagnostics: what the compiler has to say about a source, as values. A diagnostic is shown, never
 * thrown; its numbered id names one rule for good, and docs/diagnostics.md has a section for each.
 *
 * Positions count from 1 in lines and columns; columns and offsets count UTF-16 units, as editors do.
 */
import type { DiagnosticId } from "./registry.ts";
import type { Severity } from "./severity.ts";

export interface Position {
  /** UTF-16 units from the start of the text. */
  readonly offset: number;
  /** From 1. */
  readonly line: number;
  /** From 1, in UTF-16 units. */
  readonly column: number;
}

/** A stretch of one source; `end` is exclusive. */
export interface Span {
  readonly file: string;
  readonly start: Position;
  readonly end: Position;
}

/** Replace what the span covers by `text`; an empty span inserts. */
export interface Edit {
  readonly span: Span;
  readonly text: string;
}

/** A change that would mend the source; its edits do not overlap. */
export interface Fix {
  /** What it does, in the imperative: "replace `Plann` by `Plan`". */
  readonly title: string;
  readonly edits: readonly Edit[];
}

/** Another place that has to do with it. */
export interface Related {
  readonly span: Span;
  readonly message: string;
}

export interface Diagnostic {
  readonly id: DiagnosticId;
  readonly severity: Severity;
  /** Absent where there is no text to point at. */
  readonly span?: Span;
  /** The culprit as a path of ids (`release/classify`), where a person would look for one. */
  readonly path?: string;
  /** What is wrong, in one sentence that names the culprit. */
  readonly message: string;
  /** Why it is wrong: the rule, or what would happen at run time. */
  readonly reason: string;
  /** A few words beside the underlined source. */
  readonly label?: string;
  /** A way out. */
  readonly help?: string;
  readonly fix?: Fix;
  readonly related: readonly Related[];
}

export function isError(diagnostic: Diagnostic): boolean {
  return diagnostic.severity === "error";
}

/** By file, place, severity and id: the order in which diagnostics are shown. The same set gives the same order. */
export function sortDiagnostics(diagnostics: readonly Diagnostic[]): readonly Diagnostic[] {
  return [...diagnostics].sort(
    (a, b) =>
      compareTexts(a.span?.file ?? "", b.span?.file ?? "") ||
      (a.span?.start.offset ?? -1) - (b.span?.start.offset ?? -1) ||
      rank[a.severity] - rank[b.severity] ||
      compareTexts(a.id, b.id) ||
      compareTexts(a.path ?? "", b.path ?? "") ||
      compareTexts(a.message, b.message),
  );
}

const rank: Readonly<Record<Severity, number>> = { error: 0, warning: 1, hint: 2 };

function compareTexts(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
