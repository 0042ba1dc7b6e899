/** A diagnostic in the words of a build: one line with its place. */
import type { Diagnostic } from "../diagnostics/index.ts";
import type { Problem } from "../problem.ts";

/** The problem that a diagnostic is, with its id behind the message. */
export function problemOfDiagnostic({ id, severity, span, path, message, help }: Diagnostic): Problem {
  return {
    path: span === undefined ? (path ?? "") : `${span.file}:${span.start.line}`,
    message: `${message} (${id})`,
    ...(help === undefined ? {} : { help }),
    ...(severity === "error" ? {} : { severity: "warning" }),
  };
}
