/** What is wrong with something that an author or an operator gave: data, to be shown, all of it at once. */
export interface Problem {
  /** Where: `src/flow.ts:12`, `payloads/a.js`, or a path of ids in a workflow. */
  readonly path: string;
  readonly message: string;
  /** A way out. */
  readonly help?: string;
  /** Worth knowing, and no reason to refuse. Absent: an error. */
  readonly severity?: "warning";
}
