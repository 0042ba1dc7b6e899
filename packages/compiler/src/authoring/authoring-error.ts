/**
 * What an author did that cannot be a workflow, said so that it can be put right: what was met, where
 * in the author's file, and what to write instead. This module is copied into bundles, so it has an
 * error class of its own and imports nothing.
 */

const brand = Symbol.for("@heddle/compiler/AuthoringError");

/** A place in the author's source. `file` is a file URL or a path, as the engine names it. */
export interface CallSite {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/** Raised while a workflow is being built. `help` says what to write instead. */
export class AuthoringError extends Error {
  readonly [brand] = true;
  readonly help: string | undefined;
  readonly site: CallSite | undefined;

  constructor(message: string, help?: string, site: CallSite | undefined = callSite()) {
    super(help === undefined ? message : `${message}. ${help}`);
    this.name = "AuthoringError";
    this.help = help;
    this.site = site;
  }

  /** True for an error of any copy of this module. */
  static is(value: unknown): value is AuthoringError {
    return typeof value === "object" && value !== null && brand in value;
  }
}

const here = new URL(".", import.meta.url);
const prefixes = [here.href, decodeURIComponent(here.pathname)];

/** The nearest place on the stack that is not in this folder; undefined where the engine does not tell. */
export function callSite(): CallSite | undefined {
  const holder: { stack?: string } = {};
  Error.captureStackTrace?.(holder, callSite);
  for (const line of holder.stack?.split("\n").slice(1) ?? []) {
    const match = /(?:\(|at (?:async )?)((?:file:\/\/|\/|[A-Za-z]:\\)[^()]*):(\d+):(\d+)\)?$/.exec(line.trim());
    const file = match?.[1];
    if (file === undefined || (prefixes.some((prefix) => file.startsWith(prefix)) && !file.includes(".test."))) continue;
    return { file, line: Number(match?.[2]), column: Number(match?.[3]) };
  }
  return undefined;
}
