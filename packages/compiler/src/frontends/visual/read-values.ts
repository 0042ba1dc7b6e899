/** Values, expressions and guards of a visual document: ids become names. */
import type { JsonValue } from "@heddle/core";
import { type FlowExpr, type FlowGuard, type FlowMethod, type FlowRef, type FlowType, flowBases, flowMethods } from "../text/flow-model.ts";
import { expressionDepthMax } from "../text/syntax.ts";
import { Entity, found, type Report, type Text, wrongShape } from "./document-reader.ts";
import { type Located, plainOf } from "./read-json.ts";

/** What ids stand for. */
export interface Ids {
  readonly inputs: ReadonlyMap<string, string>;
  /** By the id of the state: its name, and the names of its outputs by their ids. */
  readonly states: ReadonlyMap<string, { readonly name: string; readonly outputs: ReadonlyMap<string, string> }>;
}

export interface Reader {
  readonly ids: Ids;
  readonly report: Report;
  /** Names that a policy binds; undefined outside policies. */
  readonly bound: ReadonlySet<string> | undefined;
}

const refMembers = ["kind", "inputId", "stateId", "outputId", "binding"];

export function readRef(located: Located | undefined, allowed: readonly string[], reader: Reader): FlowRef | undefined {
  if (located === undefined) return undefined;
  const ref = new Entity(located, "a reference", refMembers, reader.report);
  const kind = ref.text("kind");
  if (kind.text === "bound" && reader.bound === undefined) {
    wrongShape(kind, "a reference outside a policy", "an input or an output", reader.report);
    return undefined;
  }
  if (!allowed.includes(kind.text)) {
    wrongShape(kind, "the kind of a reference", `one of ${allowed.join(", ")}`, reader.report);
    return undefined;
  }
  if (kind.text === "input") {
    const name = found(reader.ids.inputs, ref.text("inputId"), "input", reader.report);
    return name === undefined ? undefined : { kind: "input", name };
  }
  if (kind.text === "bound") {
    const binding = ref.text("binding");
    if (reader.bound?.has(binding.text) === true) return { kind: "bound", name: binding.text };
    reader.report("HD1112", binding, {
      message: `the policy does not bind \`${binding.text}\``,
      reason: "A policy reads arguments of the call that triggers it, under the names that its trigger lists.",
      help: "add it to the bindings of the trigger",
    });
    return undefined;
  }
  const state = found(reader.ids.states, ref.text("stateId"), "state", reader.report);
  const field = state === undefined ? undefined : found(state.outputs, ref.text("outputId"), `output of \`${state.name}\``, reader.report);
  return state === undefined || field === undefined ? undefined : { kind: "output", stage: state.name, field };
}

export function readType(text: Text, report: Report): FlowType {
  for (const base of flowBases) {
    if (text.text === base) return base;
    if (text.text === `${base}[]`) return `${base}[]`;
  }
  report("HD1201", text, {
    message: `unknown type \`${text.text}\``,
    reason: `The types are ${flowBases.join(", ")}, each also as a list (\`string[]\`).`,
  });
  return "json";
}

export function readLiteral(entity: Entity, report: Report): FlowExpr | undefined {
  const type = readType(entity.text("type"), report);
  const located = entity.member("value");
  if (located === undefined) {
    wrongShape(entity, "a literal", "an object with a `value`", report);
    return undefined;
  }
  const value = plainOf(located);
  if (!fits(value, type)) {
    report("HD1607", located, {
      message: `this literal is no ${type}`,
      reason: "A literal is held to the type that it names.",
      help: "mend the value, or the type",
    });
  }
  return { kind: "literal", type, value, at: located };
}

function fits(value: JsonValue, type: FlowType): boolean {
  if (type.endsWith("[]")) return Array.isArray(value) && value.every((item: JsonValue) => fits(item, type.slice(0, -2) as FlowType));
  switch (type) {
    case "json":
      return true;
    case "bool":
      return typeof value === "boolean";
    case "number":
      return typeof value === "number";
    default:
      return typeof value === "string";
  }
}

const exprMembers = ["kind", "ref", "type", "value", "expression", "expressions", "receiver", "method", "args", "op", "left", "right"];
const compareOps = ["gt", "gte", "lt", "lte"] as const;
const arithmeticOps = ["add", "sub", "mul", "div"] as const;
const anyRef = ["input", "node_output", "bound"];

