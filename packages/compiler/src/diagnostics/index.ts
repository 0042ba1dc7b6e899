/** What frontends, checks and the command line use of diagnostics. */
export {
  type Diagnostic,
  type Edit,
  type Fix,
  isError,
  type Position,
  type Related,
  type Span,
  sortDiagnostics,
} from "./diagnostic.ts";
export {
  createDiagnostic,
  createDiagnosticList,
  type DiagnosticDraft,
  type DiagnosticList,
  diagnosticsShownMax,
  eachOnce,
} from "./diagnostic-list.ts";
export { createOrigins, type Origins, type OriginTable, originsOf, type Part } from "./origins.ts";
export { type DiagnosticId, type DiagnosticSpec, diagnosticRegistry, isDiagnosticId } from "./registry.ts";
export { type RenderOptions, renderDiagnostics } from "./render.ts";
export type { Severity } from "./severity.ts";
export { createSourceText, type SourceText } from "./source-text.ts";
export { suggest } from "./suggest.ts";
