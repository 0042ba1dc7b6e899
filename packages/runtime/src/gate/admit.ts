/**
 * Admission: what of a bundle may ever be carried out, decided once when it is loaded.
 *
 * The first rule: a handler is reached only if the bundle declares it. The second: its confinement is
 * at least what the operator asks for. Pure.
 */
import { type BundleManifest, type Confinement, type Failure, failureOf, type Node } from "@heddle/core";

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
}

export function admitBundle(manifest: BundleManifest, rules: AdmissionRules): Admission {
  const declared = new Map(manifest.handlers.map((handler) => [handler.name, handler]));
  return {
    refuse(node) {
      if (node.kind !== "handler") return undefined;
      const handler = declared.get(node.handler);
      if (handler === undefined) return denied(node, `handler ${node.handler} is not declared in the bundle`);
      if (handler.code === undefined || rules.provided.has(node.handler)) return undefined;
      const confinement = node.confinement ?? "process";
      if (confinement === "sandbox")
        return failureOf("unimplemented", `node ${node.id} wants the confinement sandbox, which cannot be given yet`, "denied", {
          node: node.id,
        });
      if (strength[confinement] < strength[rules.confinementMin]) {
        return denied(node, `node ${node.id} has the confinement ${confinement}, and the operator asks for ${rules.confinementMin}`);
      }
      return undefined;
    },
  };
}

function denied(node: Node, message: string): Failure {
  return failureOf("capability-denied", message, "denied", { node: node.id });
}
