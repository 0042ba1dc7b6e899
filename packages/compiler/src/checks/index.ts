/** The checks over a lowered workflow: all of them, and how they are run. */
import type { WorkflowIr } from "@heddle/core";
import { type Diagnostic, sortDiagnostics } from "../diagnostics/index.ts";
import { assignment } from "./assignment.ts";
import type { Check } from "./check.ts";
import { constantGuards } from "./constant-guards.ts";
import { deadGuards } from "./dead-guards.ts";
import { exhaustiveGuards } from "./exhaustive-guards.ts";
import { exits } from "./exits.ts";
import { type FactsOptions, factsOf } from "./facts.ts";
import { fanInTypes } from "./fan-in-types.ts";
import { names } from "./names.ts";
import { policyConditions } from "./policy-conditions.ts";
import { policyNeeds } from "./policy-needs.ts";
import { policyTriggers } from "./policy-triggers.ts";
import { reachability } from "./reachability.ts";
import { termination } from "./termination.ts";
import { types } from "./types.ts";
import { unaskedCalls } from "./unasked-calls.ts";
import { unsafeRetries } from "./unsafe-retries.ts";

export type { Check } from "./check.ts";
export type { FactsOptions } from "./facts.ts";

export const allChecks: readonly Check[] = [
  names,
  types,
  fanInTypes,
  assignment,
  reachability,
  exits,
  termination,
  constantGuards,
  deadGuards,
  exhaustiveGuards,
  policyConditions,
  policyTriggers,
  policyNeeds,
  unsafeRetries,
  unaskedCalls,
];

export interface CheckOptions extends FactsOptions {
  /** Default: all of them. */
  readonly checks?: readonly Check[];
}

/** Everything that the checks have to say about a workflow that is structurally sound, in the order in which it is shown. */
export function checkWorkflow(ir: WorkflowIr, options: CheckOptions = {}): readonly Diagnostic[] {
  const facts = factsOf(ir, options);
  return sortDiagnostics((options.checks ?? allChecks).flatMap((check) => check.run(ir, facts)));
}
