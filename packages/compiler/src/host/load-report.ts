/** What the child process tells of the authoring file that it loaded. Types alone: both sides are ours. */
import type { Diagnostic } from "../diagnostics/index.ts";

/** A file and what it exports there. `file` is a real path. */
export interface CodePlace {
  readonly file: string;
  readonly export: string;
  /** Of a class that is exported: the method that is meant. */
  readonly method?: string;
}

/** A workflow that the file exports, or that one of its workflows starts. */
export interface LoadedWorkflow {
  readonly id: string;
  readonly ir: unknown;
  readonly code: CodePlace | undefined;
  readonly children: readonly string[];
  /** `owner`: of a method, its class. */
  readonly handlers: readonly { readonly name: string; readonly code: CodePlace | undefined; readonly owner?: string }[];
  /** Handlers whose code is in workers. */
  readonly served: readonly string[];
  /** Where each node was written. */
  readonly packaging?: Packaging;
  readonly sites: Readonly<Record<string, { readonly file: string; readonly line: number; readonly column: number }>>;
}

/** A pattern of `includes` or `excludes`, and where it is written: a real path and UTF-16 offsets. */
export interface FilePattern {
  readonly pattern: string;
  readonly file: string;
  readonly start: number;
  readonly end: number;
}

/** What a workflow says about the files that go with it. */
export interface Packaging {
  readonly includes: readonly FilePattern[];
  readonly excludes: readonly FilePattern[];
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
  /** Warnings about what was read, where nothing failed. */
  readonly warnings?: readonly Diagnostic[];
  readonly workflows: readonly LoadedWorkflow[];
  /** The author's files that were loaded, with the module format that Node found. */
  readonly loaded: readonly { readonly file: string; readonly format: string }[];
}
