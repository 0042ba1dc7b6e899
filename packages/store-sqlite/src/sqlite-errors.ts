/**
 * What an error of the driver means. The rule that matters: only an error after which SQLite is
 * certain that nothing was written may leave the store alive. Everything else makes the answer
 * unknown, and an unknown answer is never asked for again.
 */
import { type ErrorCode, HeddleError } from "@heddle/core";

/** `full`: no room. `busy`: another connection holds the lock. `corrupt`: not a sound database. */
export type SqliteFault = "full" | "busy" | "corrupt" | "unopenable" | "broken";

const faults: Readonly<Record<number, SqliteFault>> = {
  5: "busy",
  6: "busy",
  8: "unopenable",
  11: "corrupt",
  13: "full",
  14: "unopenable",
  26: "corrupt",
};

/** Told by the primary result code, never by the text. */
export function faultOf(error: unknown): SqliteFault {
  if (typeof error !== "object" || error === null) return "broken";
  if ("code" in error && error.code === "ENOSPC") return "full";
  if (!("errcode" in error) || typeof error.errcode !== "number") return "broken";
  return faults[error.errcode & 0xff] ?? "broken";
}

export function storageFull(cause: unknown): HeddleError {
  return new HeddleError("storage-full", "there is no room to write; nothing was written", { cause });
}

export function storageFailed(cause: unknown): HeddleError {
  const message = "writing to the database failed, and what it holds is unknown until it is opened again";
  return new HeddleError("storage-failed", message, { cause });
}

export function contended(cause: unknown): HeddleError {
  const message = "another process holds the database; nothing was written";
  return new HeddleError("journal-contended", message, { cause });
}

const whyNotOpened: Readonly<Record<SqliteFault, readonly [ErrorCode, string]>> = {
  full: ["storage-full", "there is no room for the database"],
  busy: ["journal-contended", "another process holds the database"],
  corrupt: ["journal-corrupt", "the file is not a sound SQLite database; restore it from a backup"],
  unopenable: ["config-invalid", "the file cannot be opened for writing; check that its folder exists and who may write"],
  broken: ["storage-failed", "the database cannot be read"],
};

/** Why a database could not be opened. */
export function notOpened(path: string, error: unknown): HeddleError {
  if (HeddleError.is(error)) return error;
  const [code, reason] = whyNotOpened[faultOf(error)];
  return new HeddleError(code, `${path}: ${reason}`, { cause: error });
}
