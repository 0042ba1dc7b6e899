/**
 * The chains of hooks about a call: before it in their order, after it in the opposite one. What a hook does to a call
 * is what the next one sees; what they leave is prepared and judged as if the call had been made so.
 */
import {
  AfterCallAnswer,
  BeforeCallAnswer,
  type CallDenial,
  failureOf,
  HeddleError,
  type HookRan,
  hashJson,
  type JsonObject,
  type JsonValue,
  jsonEquals,
  outcomeOfResult,
} from "@heddle/core";
import type { Outcome } from "@heddle/ports";
import { parseHostRules } from "../guards/destinations/host-rules.ts";
import { isRefusal } from "../guards/refusal.ts";
import { type AnswerSchema, readAnswer } from "./answer.ts";
import type { CallOutcome, HookCall, HookSubject, Met } from "./hook-book.ts";

/** A hook in its place. */
export interface LinkedHook {
  readonly owner: string;
  readonly name: string;
  readonly tools?: readonly string[];
  readonly nodes?: readonly string[];
  readonly failMode?: "open" | "closed";
  /** Asks it, within its time. Rejects where it does not answer. */
  ask(call: HookCall): Promise<unknown>;
}

/** Whether a hook wants to hear of a call. */
export function hears(hook: Pick<LinkedHook, "tools" | "nodes">, { tool, node }: Pick<HookSubject, "tool" | "node">): boolean {
  return matches(hook.tools, tool) && matches(hook.nodes, node);
}

function matches(patterns: readonly string[] | undefined, name: string): boolean {
  if (patterns === undefined || patterns.length === 0) return true;
  return patterns.some((pattern) => (pattern.endsWith("*") ? name.startsWith(pattern.slice(0, -1)) : pattern === name));
}

type Told = HookSubject & { readonly args: JsonObject };

/** `mayWiden`: whether the operator lets that owner add hosts. */
export async function runBefore(hooks: readonly LinkedHook[], call: Told, mayWiden: (owner: string) => boolean): Promise<Met> {
  let args = call.args;
  const hosts = new Set<string>();
  const ran: HookRan[] = [];
  for (const hook of hooks.filter((each) => hears(each, call))) {
    const { owner, name } = hook;
    const answer = await answerOf(() => hook.ask({ ...call, args, phase: "pre", owner, name }), BeforeCallAnswer);
    if (answer === undefined) {
      if (hook.failMode === "closed")
        return denied("hook-unavailable", `the hook ${owner}/${name} does not answer, and no call goes on without it`);
      ran.push({ owner, name, did: "failed" });
      continue;
    }
    if (answer.deny !== undefined) return denied("hook-denied", `the hook ${owner}/${name} refuses it: ${answer.deny.reason}`);
    const rewrote = answer.args !== undefined && !jsonEquals(answer.args, args);
    if (rewrote) args = answer.args as JsonObject;
    // Only whom the operator lets widen does; what others ask for is passed over, as the record says.
    const added = mayWiden(owner) ? (answer.allowHosts ?? []).filter(isHost) : [];
    for (const host of added) hosts.add(host);
    ran.push({
      owner,
      name,
      did: rewrote ? (added.length > 0 ? "rewrote-and-widened" : "rewrote") : added.length > 0 ? "widened" : "passed",
      ...(rewrote ? { args: hashJson(args) } : {}),
      ...(added.length > 0 ? { hosts: added } : {}),
    });
  }
  const rewritten = ran.some(({ args: changed }) => changed !== undefined) ? args : undefined;
  return { kind: "passed", hooks: ran, rewritten, widened: hosts.size === 0 ? undefined : [...hosts].sort() };
}

/** Single hosts and the names beneath one, and never all of them. */
function isHost(text: string): boolean {
  const rules = parseHostRules([text]);
  return !isRefusal(rules) && rules.every(({ kind }) => kind === "host" || kind === "suffix");
}

function denied(code: string, message: string): { readonly kind: "denied"; readonly denial: CallDenial } {
  return { kind: "denied", denial: { code, message } };
}

/** The hooks in the order in which they come before calls: they are asked from the last to the first. */
export async function runAfter(hooks: readonly LinkedHook[], call: Told, outcome: CallOutcome): Promise<Outcome> {
  let result = outcome;
  for (const hook of hooks.filter((each) => hears(each, call)).reverse()) {
    const { owner, name } = hook;
    const answer = await answerOf(() => hook.ask({ ...call, phase: "post", owner, name, ...gave(result) }), AfterCallAnswer);
    if (answer === undefined) {
      if (hook.failMode === "closed")
        result = discarded(call, `the hook ${owner}/${name} does not answer, and no result goes on without it`);
    } else if (answer.error !== undefined) {
      result = { kind: "failed", failure: failureOf("tool-failed", answer.error.message, "handler", { node: call.node }) };
    } else if (answer.result !== undefined && result.kind === "succeeded") result = outcomeOfResult(answer.result, call.node);
  }
  return result;
}

function gave(
  outcome: CallOutcome,
): { readonly result: JsonValue } | { readonly failure: { readonly code: string; readonly message: string } } {
  if (outcome.kind === "succeeded") return { result: outcome.result };
  const { code, message } = outcome.failure;
  return { failure: { code, message } };
}

function discarded({ node }: HookSubject, message: string): CallOutcome {
  return { kind: "failed", failure: failureOf("call-denied", message, "denied", { node, details: { reason: "hook-unavailable" } }) };
}

/** Undefined: it did not answer, or said what no hook can say. */
async function answerOf<Answer extends BeforeCallAnswer | AfterCallAnswer>(
  ask: () => Promise<unknown>,
  schema: AnswerSchema<Answer>,
): Promise<Answer | undefined> {
  try {
    return readAnswer(schema, await ask());
  } catch (error) {
    if (HeddleError.is(error, "invariant-violated")) throw error;
    return undefined;
  }
}
