/**
 * Errors that Heddle raises on purpose, and the one registry of their codes.
 *
 * A code is a contract: clients branch on it and docs/errors.md explains it. Failures (values in the
 * journal) draw their codes from the same registry, so that a code means one thing everywhere.
 */

export type ErrorCategory =
  | "not-found"
  | "invalid"
  | "conflict"
  | "denied"
  | "exhausted"
  | "unavailable"
  | "failed"
  | "unimplemented"
  | "internal";

/** Whether the same request may be repeated and might then succeed. */
export type RetryClass = "never" | "safe" | "after-delay";

export interface ErrorSpec {
  readonly category: ErrorCategory;
  readonly retry: RetryClass;
  /** Canonical gRPC status code. */
  readonly grpc: number;
  readonly http: number;
}

const notFound = { category: "not-found", retry: "never", grpc: 5, http: 404 } as const;
const invalid = { category: "invalid", retry: "never", grpc: 3, http: 400 } as const;
const conflict = { category: "conflict", retry: "never", grpc: 9, http: 409 } as const;
const failed = { category: "failed", retry: "never", grpc: 9, http: 422 } as const;
const unavailable = { category: "unavailable", retry: "after-delay", grpc: 14, http: 503 } as const;

export const errorCodes = {
  // What the caller sent.
  "request-invalid": invalid,
  "value-invalid": invalid,
  "value-too-large": { category: "invalid", retry: "never", grpc: 3, http: 413 },
  "value-too-deep": invalid,
  "input-invalid": invalid,
  "answer-invalid": invalid,
  "ir-invalid": invalid,
  "bundle-invalid": invalid,
  "bundle-hash-mismatch": invalid,
  "path-escape": invalid,
  "config-invalid": invalid,
  "plugin-invalid": invalid,
  "tool-invalid": invalid,
  "grant-invalid": invalid,
  "hook-invalid": invalid,
  "node-invalid": invalid,
  "cursor-invalid": { category: "invalid", retry: "never", grpc: 11, http: 400 },
  // Who asked.
  unauthenticated: { category: "denied", retry: "never", grpc: 16, http: 401 },
  "permission-denied": { category: "denied", retry: "never", grpc: 7, http: 403 },
  "capability-denied": { category: "denied", retry: "never", grpc: 7, http: 403 },
  "call-denied": { category: "denied", retry: "never", grpc: 7, http: 403 },
  "call-needs-person": { category: "denied", retry: "never", grpc: 7, http: 403 },
  // What is not there, or not in that state.
  "run-not-found": notFound,
  "bundle-not-found": notFound,
  "workflow-not-found": notFound,
  "call-not-found": notFound,
  "token-not-found": notFound,
  "approval-not-found": notFound,
  "grant-not-found": notFound,
  "hook-not-found": notFound,
  "blob-not-found": notFound,
  "activation-not-found": notFound,
  "query-not-found": notFound,
  "route-not-found": notFound,
  "plugin-not-found": notFound,
  "action-not-found": notFound,
  "tool-not-found": notFound,
  "node-not-found": notFound,
  "node-server-not-found": notFound,
  "dead-letter-not-found": notFound,
  "handler-not-found": { category: "not-found", retry: "never", grpc: 9, http: 422 },
  "idempotency-conflict": { category: "conflict", retry: "never", grpc: 6, http: 409 },
  "run-ended": conflict,
  "run-not-ended": conflict,
  "run-not-paused": conflict,
  "not-waiting": conflict,
  "call-not-unknown": conflict,
  "call-changed": conflict,
  "bundle-in-use": conflict,
  "data-folder-locked": { category: "conflict", retry: "never", grpc: 9, http: 409 },
  // Load and storage.
  "retry-later": { category: "exhausted", retry: "after-delay", grpc: 8, http: 429 },
  "signals-full": { category: "exhausted", retry: "after-delay", grpc: 8, http: 429 },
  "follower-slow": { category: "exhausted", retry: "safe", grpc: 8, http: 429 },
  "storage-full": { category: "exhausted", retry: "after-delay", grpc: 8, http: 507 },
  "storage-failed": { category: "internal", retry: "never", grpc: 13, http: 500 },
  "journal-contended": { category: "conflict", retry: "safe", grpc: 10, http: 409 },
  "journal-fenced": { category: "unavailable", retry: "safe", grpc: 14, http: 503 },
  "journal-corrupt": { category: "internal", retry: "never", grpc: 15, http: 500 },
  "daemon-unreachable": unavailable,
  "plugin-unreachable": { category: "unavailable", retry: "after-delay", grpc: 9, http: 422 },
  "shutting-down": unavailable,
  "deadline-exceeded": { category: "unavailable", retry: "safe", grpc: 4, http: 504 },
  cancelled: { category: "failed", retry: "never", grpc: 1, http: 499 },
  // How a run or an attempt failed. These are also the codes of failures in the journal.
  "run-failed": failed,
  "handler-failed": failed,
  "process-failed": failed,
  "node-failed": failed,
  "tool-failed": failed,
  "not-interactive": failed,
  "result-invalid": failed,
  timeout: failed,
  rejected: failed,
  "executor-lost": failed,
  "executor-unavailable": failed,
  "secret-unresolved": failed,
  "child-run-failed": failed,
  "child-run-cancelled": failed,
  "outcome-unknown": failed,
  "no-transition": failed,
  "map-input-invalid": failed,
  "iterations-exceeded": failed,
  "limit-exceeded": failed,
  "cascade-exceeded": failed,
  "graph-incomplete": failed,
  "workflow-failed": failed,
  // Not there yet, and bugs.
  unimplemented: { category: "unimplemented", retry: "never", grpc: 12, http: 501 },
  "invariant-violated": { category: "internal", retry: "never", grpc: 13, http: 500 },
  internal: { category: "internal", retry: "never", grpc: 13, http: 500 },
} as const satisfies Record<string, ErrorSpec>;

