/**
 * The types of expressions. A policy is held to two readings of its names, as the two halves of the language's
 * definition differ: a bound name hides an input everywhere, or as an argument only; both readings must be sound.
 */
import type { DiagnosticId } from "../../diagnostics/index.ts";
import type { FlowBase, FlowType } from "./flow-model.ts";
import type { Scanner } from "./scanner.ts";
import type { ExprSyntax, Stretch } from "./syntax.ts";

/** `unknown`: something that has been complained about already. */
export type ExprType = FlowType | "unknown";

export interface Typing {
  readonly scanner: Scanner;
  readonly place: "transition" | "policy";
  /** The type of a name; reports and gives `unknown` where it stands for nothing. */
  readonly ofName: (name: string, at: Stretch) => ExprType;
  /** The same for a name that is an argument of a predicate; the readings differ. */
  readonly ofArgument: (name: string, at: Stretch) => ExprType;
  readonly ofField: (expr: Extract<ExprSyntax, { readonly kind: "field" }>) => ExprType;
}

/** Checks that a whole condition is true or false, and everything in it. */
export function checkCondition(expr: ExprSyntax, typing: Typing): void {
  const type = typeOfExpr(expr, typing);
  if (type === "bool" || type === "unknown") return;
  const of = typing.place === "policy" ? "The condition of a policy" : "The condition of a transition";
  typing.scanner.report("HD1204", expr, {
    message: `this condition is a ${type}`,
    reason: `${of} is true or false; nothing else counts as either.`,
    help: type === "number" ? "compare it, as in `x > 0`" : "use a `bool`, or compare",
  });
}

function typeOfExpr(expr: ExprSyntax, typing: Typing): ExprType {
  switch (expr.kind) {
    case "unread":
      return "unknown";
    case "number":
      return "number";
    case "string":
      return "string";
    case "name":
      return typing.ofName(expr.name, expr);
    case "field":
      return typing.ofField(expr);
    case "not":
      expectType(expr.of, "bool", "HD1206", "`not`", typing);
      return "bool";
    case "and":
    case "or":
      for (const each of expr.of) expectType(each, "bool", "HD1206", `\`${expr.kind}\``, typing);
      return "bool";
    case "compare":
    case "arithmetic":
      for (const each of [expr.left, expr.right])
        expectType(each, "number", "HD1205", expr.kind === "compare" ? "A comparison" : "Arithmetic", typing);
      return expr.kind === "compare" ? "bool" : "number";
    default:
      return typing.place === "policy" || typing.scanner.dialect === "heddle" ? typeOfPredicate(expr, typing) : notHere(expr, typing);
  }
}

function expectType(expr: ExprSyntax, wanted: FlowBase, id: DiagnosticId, what: string, typing: Typing): void {
  const type = typeOfExpr(expr, typing);
  if (type === wanted || type === "unknown") return;
  typing.scanner.report(id, expr, {
    message: `expected a ${wanted}, found a ${type}`,
    reason: `${what} takes ${wanted === "bool" ? "conditions" : "numbers"}.`,
    label: `a ${type}`,
    ...(type === "string" && typing.place === "policy" ? { help: "ask about a text with `eq`, `contains`, `starts_with` or `in`" } : {}),
  });
}

function notHere(expr: Extract<ExprSyntax, { readonly kind: "method" | "in" }>, typing: Typing): ExprType {
  const what = expr.kind === "in" ? "`in [...]`" : `\`.${expr.method.text}()\``;
  typing.scanner.report("HD1209", expr, {
    message: `a transition cannot ask ${what}`,
    reason: "Transitions compare numbers and join conditions; predicates on texts and paths belong to policies.",
    help: "let the stage put the answer into a `bool` output, and branch on it",
  });
  return "unknown";
}

function typeOfPredicate(expr: Extract<ExprSyntax, { readonly kind: "method" | "in" }>, typing: Typing): ExprType {
  const { scanner } = typing;
  if (expr.kind === "in") {
    const left = typing.ofName(expr.left.text, expr.left);
    for (const item of expr.items) {
      const type = typeOfArgument(item, typing);
      if (!mayEqual(left, type)) misfit(scanner, item, "in", left, type);
    }
    return "bool";
  }
  const { method, args } = expr;
  const receiver = typing.ofName(expr.receiver.text, expr.receiver);
  const types = args.map((arg) => typeOfArgument(arg, typing));
  if (!(method.text in predicates)) {
    const known = Object.keys(predicates);
    scanner.report("HD1114", method, {
      message: `unknown predicate \`${method.text}\``,
      reason: `The predicates are ${known.join(", ")}, and \`in\`.`,
      ...(method.text === "startsWith" || method.text === "startswith" ? { help: "did you mean `starts_with`?" } : {}),
    });
    return "bool";
  }
  const [arg] = types;
  if (args.length !== 1 || arg === undefined) {
    scanner.report("HD1208", method, {
      message: `\`${method.text}\` takes one argument, not ${args.length}`,
      reason: "A predicate asks one thing about its receiver.",
      help: method.text === "eq" ? "ask about several values with `in [a, b]`" : "join several predicates with `and` or `or`",
    });
    return "bool";
  }
  const fits = predicates[method.text as keyof typeof predicates];
  if (!fits(receiver, arg)) misfit(scanner, expr, method.text, receiver, arg);
  return "bool";
}

function typeOfArgument(expr: ExprSyntax, typing: Typing): ExprType {
  return expr.kind === "name" ? typing.ofArgument(expr.name, expr) : typeOfExpr(expr, typing);
}

function misfit(scanner: Scanner, at: Stretch, predicate: string, left: ExprType, right: ExprType): void {
  const numbers = left === "number" || right === "number";
  scanner.report("HD1207", at, {
    message: `\`${predicate}\` does not take a ${left} and a ${right}`,
    reason: numbers
      ? "Numbers are only ordered: computed ones are rarely equal to the last digit."
      : "`contains` and `eq` take two texts, two paths, or a path and a text; `starts_with` takes two texts; lists and other types have no predicates.",
    ...(numbers ? { help: "compare with > >= < <=" } : {}),
  });
}

const unknown = (...types: readonly ExprType[]): boolean => types.includes("unknown");

const predicates = {
  contains: (left: ExprType, right: ExprType): boolean =>
    unknown(left, right) || (left === "path" && (right === "path" || right === "string")) || (left === "string" && right === "string"),
  eq: mayEqual,
  starts_with: (left: ExprType, right: ExprType): boolean => unknown(left, right) || (left === "string" && right === "string"),
};

function mayEqual(left: ExprType, right: ExprType): boolean {
  if (unknown(left, right)) return true;
  if (left === "path") return right === "path" || right === "string";
  return left === "string" && right === "string";
}
