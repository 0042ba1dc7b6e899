/**
 * A workflow as a drawing has it: boxes with a few words, boxes inside of boxes, and arrows between them.
 * What the pictures have in common; nothing is escaped here.
 */
import { type Body, bodiesOf, type Edge, type Node, type WorkflowIr } from "@heddle/core";
import { exprText } from "./expr-text.ts";

/** A line of a node's details: what it is called, and what it is. */
export type Detail = readonly [name: string, text: string];

export interface DrawnNode {
  readonly id: string;
  readonly kind: Node["kind"];
  readonly title: string;
  /** One line: the kind, and what it works on. */
  readonly subtitle: string;
  readonly isEntry: boolean;
  readonly isExit: boolean;
  readonly details: readonly Detail[];
  /** Of a region: its bodies, each a graph of its own. */
  readonly bodies: readonly DrawnBody[];
}

export interface DrawnBody {
  readonly title: string;
  readonly graph: DrawnGraph;
}

export interface DrawnEdge {
  readonly id: string;
  readonly from: string;
  readonly to: string;
  /** Empty where there is nothing to say. */
  readonly label: string;
  readonly on: "success" | "failure" | "rejected" | "timeout";
}

export interface DrawnGraph {
  readonly nodes: readonly DrawnNode[];
  readonly edges: readonly DrawnEdge[];
}

export function drawn(ir: WorkflowIr): DrawnGraph {
  return graphOf(ir);
}

function graphOf(body: Pick<Body, "entry" | "nodes" | "edges">): DrawnGraph {
  const here = new Set(body.nodes.map((node) => node.id));
  return {
    nodes: body.nodes.map((node) => nodeOf(node, node.id === body.entry)),
    // Nothing is drawn to where nothing is: such an edge is the business of checks.
    edges: body.edges.filter((edge) => here.has(edge.from) && here.has(edge.to)).map(edgeOf),
  };
}

function nodeOf(node: Node, isEntry: boolean): DrawnNode {
  const about = aboutOf(node);
  return {
    id: node.id,
    kind: node.kind,
    title: node.label ?? node.id,
    subtitle: about === "" ? node.kind : `${node.kind} ${about}`,
    isEntry,
    isExit: node.exit !== undefined,
    details: detailsOf(node),
    bodies: bodiesOf(node).map(({ slot, body }) => ({
      title: node.kind === "map" ? `for each ${node.item}` : node.kind === "loop" ? "round" : slot,
      graph: graphOf(body),
    })),
  };
}

/** What a node works on, in a few words. */
function aboutOf(node: Node): string {
  switch (node.kind) {
    case "handler":
      return node.handler;
    case "tool":
      return node.tool ?? node.capability;
    case "model":
      return node.model ?? "";
    case "agent":
      return node.agent;
    case "remote":
      return node.remote.node;
    case "workflow":
      return node.workflow;
    case "human":
      return node.mode;
    case "wait":
      if (node.wait.kind === "signal") return `for signal ${node.wait.name}`;
      return node.wait.kind === "duration" ? `${exprText(node.wait.ms)} ms` : `until ${exprText(node.wait.at)}`;
    case "map":
      return `over ${exprText(node.over)}`;
    case "loop":
      return `while ${exprText(node.while)}`;
    default:
      return "";
  }
}

function edgeOf(edge: Edge): DrawnEdge {
  const on = edge.on ?? "success";
  const parts = [
    on === "success" ? undefined : `on ${on}`,
    edge.messageType,
    edge.guard === undefined ? undefined : `if ${exprText(edge.guard)}`,
    edge.priority === undefined ? undefined : `priority ${edge.priority}`,
    edge.reason,
  ];
  return { id: edge.id, from: edge.from, to: edge.to, on, label: parts.filter((part) => part !== undefined).join(", ") };
}

function detailsOf(node: Node): readonly Detail[] {
  const { id, kind, description, template, reads, writes, requires, retry, timeoutMs, pool, confinement, safety, exit, source, refusal } =
    node;
  const details: (readonly [string, string | undefined])[] = [
    ["id", id],
    ["kind", kind],
    ["does", aboutOf(node) || undefined],
    ["description", description],
    ["template", template],
    ...(reads ?? []).map((read) => [`reads ${read.name}`, exprText(read.value)] as const),
    ...(writes ?? []).map(
      (write) => [`writes ${write.name}${write.on === undefined ? "" : ` on ${write.on}`}`, exprText(write.value)] as const,
    ),
    ["requires", requires?.join(", ")],
    ["retry", retry === undefined ? undefined : retryText(retry)],
    ["timeout", timeoutMs === undefined ? undefined : `${timeoutMs} ms`],
    ["pool", pool],
    ["confinement", confinement],
    ["safety", safety],
    ...ownDetails(node),
    ["ends its frame with", exit === undefined ? undefined : exprText(exit.output)],
    ["cannot run", refusal === undefined ? undefined : `${refusal.code}: ${refusal.message}`],
    ["source", source === undefined ? undefined : [source.file, source.line, source.column].filter((part) => part !== undefined).join(":")],
  ];
  return details.filter((detail): detail is Detail => detail[1] !== undefined);
}

function retryText(retry: NonNullable<Node["retry"]>): string {
  const parts = [
    `${retry.attemptsMax} attempts`,
    retry.delayMs === undefined ? undefined : `after ${retry.delayMs} ms`,
    retry.factor === undefined ? undefined : `times ${retry.factor} each`,
    retry.delayMaxMs === undefined ? undefined : `at most ${retry.delayMaxMs} ms`,
    retry.jitter === undefined ? undefined : `jitter ${retry.jitter}`,
    retry.on === undefined ? undefined : `on ${retry.on.join(", ")}`,
    retry.exceptCodes === undefined ? undefined : `except ${retry.exceptCodes.join(", ")}`,
  ];
  return parts.filter((part) => part !== undefined).join(", ");
}

function ownDetails(node: Node): readonly (readonly [string, string | undefined])[] {
  switch (node.kind) {
    case "model":
      return [
        ["prompt", exprText(node.prompt)],
        ["tools", node.tools?.join(", ")],
      ];
    case "tool":
      return [
        ["capability", node.capability],
        ["permission", node.permission ?? "modify"],
      ];
    case "human":
      return [
        ["prompt", exprText(node.prompt)],
        ["details", node.details === undefined ? undefined : exprText(node.details)],
      ];
    case "map":
      return [
        ["at once", node.concurrencyMax === undefined ? "all items" : `${node.concurrencyMax} items`],
        ["collect", node.collect],
        ...inputDetails(node.body.inputs, ""),
      ];
    case "loop":
      return [
        ["test", node.test],
        ["rounds at most", node.iterationsMax?.toString()],
        ...node.carried.map((each) => [`carries ${each.name}`, `from ${exprText(each.initial)}`] as const),
        ...inputDetails(node.body.inputs, ""),
      ];
    case "parallel":
    case "try":
      return bodiesOf(node).flatMap(({ slot, body }) => inputDetails(body.inputs, ` of ${slot}`));
    default:
      return [];
  }
}

function inputDetails(inputs: Body["inputs"], of: string): readonly (readonly [string, string])[] {
  return (inputs ?? []).map((input) => [`input ${input.name}${of}`, exprText(input.value)] as const);
}

/** A title that has to fit somewhere: cut at so many characters. */
export function shortened(text: string, lengthMax: number): string {
  const line = text.replaceAll(/\s+/g, " ");
  const characters = [...line];
  return characters.length > lengthMax ? `${characters.slice(0, lengthMax - 1).join("")}…` : line;
}