export type ErrorCode = keyof typeof errorCodes;

export function isErrorCode(code: string): code is ErrorCode {
  return Object.hasOwn(errorCodes, code);
}

export type ErrorDetails = Readonly<Record<string, string | number | boolean>>;

const brand = Symbol.for("@heddle/core/HeddleError");

/** Base of every intentional error. Recognise it with {@link HeddleError.is}, never by `instanceof`. */
export class HeddleError<Code extends ErrorCode = ErrorCode> extends Error {
  readonly [brand] = true;
  readonly code: Code;
  readonly details: ErrorDetails;

  constructor(code: Code, message: string, options: ErrorOptions & { details?: ErrorDetails } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = "HeddleError";
    this.code = code;
    this.details = options.details ?? {};
  }

  /** True for our errors from any copy of this package and from any realm. */
  static is<Code extends ErrorCode = ErrorCode>(value: unknown, code?: Code): value is HeddleError<Code> {
    if (typeof value !== "object" || value === null || !(brand in value)) return false;
    return code === undefined || (value as HeddleError).code === code;
  }
}

/** A bug in Heddle. It stops the run that met it and is reported at the process edge; nothing below may catch it. */
export class InvariantViolatedError extends HeddleError<"invariant-violated"> {
  constructor(message: string) {
    super("invariant-violated", message);
    this.name = "InvariantViolatedError";
  }
}

export function invariant(condition: unknown, message: string): asserts condition {
  if (!condition) throw new InvariantViolatedError(message);
}

/** Makes a missing `case` a compile error, and a corrupt value a loud one. */
export function unreachable(value: never): never {
  throw new InvariantViolatedError(`unhandled variant: ${JSON.stringify(value)}`);
}

/**
 * What a stranger may be told of an error: code, message and details of ours, "internal error" for
 * all else. `cause` never leaves the process.
 */
export function publicError(error: unknown): { code: ErrorCode; message: string; details: ErrorDetails } {
  // An error of another copy of this package may have a code that this copy does not know.
  if (!HeddleError.is(error) || !isErrorCode(error.code)) return { code: "internal", message: "internal error", details: {} };
  if (errorCodes[error.code].category !== "internal") return { code: error.code, message: error.message, details: error.details };
  return { code: error.code === "invariant-violated" ? "internal" : error.code, message: "internal error", details: {} };
}
