/**
 * A bundle as a simulation runs it: without code and files, each node that does work outside with a function in its place.
 */
import {
  anonymousBundle,
  type BundleManifest,
  bodiesOf,
  HeddleError,
  type JsonValue,
  type Node,
  type ValueType,
  type WorkflowIr,
} from "@heddle/core";

/** Handlers of a bundle as they are, by name. */
export type BundleFunctions = Readonly<Record<string, (...args: never[]) => unknown>>;

/** A bundle that can be simulated. */
export interface StandIn {
  readonly manifest: BundleManifest;
  readonly workflow: WorkflowIr;
  /** Every node of every workflow, by id. Where two workflows share one, the later. */
  readonly nodes: ReadonlyMap<string, Node>;
}

/** Errors: `workflow-not-found`; `handler-not-found` with every node that has neither a stub nor code. */
export function standInFor(given: BundleManifest, wanted: string | undefined, stubs: ReadonlySet<string>, code: BundleFunctions): StandIn {
  const id = wanted ?? given.main;
  const workflow = given.workflows.find((one) => one.id === id);
  if (workflow === undefined) {
    const known = given.workflows.map((one) => one.id).join(", ");
    throw new HeddleError("workflow-not-found", `the bundle has no workflow ${id}; it has ${known}`);
  }
  const nodes = new Map<string, Node>();
  for (const ir of given.workflows) for (const node of allNodes(ir.nodes)) nodes.set(node.id, node);
  const missing = [...nodes.values()].filter((node) => lacksStub(node, stubs, code));
  if (missing.length > 0) {
    const each = missing.map((node) => `${node.id} (${node.kind === "handler" ? `handler ${node.handler}` : node.kind})`).join(", ");
    throw new HeddleError("handler-not-found", `nothing stands in for ${each}; add a function of that name to handlers of the simulation`);
  }
  const manifest = anonymousBundle(
    given.workflows.map((ir) => ({ ...ir, nodes: ir.nodes.map(withoutCode) })),
    given.main,
  );
  return { manifest, workflow, nodes };
}

/** The name that a model's or an agent's stub is registered under. */
export function standInName(node: Node): string {
  return node.kind === "handler" ? node.handler : `stand-in.${node.id}`;
}

function allNodes(nodes: readonly Node[]): readonly Node[] {
  return nodes.flatMap((node) => [node, ...bodiesOf(node).flatMap(({ body }) => allNodes(body.nodes))]);
}

const worksOutside: ReadonlySet<Node["kind"]> = new Set(["process", "tool", "remote", "model", "agent"]);

function lacksStub(node: Node, stubs: ReadonlySet<string>, code: BundleFunctions): boolean {
  if (stubs.has(node.id)) return false;
  if (node.kind === "handler") return !stubs.has(node.handler) && !Object.hasOwn(code, node.handler);
  return worksOutside.has(node.kind);
}

function withoutCode(node: Node): Node {
  switch (node.kind) {
    case "process": {
      const { uploads: _uploads, pool: _pool, ...rest } = node;
      return { ...rest, confinement: "process" };
    }
    case "model":
    case "agent": {
      const { id, label, reads, writes, retry, timeoutMs, safety, exit, source } = node;
      const prompt = node.kind === "model" ? [{ name: "prompt", value: node.prompt }] : [];
      const kept = { label, writes, retry, timeoutMs, safety, exit, source };
      const present = Object.fromEntries(Object.entries(kept).filter(([, value]) => value !== undefined));
      return { kind: "handler", id, handler: standInName(node), ...present, reads: [...(reads ?? []), ...prompt] };
    }
    case "handler": {
      const { confinement: _confinement, ...rest } = node;
      return rest;
    }
    case "parallel":
      return { ...node, branches: node.branches.map((branch) => ({ ...branch, body: bodyWithoutCode(branch.body) })) };
    case "map":
    case "loop":
      return { ...node, body: bodyWithoutCode(node.body) };
    case "try":
      return {
        ...node,
        body: bodyWithoutCode(node.body),
        ...(node.catch === undefined ? {} : { catch: bodyWithoutCode(node.catch) }),
        ...(node.finally === undefined ? {} : { finally: bodyWithoutCode(node.finally) }),
      };
    default:
      return node;
  }
}

function bodyWithoutCode<Body extends { readonly nodes: readonly Node[] }>(body: Body): Body {
  return { ...body, nodes: body.nodes.map(withoutCode) };
}

/** A value of a type: the plainest one. */
export function exampleOf(type: ValueType | undefined): JsonValue {
  switch (type?.kind) {
    case "string":
    case "path":
      return "text";
    case "number":
      return 1;
    case "boolean":
      return true;
    case "enum":
      return type.values[0] ?? null;
    case "array":
      return [exampleOf(type.items)];
    case "object":
      return Object.fromEntries(
        type.fields.filter(({ optional }) => optional !== true).map((field) => [field.name, exampleOf(field.type)]),
      );
    default:
      return null;
  }
}