/** `depth` counts levels of JSON of the lowered expression. */
export function readExpr(located: Located | undefined, reader: Reader, depth = 1): FlowExpr | undefined {
  if (located === undefined) return undefined;
  const { report } = reader;
  if (depth > expressionDepthMax) {
    report("HD1004", located, {
      message: `this expression nests more than ${expressionDepthMax} levels deep`,
      reason: "A workflow is JSON of bounded depth, and each operator that stands inside another takes a level of it.",
      help: "compute a part of it in a state of its own",
    });
    return undefined;
  }
  const entity = new Entity(located, "an expression", exprMembers, report);
  const kind = entity.text("kind");
  const at = { at: { start: located.start, end: located.end } };
  const inner = (name: string): FlowExpr | undefined => {
    if (entity.member(name) === undefined) entity.text(name);
    return readExpr(entity.member(name), reader, depth + 1);
  };
  switch (kind.text) {
    case "ref": {
      const ref = readRef(entity.member("ref") ?? located, anyRef, reader);
      return ref === undefined ? undefined : { kind: "ref", ref, ...at };
    }
    case "literal":
      return readLiteral(entity, report);
    case "not": {
      const of = inner("expression");
      return of === undefined ? undefined : { kind: "not", of, ...at };
    }
    case "and":
    case "or": {
      const of = entity.list("expressions").map((each) => readExpr(each, reader, depth + 2));
      const empty = of.length === 0 && reader.bound !== undefined;
      if (empty) wrongShape(located, `\`${kind.text}\``, "joined from at least one expression", report);
      const read = of.filter((each) => each !== undefined);
      return empty || read.length < of.length ? undefined : { kind: kind.text, of: read, ...at };
    }
    case "compare":
    case "binop": {
      const op = entity.text("op");
      const compare = compareOps.find((each) => each === op.text);
      const calculate = arithmeticOps.find((each) => each === op.text);
      const left = inner("left");
      const right = inner("right");
      const known = kind.text === "compare" ? compare : calculate;
      if (known === undefined)
        wrongShape(op, "the operator", `one of ${(kind.text === "compare" ? compareOps : arithmeticOps).join(", ")}`, report);
      if (left === undefined || right === undefined) return undefined;
      if (kind.text === "compare") return compare === undefined ? undefined : { kind: "compare", op: compare, left, right, ...at };
      return calculate === undefined ? undefined : { kind: "arithmetic", op: calculate, left, right, ...at };
    }
    case "method_call":
      return readMethod(entity, inner("receiver"), reader, depth, located);
    default:
      wrongShape(kind, "the kind of an expression", "one of ref, literal, not, and, or, compare, binop, method_call", report);
      return undefined;
  }
}

function readMethod(entity: Entity, receiver: FlowExpr | undefined, reader: Reader, depth: number, located: Located): FlowExpr | undefined {
  const { report } = reader;
  const name = entity.text("method");
  const method: FlowMethod | undefined = flowMethods.find((each) => each === name.text);
  if (method === undefined) {
    report("HD1114", name, { message: `unknown predicate \`${name.text}\``, reason: `The predicates are ${flowMethods.join(", ")}.` });
  }
  const args = entity.list("args");
  if (args.length !== 1) {
    report("HD1208", name, {
      message: `\`${name.text}\` takes one argument, not ${args.length}`,
      reason: "A predicate asks one thing about its receiver.",
    });
  }
  const arg = readExpr(args[0], reader, depth + 1);
  if (receiver === undefined || arg === undefined || method === undefined || args.length !== 1) return undefined;
  return { kind: "method", receiver, method, arg, at: { start: located.start, end: located.end } };
}

export function readGuard(located: Located | undefined, reader: Reader): FlowGuard | undefined {
  if (located === undefined) return undefined;
  const entity = new Entity(located, "a guard", ["kind", "ref", "left", "right", "condition"], reader.report);
  const kind = entity.text("kind");
  switch (kind.text) {
    case "always":
      return { kind: "always" };
    case "has_value":
    case "missing": {
      if (entity.member("ref") === undefined) entity.text("ref");
      const ref = readRef(entity.member("ref"), ["node_output"], reader);
      return ref === undefined ? undefined : { kind: kind.text === "missing" ? "missing" : "has-value", ref };
    }
    case "eq": {
      const left = readExpr(entity.member("left") ?? located, reader);
      const right = readExpr(entity.member("right") ?? located, reader);
      return left === undefined || right === undefined ? undefined : { kind: "eq", left, right };
    }
    case "if": {
      if (entity.member("condition") === undefined) entity.text("condition");
      const condition = readExpr(entity.member("condition"), reader);
      return condition === undefined ? undefined : { kind: "if", condition };
    }
    default:
      wrongShape(kind, "the kind of a guard", "one of always, has_value, missing, eq, if", reader.report);
      return undefined;
  }
}
