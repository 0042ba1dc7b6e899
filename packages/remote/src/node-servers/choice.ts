/** Which server carries out a node, and what it is asked for: pure. */
import { type Failure, failureOf, type JsonValue, type NodeDefinition, type NodeParameter, type RemoteTarget } from "@heddle/core";

/** A server that has said at least once what it offers. */
export interface Candidate {
  readonly url: string;
  readonly serverUid: string;
  readonly serverPackageId: string | undefined;
  readonly isConnected: boolean;
  /** Why it is not connected. */
  readonly message: string | undefined;
  readonly inFlight: number;
  readonly definitions: ReadonlyMap<string, NodeDefinition>;
}

export type Choice<Server extends Candidate> =
  | { readonly kind: "server"; readonly server: Server; readonly definition: NodeDefinition }
  | { readonly kind: "nobody"; readonly message: string }
  | { readonly kind: "refused"; readonly failure: Failure };

/**
 * The one server that offers the node; of several with the same package, the one with the least to do. What a
 * server offered when it was last connected counts, so that the choice does not depend on who happens to be away.
 */
export function chooseServer<Server extends Candidate>(servers: readonly Server[], target: RemoteTarget, node: string): Choice<Server> {
  const { node: uid, server: wanted } = target;
  const offering = servers.filter(({ definitions }) => definitions.has(uid));
  const matching = wanted === undefined ? offering : named(offering, wanted);
  const packages = [...new Set(matching.map(packageOf))];
  if (packages.length > 1) {
    const message = `several node servers offer ${JSON.stringify(uid)}: name one of them as server: ${packages.sort().join(", ")}`;
    return { kind: "refused", failure: failureOf("request-invalid", message, "invalid", { node }) };
  }
  const present = matching.filter(({ isConnected }) => isConnected).sort((a, b) => a.inFlight - b.inFlight);
  const [server] = present;
  const definition = server?.definitions.get(uid);
  if (server !== undefined && definition !== undefined) return { kind: "server", server, definition };
  const [absent] = matching;
  if (absent !== undefined)
    return { kind: "nobody", message: `the node server ${absent.url} is not connected: ${absent.message ?? "it is away"}` };
  const of = wanted === undefined ? "no node server" : `no node server ${JSON.stringify(wanted)}`;
  return { kind: "nobody", message: `${of} that is connected offers ${JSON.stringify(uid)}` };
}

/** An installation is named more exactly than a package. */
function named<Server extends Candidate>(servers: readonly Server[], wanted: string): readonly Server[] {
  const byUid = servers.filter(({ serverUid }) => serverUid === wanted);
  return byUid.length > 0 ? byUid : servers.filter(({ serverPackageId }) => serverPackageId === wanted);
}

function packageOf({ serverPackageId, serverUid }: Candidate): string {
  return serverPackageId ?? serverUid;
}

/** The definition's parameters with the values of the node. */
export function parametersOf(
  definition: NodeDefinition,
  values: Readonly<Record<string, JsonValue>>,
  node: string,
): readonly NodeParameter[] | Failure {
  const known = definition.parameters.map(({ name }) => name);
  const unknown = Object.keys(values).filter((name) => !known.includes(name));
  if (unknown.length > 0) {
    const message = `${JSON.stringify(definition.uid)} has no parameter ${unknown.join(", ")}; it has: ${known.join(", ") || "none"}`;
    return failureOf("request-invalid", message, "invalid", { node });
  }
  return definition.parameters.map((parameter) => {
    const { name, value, default: initial } = parameter;
    const setting = Object.hasOwn(values, name) ? values[name] : value === undefined ? initial : value;
    return setting === undefined ? parameter : { ...parameter, value: setting };
  });
}
