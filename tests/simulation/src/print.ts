/** A program as text, for whoever reads a failing seed. */
import { type Body, bodiesOf, type Edge, type Expr, type Node, textOf } from "@heddle/core";
import type { Program } from "./program.ts";

export function printed(program: Program): string {
  return program.workflows
    .map((ir) => [`workflow ${ir.id} ${JSON.stringify(ir.limits ?? {})}`, ...linesOf(ir, [], "  ")].join("\n"))
    .join("\n");
}

function linesOf(body: Pick<Body, "nodes" | "edges">, given: Body["inputs"], indent: string): string[] {
  const inputs = (given ?? []).map((input) => `${input.name}=${shown(input.value)}`);
  const lines = inputs.length > 0 ? [`${indent}given ${inputs.join(" ")}`] : [];
  for (const node of body.nodes) {
    lines.push(
      `${indent}${lineOf(node)}${body.edges
        .filter((edge) => edge.from === node.id)
        .map(edgeOf)
        .join("")}`,
    );
    for (const { slot, body: inner } of bodiesOf(node)) lines.push(`${indent}  ${slot}:`, ...linesOf(inner, inner.inputs, `${indent}    `));
  }
  return lines;
}

function lineOf(node: Node): string {
  const { id, kind, reads, writes, retry, timeoutMs, safety, exit, raw } = node;
  const parts = [`${id} ${kind}`];
  if (node.kind === "wait")
    parts.push(node.wait.kind === "signal" ? `signal ${node.wait.name}` : shown(node.wait.kind === "until" ? node.wait.at : node.wait.ms));
  if (node.kind === "human") parts.push(node.mode);
  if (node.kind === "workflow") parts.push(node.workflow);
  if (node.kind === "map") parts.push(`over ${shown(node.over)} max ${node.concurrencyMax ?? "all"} ${node.collect ?? "fail-fast"}`);
  if (node.kind === "loop") parts.push(`while ${shown(node.while)} ${node.test ?? "before"} max ${node.iterationsMax ?? "any"}`);
  if (safety !== undefined) parts.push(safety);
  if (timeoutMs !== undefined) parts.push(`timeout ${timeoutMs}`);
  if (retry !== undefined) parts.push(`retry ${JSON.stringify(retry)}`);
  for (const read of reads ?? []) parts.push(`reads ${read.name}=${shown(read.value)}`);
  for (const write of writes ?? [])
    parts.push(
      `writes ${write.name}=${shown(write.value)}${write.type === undefined ? "" : ` : ${write.type.kind}`}${write.on === undefined ? "" : ` on ${write.on}`}`,
    );
  if (raw !== undefined) parts.push(JSON.stringify(raw));
  if (exit !== undefined) parts.push(`exits with ${shown(exit.output)}`);
  return parts.join(", ");
}

function edgeOf(edge: Edge): string {
  return ` -> ${edge.to}${edge.on === undefined ? "" : ` on ${edge.on}`}${edge.guard === undefined ? "" : ` if ${shown(edge.guard)}`}`;
}

function shown(expr: Expr): string {
  switch (expr.kind) {
    case "literal":
      return textOf(expr.value) || JSON.stringify(expr.value);
    case "ref":
      return `${expr.scope === "var" ? "" : expr.scope}${expr.name === undefined ? "" : `${expr.scope === "var" ? "" : "."}${expr.name}`}`;
    case "compare":
    case "arithmetic":
      return `(${shown(expr.left)} ${expr.op} ${shown(expr.right)})`;
    case "object":
      return `{${expr.fields.map((field) => `${field.name}: ${shown(field.value)}`).join(", ")}}`;
    default:
      return JSON.stringify(expr);
  }
}
