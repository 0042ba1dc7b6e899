/**
 * Reads expressions on an explicit stack: no recursion, linear in length and depth. From tightest:
 * unary minus, `* /`, `+ -`, one comparison, `not`, `and`, `or`. `and` and `or` take as many operands as
 * were written; parentheses leave no trace.
 */
import { isNameCode, type Scanner } from "./scanner.ts";
import { type ArithmeticOp, type CompareOp, type ExprSyntax, expressionDepthMax, type Stretch, type Word } from "./syntax.ts";

type Operator =
  | { readonly kind: "(" | "not" | "minus"; readonly rank: number; readonly start: number }
  | { readonly kind: "and" | "or"; readonly rank: number; readonly start: number; count: number }
  | { readonly kind: "compare"; readonly rank: number; readonly start: number; readonly op: CompareOp }
  | { readonly kind: "arithmetic"; readonly rank: number; readonly start: number; readonly op: ArithmeticOp };

const ranks = { or: 1, and: 2, not: 3, compare: 4, sum: 5, product: 6, minus: 7 } as const;

const comparisons: readonly (readonly [string, CompareOp])[] = [
  [">=", "gte"],
  [">", "gt"],
  ["<=", "lte"],
  ["<", "lt"],
];
const arithmetic: readonly (readonly [string, ArithmeticOp, number])[] = [
  ["+", "add", ranks.sum],
  ["-", "sub", ranks.sum],
  ["*", "mul", ranks.product],
  ["/", "div", ranks.product],
];

interface Reading {
  readonly scanner: Scanner;
  readonly operands: ExprSyntax[];
  readonly operators: Operator[];
  /** Parentheses that are open. */
  open: number;
  tooDeep: boolean;
}

/** Reads one expression; what cannot be read becomes `unread`, and is reported. */
export function parseExpression(scanner: Scanner): ExprSyntax {
  scanner.skip();
  const start = scanner.at;
  const reading: Reading = { scanner, operands: [], operators: [], open: 0, tooDeep: false };
  const whole = readOperands(reading);
  if (!whole) return { kind: "unread", depth: 0, start, end: scanner.at };
  while (reading.operators.length > 0) reduce(reading);
  const [read] = reading.operands;
  if (read === undefined) return { kind: "unread", depth: 0, start, end: scanner.at };
  if (!reading.tooDeep && read.depth <= expressionDepthMax) return read;
  scanner.report(
    "HD1004",
    { start, end: read.end },
    {
      message: `this expression nests more than ${expressionDepthMax} levels deep`,
      reason: "A workflow is JSON of bounded depth, and each operator that stands inside another takes a level of it.",
      help: "compute a part of it in a stage of its own, and compare its output here",
    },
  );
  return { kind: "unread", depth: 0, start, end: read.end };
}

/** Reads operands and operators until neither goes on; false where an operand is missing. */
function readOperands(reading: Reading): boolean {
  for (;;) {
    if (!readOperand(reading)) return false;
    for (;;) {
      const next = readOperator(reading);
      if (next === "operand") break;
      if (next === "failed") return false;
      if (next === "end") return true;
    }
  }
}

function readOperand(reading: Reading): boolean {
  const { scanner, operators, operands } = reading;
  for (;;) {
    scanner.skip();
    const start = scanner.at;
    const below = topRank(operators);
    if (scanner.seesKeyword("not", false)) {
      if (below >= ranks.compare) {
        scanner.expected("a value", "put parentheses around `not …`, or put `not` before the comparison");
        return false;
      }
      scanner.at += 3;
      operators.push({ kind: "not", rank: ranks.not, start });
    } else if (scanner.take("-")) operators.push({ kind: "minus", rank: ranks.minus, start });
    else if (scanner.take("(")) {
      operators.push({ kind: "(", rank: 0, start });
      reading.open++;
    } else {
      const primary = readPrimary(scanner);
      if (primary === undefined) return false;
      operands.push(primary);
      return true;
    }
  }
}

function topRank(operators: readonly Operator[]): number {
  return operators.at(-1)?.rank ?? 0;
}

