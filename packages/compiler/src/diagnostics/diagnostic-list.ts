/** Collects the diagnostics of one compilation: everything at once, and never more than somebody could read. */
import { type Diagnostic, isError, sortDiagnostics } from "./diagnostic.ts";
import { type DiagnosticId, diagnosticRegistry } from "./registry.ts";
import type { Severity } from "./severity.ts";

/** Diagnostics that are told; the rest is counted. */
export const diagnosticsShownMax = 1_000;

/** A diagnostic before the registry has given it its severity. */
export interface DiagnosticDraft extends Omit<Diagnostic, "id" | "severity" | "related"> {
  /** Where it differs from that of the id. */
  readonly severity?: Severity;
  readonly related?: Diagnostic["related"];
}

export interface DiagnosticList {
  report(id: DiagnosticId, draft: DiagnosticDraft): void;
  add(diagnostics: readonly Diagnostic[]): void;
  /** Errors so far, told or not. */
  readonly errors: number;
  /** In the order in which they are shown; the last one counts what is not told. */
  all(): readonly Diagnostic[];
}

export function createDiagnostic(id: DiagnosticId, draft: DiagnosticDraft): Diagnostic {
  return { ...draft, id, severity: draft.severity ?? diagnosticRegistry[id].severity, related: draft.related ?? [] };
}

export function createDiagnosticList(): DiagnosticList {
  const told: Diagnostic[] = [];
  let errors = 0;
  let untold = 0;
  const push = (diagnostic: Diagnostic): void => {
    if (isError(diagnostic)) errors++;
    // An error is always worth more than a warning, so warnings leave room for a first error.
    if (told.length < diagnosticsShownMax || (isError(diagnostic) && errors === 1)) told.push(diagnostic);
    else untold++;
  };
  return {
    report: (id, draft) => push(createDiagnostic(id, draft)),
    add: (diagnostics) => {
      for (const diagnostic of diagnostics) push(diagnostic);
    },
    get errors() {
      return errors;
    },
    all() {
      const sorted = sortDiagnostics(told);
      if (untold === 0) return sorted;
      const rest = createDiagnostic("HD1000", {
        message: `${untold} more diagnostics are not shown`,
        reason: `At most ${diagnosticsShownMax} are told at once; more would not be read.`,
        help: "mend the first ones and compile again",
        severity: errors > 0 ? "error" : "warning",
      });
      return [...sorted, rest];
    },
  };
}

/** A list that passes on what is reported, each once: what two declarations refer to is read twice, and wrong once. */
export function eachOnce(list: DiagnosticList): DiagnosticList {
  const known = new Set<string>();
  return {
    report(id, draft) {
      const { span, path, message } = draft;
      const key = `${id} ${span?.file} ${span?.start.offset} ${span?.end.offset} ${path} ${message}`;
      if (known.has(key)) return;
      known.add(key);
      list.report(id, draft);
    },
    add: (diagnostics) => list.add(diagnostics),
    get errors() {
      return list.errors;
    },
    all: () => list.all(),
  };
}
