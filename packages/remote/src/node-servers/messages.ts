/**
 * What node servers send, parsed once. Definitions are read one by one, so that a node with a fault does
 * not take the others of its server away; statuses, which are many, are read by hand.
 */
import { FromNodeServer, NodeDefinition, NodeServerInfo } from "@heddle/core";

/** A status as it came: its outputs are not JSON of ours yet. */
export interface ReceivedStatus {
  readonly type: string;
  readonly message: string | undefined;
  readonly progress: { readonly step: number; readonly total: number } | undefined;
  readonly outputs: unknown;
}

export interface ReadDefinitions {
  readonly definitions: ReadonlyMap<string, NodeDefinition>;
  /** One clause for each that cannot be used. */
  readonly refused: readonly string[];
}

export type Received =
  | { readonly kind: "handshake"; readonly info: NodeServerInfo; readonly nodes: ReadDefinitions }
  | { readonly kind: "definitions"; readonly nodes: ReadDefinitions }
  | { readonly kind: "status"; readonly instanceId: string; readonly nodeId: number; readonly status: ReceivedStatus }
  | { readonly kind: "error"; readonly instanceId: string | undefined; readonly code: string; readonly message: string }
  /** Of no consequence. */
  | { readonly kind: "other" }
  | { readonly kind: "unreadable"; readonly message: string };

/** Total: what cannot be read is `unreadable`. */
export function readMessage(text: string): Received {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return { kind: "unreadable", message: "it is not JSON" };
  }
  if (!isObject(value)) return { kind: "unreadable", message: "it is no object" };
  switch (value["type"]) {
    case "node_status":
      return readStatus(value);
    case "handshake":
      return readHandshake(value["payload"]);
    case "definitions_update": {
      const nodes = isObject(value["payload"]) ? readDefinitions(value["payload"]["nodeDefinitions"]) : undefined;
      return nodes === undefined ? { kind: "unreadable", message: "an update without its definitions" } : { kind: "definitions", nodes };
    }
    case "error": {
      const parsed = FromNodeServer.safeParse(value);
      if (!parsed.success || parsed.data.type !== "error") return { kind: "unreadable", message: "an error without its members" };
      const { instanceId, payload } = parsed.data;
      return { kind: "error", instanceId, code: payload.code, message: payload.message };
    }
    default:
      return { kind: "other" };
  }
}

function readHandshake(payload: unknown): Received {
  const nodes = isObject(payload) ? readDefinitions(payload["nodeDefinitions"]) : undefined;
  if (!isObject(payload) || nodes === undefined) return { kind: "unreadable", message: "a handshake without its definitions" };
  const parsed = NodeServerInfo.safeParse({ ...withoutNulls(payload, []), nodeDefinitions: [] });
  return parsed.success ? { kind: "handshake", info: parsed.data, nodes } : { kind: "unreadable", message: firstOf(parsed.error) };
}

function readStatus(value: Readonly<Record<string, unknown>>): Received {
  const { instanceId, payload } = value;
  if (typeof instanceId !== "string" || !isObject(payload) || typeof payload["nodeId"] !== "number" || !isObject(payload["status"])) {
    return { kind: "unreadable", message: "a status without its members" };
  }
  const { type, message, progress, outputs } = payload["status"];
  if (typeof type !== "string") return { kind: "unreadable", message: "a status without a type" };
  return {
    kind: "status",
    instanceId,
    nodeId: payload["nodeId"],
    status: { type, message: typeof message === "string" ? message : undefined, progress: progressOf(progress), outputs },
  };
}

function progressOf(value: unknown): ReceivedStatus["progress"] {
  if (!isObject(value)) return undefined;
  const { step, total } = value;
  return Number.isFinite(step) && Number.isFinite(total) ? { step: Number(step), total: Number(total) } : undefined;
}

function readDefinitions(values: unknown): ReadDefinitions | undefined {
  if (!Array.isArray(values)) return undefined;
  const definitions = new Map<string, NodeDefinition>();
  const refused: string[] = [];
  for (const value of values as readonly unknown[]) {
    const parsed = NodeDefinition.safeParse(withoutNullMembers(value));
    if (parsed.success) definitions.set(parsed.data.uid, parsed.data);
    else refused.push(`the definition ${nameOf(value)} cannot be used: ${firstOf(parsed.error)}`);
  }
  return { definitions, refused };
}

/** Programs in other languages say `null` where a member is left out. */
function withoutNullMembers(value: unknown): unknown {
  if (!isObject(value)) return value;
  const definition = withoutNulls(value, []);
  for (const part of ["inputs", "outputs", "parameters"]) {
    const items = definition[part];
    if (Array.isArray(items))
      definition[part] = items.map((item: unknown) => (isObject(item) ? withoutNulls(item, ["value", "default"]) : item));
  }
  return definition;
}

function withoutNulls(value: Readonly<Record<string, unknown>>, but: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(Object.entries(value).filter(([name, member]) => member !== null || but.includes(name)));
}

function firstOf({
  issues: [issue],
}: {
  readonly issues: readonly { readonly path: readonly PropertyKey[]; readonly message: string }[];
}): string {
  return issue === undefined ? "it is malformed" : `${issue.path.join(".")}: ${issue.message}`;
}

function nameOf(value: unknown): string {
  return isObject(value) && typeof value["uid"] === "string" ? JSON.stringify(value["uid"].slice(0, 256)) : "without a uid";
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
