/**
 * `eq`, `contains`, `in` and `starts-with`, strictly typed. Paths are compared with paths, and with texts that stand
 * for paths; nothing else is compared across types.
 */
import type { JsonValue } from "@heddle/core";
import { describeValue, Fault } from "./fault.ts";
import { booleanOf, type Condition, type ConditionContext, faulty, holdsPaths, mayBeText, type Operand, pathOfText } from "./operand.ts";
import { containsPath } from "./paths.ts";

/** Evaluates both, left first; the first fault is the fault of the whole. */
function both(
  left: Operand,
  right: Operand,
  decide: (a: JsonValue, b: JsonValue, context: ConditionContext) => boolean | Fault,
): Condition {
  const of = left.run;
  const with_ = right.run;
  return (call, context) => {
    const a = of(call, context);
    if (a instanceof Fault) return a;
    const b = with_(call, context);
    return b instanceof Fault ? b : decide(a, b, context);
  };
}

export function equalityOf(left: Operand, right: Operand): Condition | Operand {
  const leftPath = left.type === "path";
  const rightPath = right.type === "path";
  if (leftPath && rightPath) return both(left, right, (a, b) => a === b);
  if (leftPath && mayBeText(right)) return both(left, right, equalPath);
  if (rightPath && mayBeText(left)) return both(left, right, (a, b, context) => equalPath(b, a, context));
  if (holdsPaths(left) || holdsPaths(right)) return faulty("a path equals a path, or a text that stands for one");
  return both(left, right, equalScalars);
}

function equalPath(path: JsonValue, text: JsonValue, context: ConditionContext): boolean | Fault {
  const other = pathOfText(text, context.base, context);
  return other instanceof Fault ? other : path === other;
}

function equalScalars(a: JsonValue, b: JsonValue): boolean | Fault {
  if (typeof a === typeof b && typeof a !== "object") return a === b;
  return new Fault(`${describeValue(a)} is not compared with ${describeValue(b)}: two texts, two numbers or two booleans are`);
}

export function containsOf(left: Operand, right: Operand): Condition | Operand {
  if (left.type === "path") {
    if (right.type === "path") return both(left, right, (a, b) => containsPath(a as string, b as string));
    if (mayBeText(right)) return both(left, right, containsText);
    return faulty("a path contains a path, or a text that stands for one");
  }
  if (left.items !== undefined) return anyOf(left.items, right);
  if (left.type === "paths") {
    if (right.type === "path") return both(left, right, (a, b) => (a as readonly JsonValue[]).includes(b));
    return mayBeText(right) ? both(left, right, anyPath) : faulty("a list of paths contains a path, or a text that stands for one");
  }
  if (right.type === "path") return left.type === "json" || left.type === "fault" ? both(left, right, listedPath) : faulty(textInside);
  if (holdsPaths(right)) return faulty(textInside);
  return both(left, right, containsValue);
}

const textInside = "a text contains a text: a path is contained by a path or by a list";

function containsText(root: JsonValue, text: JsonValue, context: ConditionContext): boolean | Fault {
  const path = pathOfText(text, root as string, context);
  return path instanceof Fault ? path : containsPath(root as string, path);
}

function anyPath(paths: JsonValue, text: JsonValue, context: ConditionContext): boolean | Fault {
  const path = pathOfText(text, context.base, context);
  return path instanceof Fault ? path : (paths as readonly JsonValue[]).includes(path);
}

/** A list whose type shows only now, asked for a path: as `eq` with each item, joined by `or`. */
function listedPath(list: JsonValue, path: JsonValue, context: ConditionContext): boolean | Fault {
  if (!Array.isArray(list)) return new Fault(`${describeValue(list)} does not contain paths`);
  return some(list, (item) => equalPath(path, item, context));
}

function containsValue(whole: JsonValue, part: JsonValue): boolean | Fault {
  if (typeof whole === "string") {
    return typeof part === "string" ? whole.includes(part) : new Fault(`a text does not contain ${describeValue(part)}`);
  }
  if (!Array.isArray(whole)) return new Fault(`${describeValue(whole)} contains nothing`);
  return some(whole, (item) => equalScalars(item, part));
}

function some(items: readonly JsonValue[], test: (item: JsonValue) => boolean | Fault): boolean | Fault {
  for (const item of items) {
    const found = test(item);
    if (found !== false) return found;
  }
  return false;
}

/** A list written in place: as `eq` with each item, joined by `or`. */
function anyOf(items: readonly Operand[], wanted: Operand): Condition {
  const tests = items.map((item) => asCondition(equalityOf(wanted, item)));
  return (call, context) => {
    for (const test of tests) {
      const found = test(call, context);
      if (found !== false) return found;
    }
    return false;
  };
}

function asCondition(found: Condition | Operand): Condition {
  if (typeof found === "function") return found;
  return (call, context) => booleanOf(found.run(call, context), "the comparison with an item");
}

export function memberOf(left: Operand, right: Operand): Condition | Operand {
  if (right.type === "path") return faulty("`in` asks a list or a text: ask a path with `contains`");
  return containsOf(right, left);
}

export function prefixOf(left: Operand, right: Operand): Condition | Operand {
  if (holdsPaths(left) || holdsPaths(right))
    return faulty("`starts_with` never asks a path: the start of a path is a text, so ask `contains`");
  return both(left, right, (a, b) =>
    typeof a === "string" && typeof b === "string"
      ? a.startsWith(b)
      : new Fault(`${describeValue(a)} does not start with ${describeValue(b)}`),
  );
}