function readOperator(reading: Reading): "operand" | "operator" | "end" | "failed" {
  const { scanner, operators } = reading;
  scanner.skip();
  const start = scanner.at;
  if (reading.open > 0 && scanner.take(")")) {
    while (operators.at(-1)?.kind !== "(") reduce(reading);
    const opening = operators.pop() as Operator;
    reading.open--;
    const inner = reading.operands.pop() as ExprSyntax;
    reading.operands.push({ ...inner, start: opening.start, end: scanner.at });
    return "operator";
  }
  for (const kind of ["and", "or"] as const) {
    if (!scanner.takeKeyword(kind)) continue;
    while (topRank(operators) > ranks[kind]) reduce(reading);
    const top = operators.at(-1);
    if (top?.kind === kind) top.count++;
    else operators.push({ kind, rank: ranks[kind], start, count: 2 });
    return "operand";
  }
  if (scanner.sees("==") || scanner.sees("!=")) return noEquality(scanner);
  for (const [symbol, op] of comparisons) {
    if (!scanner.take(symbol)) continue;
    while (topRank(operators) > ranks.compare) reduce(reading);
    if (topRank(operators) === ranks.compare) {
      scanner.report(
        "HD1005",
        { start, end: scanner.at },
        {
          message: "a comparison cannot be compared",
          reason: "`a < b < c` would compare true or false with a number.",
          help: "join two comparisons with `and`",
        },
      );
      scanner.at = start;
      return "failed";
    }
    operators.push({ kind: "compare", rank: ranks.compare, op, start });
    return "operand";
  }
  for (const [symbol, op, rank] of arithmetic) {
    if (!scanner.take(symbol)) continue;
    while (topRank(operators) >= rank) reduce(reading);
    operators.push({ kind: "arithmetic", rank, op, start });
    return "operand";
  }
  if (reading.open === 0) return "end";
  scanner.expected("an operator or `)`");
  return "failed";
}

function noEquality(scanner: Scanner): "failed" {
  scanner.report(
    "HD1006",
    { start: scanner.at, end: scanner.at + 2 },
    {
      message: `there is no operator \`${scanner.text.slice(scanner.at, scanner.at + 2)}\``,
      reason: "Numbers that were computed are rarely equal to the last digit, so the language only orders them.",
      help: 'compare with > >= < <=, write nearness as `x - y < 0.001`, and use `name.eq("text")` for texts in policies',
    },
  );
  return "failed";
}

/** Takes the topmost operator and its operands, and leaves what they make. */
function reduce(reading: Reading): void {
  const { operands } = reading;
  const operator = reading.operators.pop() as Operator;
  const operand = (): ExprSyntax => operands.pop() as ExprSyntax;
  let made: ExprSyntax;
  switch (operator.kind) {
    case "minus": {
      const of = operand();
      // An even number of minuses is none; an odd one is a subtraction from zero.
      let count = 1;
      let start = operator.start;
      for (let next = reading.operators.at(-1); next?.kind === "minus"; next = reading.operators.at(-1)) {
        count++;
        start = next.start;
        reading.operators.pop();
      }
      const zero: ExprSyntax = { kind: "number", value: 0, depth: 1, start, end: start };
      made =
        count % 2 === 0
          ? { ...of, start }
          : { kind: "arithmetic", op: "sub", left: zero, right: of, depth: of.depth + 1, start, end: of.end };
      break;
    }
    case "not": {
      const of = operand();
      made = { kind: "not", of, depth: of.depth + 1, start: operator.start, end: of.end };
      break;
    }
    case "and":
    case "or": {
      const of = operands.splice(operands.length - operator.count);
      const depth = of.reduce((deepest, each) => Math.max(deepest, each.depth), 0) + 2;
      made = { kind: operator.kind, of, depth, start: (of[0] as ExprSyntax).start, end: (of.at(-1) as ExprSyntax).end };
      break;
    }
    case "compare":
    case "arithmetic": {
      const right = operand();
      const left = operand();
      const depth = Math.max(left.depth, right.depth) + 1;
      const stretch = { depth, start: left.start, end: right.end };
      made =
        operator.kind === "compare"
          ? { kind: "compare", op: operator.op, left, right, ...stretch }
          : { kind: "arithmetic", op: operator.op, left, right, ...stretch };
      break;
    }
    default:
      return;
  }
  // What is too deep is dropped at once: nobody walks it, and it takes no memory.
  if (made.depth > expressionDepthMax) {
    reading.tooDeep = true;
    made = { kind: "unread", depth: 1, start: made.start, end: made.end };
  }
  operands.push(made);
}

