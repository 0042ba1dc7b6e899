// Mutants of TypeScript sources: each the source with one decision turned around. Pure; positions come from oxc-parser.
import { parseSync } from "oxc-parser";

const opposite = { "===": "!==", "!==": "===", "<": ">=", ">=": "<", ">": "<=", "<=": ">", "==": "!=", "!=": "==" };
const boundary = { "<": "<=", "<=": "<", ">": ">=", ">=": ">" };

/**
 * Every mutant of a source: each condition and each operand of `&&` and `||` negated, each comparison turned around and
 * moved by one, each early way out (`return`, `continue`, `break`, `throw` under an `if`) dropped, each stand-in of `??`
 * dropped, each pair of quantifiers exchanged.
 *
 * @returns {{ start: number, end: number, original: string, text: string, line: number }[]} in the order of the source
 */
export function mutantsOf(path, source) {
  const { program, errors } = parseSync(path, source);
  if (errors.length > 0) throw new SyntaxError(`${path}: ${errors[0].message}`);
  const found = new Map();
  const add = (node, text) => {
    const key = `${node.start}:${node.end}:${text}`;
    if (!found.has(key)) found.set(key, { start: node.start, end: node.end, original: source.slice(node.start, node.end), text });
  };
  const negate = (node) => {
    if (node.type === "BinaryExpression" && opposite[node.operator] !== undefined) compare(node, opposite[node.operator]);
    else if (node.type === "UnaryExpression" && node.operator === "!") add(node, textOf(node.argument));
    else add(node, `!(${textOf(node)})`);
  };
  const textOf = (node) => source.slice(node.start, node.end);
  const compare = (node, operator) => add(node, `${textOf(node.left)} ${operator} ${textOf(node.right)}`);
  visit(program, (node) => {
    switch (node.type) {
      case "IfStatement":
        negate(node.test);
        if (node.alternate === null && leaves(node.consequent)) add(node, ";");
        break;
      case "ConditionalExpression":
      case "WhileStatement":
      case "DoWhileStatement":
        negate(node.test);
        break;
      case "ForStatement":
        if (node.test !== null) negate(node.test);
        break;
      case "LogicalExpression":
        if (node.operator === "??") add(node, textOf(node.left));
        else {
          negate(node.left);
          negate(node.right);
        }
        break;
      case "BinaryExpression":
        if (opposite[node.operator] !== undefined) compare(node, opposite[node.operator]);
        if (boundary[node.operator] !== undefined) compare(node, boundary[node.operator]);
        break;
      case "UnaryExpression":
        if (node.operator === "!") negate(node);
        break;
      case "CallExpression": {
        const property = node.callee.type === "MemberExpression" && !node.callee.computed ? node.callee.property : undefined;
        if (property?.name === "some") add(property, "every");
        if (property?.name === "every") add(property, "some");
        break;
      }
      default:
    }
  });
  const line = (offset) => source.slice(0, offset).split("\n").length;
  return [...found.values()].sort((a, b) => a.start - b.start || a.end - b.end).map((mutant) => ({ ...mutant, line: line(mutant.start) }));
}

/** Whether a branch ends what comes after it. */
function leaves(branch) {
  const last = branch.type === "BlockStatement" ? branch.body.at(-1) : branch;
  return ["ReturnStatement", "ContinueStatement", "BreakStatement", "ThrowStatement"].includes(last?.type);
}

function visit(node, enter) {
  if (Array.isArray(node)) {
    for (const each of node) visit(each, enter);
  } else if (typeof node === "object" && node !== null) {
    if (typeof node.type === "string") enter(node);
    for (const [key, value] of Object.entries(node)) if (key !== "parent" && typeof value === "object") visit(value, enter);
  }
}

/** How a mutant is written down: on one line, without its place, so that a list of them outlives edits elsewhere. */
export function showMutant({ original, text }) {
  const flat = (code) => code.replace(/\s+/g, " ").trim();
  return `${flat(original)} ⇒ ${flat(text)}`;
}
