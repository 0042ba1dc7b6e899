/**
 * A workflow in the form that does not depend on who wrote it down: names that only tie parts together are counted
 * through, places are gone, and what has no order of its own is in the order in which a run could meet it. Whatever
 * remains is what a run sees: inputs and outputs, names of handlers and of what they are given, types, guards, values.
 *
 * Pure. Nothing is left out but `source` and `label`.
 */
import { type Body, bodiesOf, type Edge, type Expr, type Node, type WorkflowIr } from "@heddle/core";

/** The names that variables of one frame have here. */
type Names = Map<string, string>;

interface Counters {
  variables: number;
  nodes: number;
}

type Plain = Readonly<Record<string, unknown>>;

export function normalForm(ir: WorkflowIr): Plain {
  const { source: _, nodes, edges, entry, ...rest } = ir;
  const counters: Counters = { variables: 0, nodes: 0 };
  // Inputs are given by name, so their names are no secret of the workflow's.
  const names: Names = new Map(ir.inputs.map(({ name }) => [name, `input ${name}`]));
  return { ...rest, ...frameOf({ nodes, edges, entry }, names, counters) };
}

function frameOf({ nodes, edges, entry }: Pick<Body, "nodes" | "edges" | "entry">, names: Names, counters: Counters): Plain {
  const ordered = inOrder(nodes, edges, entry);
  const ids = new Map(ordered.map(({ id }) => [id, `node ${++counters.nodes}`]));
  const lowered = ordered.map((node) => nodeOf(node, ids.get(node.id) ?? "", names, counters));
  const ways = ordered.flatMap(({ id }) => leaving(edges, id));
  return {
    entry: ids.get(entry),
    nodes: lowered,
    edges: ways.map(({ id: _, from, to, guard, ...edge }) => ({
      ...edge,
      from: ids.get(from),
      to: ids.get(to),
      ...(guard === undefined ? {} : { guard: exprOf(guard, names, counters) }),
    })),
  };
}

const outcomes = [undefined, "success", "rejected", "timeout", "failure"];

/** The edges of a node in the order in which it tries them. */
function leaving(edges: readonly Edge[], from: string): readonly Edge[] {
  const own = edges.filter((edge) => edge.from === from);
  return own.sort((a, b) => outcomes.indexOf(a.on) - outcomes.indexOf(b.on) || (a.priority ?? 0) - (b.priority ?? 0));
}

/** The nodes of a frame as a run could come to them, ways that are tried first before others; then those it cannot come to. */
function inOrder(nodes: readonly Node[], edges: readonly Edge[], entry: string): readonly Node[] {
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const found = new Set([entry]);
  for (const id of found) for (const { to } of leaving(edges, id)) found.add(to);
  for (const { id } of nodes) found.add(id);
  return [...found].flatMap((id) => byId.get(id) ?? []);
}

function nodeOf(node: Node, id: string, names: Names, counters: Counters): Plain {
  const { id: _, source: __, label: ___, reads, writes, exit, ...rest } = node;
  const expr = (value: Expr): unknown => exprOf(value, names, counters);
  const before = reads?.map(({ name, value, ...read }) => ({
    ...read,
    name: nameOfRead(node, name, value, names, counters),
    value: expr(value),
  }));
  const inner = regionOf(rest as Node, names, counters);
  const after = writes?.map(({ name, value, ...write }) => ({
    ...write,
    value: expr(branchesByPlace(node, value)),
    name: variable(name, names, counters),
  }));
  return {
    id,
    ...inner,
    ...(before === undefined ? {} : { reads: before }),
    ...(after === undefined ? {} : { writes: after }),
    ...(exit === undefined ? {} : { exit: expr(branchesByPlace(node, exit.output)) }),
  };
}

