/**
 * Where our compiler and the other one of `.nemo` may differ: a written list. Each entry is bound to what a
 * program contains, and says why; a difference on any other program is a fault of ours.
 */
import { createDiagnosticList, createSourceText } from "../src/diagnostics/index.ts";
import { parseWorkflow } from "../src/frontends/text/parse-workflow.ts";
import { Scanner } from "../src/frontends/text/scanner.ts";
import { type ExprSyntax, expressionDepthMax, type WorkflowSyntax } from "../src/frontends/text/syntax.ts";

export interface Difference {
  readonly name: string;
  readonly reason: string;
  /** Which of the two accepts such a program, where the rest of it is sound. */
  readonly accepts: "ours" | "theirs";
  readonly applies: (program: Program) => boolean;
}

interface Program {
  readonly syntax: WorkflowSyntax | undefined;
  readonly ids: readonly string[];
}

export const differences: readonly Difference[] = [
  {
    name: "JSON literals as arguments",
    reason:
      "The language documents objects, lists, numbers, true, false and null as arguments of exec; the other compiler takes each for an input without a name.",
    accepts: "ours",
    applies: ({ syntax }) => execValues(syntax).some((value) => value.kind === "json"),
  },
  {
    name: "inputs that begin like a JSON word",
    reason: "An argument `trueish` names an input; the other compiler reads `true` and stumbles over the rest.",
    accepts: "ours",
    applies: ({ syntax }) =>
      execValues(syntax).some((value) => {
        const name = value.kind === "name" ? value.name : value.kind === "field" ? value.stage : undefined;
        return name !== undefined && /^(?:true|false|null)/.test(name.text);
      }),
  },
  {
    name: "numbers beyond 53 bits",
    reason:
      "The other compiler holds whole numbers in 64 bits, and fails to hand them to JavaScript; ours takes the nearest number and warns.",
    accepts: "ours",
    applies: ({ syntax }) =>
      conditions(syntax).some((condition) => anyPart(condition, (part) => part.kind === "number" && part.value >= 2 ** 53)),
  },
  {
    name: "expressions that nest very deep",
    reason: `A workflow is JSON of bounded depth, so ours refuses more than ${expressionDepthMax} levels.`,
    accepts: "theirs",
    applies: ({ ids }) => ids.includes("HD1004"),
  },
  {
    name: "names of more than 128 characters",
    reason: "Names are keys of journals and messages, and those are bounded.",
    accepts: "theirs",
    applies: ({ ids }) => ids.includes("HD1009"),
  },
];

/** The entries that apply to a program. */
export function differencesOf(text: string): readonly Difference[] {
  const diagnostics = createDiagnosticList();
  const syntax = parseWorkflow(new Scanner(createSourceText("program.nemo", text), "nemo", diagnostics));
  const program = { syntax, ids: diagnostics.all().map((diagnostic) => diagnostic.id) };
  return differences.filter((difference) => difference.applies(program));
}

function execValues(syntax: WorkflowSyntax | undefined) {
  return (syntax?.stages ?? []).flatMap((stage) => (stage.exec?.args ?? []).map((arg) => arg.value));
}

function conditions(syntax: WorkflowSyntax | undefined): readonly ExprSyntax[] {
  const policies = (syntax?.policies ?? []).flatMap((policy) => (policy.kind === "deny" ? [policy.condition] : []));
  const transitions = (syntax?.stages ?? []).flatMap((stage) =>
    stage.transitions.flatMap(({ condition }) => (condition === undefined ? [] : [condition])),
  );
  return [...policies, ...transitions];
}

function anyPart(expr: ExprSyntax, test: (part: ExprSyntax) => boolean): boolean {
  if (test(expr)) return true;
  switch (expr.kind) {
    case "not":
      return anyPart(expr.of, test);
    case "and":
    case "or":
      return expr.of.some((part) => anyPart(part, test));
    case "compare":
    case "arithmetic":
      return anyPart(expr.left, test) || anyPart(expr.right, test);
    case "method":
      return expr.args.some((part) => anyPart(part, test));
    case "in":
      return expr.items.some((part) => anyPart(part, test));
    default:
      return false;
  }
}
