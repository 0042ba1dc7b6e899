/** The input of a run, held to what the workflow declares. */
import { checkValue, HeddleError, type JsonObject, type JsonValue, nearestName, type WorkflowIr } from "@heddle/core";

/**
 * Defaults filled in, every value of its type, nothing that is not declared.
 *
 * @throws HeddleError `input-invalid`, naming every misfit.
 */
export function inputOfWorkflow(ir: WorkflowIr, given: JsonObject): JsonObject {
  const problems: string[] = [];
  const names = ir.inputs.map((input) => input.name);
  for (const name of Object.keys(given)) {
    if (names.includes(name)) continue;
    const near = nearestName(name, names);
    problems.push(`${name} is not an input of ${ir.id}${near === undefined ? "" : ` (did you mean ${near}?)`}`);
  }
  const input: Record<string, JsonValue> = {};
  for (const declared of ir.inputs) {
    const value = Object.hasOwn(given, declared.name) ? (given[declared.name] as JsonValue) : (declared.default ?? null);
    input[declared.name] = value;
    if (value === null && declared.optional === true) continue;
    if (value === null && declared.type.kind !== "json") {
      problems.push(`${declared.name} is required`);
      continue;
    }
    for (const problem of checkValue(declared.type, value, declared.name)) problems.push(`${problem.path} ${problem.message}`);
  }
  if (problems.length > 0) throw new HeddleError("input-invalid", `the input does not fit ${ir.id}: ${problems.join("; ")}`);
  return Object.freeze(input);
}