/** The names of branches tie a parallel region to what is read of it. */
function branchesByPlace<Part>(node: Node, part: Part): Part {
  if (node.kind !== "parallel") return part;
  const places = new Map(node.branches.map(({ name }, place) => [name, place]));
  const go = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(go);
    if (typeof value !== "object" || value === null || ("kind" in value && value.kind === "literal")) return value;
    const isResult = "kind" in value && value.kind === "ref" && "scope" in value && value.scope === "result" && "name" in value;
    if (isResult) return { ...value, name: `branch ${places.get(String(value.name))}` };
    return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, go(one)]));
  };
  return go(part) as Part;
}

/** A handler is given an object, whose fields are its own; what a model reads may be named for the variable that it is. */
function nameOfRead(node: Node, name: string, value: Expr, names: Names, counters: Counters): string {
  const isVariable = value.kind === "ref" && value.scope === "var" && value.name === name;
  return node.kind === "model" && isVariable ? variable(name, names, counters) : name;
}

/** What a node has besides, its bodies with frames of their own. */
function regionOf(node: Node, names: Names, counters: Counters): Plain {
  const expr = (value: Expr): unknown => exprOf(value, names, counters);
  const body = (one: Body, own: readonly string[] = []): Plain => bodyOf(one, own, names, counters);
  switch (node.kind) {
    case "parallel":
      return { ...node, branches: node.branches.map((branch) => body(branch.body)) };
    case "map": {
      const { item, index, over, ...rest } = node;
      return {
        ...rest,
        hasIndex: index !== undefined,
        over: expr(over),
        body: body(node.body, index === undefined ? [item] : [item, index]),
      };
    }
    case "loop": {
      const own: Names = new Map();
      const carried = node.carried.map(({ name, initial, ...one }) => ({
        ...one,
        initial: expr(initial),
        name: variable(name, own, counters),
      }));
      return { ...node, carried, while: exprOf(node.while, own, counters), body: bodyOf(node.body, [], names, counters, own) };
    }
    case "try": {
      const { failureName = "failure", ...rest } = node;
      return {
        ...rest,
        body: body(node.body),
        ...(node.catch === undefined ? {} : { catch: body(node.catch, [failureName]) }),
        ...(node.finally === undefined ? {} : { finally: body(node.finally) }),
      };
    }
    default:
      if (bodiesOf(node).length > 0) throw new TypeError(`nobody said how a ${node.kind} is put into its normal form`);
      return Object.fromEntries(Object.entries(node).map(([key, value]) => [key, isExpr(value) ? expr(value) : value]));
  }
}

/** A frame sees what is passed in and what its region gives it, and nothing else. */
function bodyOf({ inputs, ...body }: Body, given: readonly string[], outer: Names, counters: Counters, names: Names = new Map()): Plain {
  for (const name of given) variable(name, names, counters);
  const passed = (inputs ?? []).map(({ name, value, ...input }) => ({ name, form: { ...input, value: exprOf(value, outer, counters) } }));
  // What is passed in is passed by name: in the order of what it is.
  const ordered = passed.sort((a, b) => (JSON.stringify(a.form) < JSON.stringify(b.form) ? -1 : 1));
  const named = ordered.map(({ name, form }) => ({ ...form, name: variable(name, names, counters) }));
  return { ...(inputs === undefined ? {} : { inputs: named }), ...frameOf(body, names, counters) };
}

function variable(name: string, names: Names, counters: Counters): string {
  const known = names.get(name) ?? `variable ${++counters.variables}`;
  names.set(name, known);
  return known;
}

function isExpr(value: unknown): value is Expr {
  return (
    typeof value === "object" &&
    value !== null &&
    "kind" in value &&
    ["literal", "ref", "template", "object", "field"].includes(String(value.kind))
  );
}

function exprOf(expr: Expr, names: Names, counters: Counters): unknown {
  const go = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(go);
    if (typeof value !== "object" || value === null) return value;
    if ("kind" in value && value.kind === "literal") return value;
    if ("kind" in value && value.kind === "ref" && "scope" in value && value.scope === "var" && "name" in value)
      return { ...value, name: variable(String(value.name), names, counters) };
    return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, go(one)]));
  };
  return go(expr);
}
