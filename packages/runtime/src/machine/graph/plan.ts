/**
 * The plan of a graph: an IR made ready to decide with, once per bundle. Edges are resolved and sorted,
 * rules compiled, defaults applied. Nothing here depends on a run.
 */
import {
  backpressureDefaults,
  cleanupTimeoutMsDefault,
  compileExpr,
  type Edge,
  type Evaluate,
  type Expr,
  HeddleError,
  isSafeToRepeat,
  type JsonObject,
  type JsonValue,
  type Node,
  type WorkflowIr,
} from "@heddle/core";
import { type RestartWindow, windowOf } from "./restarts.ts";

export interface GraphEdge {
  readonly id: string;
  readonly to: string;
  /** The type that goes along it; undefined: every type. */
  readonly type: string | undefined;
  readonly guard: Evaluate | undefined;
  readonly firstMatch: boolean;
}

export type RulePlan =
  | { readonly kind: "each" }
  | { readonly kind: "stream" }
  | {
      readonly kind: "join";
      /** Of every node with an edge to it; otherwise of any `need` different ones. */
      readonly all: boolean;
      readonly need: number;
      readonly by: Evaluate | undefined;
    }
  | {
      readonly kind: "collect";
      readonly count: number | undefined;
      readonly key: Evaluate | undefined;
      readonly endType: string | undefined;
      readonly afterMs: number | undefined;
      readonly quietMs: number | undefined;
      readonly partial: boolean;
    };

export interface GraphNodePlan {
  readonly id: string;
  readonly node: Node;
  readonly rule: RulePlan;
  readonly edges: readonly GraphEdge[];
  readonly failureEdges: Readonly<Record<"failure" | "timeout" | "rejected", readonly GraphEdge[]>>;
  /** Nodes with an edge to it, itself left out. */
  readonly senders: readonly string[];
  /** Nodes that an edge leads to, itself left out. */
  readonly receivers: readonly string[];
  /** Nothing executes it: what it gives follows from what it takes. */
  readonly instant: boolean;
  readonly concurrencyMax: number;
  /** Of its queue; undefined where messages collect in it on purpose. */
  readonly bounds: { readonly max: number; readonly high: number; readonly low: number; readonly retryAfterMs: number } | undefined;
  readonly safe: boolean;
  readonly restart: RestartWindow | undefined;
  readonly reschedule: RestartWindow | undefined;
  readonly reads: readonly { readonly name: string; readonly value: Evaluate }[];
  /** The expressions of its kind. */
  readonly own: Readonly<Record<string, Evaluate>>;
  readonly exit: Evaluate | undefined;
}

export interface GraphPlan {
  readonly discipline: "graph";
  readonly ir: WorkflowIr;
  /** In the order in which what collects is flushed at the end: senders before receivers, as far as cycles allow. */
  readonly nodes: ReadonlyMap<string, GraphNodePlan>;
  readonly seeds: readonly { readonly node: string; readonly bodies: readonly JsonValue[] | undefined }[];
  readonly isService: boolean;
  readonly stepsMax: number;
  readonly timeMs: number | undefined;
  readonly cleanupTimeoutMs: number;
  readonly queries: ReadonlyMap<string, Evaluate>;
}

const instantKinds: ReadonlySet<string> = new Set(["router", "aggregate", "sensor"]);
const executable: ReadonlySet<string> = new Set([...instantKinds, "handler", "process", "tool", "remote", "human", "wait", "workflow"]);

/**
 * Compiles a workflow of the graph discipline that passed `checkIr`.
 *
 * @throws HeddleError `unimplemented` for a node kind that does not run yet, `ir-invalid` where something leads nowhere.
 */
export function prepareGraph(ir: WorkflowIr): GraphPlan {
  checkEnds(ir);
  const plans = new Map<string, GraphNodePlan>();
  for (const node of inOrder(ir)) plans.set(node.id, planNode(ir, node));
  return {
    discipline: "graph",
    ir,
    nodes: plans,
    seeds: (ir.seeds ?? [{ node: ir.entry }]).map(({ node, bodies }) => ({ node, bodies })),
    isService: ir.type === "service",
    stepsMax: ir.limits?.stepsMax ?? Number.POSITIVE_INFINITY,
    timeMs: ir.limits?.timeMs,
    cleanupTimeoutMs: ir.limits?.cleanupTimeoutMs ?? cleanupTimeoutMsDefault,
    queries: new Map((ir.queries ?? []).map((query) => [query.name, compileExpr(query.value)])),
  };
}

/** Whether the entry, the seeds and the edges name nodes of the graph. */
function checkEnds(ir: WorkflowIr): void {
  const known = new Set(ir.nodes.map(({ id }) => id));
  const named = [
    { what: "the entry", id: ir.entry },
    ...(ir.seeds ?? []).map(({ node }) => ({ what: "a seed", id: node })),
    ...ir.edges.flatMap(({ id, from, to }) => [from, to].map((end) => ({ what: `the edge ${id}`, id: end }))),
  ];
  const lost = named.find(({ id }) => !known.has(id));
  if (lost === undefined) return;
  const details = { workflow: ir.id, node: lost.id };
  throw new HeddleError("ir-invalid", `${lost.what} of ${ir.id} names ${lost.id}, which is not one of its nodes`, { details });
}

