/**
 * Structural soundness of an IR: what the runtime relies on when it loads one. All problems at once,
 * each naming its culprit. (Data flow, reachability and types are the compiler's checks.)
 */
import type { Expr } from "./expression.ts";
import { refsOf } from "./expression.ts";
import { type Body, bodiesOf, type Edge, type Node, type WorkflowIr } from "./ir.ts";

export interface IrProblem {
  /** Where, as a path of ids: `release-notes/classify/body/call`. */
  readonly path: string;
  readonly message: string;
}

/** Deepest nesting of regions in a workflow. */
export const regionDepthMax = 32;

interface Surroundings {
  readonly ids: Set<string>;
  readonly problems: IrProblem[];
  readonly workflows: ReadonlySet<string>;
}

/** Checks one workflow. `workflows`: the ids that its sub-workflow nodes may name. */
export function checkIr(ir: WorkflowIr, workflows: ReadonlySet<string> = new Set([ir.id])): readonly IrProblem[] {
  const around: Surroundings = { ids: new Set(), problems: [], workflows };
  checkUnique(
    ir.inputs.map((input) => input.name),
    "input",
    ir.id,
    around.problems,
  );
  checkUnique(
    (ir.queries ?? []).map((query) => query.name),
    "query",
    ir.id,
    around.problems,
  );
  checkTools(ir, around.problems);
  for (const query of ir.queries ?? []) checkRefs(query.value, frameScopes, `query ${query.name}`, ir.id, around.problems);
  if (ir.discipline === "stages") checkBody(ir, ir.id, around, 0);
  else {
    checkUnique(
      ir.nodes.map((node) => node.id),
      "node",
      ir.id,
      around.problems,
    );
    if (ir.discipline === "graph") checkGraph(ir, around);
  }
  return around.problems;
}

/** Tools are known by their declaration: what a model is given has one, and a node calls what it says. */
function checkTools(ir: WorkflowIr, problems: IrProblem[]): void {
  const declared = new Map((ir.tools ?? []).map((tool) => [tool.name, tool]));
  checkUnique(
    (ir.tools ?? []).map((tool) => tool.name),
    "tool",
    ir.id,
    problems,
  );
  const walk = (nodes: readonly Node[]): void => {
    for (const node of nodes) {
      const path = `${ir.id}/${node.id}`;
      if (node.kind === "model") {
        for (const name of node.tools ?? [])
          if (!declared.has(name))
            problems.push({ path, message: `${node.id} gives its model the tool ${name}, which the workflow does not declare` });
      }
      const tool = node.kind === "tool" && node.tool !== undefined ? declared.get(node.tool) : undefined;
      if (node.kind === "tool" && tool !== undefined && tool.capability !== node.capability)
        problems.push({ path, message: `${node.id} calls ${tool.name} as ${node.capability}, and it is declared as ${tool.capability}` });
      for (const { body } of bodiesOf(node)) walk(body.nodes);
    }
  };
  walk(ir.nodes);
}

/** What guards, keys and reads of a graph may name. */
const graphVariables: ReadonlySet<string> = new Set(["payload", "message", "state", "agent_state", "input"]);

