/** The types of a model's expressions: what a visual document must keep, as the text keeps it by its grammar. */
import { capabilityOf } from "@heddle/core";
import type { FlowExpr, FlowGuard, FlowModel, FlowRef, FlowType } from "../text/flow-model.ts";
import type { Stretch } from "../text/syntax.ts";
import type { Report } from "./document-reader.ts";

type TypeOf = (ref: FlowRef) => FlowType | undefined;

interface Checking {
  readonly typeOf: TypeOf;
  readonly place: "guard" | "policy";
  readonly at: Stretch;
  readonly report: Report;
}

export function checkModelTypes(model: FlowModel, report: Report): void {
  const inputs = new Map(model.inputs.map((input) => [input.name, input.type]));
  const outputs = new Map(model.stages.flatMap((stage) => stage.writes.map((write) => [`${stage.id}.${write.name}`, write] as const)));
  const plain: TypeOf = (ref) => (ref.kind === "output" ? outputs.get(`${ref.stage}.${ref.field}`)?.type : inputs.get(ref.name));
  for (const stage of model.stages) {
    for (const transition of stage.transitions) {
      const at = transition.at ?? stage.at;
      const { guard } = transition;
      if (guard.kind === "has-value" || guard.kind === "missing") {
        const ref: FlowRef = guard.ref;
        if (ref.kind !== "output" || outputs.get(`${ref.stage}.${ref.field}`)?.optional !== true) neverMissing(at, report);
      } else checkGuard(guard, { typeOf: plain, place: "guard", at, report });
    }
  }
  for (const policy of model.policies) {
    const parameters = new Map(capabilityOf(policy.capability)?.parameters.map((parameter) => [parameter.name, parameter.type]));
    const bound = new Map(policy.bind.map(({ name, parameter }) => [name, parameters.get(parameter)]));
    const typeOf: TypeOf = (ref) => (ref.kind === "bound" ? bound.get(ref.name) : ref.kind === "input" ? inputs.get(ref.name) : undefined);
    if (policy.condition !== undefined) expectCondition(policy.condition, { typeOf, place: "policy", at: policy.at, report });
  }
}

function neverMissing(at: Stretch, report: Report): void {
  report("HD1608", at, {
    message: "this guard asks whether a value is there that always is",
    reason: "Only an optional output may be missing.",
    help: "make the output optional, or use another guard",
  });
}

function checkGuard(guard: FlowGuard, checking: Checking): void {
  if (guard.kind === "if") expectCondition(guard.condition, checking);
  if (guard.kind !== "eq") return;
  const left = typeOfExpr(guard.left, checking);
  const right = typeOfExpr(guard.right, checking);
  const texts = ["string", "path"];
  const fits =
    left === undefined || right === undefined || (left === "bool" && right === "bool") || (texts.includes(left) && texts.includes(right));
  if (!fits) misfit("eq", left, right, checking);
}

function expectCondition(expr: FlowExpr, checking: Checking): void {
  const type = typeOfExpr(expr, checking);
  if (type === undefined || type === "bool") return;
  checking.report("HD1204", expr.at ?? checking.at, {
    message: `this condition is a ${type}`,
    reason: `The condition of a ${checking.place} is true or false; nothing else counts as either.`,
    help: "compare it, or use a bool",
  });
}

/** Undefined where something was wrong, and said. */
function typeOfExpr(expr: FlowExpr, checking: Checking): FlowType | undefined {
  switch (expr.kind) {
    case "literal":
      return expr.type;
    case "ref":
      if (checking.place === "policy" && expr.ref.kind === "output") {
        checking.report("HD1210", expr.at ?? checking.at, {
          message: "a policy cannot read a stage",
          reason: "Policies judge a call by its arguments and by the inputs of the workflow, wherever it is made.",
          help: "compare with an input of the workflow",
        });
        return undefined;
      }
      return checking.typeOf(expr.ref);
    case "not":
      expectType(expr.of, "bool", checking);
      return "bool";
    case "and":
    case "or":
      for (const each of expr.of) expectType(each, "bool", checking);
      return "bool";
    case "compare":
    case "arithmetic":
      expectType(expr.left, "number", checking);
      expectType(expr.right, "number", checking);
      return expr.kind === "compare" ? "bool" : "number";
    default:
      return predicateType(expr, checking);
  }
}

function expectType(expr: FlowExpr, wanted: "bool" | "number", checking: Checking): void {
  const type = typeOfExpr(expr, checking);
  if (type === undefined || type === wanted) return;
  checking.report(wanted === "bool" ? "HD1206" : "HD1205", expr.at ?? checking.at, {
    message: `expected a ${wanted}, found a ${type}`,
    reason: wanted === "bool" ? "`and`, `or` and `not` take conditions." : "Arithmetic and ordering take numbers.",
  });
}

function predicateType(expr: Extract<FlowExpr, { readonly kind: "method" }>, checking: Checking): FlowType | undefined {
  if (checking.place === "guard") {
    checking.report("HD1209", expr.at ?? checking.at, {
      message: `a guard cannot ask \`${expr.method}\``,
      reason: "Guards compare numbers and join conditions; predicates on texts and paths belong to policies.",
      help: "use an `eq` guard, or let the state put the answer into a bool output",
    });
    return undefined;
  }
  const left = typeOfExpr(expr.receiver, checking);
  const right = typeOfExpr(expr.arg, checking);
  if (left === undefined || right === undefined) return "bool";
  const text = left === "string" && right === "string";
  const path = left === "path" && (right === "path" || right === "string");
  const fits = expr.method === "starts_with" ? text : text || path;
  if (!fits) misfit(expr.method, left, right, { ...checking, at: expr.at ?? checking.at });
  return "bool";
}

function misfit(predicate: string, left: FlowType, right: FlowType, { at, report }: Checking): void {
  report("HD1207", at, {
    message: `\`${predicate}\` does not take a ${left} and a ${right}`,
    reason: "Texts and paths are compared with texts and paths; numbers are only ordered; lists and json have no predicates.",
  });
}
