/**
 * What a condition reads: arguments of the call under the names that a policy binds, and inputs of the run. Which of
 * them are paths is known from the capability catalog and from the declarations of the inputs; a path is read as the
 * real path that the preparation of the call found, never as its text.
 */
import { anyCapabilityOf, type JsonValue, type PreparedCall, type ValueType, type WorkflowInput } from "@heddle/core";
import { scriptCapability, shellCapability } from "../screen/shell.ts";
import { Fault, type Value } from "./fault.ts";
import { faulty, type Operand, type OperandType, type Run } from "./operand.ts";
import { normalPath } from "./paths.ts";

/** The words of a command, under the name by which a policy binds them; no argument of that name hides them. */
export const wordsParameter = "argv";

/** Of the catalog. Undefined: the tool decides, and nothing is known. */
export function parameterTypeOf(capability: string, parameter: string): OperandType | undefined {
  const known = anyCapabilityOf(capability);
  return known?.parameters.find((each) => each.name === parameter)?.type;
}

/** An argument of a call of that capability. */
export function argumentOperand(capability: string, parameter: string): Operand {
  if ((capability === shellCapability || capability === scriptCapability) && parameter === wordsParameter) return words;
  const type = parameterTypeOf(capability, parameter);
  if (type === "path") return { type, run: pathArgument(parameter) };
  return { type: type ?? "json", run: plainArgument(parameter) };
}

const noWords = new Fault("the call has no words of a command", true);
const words: Operand = { type: "json", run: (call) => call.argv ?? noWords };

function pathArgument(parameter: string): Run {
  const absent = new Fault(`the call has no path ${parameter}`, true);
  const wrong = new Fault(`the path ${parameter} of the call is not resolved`);
  return (call) => {
    for (const path of call.paths) if (path.parameter === parameter) return normalPath(path.real) ?? wrong;
    return absent;
  };
}

/** The argument under which a call has a parameter: what is `command` to the shell is `script` to a script. */
export function argumentName(call: PreparedCall, parameter: string): string {
  return parameter === "command" && call.capability === scriptCapability ? "script" : parameter;
}

const scriptText = new Fault("the call is a script, whose text is no command: write a policy on os.shell.script for it");

function plainArgument(parameter: string): Run {
  const absent = new Fault(`the call has no argument ${parameter}`, true);
  const path = new Fault(
    `the argument ${parameter} is a path of its tool, and the capability does not say so: it cannot be judged as a text`,
  );
  const prefix = `${parameter}.`;
  return (call) => {
    // What a text begins with or holds says nothing of what a shell makes of the rest of it.
    if (parameter === "command" && call.capability === scriptCapability) return scriptText;
    for (const each of call.paths) if (each.parameter === parameter || each.parameter.startsWith(prefix)) return path;
    return Object.hasOwn(call.args, parameter) ? ((call.args[parameter] as JsonValue) ?? absent) : absent;
  };
}

/** An input of the run; `undefined` is one that the workflow does not have. */
export function inputOperand(name: string, input: WorkflowInput | undefined): Operand {
  if (input === undefined) return faulty(`the workflow has no input ${name}`);
  const { type } = input;
  if (type.kind === "path") return { type: "path", run: pathInput(name) };
  if (type.kind === "array" && type.items.kind === "path") return { type: "paths", run: pathsInput(name) };
  if (hasPaths(type)) return faulty(`the input ${name} has paths inside, which are not resolved: make each an input of its own`);
  return { type: operandTypeOf(type), run: plainInput(name) };
}

function operandTypeOf(type: ValueType): OperandType {
  switch (type.kind) {
    case "string":
    case "number":
    case "boolean":
      return type.kind;
    default:
      return "json";
  }
}

function hasPaths(type: ValueType): boolean {
  if (type.kind === "path") return true;
  if (type.kind === "array") return hasPaths(type.items);
  return type.kind === "object" && type.fields.some((field) => hasPaths(field.type));
}

function plainInput(name: string): Run {
  const absent = new Fault(`the input ${name} has no value`, true);
  return (_, { inputs }) => (Object.hasOwn(inputs, name) ? ((inputs[name] as JsonValue) ?? absent) : absent);
}

function pathInput(name: string): Run {
  const absent = new Fault(`the input ${name} has no value`, true);
  const wrong = new Fault(`the input ${name} is a path that is not resolved`);
  return (call, { inputs }) => {
    const real = resolvedInput(call, name);
    if (real !== undefined) return normalPath(real) ?? wrong;
    return Object.hasOwn(inputs, name) && inputs[name] !== null ? wrong : absent;
  };
}

/** Each item of the list as it is resolved under `<name>.<index>`. */
function pathsInput(name: string): Run {
  const absent = new Fault(`the input ${name} has no value`, true);
  const wrong = new Fault(`the input ${name} has paths that are not resolved`);
  return (call, { inputs }): Value => {
    const given = Object.hasOwn(inputs, name) ? inputs[name] : undefined;
    if (given === undefined || given === null) return absent;
    if (!Array.isArray(given)) return wrong;
    const paths: string[] = [];
    for (let index = 0; index < given.length; index++) {
      const real = resolvedInput(call, `${name}.${index}`);
      const path = real === undefined ? undefined : normalPath(real);
      if (path === undefined) return wrong;
      paths.push(path);
    }
    return paths;
  };
}

function resolvedInput({ inputPaths }: PreparedCall, name: string): string | undefined {
  return inputPaths !== undefined && Object.hasOwn(inputPaths, name) ? inputPaths[name] : undefined;
}
