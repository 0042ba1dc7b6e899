/**
 * Conditions of edges, in both forms: trees of `all`, `any`, `not` and `{path, op, value}`, and texts like
 * `${payload.score} >= 0.5`. They become expressions over four variables of the sender's frame: `message`,
 * `payload`, `state` and `agent_state`.
 */
import { type Expr, isJsonArray, isJsonObject, type JsonObject, type JsonValue } from "@heddle/core";
import { member, shown } from "./json-access.ts";

export const conditionOps: readonly string[] = ["==", "!=", ">=", "<=", ">", "<", "contains", "in", "exists"];
const roots: readonly string[] = ["message", "payload", "state", "agent_state"];

/** More steps than any message has levels that matter; an expression grows by one level with each. */
const stepsMax = 24;

export type Condition = { readonly ok: true; readonly guard: Expr } | { readonly ok: false; readonly why: string };

export function readCondition(value: JsonValue): Condition {
  if (typeof value === "string") return readText(value);
  if (!isJsonObject(value)) return no(`${shown(value)} is no condition`);
  const forms = ["all", "any", "not", "expr", "path"].filter((form) => member(value, form) !== undefined);
  const [form, second] = forms;
  if (form === undefined) return no("it has none of all, any, not, expr and path");
  if (second !== undefined) return no(`it has both ${form} and ${second}`);
  const inner = value[form] as JsonValue;
  switch (form) {
    case "all":
    case "any":
      return readMany(form, inner);
    case "not": {
      const of = readCondition(inner);
      return of.ok ? yes({ kind: "not", of: of.guard }) : of;
    }
    case "expr":
      return typeof inner === "string" ? readText(inner) : no("expr must be a text");
    default:
      return readLeaf(value);
  }
}

function readMany(form: "all" | "any", value: JsonValue): Condition {
  if (!isJsonArray(value) || value.length === 0) return no(`${form} must be a list of conditions, and not empty`);
  const of: Expr[] = [];
  for (const item of value) {
    const read = readCondition(item);
    if (!read.ok) return read;
    of.push(read.guard);
  }
  return yes({ kind: form === "all" ? "and" : "or", of });
}

function readLeaf(leaf: JsonObject): Condition {
  const path = leaf["path"];
  const op = member(leaf, "op") ?? "==";
  if (typeof path !== "string") return no("path must be a text");
  if (typeof op !== "string" || !conditionOps.includes(op)) return no(`${shown(op)} is not one of ${conditionOps.join(" ")}`);
  if (op !== "exists" && !Object.hasOwn(leaf, "value")) return no(`${op} needs a value`);
  return compared(path, op, leaf["value"] ?? null);
}

const textForm = /^\s*\$\{([^{}]{1,1024})\}\s*(==|!=|>=|<=|>|<|contains\b|in\b|exists\b)\s*(.*)$/s;

function readText(text: string): Condition {
  const [, path, op, value] = textForm.exec(text) ?? [];
  if (path === undefined || op === undefined || value === undefined) return no(`${shown(text)} is not of the form \${path} op value`);
  if (op !== "exists" && value.trim() === "") return no(`${op} needs a value`);
  return compared(path.trim(), op, op === "exists" && value.trim() === "" ? true : literal(value.trim()));
}

/** A JSON value, a text in single quotes, or a word that means itself. */
function literal(text: string): JsonValue {
  if (/^'.*'$/s.test(text)) return text.slice(1, -1);
  try {
    return JSON.parse(text) as JsonValue;
  } catch {
    return text;
  }
}

function compared(path: string, op: string, value: JsonValue): Condition {
  const left = readPath(path);
  if (!left.ok) return left;
  const right: Expr = { kind: "literal", value };
  const of = left.guard;
  switch (op) {
    case "==":
      return yes({ kind: "eq", left: of, right });
    case "!=":
      return yes({ kind: "not", of: { kind: "eq", left: of, right } });
    case "exists": {
      const absent: Expr = { kind: "eq", left: of, right: { kind: "literal", value: null } };
      return yes(value === false ? absent : { kind: "not", of: absent });
    }
    case "contains":
    case "in":
      return yes({ kind: op, left: of, right });
    default:
      return yes({ kind: "compare", op: op === ">" ? "gt" : op === ">=" ? "gte" : op === "<" ? "lt" : "lte", left: of, right });
  }
}

/** A path such as `payload.items.0` as an expression. */
export function readPath(path: string): Condition {
  const [root, ...steps] = path.replace(/^\$\{(.*)\}$/s, "$1").split(".");
  if (root === undefined || !roots.includes(root)) return no(`${shown(path)} does not begin with one of ${roots.join(", ")}`);
  if (steps.length > stepsMax || steps.some((step) => step === "" || step.length > 256)) return no(`${shown(path)} is not a path`);
  let at: Expr = { kind: "ref", scope: "var", name: root };
  for (const step of steps)
    at = /^\d{1,9}$/.test(step)
      ? { kind: "index", of: at, at: { kind: "literal", value: Number(step) } }
      : { kind: "field", of: at, name: step };
  return yes(at);
}

function yes(guard: Expr): Condition {
  return { ok: true, guard };
}

function no(why: string): Condition {
  return { ok: false, why };
}
