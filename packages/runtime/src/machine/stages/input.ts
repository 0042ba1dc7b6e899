/** The input of an attempt, evaluated from the state when it starts. */
import { checkValue, type Failure, failureOf, type JsonValue } from "@heddle/core";
import type { RunFold } from "../run/state.ts";
import type { NodePlan } from "./plan.ts";

export type AttemptInput =
  | { readonly kind: "input"; readonly values: Readonly<Record<string, JsonValue>> }
  | { readonly kind: "refused"; readonly failure: Failure };

/** The reads of a node by name; refused where a required one is missing or does not fit its type. */
export function inputOf(fold: RunFold, frameId: number, node: NodePlan): AttemptInput {
  const frame = fold.frame(frameId);
  const scope = { var: (name: string) => frame?.vars[name] };
  const values: Record<string, JsonValue> = {};
  for (const read of node.reads) {
    const value = read.value.eval(scope);
    values[read.name] = value;
    if (value === null && read.optional) continue;
    if (read.type === undefined) continue;
    const [problem] = checkValue(read.type, value, read.name);
    if (problem !== undefined) {
      return {
        kind: "refused",
        failure: failureOf(
          "input-invalid",
          `${node.id} was given a value that does not fit: ${problem.path} ${problem.message}`,
          "invalid",
        ),
      };
    }
  }
  return { kind: "input", values };
}