function checkGraph(ir: WorkflowIr, { problems, workflows }: Surroundings): void {
  const nodes = new Map(ir.nodes.map((node) => [node.id, node]));
  const known = (id: string, path: string, what: string): void => {
    if (!nodes.has(id)) problems.push({ path, message: `${what} is ${id}, which is not a node of the graph` });
  };
  known(ir.entry, ir.id, "the entry");
  for (const { node } of ir.seeds ?? []) known(node, ir.id, "a seed's node");
  checkUnique(
    ir.edges.map((edge) => edge.id),
    "edge",
    ir.id,
    problems,
  );
  for (const edge of ir.edges) {
    const path = `${ir.id}/${edge.id}`;
    known(edge.from, path, `the start of edge ${edge.id}`);
    known(edge.to, path, `the end of edge ${edge.id}`);
    checkGraphRefs(edge.guard, `the guard of edge ${edge.id}`, path, problems);
  }
  for (const node of ir.nodes) {
    const path = `${ir.id}/${node.id}`;
    if (bodiesOf(node).length > 0) problems.push({ path, message: `${node.kind} nodes belong to the stages discipline` });
    if (node.kind === "workflow" && !workflows.has(node.workflow))
      problems.push({ path, message: `sub-workflow ${node.workflow} is not in the bundle` });
    const { fires } = node;
    if (fires?.kind === "join") checkGraphRefs(fires.by, `what ${node.id} joins by`, path, problems);
    if (fires?.kind === "collect") checkGraphRefs(fires.key, `the key of ${node.id}`, path, problems);
    for (const read of node.reads ?? []) checkGraphRefs(read.value, `read ${read.name} of ${node.id}`, path, problems);
  }
}

function checkGraphRefs(expr: Expr | undefined, what: string, path: string, problems: IrProblem[]): void {
  for (const ref of expr === undefined ? [] : refsOf(expr)) {
    if (ref.scope !== "var") problems.push({ path, message: `${what} reads scope ${ref.scope}, which does not exist there` });
    else if (ref.name === undefined || !graphVariables.has(ref.name))
      problems.push({ path, message: `${what} reads ${ref.name ?? "nothing"}; a graph has ${[...graphVariables].join(", ")}` });
  }
}

function checkBody(body: Pick<Body, "entry" | "nodes" | "edges">, path: string, around: Surroundings, depth: number): void {
  const { problems } = around;
  if (depth > regionDepthMax) {
    problems.push({ path, message: `regions are nested more than ${regionDepthMax} deep` });
    return;
  }
  const here = new Map<string, Node>();
  for (const node of body.nodes) {
    if (around.ids.has(node.id)) problems.push({ path: `${path}/${node.id}`, message: `duplicate node id ${node.id}` });
    around.ids.add(node.id);
    here.set(node.id, node);
  }
  if (!here.has(body.entry)) problems.push({ path, message: `entry ${body.entry} is not a node of this body` });
  const leaving = new Map<string, Edge[]>();
  for (const edge of body.edges) {
    for (const [end, id] of [
      ["from", edge.from],
      ["to", edge.to],
    ] as const) {
      if (!here.has(id))
        problems.push({ path: `${path}/${edge.id}`, message: `edge ${edge.id} has ${end} ${id}, which is not a node of this body` });
    }
    leaving.set(edge.from, [...(leaving.get(edge.from) ?? []), edge]);
  }
  checkUnique(
    body.edges.map((edge) => edge.id),
    "edge",
    path,
    problems,
  );
  for (const node of body.nodes) checkNode(node, leaving.get(node.id) ?? [], `${path}/${node.id}`, around, depth);
}

