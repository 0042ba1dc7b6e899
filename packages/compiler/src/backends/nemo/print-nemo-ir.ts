/**
 * Prints a workflow as NemoIR v0.1. What came from `.nemo` or from a visual document prints back equal,
 * value for value; of other workflows those print that NemoIR can express, and the rest says what it is
 * that it cannot.
 */
import {
  type Edge,
  type Expr,
  isJsonArray,
  isJsonObject,
  type JsonObject,
  type JsonValue,
  type Node,
  type Policy,
  type Read,
  type ValueType,
  type WorkflowIr,
  type Write,
} from "@heddle/core";
import type { NemoExpr, NemoGuard, NemoIr, NemoNode, NemoPolicy, NemoRef } from "./nemo-ir.ts";

/** The NemoIR of a workflow, or what of it NemoIR has no words for. */
export type PrintedNemoIr =
  | { readonly ok: true; readonly ir: NemoIr }
  | { readonly ok: false; readonly problems: readonly { readonly path: string; readonly message: string }[] };

interface Printing {
  readonly path: string;
  readonly problems: { path: string; message: string }[];
  /** Types of literals, taken one by one in the order in which they stand. */
  readonly literals: readonly JsonValue[];
  taken: number;
}

export function printNemoIr(ir: WorkflowIr): PrintedNemoIr {
  const problems: { path: string; message: string }[] = [];
  const at = (path: string, literals?: JsonValue): Printing => ({
    path: `${ir.id}/${path}`,
    problems,
    literals: literals !== undefined && isJsonArray(literals) ? literals : [],
    taken: 0,
  });
  if (ir.discipline !== "stages") problems.push({ path: ir.id, message: `discipline ${ir.discipline} has no form in NemoIR` });
  const leaving = new Map<string, Edge[]>();
  for (const edge of ir.edges) {
    const known = leaving.get(edge.from);
    if (known === undefined) leaving.set(edge.from, [edge]);
    else known.push(edge);
  }
  const rawOf = (name: string, key: string): JsonValue | undefined => memberOf(memberOf(ir.raw, name), key);
  const printed: NemoIr = {
    ir_version: "0.1",
    kind: "workflow_ir",
    source: { frontend: ir.source?.frontend === "visual" ? "nemo_visual" : "nemo_dsl", file: ir.source?.file ?? "" },
    workflow: {
      id: ir.id,
      entry: ir.entry,
      exits: ir.nodes.filter((node) => node.exit !== undefined).map((node) => node.id),
      transition_semantics: { selection: "first_match_by_priority", no_match: "error_unless_exit" },
    },
    inputs: ir.inputs.map((input) => ({ id: input.name, type: typeText(input.type, at(`inputs/${input.name}`)) })),
    capabilities: ir.capabilities ?? [],
    policies: (ir.policies ?? []).map((policy, i) => {
      const id = rawOf("policyIds", String(i));
      return printPolicy(policy, typeof id === "string" ? id : policy.id, at(`policies/${i}`, rawOf("policyLiterals", String(i))));
    }),
    nodes: ir.nodes.map((node) => printNode(node, node.id === ir.entry, leaving.get(node.id) ?? [], at)),
  };
  return problems.length > 0 ? { ok: false, problems } : { ok: true, ir: printed };
}

type At = (path: string, literals?: JsonValue) => Printing;

