/** What a node does that no executor does for it: asks, waits. The same in every discipline. Pure. */
import { type Doing, type Failure, failureOf, instantOf, type JsonValue, type WaitNode } from "@heddle/core";

export interface DoingOf {
  readonly does: Doing | undefined;
  /** Why the node fails as soon as it is entered. */
  readonly failure?: Failure;
}

/** What a tool node does: it requests a call, which the gate prepares. */
export const toolDoing: Doing = { kind: "call" };

/** @param given the value of its duration or time; unused where it waits for a signal */
export function waitDoing(node: WaitNode, given: JsonValue, atMs: number): DoingOf {
  const { wait } = node;
  if (wait.kind === "signal") return { does: { kind: "signal", name: wait.name, ...deadlineOf(node.timeoutMs, atMs) } };
  const untilMs = wait.kind === "until" ? instantOf(given) : typeof given === "number" ? atMs + Math.max(0, given) : undefined;
  if (untilMs !== undefined) return { does: { kind: "sleep", untilMs } };
  const failure = failureOf("value-invalid", `${node.id} waits for a time, and was given ${JSON.stringify(given)}`, "invalid");
  return { does: { kind: "sleep", untilMs: atMs }, failure };
}

export function deadlineOf(timeoutMs: number | undefined, atMs: number): { deadlineMs?: number } {
  return timeoutMs === undefined ? {} : { deadlineMs: atMs + timeoutMs };
}