function readPrimary(scanner: Scanner): ExprSyntax | undefined {
  const number = readNumber(scanner);
  if (number !== undefined) return number;
  const name = scanner.takeName();
  if (name === undefined) {
    scanner.expected("a name, a number or a parenthesis");
    return undefined;
  }
  const afterName = scanner.at;
  if (scanner.take(".")) {
    const field = scanner.expectName("the name of an output or a predicate");
    if (field === undefined) return undefined;
    const afterField = scanner.at;
    if (scanner.take("(")) return readMethod(scanner, name, field);
    scanner.at = afterField;
    return { kind: "field", stage: name, field, depth: 1, start: name.start, end: field.end };
  }
  if (seesList(scanner)) return readIn(scanner, name);
  scanner.at = afterName;
  return { kind: "name", name: name.text, depth: 1, start: name.start, end: name.end };
}

/** Whether `in [` is here; `in` alone may be the beginning of something else. */
function seesList(scanner: Scanner): boolean {
  if (!scanner.sees("in")) return false;
  const start = scanner.at;
  scanner.at += 2;
  const found = !isNameCode(scanner.text.charCodeAt(scanner.at)) && scanner.sees("[");
  scanner.at = start;
  return found;
}

function readNumber(scanner: Scanner): ExprSyntax | undefined {
  const digits = scanner.takeNumber();
  if (digits === undefined) return undefined;
  const value = Number(digits.text);
  if (value > Number.MAX_SAFE_INTEGER) {
    scanner.report("HD1008", digits, {
      message: "this number is not exact",
      reason: "Numbers have 53 bits; beyond 9007199254740991 not every whole number is one.",
      help: "compare with a smaller number",
    });
  }
  return { kind: "number", value: Number.isFinite(value) ? value : Number.MAX_VALUE, depth: 1, start: digits.start, end: digits.end };
}

function readMethod(scanner: Scanner, receiver: Word, method: Word): ExprSyntax | undefined {
  const args: ExprSyntax[] = [];
  if (!scanner.take(")")) {
    if (!readItems(scanner, args)) return undefined;
    if (!scanner.expect(")", "after the argument")) return undefined;
  }
  return { kind: "method", receiver, method, args, depth: 2, start: receiver.start, end: scanner.at };
}

function readIn(scanner: Scanner, left: Word): ExprSyntax | undefined {
  scanner.takeKeyword("in");
  if (!scanner.expect("[", "after `in`")) return undefined;
  const items: ExprSyntax[] = [];
  if (!readItems(scanner, items)) return undefined;
  if (!scanner.expect("]", "after the list")) return undefined;
  return { kind: "in", left, items, depth: 4, start: left.start, end: scanner.at };
}

/** Numbers, texts and names, with commas between; at least one. */
function readItems(scanner: Scanner, into: ExprSyntax[]): boolean {
  do {
    const item = readItem(scanner);
    if (item === undefined) return false;
    into.push(item);
  } while (scanner.take(","));
  return true;
}

function readItem(scanner: Scanner): ExprSyntax | undefined {
  const number = readNumber(scanner);
  if (number !== undefined) return number;
  const text = scanner.takeText(false);
  if (text !== undefined) return { kind: "string", value: unescaped(scanner, text), depth: 1, start: text.start, end: text.end };
  const name = scanner.takeName();
  if (name !== undefined) return { kind: "name", name: name.text, depth: 1, start: name.start, end: name.end };
  scanner.expected("a text, a number or a name");
  return undefined;
}

/** The value of a text on one line: `\"` is a quote, any other backslash stands for itself. */
export function unescaped(scanner: Scanner, text: Stretch & { readonly raw: string }): string {
  const value = text.raw.replaceAll('\\"', '"');
  const backslash = /\\[nrtu\\]/.exec(text.raw);
  if (backslash !== null) {
    const start = text.start + 1 + backslash.index;
    scanner.report(
      "HD1504",
      { start, end: start + 2 },
      {
        severity: scanner.dialect === "nemo" ? "warning" : "error",
        message: "this backslash stands for itself",
        reason: 'The one escape of the language is `\\"`.',
        help: 'write a text of several lines as """…"""',
      },
    );
  }
  return value;
}
