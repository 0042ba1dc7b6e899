/**
 * The registry of diagnostics: one row for each id. An id is never reused for another rule.
 *
 * HD10xx reading text, HD11xx names, HD12xx types, HD13xx stages and transitions, HD14xx policies, HD15xx
 * what a `.nemo` source may say and a `.heddle` source may not, HD16xx the visual document; HD2xxx checks; HD3xxx
 * what TypeScript may say, HD38xx what its packaging needs.
 */
import { checkDiagnostics } from "./registry-checks.ts";
import { packagingDiagnostics } from "./registry-packaging.ts";
import { textDiagnostics } from "./registry-text.ts";
import { typescriptDiagnostics } from "./registry-typescript.ts";
import type { Severity } from "./severity.ts";

export interface DiagnosticSpec {
  readonly severity: Severity;
  /** The rule in a few words; the heading in docs/diagnostics.md. */
  readonly title: string;
}

export const diagnosticRegistry = {
  ...textDiagnostics,
  ...checkDiagnostics,
  ...typescriptDiagnostics,
  ...packagingDiagnostics,
} as const satisfies Readonly<Record<string, DiagnosticSpec>>;

export type DiagnosticId = keyof typeof diagnosticRegistry;

export function isDiagnosticId(text: string): text is DiagnosticId {
  return Object.hasOwn(diagnosticRegistry, text);
}
