/**
 * What checks claim of a workflow, against what a run of it did. The claim of soundness: a place that is called out of
 * reach is never come to, an edge that is called dead is never taken, one that is called the only way leaves none of those
 * behind it to be taken, a step that is said always to fail never succeeds, what is said never to end has not ended, and an
 * end that is said to give something else than is declared does not give what is.
 */
import type { Diagnostic } from "@heddle/compiler";
import { bodiesOf, type Edge, isJsonArray, isJsonObject, type JsonValue, type Node, type RunEvent, type WorkflowIr } from "@heddle/core";

/** What a run came to, by the ids of nodes and edges. */
export interface Seen {
  readonly entered: ReadonlySet<string>;
  readonly succeeded: ReadonlySet<string>;
  readonly taken: ReadonlySet<string>;
  /** The node that the run ended with, when it succeeded. */
  readonly end: string | undefined;
}

export function seenIn(events: readonly RunEvent[]): Seen {
  const entered = new Set<string>();
  const succeeded = new Set<string>();
  const taken = new Set<string>();
  const nodes = new Map<number, string>();
  let end: string | undefined;
  const open = (opened: { readonly activation: number; readonly node: string } | undefined): void => {
    if (opened === undefined) return;
    entered.add(opened.node);
    nodes.set(opened.activation, opened.node);
  };
  for (const event of events) {
    if ("open" in event) open(event.open);
    if ("edge" in event && typeof event.edge === "string") taken.add(event.edge);
    if (event.kind === "router-passed") entered.add(event.node);
    if (event.kind === "frames-opened") for (const frame of event.frames) open(frame.open);
    if (event.kind === "run-completing") end = event.node;
    if (event.kind === "activation-succeeded") succeeded.add(nodes.get(event.activation) ?? "");
  }
  return { entered, succeeded, taken, end };
}

/** The claims that a run has proved wrong, as sentences. */
export function contradictionsOf(
  diagnostics: readonly Diagnostic[],
  ir: WorkflowIr,
  { entered, succeeded, taken, end }: Seen,
): readonly string[] {
  const edges = edgesOf(ir);
  return diagnostics.flatMap((diagnostic) => {
    const { id, message, path = "" } = diagnostic;
    const name = path.slice(path.lastIndexOf("/") + 1);
    const wrong = (): string[] => [`${id} at ${path}: ${message}`];
    switch (id) {
      case "HD2301":
        return entered.has(name) ? wrong() : [];
      // A run that ended there gave what is declared.
      case "HD2106":
        return end === name ? wrong() : [];
      case "HD2103":
        return succeeded.has(name) ? wrong() : [];
      case "HD2302":
      case "HD2303":
        return succeeded.has(name) ? wrong() : [];
      case "HD2402":
        return taken.has(name) ? wrong() : [];
      case "HD2401": {
        const edge = edges.find((one) => one.id === name);
        if (edge === undefined) return [`${id} at ${path}, where there is no edge`];
        if (!message.includes("always")) return taken.has(name) ? wrong() : [];
        return edges.some((one) => isBehind(one, edge) && taken.has(one.id)) ? wrong() : [];
      }
      default:
        return [];
    }
  });
}

/** The type of a value, as its author would have written it: what a run gave, declared. */
export function typeTextOf(value: JsonValue): string {
  if (value === null) return "null";
  if (isJsonArray(value)) return value[0] === undefined ? "unknown[]" : `${typeTextOf(value[0])}[]`;
  if (!isJsonObject(value)) return typeof value;
  const fields = Object.entries(value).filter(([, field]) => field !== null && field !== undefined);
  return `{ ${fields.map(([name, field]) => `${name}: ${typeTextOf(field as JsonValue)}`).join("; ")} }`;
}

function isBehind(one: Edge, edge: Edge): boolean {
  return one.from === edge.from && (one.on ?? "success") === (edge.on ?? "success") && (one.priority ?? 0) > (edge.priority ?? 0);
}

function edgesOf(ir: WorkflowIr): readonly Edge[] {
  const all: Edge[] = [];
  const bodies: { readonly nodes: readonly Node[]; readonly edges: readonly Edge[] }[] = [ir];
  for (const body of bodies) {
    all.push(...body.edges);
    for (const node of body.nodes) for (const inner of bodiesOf(node)) bodies.push(inner.body);
  }
  return all;
}
