/** How a program failed, as the failure of its attempt. */
import { type Failure, failureOf, type JsonValue } from "@heddle/core";
import type { Outcome } from "@heddle/ports";
import type { TreeEnd } from "./process-tree.ts";

/** What is told of a program that failed. Redacted already. */
export interface Told {
  readonly node: string;
  readonly attempt: number;
  readonly stderr: string;
  readonly stdout: string;
}

const linesMax = 20;
const lineMax = 400;

/** The last lines of standard error, for people. */
export function lastLines(stderr: string): readonly string[] {
  const lines = stderr.split("\n").map((line) => line.trimEnd());
  return lines
    .filter((line) => line !== "")
    .slice(-linesMax)
    .map((line) => line.slice(0, lineMax));
}

/**
 * What the contract repeats: text that tells of a connection or a service, not of the worker's own
 * mistake. Such a failure is `transient`, so that a policy may repeat these alone.
 */
const transientText =
  /h2 protocol error|peer closed connection|status: unknown|error reading a body from connection|tls close_notify|transport error|connection reset|connection refused|timed out|deadline exceeded|unavailable|agent beacon deadline exceeded|artifact_not_ready/i;

/** Signals by which somebody else ends a program. The others are a program's own crash. */
const fromOutside: ReadonlySet<string> = new Set(["SIGKILL", "SIGTERM", "SIGINT", "SIGHUP", "SIGQUIT", "SIGSTOP"]);

/** Losses of one activation that count against nobody. Beyond them something keeps killing it. */
const lossesMax = 5;

/** The outcome of a program that ended badly, and that nobody here had asked to end. */
export function failedOutcome(end: Exclude<TreeEnd, { kind: "unstarted" }>, told: Told): Outcome {
  if (end.kind === "signalled" && fromOutside.has(end.signal)) {
    const message = `the process of ${told.node} was ended by ${end.signal}`;
    return { kind: "lost", message, counted: told.attempt > lossesMax };
  }
  const stderr = lastLines(told.stderr);
  const how = end.kind === "exited" ? `exited with code ${end.exitCode}` : `crashed with ${end.signal}`;
  const last = stderr.at(-1);
  const failureClass = transientText.test(stderr.join("\n")) || transientText.test(told.stdout.slice(-2_000)) ? "transient" : "handler";
  const message = `${told.node} ${how}${last === undefined ? "" : `: ${last}`}`;
  const ending: Record<string, JsonValue> = end.kind === "exited" ? { exitCode: end.exitCode } : { signal: end.signal };
  return {
    kind: "failed",
    failure: failureOf("process-failed", message, failureClass, { retryable: true, node: told.node, details: { ...ending, stderr } }),
  };
}

/** Why a program did not start: it is not there, or the system has no room for one more. */
export function unstartedFailure(end: Extract<TreeEnd, { kind: "unstarted" }>, node: string): Failure {
  const isTemporary = end.code === "EAGAIN" || end.code === "ENOMEM" || end.code === "EMFILE" || end.code === "ENFILE";
  return failureOf("executor-unavailable", `${node} cannot be started: ${end.message}`, isTemporary ? "transient" : "handler", {
    retryable: isTemporary,
    node,
  });
}

export function timeoutFailure(timeoutMs: number, told: Told): Failure {
  return failureOf("timeout", `host local command timed out: ${told.node} took longer than ${timeoutMs} ms`, "timeout", {
    retryable: true,
    node: told.node,
    details: { stderr: lastLines(told.stderr) },
  });
}

export function tooMuchFailure(bytesMax: number, told: Told): Failure {
  return failureOf("value-too-large", `${told.node} printed more than ${bytesMax} bytes`, "invalid", {
    node: told.node,
    details: { stderr: lastLines(told.stderr) },
  });
}
