/** What an attempt at a node of a graph is given, evaluated when it starts. */
import { isJsonObject, type JsonObject, type JsonValue, processReads, type SentMessage } from "@heddle/core";
import type { RunFold } from "../run/state.ts";
import { bodyOf, envelopeOf, scopeOf } from "./messages.ts";
import type { GraphNodePlan } from "./plan.ts";

/**
 * The reads of a node over `payload`, `message`, `state` and `input`. Without reads: a process is given
 * the contract's own three, and everything else the members of the body, or the body as `value`.
 */
export function inputValues(fold: RunFold, plan: GraphNodePlan, messages: readonly SentMessage[], atMs: number): JsonObject {
  const body = bodyOf(plan.rule, messages);
  const state = fold.record(plan.id)?.state;
  const envelope = (): JsonObject => envelopeFor(fold, plan, messages, body, atMs);
  if (plan.reads.length > 0) {
    const scope = scopeOf(body, state, fold.head.input, envelope);
    const values = Object.fromEntries(plan.reads.map(({ name, value }): [string, JsonValue] => [name, value(scope)]));
    if (plan.node.kind !== "process") return values;
    return { [processReads.state]: state ?? {}, ...values };
  }
  if (plan.node.kind === "process") {
    return { [processReads.body]: body, [processReads.state]: state ?? {}, [processReads.message]: envelope() };
  }
  return isJsonObject(body) ? body : { value: body };
}

function envelopeFor(fold: RunFold, plan: GraphNodePlan, messages: readonly SentMessage[], body: JsonValue, atMs: number): JsonObject {
  const [first] = messages;
  if (first === undefined) return { body };
  const single = plan.rule.kind === "each" || plan.rule.kind === "stream";
  const message = single ? first : { message: first.message, type: first.type, correlation: first.correlation, body };
  return envelopeOf(message, fold.head.run, plan.id, atMs);
}
