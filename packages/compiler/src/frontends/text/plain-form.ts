/**
 * The IR of a `.heddle` source as any frontend writes it. What only an exact print as NemoIR needs (why a transition is
 * there, whose words a read is in) is left out, and so is what says nothing: the type of any value, the one way on.
 * So a workflow that two languages can express is one IR in both.
 */
import { type Body, bodiesOf, type Edge, type Node, type Read, type ValueType, type WorkflowIr, type Write } from "@heddle/core";

export function inPlainForm(ir: WorkflowIr): WorkflowIr {
  const { raw: _, ...rest } = ir;
  return {
    ...rest,
    // Any value may also be none.
    ...(ir.outputs === undefined ? {} : { outputs: ir.outputs.map((field) => (isAny(field.type) ? { ...field, optional: true } : field)) }),
    nodes: ir.nodes.map(plainNode),
    edges: plainEdges(ir.edges),
  };
}

function plainBody(body: Body): Body {
  const inputs = body.inputs?.map(({ type, ...input }) => (isAny(type) ? input : { ...input, ...(type === undefined ? {} : { type }) }));
  return { ...body, ...(inputs === undefined ? {} : { inputs }), nodes: body.nodes.map(plainNode), edges: plainEdges(body.edges) };
}

function plainNode(given: Node): Node {
  const { reads, writes, raw: _, ...rest } = given;
  const kept = writes?.map(plainWrite).filter(({ type }) => type !== undefined || given.exit === undefined);
  const node = {
    ...rest,
    ...(reads === undefined ? {} : { reads: reads.map(plainRead) }),
    // Behind an exit nobody reads a variable; what has a type is still held to it.
    ...(kept === undefined || kept.length === 0 ? {} : { writes: kept }),
  } as Node;
  if (bodiesOf(node).length === 0) return node;
  switch (node.kind) {
    case "parallel":
      return { ...node, branches: node.branches.map((branch) => ({ ...branch, body: plainBody(branch.body) })) };
    case "map":
    case "loop":
      return { ...node, body: plainBody(node.body) };
    case "try": {
      const { failureName, ...others } = node;
      return {
        ...others,
        body: plainBody(node.body),
        ...(node.catch === undefined ? {} : { catch: plainBody(node.catch) }),
        ...(failureName === undefined || failureName === "failure" ? {} : { failureName }),
        ...(node.finally === undefined ? {} : { finally: plainBody(node.finally) }),
      };
    }
    default:
      return node;
  }
}

function isAny(type: ValueType | undefined): boolean {
  return type?.kind === "json";
}

function plainRead({ origin: _, ...read }: Read): Read {
  return isAny(read.type) ? { name: read.name, value: read.value } : read;
}

function plainWrite(write: Write): Write {
  const { type, optional: _, ...rest } = write;
  return isAny(type) ? rest : write;
}

function plainEdges(edges: readonly Edge[]): Edge[] {
  const ways = new Map<string, number>();
  for (const { from, on } of edges) if (on === undefined) ways.set(from, (ways.get(from) ?? 0) + 1);
  return edges.map(({ reason: _, raw: __, priority, ...edge }) => {
    const isOnly = edge.guard === undefined && ways.get(edge.from) === 1;
    return { ...edge, ...(priority === undefined || (isOnly && edge.on === undefined) ? {} : { priority }) };
  });
}
