/** Collects what is wrong with a manifest: everything at once, and never more than somebody could read. */
import type { Problem } from "../../problem.ts";

/** Problems that are told; the rest is counted. */
export const problemsShownMax = 1_000;

export interface ProblemList {
  error(path: string, message: string, help: string): void;
  warn(path: string, message: string, help: string): void;
  /** Errors so far, shown or not. */
  readonly errors: number;
  all(): readonly Problem[];
}

export function createProblemList(): ProblemList {
  const shown: Problem[] = [];
  let errors = 0;
  let hidden = 0;
  const add = (problem: Problem): void => {
    if (problem.severity === undefined) errors++;
    if (shown.length < problemsShownMax) shown.push(problem);
    else hidden++;
  };
  return {
    error: (path, message, help) => add({ path, message, help }),
    warn: (path, message, help) => add({ path, message, help, severity: "warning" }),
    get errors() {
      return errors;
    },
    all: () =>
      hidden === 0
        ? shown
        : [...shown, { path: "$", message: `${hidden} more problems are not shown`, help: "Mend the first ones and validate again" }],
  };
}
