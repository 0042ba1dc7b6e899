/** What a node is given while it runs. */
import type { GraphNode, JsonValue, NodeDefinition, NodeParameter, NodeStatus, NodeValues } from "@heddle/core";
import type { InputLists, Inputs, NodeDefinitionLike, ParameterValues } from "./definition.ts";

/** A status as a node sends it. */
export interface SentStatus {
  readonly type: NodeStatus["type"];
  readonly message?: string;
  readonly progress?: { readonly step: number; readonly total: number };
  readonly outputs?: Readonly<Record<string, unknown>>;
}

/** The running side of a context, under the names that other SDKs give it too. */
export interface ExecutionTools {
  /**
   * Tells how far the node has come. `error` ends the execution; `complete` is sent by the server, with what the
   * node returns. What is sent after the end goes nowhere. Throws `value-invalid` for what is no status.
   */
  sendStatus(status: SentStatus): void;
  /** Whether it was asked to stop. */
  isAborted(): boolean;
  /** Aborted when it is asked to stop: hand it on to `fetch` and the like. */
  readonly signal: AbortSignal;
  /** The node as it stands in the client's graph. */
  readonly graphNode: GraphNode;
  readonly instanceId: string;
}

export interface NodeContext<Definition extends NodeDefinitionLike = NodeDefinitionLike> extends ExecutionTools {
  /** The value where a port has one item, the list otherwise. */
  readonly inputs: Inputs<Definition>;
  readonly inputLists: InputLists<Definition>;
  /** Those of the graph's node, then those of the definition that it leaves out. */
  readonly parameters: readonly NodeParameter[];
  readonly parameterValues: ParameterValues<Definition>;
  /** The same again, with the names of the Python SDK beside them. */
  readonly context: ExecutionTools & {
    readonly send_status: ExecutionTools["sendStatus"];
    readonly is_aborted: ExecutionTools["isAborted"];
    readonly graph_node: GraphNode;
    readonly instance_id: string;
  };
}

export function contextOf(
  tools: ExecutionTools,
  definition: NodeDefinition,
  inputLists: NodeValues,
  options: { readonly listInputs: boolean },
): NodeContext {
  const parameters = parametersOf(tools.graphNode, definition);
  const { sendStatus, isAborted, signal, graphNode, instanceId } = tools;
  return {
    ...tools,
    inputs: options.listInputs ? inputLists : singles(inputLists),
    inputLists,
    parameters,
    parameterValues: Object.fromEntries(parameters.map((parameter) => [parameter.name, settingOf(parameter)])),
    context: {
      sendStatus,
      isAborted,
      signal,
      graphNode,
      instanceId,
      send_status: sendStatus,
      is_aborted: isAborted,
      graph_node: graphNode,
      instance_id: instanceId,
    },
  };
}

function parametersOf(graphNode: GraphNode, definition: NodeDefinition): readonly NodeParameter[] {
  const given = new Set(graphNode.parameters.map(({ name }) => name));
  return [...graphNode.parameters, ...definition.parameters.filter(({ name }) => !given.has(name))];
}

function settingOf({ value, default: initial }: NodeParameter): JsonValue | undefined {
  return value === undefined ? initial : value;
}

function singles(lists: NodeValues): Readonly<Record<string, JsonValue>> {
  return Object.fromEntries(Object.entries(lists).map(([port, list]) => [port, list.length === 1 ? (list[0] as JsonValue) : list]));
}
