/** NemoIR v0.1, the interchange form that `.nemo` tools read: its shapes. */
import type { JsonValue } from "@heddle/core";

export type NemoRef =
  | { readonly kind: "input"; readonly name: string }
  | { readonly kind: "node_output"; readonly node: string; readonly field: string }
  | { readonly kind: "bound"; readonly name: string };

export type NemoExpr =
  | { readonly kind: "ref"; readonly ref: NemoRef }
  | { readonly kind: "literal"; readonly type: string; readonly value: JsonValue }
  | { readonly kind: "not"; readonly expr: NemoExpr }
  | { readonly kind: "method_call"; readonly receiver: NemoExpr; readonly method: string; readonly args?: readonly NemoExpr[] }
  | { readonly kind: "and" | "or"; readonly exprs: readonly NemoExpr[] }
  | { readonly kind: "compare" | "binop"; readonly op: string; readonly left: NemoExpr; readonly right: NemoExpr };

export type NemoGuard =
  | { readonly kind: "always" }
  | { readonly kind: "has_value" | "missing"; readonly ref: NemoRef }
  | { readonly kind: "eq"; readonly left: NemoExpr; readonly right: NemoExpr }
  | { readonly kind: "if"; readonly cond: NemoExpr };

export interface NemoNode {
  readonly id: string;
  readonly annotations: readonly ("entry" | "exit")[];
  readonly prompt: string;
  readonly reads: readonly { readonly ref: NemoRef; readonly optional: boolean; readonly origin: string }[];
  readonly writes: readonly { readonly name: string; readonly type: string; readonly optional: boolean }[];
  readonly requires: readonly { readonly capability: string }[];
  readonly transitions: readonly { readonly to: string; readonly priority: number; readonly reason: string; readonly guard: NemoGuard }[];
  readonly execution?: { readonly kind: "tool"; readonly capability: string; readonly args: Readonly<Record<string, NemoExpr>> };
}

export interface NemoPolicy {
  readonly id: string;
  readonly kind: "before" | "deny";
  readonly trigger: {
    readonly capability: string;
    readonly bind?: Readonly<Record<string, { readonly kind: "arg"; readonly name: string }>>;
  };
  readonly requires?: readonly {
    readonly capability: string;
    readonly args?: Readonly<Record<string, { readonly kind: "ref"; readonly ref: NemoRef }>>;
  }[];
  readonly condition?: NemoExpr;
}

export interface NemoIr {
  readonly ir_version: "0.1";
  readonly kind: "workflow_ir";
  readonly source: { readonly frontend: "nemo_dsl" | "nemo_visual"; readonly file: string };
  readonly workflow: {
    readonly id: string;
    readonly entry: string;
    readonly exits: readonly string[];
    readonly transition_semantics: { readonly selection: "first_match_by_priority"; readonly no_match: "error_unless_exit" };
  };
  readonly inputs: readonly { readonly id: string; readonly type: string }[];
  readonly capabilities: readonly string[];
  readonly policies: readonly NemoPolicy[];
  readonly nodes: readonly NemoNode[];
}
