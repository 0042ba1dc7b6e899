/**
 * The plan: an IR made ready to decide with. Expressions are compiled, edges sorted and resolved,
 * defaults applied, once per bundle. Nothing here depends on a run.
 */
import {
  type Body,
  type BodyInput,
  bodiesOf,
  cleanupTimeoutMsDefault,
  compileExpr,
  type Edge,
  type EdgeOutcome,
  type Evaluate,
  type Expr,
  HeddleError,
  isJsonObject,
  isSafeToRepeat,
  type Node,
  pathOf,
  type ValueType,
  type WorkflowIr,
} from "@heddle/core";

export interface CompiledExpr {
  readonly expr: Expr;
  readonly eval: Evaluate;
  /** It builds a value instead of reading one, and what it builds may grow without end in a loop. */
  readonly builds: boolean;
}

export interface ReadPlan {
  readonly name: string;
  readonly value: CompiledExpr;
  readonly optional: boolean;
  readonly type: ValueType | undefined;
}

export interface WritePlan {
  readonly name: string;
  readonly value: CompiledExpr;
  readonly type: ValueType | undefined;
  readonly optional: boolean;
}

export interface EdgePlan {
  readonly id: string;
  readonly guard: Evaluate | undefined;
  readonly to: NodePlan;
}

export interface BodyPlan {
  readonly slot: string;
  readonly inputs: readonly { readonly name: string; readonly value: CompiledExpr }[];
  readonly entry: NodePlan;
}

export interface NodePlan {
  readonly id: string;
  readonly node: Node;
  readonly reads: readonly ReadPlan[];
  readonly writes: Readonly<Record<EdgeOutcome, readonly WritePlan[]>>;
  readonly edges: Readonly<Record<EdgeOutcome, readonly EdgePlan[]>>;
  readonly exit: CompiledExpr | undefined;
  /** A router that fails its frame instead of going on. */
  readonly fail: RouterFailure | undefined;
  readonly safe: boolean;
  readonly bodies: readonly BodyPlan[];
  /** The expressions of its kind: prompt, duration, list, condition, carried variables. */
  readonly own: Readonly<Record<string, CompiledExpr>>;
}

export interface StagesPlan {
  readonly discipline: "stages";
  readonly ir: WorkflowIr;
  readonly entry: NodePlan;
  readonly nodes: ReadonlyMap<string, NodePlan>;
  readonly queries: ReadonlyMap<string, Evaluate>;
  readonly stepsMax: number;
  readonly timeMs: number | undefined;
  readonly cleanupTimeoutMs: number;
}

const executable: ReadonlySet<string> = new Set([
  "handler",
  "process",
  "tool",
  "remote",
  "router",
  "human",
  "wait",
  "workflow",
  "parallel",
  "map",
  "loop",
  "try",
]);

/**
 * Compiles a workflow that passed `checkIr`.
 *
 * @throws HeddleError `unimplemented` for a discipline or node kind that does not run yet.
 */
export function prepareStages(ir: WorkflowIr): StagesPlan {
  if (ir.discipline !== "stages") {
    throw new HeddleError("unimplemented", `workflow ${ir.id} has the discipline ${ir.discipline}, which does not run yet`);
  }
  const nodes = new Map<string, NodePlan>();
  const entry = planBody(ir, "main", [], nodes).entry;
  return {
    discipline: "stages",
    ir,
    entry,
    nodes,
    queries: new Map((ir.queries ?? []).map((query) => [query.name, compileExpr(query.value)])),
    stepsMax: ir.limits?.stepsMax ?? Number.POSITIVE_INFINITY,
    timeMs: ir.limits?.timeMs,
    cleanupTimeoutMs: ir.limits?.cleanupTimeoutMs ?? cleanupTimeoutMsDefault,
  };
}

interface MutableNodePlan extends NodePlan {
  readonly edges: Record<EdgeOutcome, EdgePlan[]>;
}

