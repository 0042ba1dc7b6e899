/**
 * The wire of node servers: JSON text frames on one WebSocket, and one JSON page over HTTP.
 *
 * The names and shapes are those of the Nano wire, which node servers and orchestrators of others
 * speak too: messages are read tolerantly (unknown members are dropped, a value that stands alone is a
 * list of one) and written exactly. What is added to that wire is marked as such here: members that
 * others drop and messages that others ignore, sent only to a side that has said that it knows them,
 * but for `error`, which any client may get.
 */
import * as z from "zod";
import { JsonObjectSchema, JsonValueSchema } from "./json-schema.ts";

/** One side of a link: linked by `name`, of a free type such as `string`, `number` or `asset:image`. */
export const NodePort = z.object({
  uid: z.string().exactOptional(),
  name: z.string().min(1).max(256),
  type: z.string().max(256),
  optional: z.boolean().exactOptional(),
  preventCrossDomain: z.boolean().exactOptional(),
  sizeHint: z.enum(["small", "medium", "large", "xlarge"]).exactOptional(),
  description: z.string().exactOptional(),
});
export type NodePort = z.infer<typeof NodePort>;

/** A value that is set on a node, not linked to it. */
export const NodeParameter = z.object({
  uid: z.string().exactOptional(),
  name: z.string().min(1).max(256),
  type: z.string().max(256),
  value: JsonValueSchema.exactOptional(),
  default: JsonValueSchema.exactOptional(),
  label: z.string().exactOptional(),
  description: z.string().exactOptional(),
  min: z.number().exactOptional(),
  max: z.number().exactOptional(),
  step: z.number().exactOptional(),
  precision: z.number().exactOptional(),
  range: JsonValueSchema.exactOptional(),
  options: z.array(z.union([z.string(), z.object({ value: z.string(), label: z.string().exactOptional() })])).exactOptional(),
  multiline: z.boolean().exactOptional(),
});
export type NodeParameter = z.infer<typeof NodeParameter>;

/** What a node server says of one kind of node. Members that only editors use are carried as they are. */
export const NodeDefinition = z.looseObject({
  uid: z.string().min(1).max(256),
  name: z.string().min(1).max(256),
  category: z.string().max(256),
  version: z.string().max(128),
  description: z.string().exactOptional(),
  type: z.literal("server").exactOptional(),
  inputs: z.array(NodePort).max(256),
  outputs: z.array(NodePort).max(256),
  parameters: z.array(NodeParameter).max(1_024),
});
export type NodeDefinition = z.infer<typeof NodeDefinition>;

/** Values by port. Each port has a list of values, also where there is one. */
export const NodeValues = z.record(z.string(), z.array(JsonValueSchema));
export type NodeValues = z.infer<typeof NodeValues>;

/** Where an execution stands. `complete` and `error` end it, and nothing follows them. */
export const NodeStatus = z.object({
  type: z.enum(["idle", "running", "complete", "error", "missing"]),
  message: z.string().exactOptional(),
  progress: z.object({ step: z.number(), total: z.number() }).exactOptional(),
  outputs: NodeValues.exactOptional(),
});
export type NodeStatus = z.infer<typeof NodeStatus>;

/** A node as it stands in a graph: the definition's members with the values of this one. */
export const GraphNode = z.looseObject({
  id: z.number().int(),
  uid: z.string(),
  parameters: z.array(NodeParameter).default(() => []),
});
export type GraphNode = z.infer<typeof GraphNode>;

/**
 * An addition, in the handshake: this server knows the additions of this file. Executions outlive the
 * socket that asked for them: the same request, repeated to the same incarnation, is answered with where it
 * stands or how it ended.
 */
export const NodeServerAdditions = z.object({ incarnation: z.string().min(1) });
export type NodeServerAdditions = z.infer<typeof NodeServerAdditions>;

export const NodeServerInfo = z.object({
  domain: z.string().exactOptional(),
  serverDisplayName: z.string().exactOptional(),
  serverUid: z.string(),
  serverPackageId: z.string().exactOptional(),
  nanocoreHttpEndpoint: z.string().nullable().exactOptional(),
  nodeDefinitions: z.array(NodeDefinition),
  heddle: NodeServerAdditions.exactOptional(),
});
export type NodeServerInfo = z.infer<typeof NodeServerInfo>;

const server = { serverUid: z.string().exactOptional(), serverPackageId: z.string().exactOptional() };

/** What a node server sends. */
export const FromNodeServer = z.discriminatedUnion("type", [
  z.object({ type: z.literal("handshake"), ...server, payload: NodeServerInfo }),
  z.object({ type: z.literal("definitions_update"), ...server, payload: z.object({ nodeDefinitions: z.array(NodeDefinition) }) }),
  z.object({
    type: z.literal("node_status"),
    ...server,
    instanceId: z.string(),
    payload: z.object({ nodeId: z.number().int(), status: NodeStatus }),
  }),
  z.object({
    type: z.literal("ack_stop_workflow"),
    ...server,
    instanceId: z.string(),
    payload: z.object({ success: z.boolean(), message: z.string().exactOptional(), nodeId: z.number().int().exactOptional() }),
  }),
  /** An addition: what became of a message that could not be served. `code`: of the error registry. */
  z.object({
    type: z.literal("error"),
    ...server,
    instanceId: z.string().exactOptional(),
    payload: z.object({ code: z.string(), message: z.string(), nodeId: z.number().int().exactOptional() }),
  }),
  /** An addition: the answer to `ping`. */
  z.object({ type: z.literal("pong"), ...server }),
]);
export type FromNodeServer = z.infer<typeof FromNodeServer>;

/** What a node server is sent. */
export const ToNodeServer = z.discriminatedUnion("type", [
  z.object({
    type: z.literal("request_execution"),
    ...server,
    instanceId: z.string(),
    payload: z.object({
      nodeId: z.number().int(),
      nodeUid: z.string(),
      graphNode: GraphNode,
      inputs: JsonObjectSchema.transform((values): NodeValues => nodeValuesOf(values)),
      /** An addition: a higher one runs again what ended with an error. */
      attempt: z.number().int().min(1).exactOptional(),
      /** An addition: an execution that the server has forgotten is not run again, but answered with an error. */
      resume: z.boolean().exactOptional(),
    }),
  }),
  z.object({ type: z.literal("stop_workflow_instance"), ...server, instanceId: z.string() }),
  /** An addition: asks for a `pong`. */
  z.object({ type: z.literal("ping") }),
]);
export type ToNodeServer = z.infer<typeof ToNodeServer>;

/** A node server that the daemon connects to. */
export const NodeServerView = z.strictObject({
  url: z.string(),
  status: z.enum(["connected", "connecting", "failed"]),
  /** Why it is not connected. */
  message: z.string().exactOptional(),
  /** From its handshake; absent until the first one. */
  serverUid: z.string().exactOptional(),
  serverPackageId: z.string().exactOptional(),
  displayName: z.string().exactOptional(),
  nodes: z.array(z.strictObject({ uid: z.string(), name: z.string(), category: z.string(), version: z.string() })),
  inFlight: z.number().int(),
  addedAtMs: z.number(),
});
export type NodeServerView = z.infer<typeof NodeServerView>;

/** The lists of ports by name, from values of which some may stand alone: those become lists of one. */
export function nodeValuesOf(values: z.infer<typeof JsonObjectSchema>): NodeValues {
  return Object.fromEntries(
    Object.entries(values).map(([port, value]) => [port, Array.isArray(value) ? [...value] : [value]]),
  ) as NodeValues;
}
