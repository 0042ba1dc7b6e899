/** What a node does that no executor does for it: asks, waits. The same in every discipline. Pure. */
import {
  type Doing,
  type Failure,
  failureOf,
  instantOf,
  isOversized,
  type JsonObject,
  type JsonValue,
  type ToolNode,
  type WaitNode,
} from "@heddle/core";

export interface DoingOf {
  readonly does: Doing | undefined;
  /** Why the node fails as soon as it is entered. */
  readonly failure?: Failure;
}

/** What a tool node does: it executes, or asks first until calls have approvals of their own. */
export function toolDoing(node: ToolNode, safe: boolean, input: () => JsonObject): Doing | undefined {
  const permission = node.permission ?? "modify";
  if (permission === "read") return safe ? undefined : { kind: "execute", unsafe: true };
  const tool = node.tool ?? node.capability;
  const given = input();
  return {
    kind: "ask",
    mode: "approve",
    call: true,
    prompt: `Let ${node.id} call ${tool}, which may ${permission === "admin" ? "administer" : "modify"}?`,
    details: { tool, permission, ...(isOversized(given) ? {} : { input: given }) },
  };
}

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