function planBody(
  body: Pick<Body, "entry" | "nodes" | "edges">,
  slot: string,
  inputs: readonly BodyInput[],
  all: Map<string, NodePlan>,
): BodyPlan {
  const here = new Map<string, MutableNodePlan>();
  for (const node of body.nodes) {
    const plan = planNode(node, all);
    here.set(node.id, plan);
    all.set(node.id, plan);
  }
  for (const edge of [...body.edges].sort((a, b) => (a.priority ?? 0) - (b.priority ?? 0))) {
    here.get(edge.from)?.edges[edge.on ?? "success"].push(planEdge(edge, here));
  }
  return { slot, entry: known(here, body.entry), inputs: inputs.map((input) => ({ name: input.name, value: compiled(input.value) })) };
}

function planEdge(edge: Edge, here: ReadonlyMap<string, NodePlan>): EdgePlan {
  return { id: edge.id, guard: edge.guard === undefined ? undefined : compileExpr(edge.guard), to: known(here, edge.to) };
}

function known(nodes: ReadonlyMap<string, NodePlan>, id: string): NodePlan {
  const node = nodes.get(id);
  if (node === undefined) throw new HeddleError("ir-invalid", `${id} is not a node of its body`);
  return node;
}

function planNode(node: Node, all: Map<string, NodePlan>): MutableNodePlan {
  if (!executable.has(node.kind)) {
    throw new HeddleError("unimplemented", `node ${node.id} is of kind ${node.kind}, which does not run yet`, {
      details: { node: node.id, kind: node.kind },
    });
  }
  const writes: Record<EdgeOutcome, WritePlan[]> = { success: [], failure: [], rejected: [], timeout: [] };
  for (const write of node.writes ?? []) {
    writes[write.on ?? "success"].push({
      name: write.name,
      value: compiled(write.value),
      type: write.type,
      optional: write.optional ?? false,
    });
  }
  return {
    id: node.id,
    node,
    reads: (node.reads ?? []).map((read) => ({
      name: read.name,
      value: compiled(read.value),
      optional: read.optional ?? false,
      type: read.type,
    })),
    writes,
    edges: { success: [], failure: [], rejected: [], timeout: [] },
    exit: node.exit === undefined ? undefined : compiled(node.exit.output),
    fail: failOf(node),
    safe: isSafeToRepeat(node),
    bodies: bodiesOf(node).map(({ slot, body }) => planBody(body, slot, body.inputs ?? [], all)),
    own: ownExprs(node),
  };
}

function ownExprs(node: Node): Readonly<Record<string, CompiledExpr>> {
  switch (node.kind) {
    case "human":
      return { prompt: compiled(node.prompt), ...(node.details === undefined ? {} : { details: compiled(node.details) }) };
    case "wait":
      if (node.wait.kind === "duration") return { ms: compiled(node.wait.ms) };
      return node.wait.kind === "until" ? { at: compiled(node.wait.at) } : {};
    case "map":
      return { over: compiled(node.over) };
    case "loop":
      return {
        while: compiled(node.while),
        ...Object.fromEntries(node.carried.map((carried) => [`carried.${carried.name}`, compiled(carried.initial)])),
      };
    default:
      return {};
  }
}

/** What a failing router fails with. `computed`: its exit output says more, and these stand in for what that leaves out. */
export interface RouterFailure {
  readonly code: string;
  readonly message: string;
  readonly computed: boolean;
}

function failOf(node: Node): RouterFailure | undefined {
  const fail = node.kind === "router" ? node.raw?.["fail"] : undefined;
  if (!isJsonObject(fail)) return undefined;
  const { code, message, computed } = fail;
  return {
    computed: computed === true,
    code: typeof code === "string" ? code : "workflow-failed",
    message: typeof message === "string" ? message : "the workflow failed",
  };
}

function compiled(expr: Expr): CompiledExpr {
  return { expr, eval: compileExpr(expr), builds: pathOf(expr) === undefined && expr.kind !== "literal" };
}
