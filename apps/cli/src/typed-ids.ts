/** Ids as they are typed. */
import { CallId, ContentHash, RunId } from "@heddle/core";
import { UsageError } from "./command.ts";

/** Errors: `UsageError`. */
export function requiredRunId(text: string | undefined): RunId {
  const parsed = RunId.safeParse(text);
  if (parsed.success) return parsed.data;
  throw new UsageError(`${JSON.stringify(text ?? "")} is not the id of a run`, "see which runs there are: heddle runs list");
}

/** Errors: `UsageError`. */
export function requiredCallId(text: string | undefined): CallId {
  const parsed = CallId.safeParse(text);
  if (parsed.success) return parsed.data;
  throw new UsageError(`${JSON.stringify(text ?? "")} is not the id of a call`, "see which calls are open: heddle calls list");
}

/** The hash of a bundle, or of what is said. Errors: `UsageError`. */
export function requiredHash(
  text: string | undefined,
  what = "a bundle",
  help = "see which bundles there are: heddle bundles list",
): ContentHash {
  const parsed = ContentHash.safeParse(text);
  if (parsed.success) return parsed.data;
  throw new UsageError(`${JSON.stringify(text ?? "")} is not the hash of ${what}`, help);
}