function printNode(node: Node, isEntry: boolean, edges: readonly Edge[], at: At): NemoNode {
  const printing = at(node.id);
  const sorted = [...edges].sort((a, b) => (a.priority ?? 0) - (b.priority ?? 0));
  const base = {
    id: node.id,
    annotations: [...(isEntry ? (["entry"] as const) : []), ...(node.exit === undefined ? [] : (["exit"] as const))],
    writes: (node.writes ?? []).map((write) => printWrite(node, write, printing)),
    requires: (node.requires ?? []).map((capability) => ({ capability })),
    transitions: sorted.map((edge, i) => printEdge(edge, i, at(`${node.id}/${edge.id}`, memberOf(edge.raw, "literals")))),
  };
  if (node.kind === "model") {
    const prompt = node.prompt.kind === "literal" && typeof node.prompt.value === "string" ? node.prompt.value : "";
    if (node.prompt.kind !== "literal") cannot(printing, "a prompt that is computed");
    return { ...base, prompt, reads: (node.reads ?? []).map((read) => printRead(read, printing)) };
  }
  if (node.kind !== "tool") cannot(printing, `a node of kind ${node.kind}`);
  const capability = node.kind === "tool" ? node.capability : "";
  const args = (node.reads ?? []).map((read) => {
    const literals = memberOf(memberOf(node.raw, "literals"), read.name);
    return [read.name, printExpr(read.value, at(`${node.id}/${read.name}`, literals))] as const;
  });
  return {
    ...base,
    prompt: node.description ?? "",
    reads: rawReads(node.raw, printing),
    execution: { kind: "tool", capability, args: Object.fromEntries(args) },
  };
}

function rawReads(raw: JsonObject | undefined, printing: Printing): NemoNode["reads"] {
  const reads = memberOf(raw, "reads");
  if (reads === undefined || !isJsonArray(reads)) return [];
  return reads.map((read) => ({
    ref: refOf(String(memberOf(read, "of") ?? ""), printing),
    optional: memberOf(read, "optional") === true,
    origin: String(memberOf(read, "origin") ?? "dsl_stage_input"),
  }));
}

function printRead(read: Read, printing: Printing): NemoNode["reads"][number] {
  const { value } = read;
  if (value.kind !== "ref" || value.scope !== "var" || value.name === undefined)
    cannot(printing, `the read ${read.name}, which is computed`);
  const ref = refOf(value.kind === "ref" ? (value.name ?? "") : "", printing);
  return {
    ref,
    optional: read.optional === true,
    origin: read.origin ?? (ref.kind === "input" ? "implicit_entry_input" : "dsl_stage_input"),
  };
}

/** `Stage.field` is an output, a bare name an input. */
function refOf(variable: string, printing: Printing): NemoRef {
  const dot = variable.indexOf(".");
  if (variable === "") cannot(printing, "a read without a variable");
  return dot < 0
    ? { kind: "input", name: variable }
    : { kind: "node_output", node: variable.slice(0, dot), field: variable.slice(dot + 1) };
}

function printWrite(node: Node, write: Write, printing: Printing): NemoNode["writes"][number] {
  const prefix = `${node.id}.`;
  if (!write.name.startsWith(prefix) || (write.on ?? "success") !== "success") cannot(printing, `the variable ${write.name}`);
  return {
    name: write.name.slice(prefix.length),
    type: write.type === undefined ? "json" : typeText(write.type, printing),
    optional: write.optional === true,
  };
}

function printEdge(edge: Edge, priority: number, printing: Printing): NemoNode["transitions"][number] {
  if ((edge.on ?? "success") !== "success") cannot(printing, `an edge for ${edge.on}`);
  return { to: edge.to, priority, reason: edge.reason ?? "explicit_transition", guard: printGuard(edge, printing) };
}

function printGuard(edge: Edge, printing: Printing): NemoGuard {
  const { guard } = edge;
  if (guard === undefined) return { kind: "always" };
  const asks = memberOf(edge.raw, "guard") === "eq" ? undefined : missingOf(guard, printing);
  if (asks !== undefined) return { kind: "missing", ref: asks };
  if (guard.kind === "eq") return { kind: "eq", left: printExpr(guard.left, printing), right: printExpr(guard.right, printing) };
  const present = guard.kind === "not" ? missingOf(guard.of, printing) : undefined;
  return present === undefined ? { kind: "if", cond: printExpr(guard, printing) } : { kind: "has_value", ref: present };
}

/** The variable of which an expression asks whether it is null. */
function missingOf(expr: Expr, printing: Printing): NemoRef | undefined {
  if (expr.kind !== "eq" || expr.right.kind !== "literal" || expr.right.value !== null) return undefined;
  if (expr.left.kind !== "ref" || expr.left.scope !== "var" || expr.left.name === undefined) return undefined;
  return refOf(expr.left.name, printing);
}

