/** What a node gave, as the lists that go over the wire: every value JSON, every port one of the definition. */
import {
  adoptJson,
  HeddleError,
  type JsonValue,
  type NodeDefinition,
  type NodePort,
  NodeStatus,
  type NodeValues,
  nodeValuesOf,
} from "@heddle/core";
import type { SentStatus } from "./context.ts";

/** Throws `result-invalid`, naming the port. Nothing at all is no outputs. */
export function outputsOf(given: unknown, definition: NodeDefinition): NodeValues {
  if (given === undefined || given === null) return {};
  if (typeof given !== "object" || Array.isArray(given)) {
    throw refused(`the node gave ${nameOf(given)}, and an object with its outputs by name is expected`);
  }
  const outputs: [string, JsonValue[]][] = [];
  for (const [name, value] of Object.entries(given)) {
    if (value === undefined) continue;
    const port = definition.outputs.find((output) => output.name === name);
    if (port === undefined) throw refused(`the node gave ${JSON.stringify(name)}, and its outputs are: ${namesOf(definition.outputs)}`);
    outputs.push([name, listOf(value, port)]);
  }
  return Object.fromEntries(outputs);
}

function listOf(value: unknown, port: NodePort): JsonValue[] {
  const list = (Array.isArray(value) ? value : [value]).map((item) => adopted(item, port.name));
  const plain = port.type === "string" || port.type === "number" || port.type === "boolean";
  const misfit = plain ? list.find((item) => item !== null && typeof item !== port.type) : undefined;
  if (misfit !== undefined) throw refused(`the output ${port.name} is of type ${port.type}, and the node gave ${nameOf(misfit)}`);
  return list;
}

function adopted(item: unknown, port: string): JsonValue {
  try {
    return adoptJson(item);
  } catch (error) {
    // Its own words for our reasons; a getter that throws has none to be trusted.
    throw refused(`the output ${port} is not JSON${HeddleError.is(error) ? `: ${error.message}` : ""}`);
  }
}

function refused(message: string): HeddleError {
  return new HeddleError("result-invalid", message);
}

function nameOf(value: unknown): string {
  if (Array.isArray(value)) return "an array";
  return typeof value === "object" ? "an object" : `a ${typeof value}`;
}

function namesOf(ports: readonly NodePort[]): string {
  return ports.length === 0 ? "none" : ports.map(({ name }) => name).join(", ");
}

/** A status that a node sends, without what is no part of one. Throws `value-invalid`. */
export function statusOf(sent: SentStatus): NodeStatus {
  // What comes from JavaScript may be anything, and a member that is undefined is one that is left out.
  const members = typeof sent === "object" && sent !== null ? Object.entries(sent).filter(([, value]) => value !== undefined) : [];
  const { outputs, ...rest } = Object.fromEntries(members);
  const parsed = NodeStatus.omit({ outputs: true }).safeParse(rest);
  if (!parsed.success) {
    const lines = parsed.error.issues.map((issue) => `${issue.path.join(".")}: ${issue.message}`);
    throw new HeddleError("value-invalid", `the status is not valid: ${lines.join("; ")}`);
  }
  if (outputs === undefined) return parsed.data;
  const adoptedOutputs = adoptJson(outputs);
  if (typeof adoptedOutputs !== "object" || adoptedOutputs === null || Array.isArray(adoptedOutputs)) {
    throw new HeddleError("value-invalid", "the status is not valid: outputs: expected an object");
  }
  return { ...parsed.data, outputs: nodeValuesOf(adoptedOutputs as Readonly<Record<string, JsonValue>>) };
}
