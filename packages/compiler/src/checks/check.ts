/** What a check is: one rule about workflows, or a few of a kind, with the diagnostics that it owns. */
import type { WorkflowIr } from "@heddle/core";
import type { Diagnostic, DiagnosticId } from "../diagnostics/index.ts";
import type { Facts } from "./facts.ts";

export interface Check {
  readonly name: string;
  /** The diagnostics that it alone gives. */
  readonly ids: readonly DiagnosticId[];
  /** Pure and total. */
  run(ir: WorkflowIr, facts: Facts): readonly Diagnostic[];
}