function printPolicy(policy: Policy, id: string, printing: Printing): NemoPolicy {
  const { kind, trigger, requires, condition } = policy;
  const bind = Object.entries(trigger.bind ?? {}).map(([name, parameter]) => [name, { kind: "arg", name: parameter }] as const);
  return {
    id,
    kind,
    trigger: { capability: trigger.capability, ...(bind.length > 0 ? { bind: Object.fromEntries(bind) } : {}) },
    ...(requires === undefined ? {} : { requires: requires.map((need) => printNeed(need, printing)) }),
    ...(condition === undefined ? {} : { condition: printExpr(condition, printing) }),
  };
}

type Need = NonNullable<Policy["requires"]>[number];

function printNeed(need: Need, printing: Printing): NonNullable<NemoPolicy["requires"]>[number] {
  if (need.args === undefined) return { capability: need.capability };
  const args = Object.entries(need.args).map(([name, value]) => {
    const printed = printExpr(value, printing);
    if (printed.kind !== "ref") cannot(printing, `the argument ${name}, which is computed`);
    return [name, { kind: "ref", ref: printed.kind === "ref" ? printed.ref : refOf("", printing) }] as const;
  });
  return { capability: need.capability, args: Object.fromEntries(args) };
}

function printExpr(expr: Expr, printing: Printing): NemoExpr {
  const print = (each: Expr): NemoExpr => printExpr(each, printing);
  switch (expr.kind) {
    case "literal": {
      const given = printing.literals[printing.taken++];
      return { kind: "literal", type: typeof given === "string" ? given : literalType(expr.value), value: expr.value };
    }
    case "ref":
      return { kind: "ref", ref: printRef(expr, printing) };
    case "not":
      return { kind: "not", expr: print(expr.of) };
    case "and":
    case "or":
      return { kind: expr.kind, exprs: expr.of.map(print) };
    case "compare":
      return { kind: "compare", op: expr.op, left: print(expr.left), right: print(expr.right) };
    case "arithmetic":
      if (expr.op === "mod") cannot(printing, "a remainder");
      return { kind: "binop", op: expr.op, left: print(expr.left), right: print(expr.right) };
    case "eq":
    case "contains":
    case "starts-with":
      return {
        kind: "method_call",
        receiver: print(expr.left),
        method: expr.kind === "starts-with" ? "starts_with" : expr.kind,
        args: [print(expr.right)],
      };
    default:
      cannot(printing, `an expression of kind ${expr.kind}`);
      return { kind: "literal", type: "json", value: null };
  }
}

function printRef(expr: Extract<Expr, { readonly kind: "ref" }>, printing: Printing): NemoRef {
  const name = expr.name ?? "";
  switch (expr.scope) {
    case "var":
      return refOf(name, printing);
    case "input":
      return { kind: "input", name };
    case "bound":
      return { kind: "bound", name };
    default:
      cannot(printing, `a reference to ${expr.scope}`);
      return { kind: "input", name };
  }
}

function literalType(value: JsonValue): string {
  if (typeof value === "boolean") return "bool";
  return typeof value === "string" || typeof value === "number" ? typeof value : "json";
}

function typeText(type: ValueType, printing: Printing): string {
  switch (type.kind) {
    case "array": {
      if (type.items.kind === "array") cannot(printing, "a list of lists");
      return `${typeText(type.items, printing)}[]`;
    }
    case "boolean":
      return "bool";
    case "enum":
    case "object":
      cannot(printing, `a type with ${type.kind === "enum" ? "listed values" : "named fields"}`);
      return "json";
    default:
      return type.kind;
  }
}

function memberOf(value: JsonValue | undefined, name: string): JsonValue | undefined {
  return value !== undefined && isJsonObject(value) && Object.hasOwn(value, name) ? value[name] : undefined;
}

function cannot(printing: Printing, what: string): void {
  printing.problems.push({ path: printing.path, message: `NemoIR has no form for ${what}` });
}
