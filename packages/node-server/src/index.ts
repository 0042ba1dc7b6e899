/** Offers nodes to Heddle, and to other clients of the same wire, over one WebSocket. */
export type { NodeServerConfig, NodeServerSettings } from "./config.ts";
export type { ExecutionTools, NodeContext, SentStatus } from "./context.ts";
export type {
  DefinitionOf,
  InputLists,
  Inputs,
  NodeDefinitionLike,
  Outputs,
  ParameterLike,
  ParameterValues,
  PortLike,
} from "./definition.ts";
export { defineNode, type Execute, type NodeInstance, type ServedNode } from "./node.ts";
export { registerNode } from "./registry.ts";
export { createNodeServer, type NodeServer, type NodeServerListening, type NodeServerOptions, type SnakeCaseSettings } from "./server.ts";
