/** How an error is told: one sentence and its code, then what to do; or one JSON value. And its exit code. */
import { type ErrorCode, HeddleError, publicError } from "@heddle/core";
import { UsageError } from "./command.ts";
import type { Printer } from "./printer.ts";
import { plainText } from "./style.ts";

/** What is wrong, all of it, where one sentence is not enough. */
export interface ProblemList {
  readonly problems: readonly {
    readonly path: string;
    readonly message: string;
    readonly help?: string;
    readonly severity?: "warning";
  }[];
}

/** A bundle or authoring file that cannot be used, with every problem in it. */
export class InvalidBundleError extends HeddleError<"bundle-invalid"> implements ProblemList {
  readonly problems: ProblemList["problems"];

  constructor(path: string, problems: ProblemList["problems"]) {
    super("bundle-invalid", `${path} has ${countOf(problems)}`, { details: { path, problems: problems.length } });
    this.name = "InvalidBundleError";
    this.problems = problems;
  }
}

/**
 * Tells an error, and returns the exit code: 2 for wrong usage, 1 for everything else.
 *
 * @param run the run that the command line named, for commands that are printed
 */
export function reportError(printer: Printer, error: unknown, run = "<run>"): number {
  const usage = error instanceof UsageError;
  const list = error instanceof InvalidBundleError ? error.problems : [];
  const told = HeddleError.is(error) && error.code !== "invariant-violated" ? error : undefined;
  const { code, message, details } = told ?? publicError(error);
  if (printer.json) {
    printer.jsonLine({ error: { code, message, details: list.length === 0 ? details : { ...details, problems: list } } });
  } else {
    for (const line of problemLines(list)) printer.note(line);
    printer.note(`${printer.notePaint("red", "error:")} ${plainText(message)} (${code})`);
    const help = usage ? error.help : adviceFor(code, run);
    if (help !== undefined) printer.note(`  ${help}`);
  }
  // A bug is worth its place in the code; everything else has been told.
  if (told === undefined && error instanceof Error && error.stack !== undefined) printer.note(error.stack);
  return usage || code === "input-invalid" ? 2 : 1;
}

/** Errors, in words: warnings are told and not counted. */
export function countOf(problems: ProblemList["problems"]): string {
  const errors = problems.filter(({ severity }) => severity === undefined).length;
  return errors === 1 ? "one problem" : `${errors} problems`;
}

/** `place: message`, and the way out below it. */
export function problemLines(problems: ProblemList["problems"]): string[] {
  return problems.flatMap(({ path, message, help, severity }) => [
    `${severity === undefined ? "" : `${severity}: `}${path}: ${plainText(message)}`,
    ...(help === undefined ? [] : [`  ${plainText(help)}`]),
  ]);
}

function adviceFor(code: ErrorCode, run: string): string | undefined {
  switch (code) {
    case "run-not-found":
      return "see which runs there are: heddle runs list";
    case "bundle-not-found":
      return "see which bundles there are: heddle bundles list";
    case "workflow-not-found":
      return "see what a bundle holds: heddle bundles get <hash>";
    case "call-not-found":
    case "call-not-unknown":
      return "see which calls are open: heddle calls list";
    case "approval-not-found":
      return "see what is asked: heddle approvals list, heddle interruptions list";
    case "call-changed":
      return "look at the call as it is now: heddle approvals show <id>";
    case "grant-not-found":
      return "see which grants there are: heddle grants list --ended";
    case "hook-not-found":
      return "see which hooks there are: heddle hooks list";
    case "tool-not-found":
      return "see which tools there are: heddle tools list";
    case "plugin-not-found":
    case "action-not-found":
      return "see which plugins and actions there are: heddle plugins list";
    case "node-not-found":
    case "node-server-not-found":
      return "see which node servers and nodes there are: heddle nodes list";
    case "dead-letter-not-found":
      return `see which dead letters there are: heddle deadletters list ${run}`;
    case "token-not-found":
      return "see which tokens there are: heddle tokens list";
    case "run-ended":
      return `see how it ended: heddle runs get ${run}`;
    case "run-not-ended":
      return `end it first: heddle runs cancel ${run} --wait`;
    case "run-not-paused":
    case "not-waiting":
      return `see what it waits for: heddle why ${run}`;
    case "bundle-in-use":
      return "see which runs are open: heddle runs list --all";
    case "idempotency-conflict":
      return "use another --idempotency-key, or the same bundle and input";
    case "unauthenticated":
      return "give a token with HEDDLE_TOKEN, or use the user account that started the daemon";
    case "permission-denied":
      return "an admin gives roles with: heddle tokens create --subject <name> --role <role>";
    default:
      return undefined;
  }
}
