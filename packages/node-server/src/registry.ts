/** Nodes by uid, and those that were registered before there was a server to serve them. */
import { HeddleError, type NodeDefinition } from "@heddle/core";
import { type NodeDefinitionLike, parseNodeDefinition } from "./definition.ts";
import type { Execute, NodeInstance, ServedNode } from "./node.ts";

export class NodeRegistry {
  readonly #nodes = new Map<string, ServedNode>();

  /** Adding the same node again changes nothing. Throws `node-invalid` where its uid is another node's. */
  add(node: ServedNode): void {
    const { uid } = node.definition;
    const taken = this.#nodes.get(uid);
    if (taken !== undefined && taken !== node) {
      throw new HeddleError("node-invalid", `two nodes have the uid ${JSON.stringify(uid)}: give one of them another`);
    }
    this.#nodes.set(uid, node);
  }

  get(uid: string): ServedNode | undefined {
    return this.#nodes.get(uid);
  }

  definitions(): readonly NodeDefinition[] {
    return [...this.#nodes.values()].map(({ definition }) => definition);
  }
}

/** A server that takes nodes. */
export interface Adopter {
  adopt(node: ServedNode): void;
}

const parked: ServedNode[] = [];
let adopter: Adopter | undefined;

/**
 * Registers a node whose `execute` is assigned afterwards. It is parked until a server is made, and
 * served by that one; once there is one, it is served by the server that was made last.
 *
 * @throws HeddleError `node-invalid`.
 */
export function registerNode<const Definition extends NodeDefinitionLike>(definition: Definition): NodeInstance<Definition> {
  const nothing: Execute<Definition> = () => undefined;
  const node = { definition: parseNodeDefinition(definition), execute: nothing };
  if (adopter === undefined) parked.push(node);
  else adopter.adopt(node);
  return node;
}

/** The server that was made last: it is given what was parked, and what is registered from now on. */
export function adoptNodes(server: Adopter): void {
  for (const node of parked.splice(0)) server.adopt(node);
  adopter = server;
}

/** A server that was stopped takes no more. */
export function stopAdopting(server: Adopter): void {
  if (adopter === server) adopter = undefined;
}
