/**
 * Admission: what of a bundle may ever be carried out, decided once when it is loaded.
 *
 * The first rule: a handler is reached only if the bundle declares it. The second: its confinement, and
 * that of a process, is at least what the operator asks for. The third: a process is given only files of
 * its own bundle, and variables of the host by exact name. What a frontend knows cannot run is refused as
 * it says. Pure.
 */
import {
  type BundleManifest,
  bodiesOf,
  type Confinement,
  type ErrorCode,
  type Failure,
  failureOf,
  isErrorCode,
  type Node,
  type ProcessNode,
  passedVariablesOf,
  uploadsOf,
} from "@heddle/core";
import { type SandboxAbility, type SandboxProbe, sandboxMissing } from "../guards/sandbox/sandbox.ts";

const strength: Readonly<Record<Confinement, number>> = { none: 0, process: 1, sandbox: 2 };

export interface Admission {
  /** Of a node kind that needs no admission, or one that is admitted: undefined. */
  refuse(node: Node): Failure | undefined;
}

export interface AdmissionRules {
  /** The least confinement that code loaded from bundles has. Does not bind functions of the embedding program. */
  readonly confinementMin: Confinement;
  /** Handlers that the embedding program provides. */
  readonly provided: ReadonlySet<string>;
  /** Slots by name of pool; absent: every pool is as large as wanted. */
  readonly pools?: ReadonlyMap<string, number>;
  /** Why a secret that a node names cannot be had. Absent: none can be known to be missing. */
  readonly refuseSecrets?: (node: Node) => Failure | undefined;
  /** What of a sandbox there is; absent: none. Asked only where a bundle wants one. */
  readonly sandbox?: SandboxProbe;
  /** Whether workers may serve the handlers that a bundle declares without code. */
  readonly workers?: boolean;
}

/** Whether it matters what of a sandbox there is. */
export function wantsSandbox({ workflows }: BundleManifest, rules: Pick<AdmissionRules, "confinementMin">): boolean {
  const wants = (nodes: readonly Node[]): boolean =>
    nodes.some((node) => runsInSandbox(node, rules) || bodiesOf(node).some(({ body }) => wants(body.nodes)));
  return workflows.some((ir) => wants(ir.nodes));
}

/** Shells are in one where the operator asks it of all code, whatever their node says. */
function runsInSandbox(node: Node, { confinementMin }: Pick<AdmissionRules, "confinementMin">): boolean {
  return (
    node.confinement === "sandbox" || (node.kind === "tool" && confinementMin === "sandbox" && /^os\.shell(?:\.|$)/.test(node.capability))
  );
}

/** @param ability what of a sandbox there is; undefined: none */
export function admitBundle(manifest: BundleManifest, rules: AdmissionRules, ability?: SandboxAbility): Admission {
  const declared = new Map(manifest.handlers.map((handler) => [handler.name, handler]));
  return {
    refuse(node) {
      if (node.refusal !== undefined) return failureOf(codeOf(node.refusal.code), node.refusal.message, "denied", { node: node.id });
      const crowded = refusePool(node, rules.pools);
      if (crowded !== undefined) return crowded;
      const secretless = rules.refuseSecrets?.(node);
      if (secretless !== undefined) return secretless;
      if (node.kind === "process") return refuseProcess(node, manifest, rules) ?? refuseSandbox(node, rules, ability);
      if (node.kind === "tool") return refuseSandbox(node, rules, ability);
      if (node.kind !== "handler") return undefined;
      const handler = declared.get(node.handler);
      if (handler === undefined) return denied(node, `handler ${node.handler} is not declared in the bundle`);
      if (rules.provided.has(node.handler)) return undefined;
      if (handler.code === undefined) return refuseWorker(node);
      return refuseConfinement(node, rules) ?? refuseSandbox(node, rules, ability);
    },
  };
}

/** A node that could only ever wait for its slots. */
function refusePool(node: Node, pools: AdmissionRules["pools"]): Failure | undefined {
  const name = node.pool ?? (node.kind === "process" ? "default" : undefined);
  if (name === undefined || pools === undefined) return undefined;
  const capacity = pools.get(name);
  const wanted = node.slots ?? 1;
  if (capacity === undefined)
    return denied(
      node,
      `node ${node.id} wants slots of the pool ${name}, which is not configured: add it, as in HEDDLE_POOLS=${name}=${wanted}`,
    );
  if (wanted <= capacity) return undefined;
  return denied(node, `node ${node.id} wants ${wanted} slots, and the pool ${name} has ${capacity}`);
}

function refuseConfinement(node: Node, { confinementMin }: AdmissionRules): Failure | undefined {
  const confinement = node.confinement ?? "process";
  if (strength[confinement] >= strength[confinementMin]) return undefined;
  return denied(node, `node ${node.id} has the confinement ${confinement}, and the operator asks for ${confinementMin}`);
}

/** Nothing falls back to less: where there is no sandbox, what wants one does not start. */
function refuseSandbox(node: Node, rules: AdmissionRules, ability: SandboxAbility | undefined): Failure | undefined {
  if (!runsInSandbox(node, rules) || ability?.kind === "available") return undefined;
  const why = ability === undefined ? "this runtime was made without one" : sandboxMissing(ability);
  return denied(node, `node ${node.id} wants the confinement sandbox: ${why}`);
}

/** A worker is a process of somebody else, which nothing here confines. */
function refuseWorker(node: Node): Failure | undefined {
  if (node.confinement !== "sandbox") return undefined;
  return denied(node, `node ${node.id} wants the confinement sandbox, and its handler is served by workers: confine these where they run`);
}

/** The one runner there is, by each of its names. A node that names none has it too: a frontend says so where none means another. */
const hostLocalRunner = /^(?:MirrorNeuron\.Runner\.)?(?:HostLocal|host_local)$/;

const openShellRunner = /^(?:MirrorNeuron\.(?:Sandbox|Runner)\.)?(?:OpenShell|openshell)$/;

function refuseProcess(node: ProcessNode, manifest: BundleManifest, rules: AdmissionRules): Failure | undefined {
  const { runner_module: runner, python_environment: python } = node.config;
  if (runner !== undefined && openShellRunner.test(runner))
    return unimplemented(
      node,
      `node ${node.id} asks for the runner ${runner}, and OpenShell is not driven yet; leave the runner out, and confinement: sandbox is given by bubblewrap`,
    );
  if (runner !== undefined && !hostLocalRunner.test(runner))
    return unimplemented(node, `node ${node.id} asks for the runner ${runner}, which does not run yet`);
  if (python !== undefined) return unimplemented(node, `node ${node.id} asks for a python_environment, which is not made yet`);
  const confined = refuseConfinement(node, rules);
  if (confined !== undefined) return confined;
  const uploads = uploadsOf(node, manifest.files);
  if (!("length" in uploads)) return uploads;
  const passed = passedVariablesOf(node);
  return "length" in passed ? undefined : passed;
}

/** A frontend may know that a node cannot run, and say why in a code of the registry. */
function codeOf(code: string): ErrorCode {
  return isErrorCode(code) ? code : "unimplemented";
}

function unimplemented(node: Node, message: string): Failure {
  return failureOf("unimplemented", message, "denied", { node: node.id });
}

function denied(node: Node, message: string): Failure {
  return failureOf("capability-denied", message, "denied", { node: node.id });
}
