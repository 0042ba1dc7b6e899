/** What the child process tells of the authoring file that it loaded. Types alone: both sides are ours. */

/** A file and what it exports there. `file` is a real path. */
export interface CodePlace {
  readonly file: string;
  readonly export: string;
}

/** A workflow that the file exports, or that one of its workflows starts. */
export interface LoadedWorkflow {
  readonly id: string;
  readonly ir: unknown;
  readonly code: CodePlace | undefined;
  readonly children: readonly string[];
  readonly handlers: readonly { readonly name: string; readonly code: CodePlace | undefined }[];
  /** Handlers whose code is in workers. */
  readonly served: readonly string[];
  /** Where each node was written. */
  readonly sites: Readonly<Record<string, { readonly file: string; readonly line: number; readonly column: number }>>;
}

/** What went wrong while the file ran. */
export interface LoadFailure {
  readonly message: string;
  readonly help?: string | undefined;
  readonly file?: string | undefined;
  readonly line?: number | undefined;
  /** The text of a file is at fault. */
  readonly syntax?: true;
}

export interface LoadReport {
  readonly failures: readonly LoadFailure[];
  readonly workflows: readonly LoadedWorkflow[];
  /** The author's files that were loaded, with the module format that Node found. */
  readonly loaded: readonly { readonly file: string; readonly format: string }[];
}
