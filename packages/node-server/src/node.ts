/** Nodes: a definition and one function, whose context and result are typed by the definition. */
import type { NodeDefinition } from "@heddle/core";
import type { NodeContext } from "./context.ts";
import {
  type DefinitionOf,
  type NodeDefinitionLike,
  type Outputs,
  type ParameterLike,
  type PortLike,
  parseNodeDefinition,
} from "./definition.ts";

/** What a node does. It may be called many times at once. What it throws ends the execution with an error. */
export type Execute<Definition extends NodeDefinitionLike = NodeDefinitionLike> = (
  ctx: NodeContext<Definition>,
) => Outputs<Definition> | undefined | Promise<Outputs<Definition> | undefined> | Promise<void>;

/** A node that can be served. */
export interface NodeInstance<Definition extends NodeDefinitionLike = NodeDefinitionLike> {
  readonly definition: NodeDefinition;
  /** May be assigned after the node was registered. */
  execute: Execute<Definition>;
}

/** Any node, whatever its definition. */
export interface ServedNode {
  readonly definition: NodeDefinition;
  execute: (ctx: never) => unknown;
}

/**
 * A node whose context and result are typed by its definition. It is served by the servers that are given it.
 *
 * @throws HeddleError `node-invalid`, naming every wrong member.
 */
export function defineNode<
  const In extends readonly PortLike[],
  const Out extends readonly PortLike[],
  const Parameters extends readonly ParameterLike[],
>(
  node: DefinitionOf<In, Out, Parameters> & { readonly execute: Execute<DefinitionOf<In, Out, Parameters>> },
): NodeInstance<DefinitionOf<In, Out, Parameters>> {
  const { execute, ...definition } = node;
  return { definition: parseNodeDefinition(definition), execute };
}