function planNode(ir: WorkflowIr, node: Node): GraphNodePlan {
  if (!executable.has(node.kind)) {
    throw new HeddleError("unimplemented", `node ${node.id} is of kind ${node.kind}, which does not run in a graph yet`, {
      details: { node: node.id, kind: node.kind },
    });
  }
  const leaving = [...ir.edges].filter(({ from }) => from === node.id).sort((a, b) => (a.priority ?? 0) - (b.priority ?? 0));
  const on = (outcome: string): readonly GraphEdge[] => leaving.filter((edge) => (edge.on ?? "success") === outcome).map(planEdge);
  const senders = distinct(ir.edges.filter(({ from, to }) => to === node.id && from !== node.id).map(({ from }) => from));
  const rule = ruleOf(node, senders.length);
  return {
    id: node.id,
    node,
    rule,
    edges: on("success"),
    failureEdges: { failure: on("failure"), timeout: on("timeout"), rejected: on("rejected") },
    senders,
    receivers: distinct(leaving.map(({ to }) => to).filter((to) => to !== node.id)),
    instant: instantKinds.has(node.kind),
    concurrencyMax: node.concurrencyMax ?? 1,
    bounds: rule.kind === "each" || rule.kind === "stream" ? boundsOf(node.backpressure ?? {}, ir.backpressure ?? {}) : undefined,
    safe: isSafeToRepeat(node),
    restart: windowOf(node.restart ?? ir.restart),
    reschedule: windowOf(node.reschedule ?? ir.reschedule),
    reads: (node.reads ?? []).map(({ name, value }) => ({ name, value: compileExpr(value) })),
    own: ownExprs(node),
    exit: node.exit === undefined ? undefined : compileExpr(node.exit.output),
  };
}

function planEdge(edge: Edge): GraphEdge {
  return {
    id: edge.id,
    to: edge.to,
    type: edge.messageType === "*" ? undefined : edge.messageType,
    guard: edge.guard === undefined ? undefined : compileExpr(edge.guard),
    firstMatch: edge.routing === "first-match",
  };
}

function ruleOf(node: Node, senders: number): RulePlan {
  const rule = node.fires ?? { kind: "each" };
  switch (rule.kind) {
    case "join": {
      const of = Math.max(1, senders);
      const all = rule.need === "all";
      return { kind: "join", all, need: rule.need === "all" ? of : Math.min(rule.need, of), by: optionalExpr(rule.by) };
    }
    case "collect":
      return {
        kind: "collect",
        count: rule.count,
        key: optionalExpr(rule.key),
        endType: rule.endType,
        afterMs: rule.afterMs,
        quietMs: rule.quietMs,
        partial: rule.partial ?? (rule.count === undefined || rule.afterMs !== undefined || rule.quietMs !== undefined),
      };
    default:
      return rule;
  }
}

function optionalExpr(expr: Expr | undefined): Evaluate | undefined {
  return expr === undefined ? undefined : compileExpr(expr);
}

function boundsOf(own: JsonObject, common: JsonObject): NonNullable<GraphNodePlan["bounds"]> {
  const given = (name: string): number | undefined => {
    const value = own[name] ?? common[name];
    return typeof value === "number" && value >= 0 ? value : undefined;
  };
  const max = given("max_queue_depth") ?? backpressureDefaults.depthMax;
  const high = Math.min(max, given("high_watermark") ?? Math.ceil((max * backpressureDefaults.high) / backpressureDefaults.depthMax));
  const low = Math.min(high, given("low_watermark") ?? Math.floor((max * backpressureDefaults.low) / backpressureDefaults.depthMax));
  return { max, high, low, retryAfterMs: given("retry_after_ms") ?? backpressureDefaults.retryAfterMs };
}

function ownExprs(node: Node): Readonly<Record<string, Evaluate>> {
  if (node.kind === "human")
    return { prompt: compileExpr(node.prompt), ...(node.details === undefined ? {} : { details: compileExpr(node.details) }) };
  if (node.kind !== "wait") return {};
  if (node.wait.kind === "duration") return { ms: compileExpr(node.wait.ms) };
  return node.wait.kind === "until" ? { at: compileExpr(node.wait.at) } : {};
}

/** Nodes with senders before receivers: depth first from the seeds, in reverse of the order in which they are done. */
function inOrder(ir: WorkflowIr): readonly Node[] {
  const nodes = new Map(ir.nodes.map((node) => [node.id, node]));
  const next = new Map<string, string[]>();
  for (const { from, to } of ir.edges) next.set(from, [...(next.get(from) ?? []), to]);
  const done: Node[] = [];
  const seen = new Set<string>();
  const roots = [...(ir.seeds ?? []).map(({ node }) => node), ir.entry, ...ir.nodes.map(({ id }) => id)];
  for (const root of [...distinct(roots)].reverse()) {
    const stack: { readonly id: string; next: number }[] = [];
    const visit = (id: string): void => {
      if (seen.has(id) || !nodes.has(id)) return;
      seen.add(id);
      stack.push({ id, next: 0 });
    };
    visit(root);
    for (let top = stack.at(-1); top !== undefined; top = stack.at(-1)) {
      const to = next.get(top.id)?.[top.next++];
      if (to !== undefined) visit(to);
      else {
        stack.pop();
        const node = nodes.get(top.id);
        if (node !== undefined) done.push(node);
      }
    }
  }
  return done.reverse();
}

function distinct(items: readonly string[]): readonly string[] {
  return [...new Set(items)];
}
