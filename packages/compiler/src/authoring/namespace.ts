/** Variables under the names that an author knows them by: the inputs of a workflow, the carried variables of a loop. */
import { AuthoringError } from "./authoring-error.ts";
import { variableRef } from "./expressions.ts";
import type { Recorder, Variable } from "./recorder.ts";
import { symbolic } from "./symbolic.ts";

/** An object whose members are fresh symbolic reads, and which has no others. */
export function namespaceOf(recorder: Recorder, what: string, variables: ReadonlyMap<string, Variable>): object {
  const target = Object.fromEntries([...variables.keys()].map((name) => [name, undefined]));
  return new Proxy(target, {
    get: (_target, key) => {
      if (typeof key === "symbol" || key === "then" || key === "toJSON" || key === "constructor") {
        if (typeof key === "symbol" || !variables.has(key)) return undefined;
      }
      const variable = variables.get(key);
      if (variable === undefined) {
        throw new AuthoringError(`${what} has no ${key}`, `There are ${[...variables.keys()].join(", ") || "none"}`);
      }
      return symbolic(variableRef(variable.name), recorder);
    },
    set: (_target, key) => {
      throw new AuthoringError(
        `${String(key)} of ${what} was set`,
        "Use b.let and b.assign for variables; in loops return the next values",
      );
    },
  });
}
