/**
 * One call of an action, from a request to an outcome: inputs checked, the author's function called, what
 * it gave checked. Whoever carries the call (a stream, the daemon itself, a test) brings the services.
 *
 * It settles once and never rejects. Stacks and causes of what is thrown stay here.
 */
import {
  type Action,
  checkInputs,
  checkOutputs,
  describeProblems,
  type ExecuteRequest,
  type Failure,
  failureOf,
  failureOfThrown,
  type JsonObject,
  type JsonValue,
  type LogLevel,
  logFunctions,
  outcomeOfResult,
} from "@heddle/core";
import type { ReadyPlugin } from "./check-plugin.ts";
import type { PluginRequest, Progress } from "./declare.ts";
import { readResponse } from "./response.ts";

/** How a call ended. */
export type CallOutcome =
  | { readonly kind: "succeeded"; readonly result: JsonValue }
  | { readonly kind: "failed"; readonly failure: Failure }
  /** It stopped because it was asked to. */
  | { readonly kind: "aborted" };

/** What carries a call. */
export interface CallServices {
  readonly signal: AbortSignal;
  log(level: LogLevel, text: string, fields?: JsonObject): void;
  progress(progress: Progress): void;
}

/** Carries out one call. */
export async function perform(plugin: ReadyPlugin, request: ExecuteRequest, services: CallServices): Promise<CallOutcome> {
  const tool = `${plugin.info.name}.${request.action}`;
  const action = plugin.actions.get(request.action);
  if (action === undefined) {
    const names = [...plugin.actions.keys()].join(", ");
    return failed(failureOf("action-not-found", `${plugin.info.name} has no action ${request.action}; it has ${names}`, "denied"));
  }
  const inputs = checkInputs(action, request.params);
  if (inputs.value === undefined) {
    return failed(failureOf("input-invalid", `${tool} cannot take these inputs: ${describeProblems(inputs.problems)}`, "invalid"));
  }
  try {
    const given = await plugin.form.call(requestOf(request, inputs.value, services));
    // Whoever was asked to stop and gives a value all the same has finished its work.
    return outcomeOf(action, tool, given, services);
  } catch (thrown) {
    return services.signal.aborted ? { kind: "aborted" } : failed(failureOfThrown(thrown));
  }
}

function requestOf(request: ExecuteRequest, inputs: JsonObject, services: CallServices): PluginRequest {
  const { action, tenant, run, node, activation, attempt, idempotencyKey } = request;
  return {
    action,
    params: Object.freeze({ ...inputs, action }),
    timeRange: request.timeRange,
    tenant,
    run,
    node,
    activation,
    attempt,
    idempotencyKey,
    signal: services.signal,
    deadlineMs: request.deadlineMs,
    log: logFunctions((level, text, fields) => services.log(level, text, fields)),
    progress: (progress) => services.progress(progress),
  };
}

function outcomeOf(action: Action, tool: string, given: unknown, services: CallServices): CallOutcome {
  const { value, logs } = readResponse(action, given);
  for (const text of logs) services.log("warn", text);
  const adopted = outcomeOfResult(value, tool);
  if (adopted.kind === "failed") return adopted;
  const outputs = checkOutputs(action, adopted.result);
  if (outputs.value !== undefined) return { kind: "succeeded", result: outputs.value };
  return failed(failureOf("result-invalid", `${tool} gave outputs that do not fit: ${describeProblems(outputs.problems)}`, "invalid"));
}

function failed(failure: Failure): CallOutcome {
  return { kind: "failed", failure };
}
