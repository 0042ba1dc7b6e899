/** What the parts of the body's lowering share: where code is read, where it is written to, and each other. */
import type { Expression, Node, Statement } from "oxc-parser";
import type { DiagnosticId } from "../../diagnostics/index.ts";
import { anyType, nullValue, type Reader, report, type StaticType, sourceOf, type Typed, type Words } from "./context.ts";
import type { DeclaredWorkflow, Step } from "./declarations.ts";
import type { Block, Draft, Target } from "./draft.ts";
import type { SourceModule } from "./module.ts";
import type { Scope } from "./scope.ts";

/** Where code stands. The block changes as code is written into it. */
export interface Place {
  readonly scope: Scope;
  readonly block: Block;
  /** A `try` of the same function is around: what is returned must be awaited there. */
  readonly inTry: boolean;
  /** `break` and `continue` aim at the last one of their kind. */
  readonly targets: readonly Target[];
}

/** What a name of the module stands for, where it is something to call. */
export type Callee =
  | { readonly kind: "step"; readonly step: Step }
  | { readonly kind: "workflow"; readonly workflow: DeclaredWorkflow }
  | { readonly kind: "unreadable" };

export interface Lowering extends Reader {
  readonly module: SourceModule;
  readonly draft: Draft;
  /** Variables that may change: a value that reads one is not put off. */
  readonly mutable: Set<string>;
  /** The workflow is a service: its steps are nodes of a graph. */
  readonly isService: boolean;
  /** The function of the workflow. */
  readonly whole: Node;
  /** What the calls of this workflow name. */
  readonly steps: Map<string, Step>;
  readonly children: Map<string, DeclaredWorkflow>;
  /** Levels of code that are being read. */
  depth: number;
  jumps: number;
  callee(name: string): Callee | undefined;
  /** What a method of what a field holds is, in the body of a class. What it is not is said at the node. */
  member(field: string, method: string, node: Node): Callee | undefined;
  /** The value of an input that is read by name, where an expression stands for one. */
  input(node: Expression): Typed | undefined;
  expression(node: Expression, at: Place): Typed;
  condition(node: Expression, at: Place): Typed;
  /** What is returned: a step need not be awaited there, outside of `try`. */
  returned(node: Expression, at: Place): Typed;
  statements(list: readonly Statement[], at: Place): void;
  /** Reads something of another module, in a place of its own where nothing can be written. */
  within<Read>(module: SourceModule, read: (ctx: Lowering, at: Place) => Read): Read;
  /** Declares a name of a pattern, as a constant of a value. */
  bindPattern(pattern: Node, value: Typed, at: Place, kind: "const" | "let"): void;
}

/** Deepest nesting of code that is read. */
export const codeDepthMax = 150;

/** Refuses a node; what it would have given is null, so that reading goes on. */
export function refuse(ctx: Lowering, id: DiagnosticId, node: Pick<Node, "start" | "end">, words: Words): Typed {
  report(ctx, ctx.module, id, node, words);
  return nullValue;
}

export function textAt(ctx: Lowering, node: Pick<Node, "start" | "end">): string {
  return sourceOf(ctx.module, node);
}

export function isText({ type }: StaticType): boolean {
  return (
    type.kind === "string" || type.kind === "path" || (type.kind === "enum" && type.values.every((value) => typeof value === "string"))
  );
}

export function isNumber({ type }: StaticType): boolean {
  return type.kind === "number" || (type.kind === "enum" && type.values.every((value) => typeof value === "number"));
}

export function isBoolean({ type }: StaticType): boolean {
  return type.kind === "boolean" || (type.kind === "enum" && type.values.every((value) => typeof value === "boolean" || value === null));
}

export function isUnknown({ type }: StaticType): boolean {
  return type.kind === "json";
}

/** The type of a field, or of what a list holds. */
export function fieldType(of: StaticType, name: string): StaticType | undefined {
  if (of.type.kind !== "object") return anyType;
  const field = of.type.fields.find((one) => one.name === name);
  return field === undefined ? undefined : { type: field.type, nullable: field.optional === true || field.type.kind === "json" };
}

/** The narrowest type that both fit. */
export function commonType(a: StaticType, b: StaticType): StaticType {
  const nullable = a.nullable || b.nullable;
  if (isNullOnly(a)) return { type: b.type, nullable: true };
  if (isNullOnly(b)) return { type: a.type, nullable: true };
  if (JSON.stringify(a.type) === JSON.stringify(b.type)) return { type: a.type, nullable };
  if (isText(a) && isText(b)) return { type: { kind: "string" }, nullable };
  if (isNumber(a) && isNumber(b)) return { type: { kind: "number" }, nullable };
  if (isBoolean(a) && isBoolean(b)) return { type: { kind: "boolean" }, nullable };
  return anyType;
}

function isNullOnly({ type }: StaticType): boolean {
  return type.kind === "enum" && type.values.every((value) => value === null);
}