function checkNode(node: Node, edges: readonly Edge[], path: string, around: Surroundings, depth: number): void {
  const { problems } = around;
  const forward = edges.filter((edge) => (edge.on ?? "success") === "success");
  if (node.exit !== undefined && forward.length > 0) {
    problems.push({ path, message: `node ${node.id} is an exit and has an outgoing success edge ${forward[0]?.id}` });
  }
  if (node.exit === undefined && forward.length === 0) {
    problems.push({ path, message: `node ${node.id} is not an exit and no success edge leaves it` });
  }
  if (node.kind === "router" && edges.length > forward.length) {
    problems.push({ path, message: `router ${node.id} cannot fail, and has an edge for something else than success` });
  }
  if (node.kind === "aggregate" || node.kind === "sensor") {
    problems.push({ path, message: `${node.kind} nodes belong to the graph discipline` });
  }
  if (node.kind === "workflow" && !around.workflows.has(node.workflow)) {
    problems.push({ path, message: `sub-workflow ${node.workflow} is not in the bundle` });
  }
  if (node.kind === "human" && node.mode === "approve" && node.answer !== undefined) {
    problems.push({ path, message: "an approving person answers yes or no, and has no answer type" });
  }
  if (node.kind === "wait" && node.wait.kind !== "signal" && node.timeoutMs !== undefined) {
    problems.push({ path, message: `${node.id} waits for a time, which is its end; a timeout would never be reached or always` });
  }
  if (node.retry !== undefined && bodiesOf(node).length > 0) {
    problems.push({ path, message: `${node.kind} is a region, and retries belong to the nodes in it` });
  }
  checkUnique(
    (node.reads ?? []).map((read) => read.name),
    "read",
    path,
    problems,
  );
  checkScopes(node, edges, path, problems);
  const slots = bodiesOf(node);
  checkUnique(
    slots.map(({ slot }) => slot),
    "branch",
    path,
    problems,
  );
  if (node.kind === "loop")
    checkUnique(
      node.carried.map((carried) => carried.name),
      "carried variable",
      path,
      problems,
    );
  for (const { slot, body } of slots)
    checkUnique(
      (body.inputs ?? []).map((input) => input.name),
      "input",
      `${path}/${slot}`,
      problems,
    );
  for (const { slot, body } of slots) checkBody(body, `${path}/${slot}`, around, depth + 1);
}

/** Holds each expression to the scopes that exist where it stands. */
function checkScopes(node: Node, edges: readonly Edge[], path: string, problems: IrProblem[]): void {
  const check = (expr: Expr | undefined, scopes: readonly string[], what: string): void => {
    if (expr !== undefined) checkRefs(expr, scopes, `${what} of ${node.id}`, path, problems);
  };
  const frame = frameScopes;
  for (const read of node.reads ?? []) check(read.value, frame, `read ${read.name}`);
  for (const write of node.writes ?? []) {
    check(write.value, (write.on ?? "success") === "success" ? ["var", "result"] : ["var", "failure"], `write ${write.name}`);
  }
  for (const edge of edges) {
    check(edge.guard, (edge.on ?? "success") === "success" ? ["var", "result"] : ["var", "failure"], `the guard of edge ${edge.id}`);
  }
  check(node.exit?.output, ["var", "result"], "the exit output");
  for (const { slot, body } of bodiesOf(node))
    for (const input of body.inputs ?? []) check(input.value, frame, `input ${input.name} of body ${slot}`);
  switch (node.kind) {
    case "human":
      check(node.prompt, frame, "the prompt");
      check(node.details, frame, "the details");
      break;
    case "model":
      check(node.prompt, frame, "the prompt");
      break;
    case "wait":
      if (node.wait.kind === "duration") check(node.wait.ms, frame, "the duration");
      if (node.wait.kind === "until") check(node.wait.at, frame, "the time");
      break;
    case "map":
      check(node.over, frame, "the list");
      break;
    case "loop":
      check(node.while, frame, "the condition");
      for (const carried of node.carried) check(carried.initial, frame, `carried ${carried.name}`);
      break;
    default:
      break;
  }
}

const frameScopes: readonly string[] = ["var"];

function checkRefs(expr: Expr, scopes: readonly string[], what: string, path: string, problems: IrProblem[]): void {
  for (const ref of refsOf(expr)) {
    if (!scopes.includes(ref.scope)) problems.push({ path, message: `${what} reads scope ${ref.scope}, which does not exist there` });
    else if (ref.scope === "var" && ref.name === undefined) problems.push({ path, message: `${what} has a var reference without a name` });
  }
}

function checkUnique(names: readonly string[], what: string, path: string, problems: IrProblem[]): void {
  const seen = new Set<string>();
  for (const name of names) {
    if (seen.has(name)) problems.push({ path, message: `duplicate ${what} ${name}` });
    seen.add(name);
  }
}
