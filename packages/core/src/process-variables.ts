/** The variables of the host that a `process` node asks for. Pure: asked by the gate and by the executor. */
import { type Failure, failureOf } from "./failure.ts";
import type { ProcessNode } from "./ir.ts";

/**
 * By exact name: a pattern would pass on what nobody who read the bundle could know. A name that is
 * none is a failure, `capability-denied`.
 */
export function passedVariablesOf(node: ProcessNode): readonly string[] | Failure {
  const names = [...(node.passEnv ?? []), ...(node.config.pass_env ?? [])];
  const wrong = names.find((name) => !/^[^*?=\s\0]+$/.test(name));
  if (wrong === undefined) return names;
  const message = `${node.id} asks for the variable ${JSON.stringify(wrong)} of the host, and only exact names are passed on`;
  return failureOf("capability-denied", message, "denied", { node: node.id });
}
