/** Reads a whole source: one workflow, its inputs, policies and stages, in this order. All errors at once. */
import { parseExpression } from "./parse-expression.ts";
import { parseCapability, parseStage } from "./parse-stage.ts";
import { parseType } from "./parse-type.ts";
import type { Scanner } from "./scanner.ts";
import type { CallSyntax, InputSyntax, PolicySyntax, StageSyntax, Word, WorkflowSyntax } from "./syntax.ts";

/** Undefined where the source does not even begin like a workflow. */
export function parseWorkflow(scanner: Scanner): WorkflowSyntax | undefined {
  scanner.skip();
  const start = scanner.at;
  if (!scanner.takeKeyword("workflow")) {
    const mark = scanner.text.charCodeAt(0) === 0xfeff;
    scanner.expected("`workflow`", mark ? "remove the byte order mark at the start of the file" : undefined);
    return undefined;
  }
  const name = scanner.expectName("the name of the workflow");
  if (name === undefined || !scanner.expect("{", "after the name of the workflow")) return undefined;
  const inputs: InputSyntax[] = [];
  const policies: PolicySyntax[] = [];
  const stages: StageSyntax[] = [];
  if (takesBlock(scanner, "input")) readInputs(scanner, inputs);
  if (takesBlock(scanner, "policy")) readPolicies(scanner, policies);
  while (!scanner.take("}")) {
    if (scanner.ended) {
      scanner.expected("a stage or `}` at the end of the workflow");
      break;
    }
    const at = scanner.at;
    if (scanner.takeKeyword("stage")) {
      const stage = parseStage(scanner, at);
      if (stage !== undefined) stages.push(stage);
      else scanner.recover(["stage"]);
    } else misplaced(scanner, inputs, policies);
  }
  const end = scanner.at;
  scanner.skip();
  if (!scanner.ended) scanner.expected("the end of the source", "a source holds one workflow; is there a `}` too many?");
  return { name, inputs, policies, stages, start, end };
}

/** A block out of its place is read for what else is wrong in it. */
function misplaced(scanner: Scanner, inputs: InputSyntax[], policies: PolicySyntax[]): void {
  scanner.expected("a stage", "inputs come first, then policies, then stages; each block once");
  if (takesBlock(scanner, "input")) readInputs(scanner, inputs);
  else if (takesBlock(scanner, "policy")) readPolicies(scanner, policies);
  else scanner.recover(["stage"]);
}

function takesBlock(scanner: Scanner, keyword: string): boolean {
  if (!scanner.sees(keyword)) return false;
  const start = scanner.at;
  scanner.at += keyword.length;
  if (scanner.take("{")) return true;
  scanner.at = start;
  return false;
}

function readInputs(scanner: Scanner, into: InputSyntax[]): void {
  while (!scanner.take("}")) {
    const name = scanner.expectName("the name of an input or `}`");
    const type = name !== undefined && scanner.expect(":", "after the name of the input") ? parseType(scanner) : undefined;
    if (name !== undefined && type !== undefined) {
      into.push({ name, type, start: name.start, end: type.end });
      if (!scanner.sees(",")) continue;
      scanner.expected("an input or `}`", "inputs are separated by spaces, without commas");
      scanner.at++;
    } else if (!recovered(scanner, [])) return;
  }
}

function readPolicies(scanner: Scanner, into: PolicySyntax[]): void {
  while (!scanner.take("}")) {
    scanner.skip();
    const start = scanner.at;
    const policy = parsePolicy(scanner, start);
    if (policy !== undefined) into.push(policy);
    else if (!recovered(scanner, ["before", "deny"])) return;
  }
}

/** Goes on in a block after an error; false where the block is over. */
function recovered(scanner: Scanner, stops: readonly string[]): boolean {
  scanner.recover([...stops, "stage"]);
  return !scanner.ended && !scanner.seesKeyword("stage", false);
}

function parsePolicy(scanner: Scanner, start: number): PolicySyntax | undefined {
  if (scanner.takeKeyword("before")) {
    const trigger = parseCall(scanner, true);
    if (trigger === undefined) return undefined;
    if (!scanner.takeKeyword("requires")) {
      scanner.expected("`requires`, and what is required");
      return undefined;
    }
    const requires: CallSyntax[] = [];
    do {
      const call = parseCall(scanner, false);
      if (call === undefined) return undefined;
      requires.push(call);
    } while (scanner.take(","));
    return { kind: "before", trigger, requires, start, end: (requires.at(-1) as CallSyntax).end };
  }
  if (scanner.takeKeyword("deny")) {
    const trigger = parseCall(scanner, true);
    if (trigger === undefined) return undefined;
    if (!scanner.takeKeyword("if")) {
      scanner.expected("`if`, and when it is denied");
      return undefined;
    }
    const condition = parseExpression(scanner);
    const goesOn = scanner.sees("}") || scanner.sees("before") || scanner.sees("deny");
    if (condition.kind === "unread" && !goesOn) return undefined;
    return { kind: "deny", trigger, condition, start, end: condition.end };
  }
  scanner.expected("a policy (`before …` or `deny …`) or `}`");
  return undefined;
}

function parseCall(scanner: Scanner, bound: boolean): CallSyntax | undefined {
  const capability = parseCapability(scanner);
  if (capability === undefined) return undefined;
  if (!scanner.take("(")) {
    if (bound) {
      scanner.expected("`(` and the parameters that the policy binds", "as in `fs.write(path)`");
      return undefined;
    }
    scanner.at = capability.end;
    return { capability, names: [], start: capability.start, end: capability.end };
  }
  const names: Word[] = [];
  do {
    const name = scanner.expectName("the name of a parameter");
    if (name === undefined) return undefined;
    names.push(name);
  } while (scanner.take(","));
  if (!scanner.expect(")", "after the parameters")) return undefined;
  return { capability, names, start: capability.start, end: scanner.at };
}
