/**
 * What the daemon asks of a call before it leaves and after it is back, whoever carries it out: the
 * permission that the node declared, the inputs, the outputs. Pure.
 */
import {
  type Action,
  checkInputs,
  checkOutputs,
  describeProblems,
  type ExecuteRequest,
  type Failure,
  failureOf,
  type Permission,
  TimeRange,
  type ToolNode,
  toolName,
} from "@heddle/core";
import type { Outcome, Task } from "@heddle/ports";

/** The read of a node that is no input of its action: the span of time that the call is about. */
const timeRangeRead = "$timeRange";

const rank: Readonly<Record<Permission, number>> = { read: 0, modify: 1, admin: 2 };

/**
 * Why a node may not call an action. A node asks a person by what it declares, so an action that may do
 * more than that would pass nobody.
 */
export function refusalOf(node: ToolNode, plugin: string, action: Action): Failure | undefined {
  const declared = node.permission ?? "modify";
  if (rank[action.permission] <= rank[declared]) return undefined;
  const tool = toolName(plugin, action.name);
  return failureOf(
    "capability-denied",
    `${node.id} declares the permission ${declared}, and ${tool} needs ${action.permission}: declare permission: "${action.permission}" ` +
      "on the node, so that a person is asked before the call",
    "denied",
    { node: node.id, details: { tool, declared, needed: action.permission } },
  );
}

/** The request of a task, inputs checked and complete; or why there can be none. */
export function requestOf(task: Task, plugin: string, action: Action): ExecuteRequest | Failure {
  const { [timeRangeRead]: given, ...inputs } = task.input;
  const tool = toolName(plugin, action.name);
  const invalid = (why: string) => failureOf("input-invalid", `${tool} cannot be called so: ${why}`, "invalid", { node: task.node.id });
  const timeRange = given === undefined || given === null ? undefined : TimeRange.safeParse(given);
  if (timeRange?.success === false) return invalid(`${timeRangeRead} is no span of time: it has startEpochMs and endEpochMs`);
  const checked = checkInputs(action, inputs);
  if (checked.value === undefined) return invalid(describeProblems(checked.problems));
  return {
    action: action.name,
    params: checked.value,
    ...(timeRange === undefined ? {} : { timeRange: timeRange.data }),
    tenant: task.tenant,
    run: task.run,
    node: task.node.id,
    activation: task.activation,
    attempt: task.attempt,
    idempotencyKey: task.idempotencyKey,
  };
}

/** Whether there can be no request. */
export function isFailure(made: ExecuteRequest | Failure): made is Failure {
  return "class" in made;
}

/** What came back, its outputs checked. */
export function checkedOutcome(outcome: Outcome, task: Task, plugin: string, action: Action): Outcome {
  if (outcome.kind !== "succeeded") return outcome;
  const checked = checkOutputs(action, outcome.result);
  if (checked.value !== undefined) return checked.value === outcome.result ? outcome : { kind: "succeeded", result: checked.value };
  const message = `${toolName(plugin, action.name)} gave outputs that do not fit: ${describeProblems(checked.problems)}`;
  return { kind: "failed", failure: failureOf("result-invalid", message, "invalid", { node: task.node.id }) };
}
