/** What every part of the frontend is given: the sources, where refusals go, and the names of the workflow being read. */
import type { Expr, JsonValue, ValueType } from "@heddle/core";
import type { Node } from "oxc-parser";
import type { DiagnosticDraft, DiagnosticId, DiagnosticList } from "../../diagnostics/index.ts";
import type { Modules, SourceModule } from "./module.ts";

/** What is known of a value before a run: its type, and whether it may be null. `json`: nothing is known. */
export interface StaticType {
  readonly type: ValueType;
  readonly nullable: boolean;
}

/** An expression of the IR, and what is known of its value. */
export interface Typed extends StaticType {
  /** Of a list that is written out: what is known of each part. */
  readonly parts?: readonly StaticType[];
  readonly expr: Expr;
}

export const anyType: StaticType = { type: { kind: "json" }, nullable: true };
export const nullValue: Typed = { expr: { kind: "literal", value: null }, ...anyType };
const boolean: ValueType = { kind: "boolean" };
const number: ValueType = { kind: "number" };
const string: ValueType = { kind: "string" };
export const booleanType: StaticType = { type: boolean, nullable: false };
export const numberType: StaticType = { type: number, nullable: false };
export const stringType: StaticType = { type: string, nullable: false };

/** What is known of a value that is written out. */
export function typeOfValue(value: JsonValue): StaticType {
  if (typeof value === "string") return stringType;
  if (typeof value === "number") return numberType;
  return typeof value === "boolean" ? booleanType : anyType;
}

/** What a diagnostic says, without its place. */
export type Words = Pick<DiagnosticDraft, "message" | "reason" | "help" | "label">;

export interface Reader {
  readonly modules: Modules;
  readonly diagnostics: DiagnosticList;
}

/** Reports at a node of a module. */
export function report(reader: Reader, module: SourceModule, id: DiagnosticId, node: Pick<Node, "start" | "end">, words: Words): void {
  reader.diagnostics.report(id, { span: module.source.span(node.start, node.end), ...words });
}

/** Source text of a node, short enough for a message. */
export function sourceOf(module: SourceModule, node: Pick<Node, "start" | "end">): string {
  const text = module.source.text.slice(node.start, Math.min(node.end, node.start + 60)).replace(/\s+/g, " ");
  return node.end > node.start + 60 ? `${text}…` : text;
}
