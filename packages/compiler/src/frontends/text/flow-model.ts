/**
 * The model between the frontends of this family and the IR: stages with everything resolved. What the
 * text says by leaving it out (transitions, reads of the entry, capabilities) is here in full.
 */
import type { JsonValue, ValueType } from "@heddle/core";
import type { Stretch } from "./syntax.ts";

export type FlowBase = "string" | "bool" | "path" | "number" | "json";
/** A base type, or a list of it. */
export type FlowType = FlowBase | `${FlowBase}[]`;

export const flowBases: readonly FlowBase[] = ["string", "bool", "path", "number", "json"];

export type FlowRef =
  | { readonly kind: "input"; readonly name: string }
  | { readonly kind: "output"; readonly stage: string; readonly field: string }
  | { readonly kind: "bound"; readonly name: string };

export type FlowExpr =
  | { readonly kind: "ref"; readonly ref: FlowRef; readonly at?: Stretch }
  | { readonly kind: "literal"; readonly type: FlowType; readonly value: JsonValue; readonly at?: Stretch }
  | { readonly kind: "not"; readonly of: FlowExpr; readonly at?: Stretch }
  | { readonly kind: "and" | "or"; readonly of: readonly FlowExpr[]; readonly at?: Stretch }
  | { readonly kind: "method"; readonly receiver: FlowExpr; readonly method: FlowMethod; readonly arg: FlowExpr; readonly at?: Stretch }
  | {
      readonly kind: "compare";
      readonly op: "gt" | "gte" | "lt" | "lte";
      readonly left: FlowExpr;
      readonly right: FlowExpr;
      readonly at?: Stretch;
    }
  | {
      readonly kind: "arithmetic";
      readonly op: "add" | "sub" | "mul" | "div";
      readonly left: FlowExpr;
      readonly right: FlowExpr;
      readonly at?: Stretch;
    };

export type FlowMethod = "contains" | "eq" | "starts_with";

export const flowMethods: readonly FlowMethod[] = ["contains", "eq", "starts_with"];

export interface FlowRead {
  readonly ref: Exclude<FlowRef, { readonly kind: "bound" }>;
  readonly optional: boolean;
  readonly origin: string;
  readonly at?: Stretch;
}

export interface FlowWrite {
  readonly name: string;
  readonly type: FlowType;
  /** Of `.heddle`: what narrows the type. */
  readonly shape?: ValueType;
  readonly optional: boolean;
  readonly at?: Stretch;
}

export type FlowGuard =
  | { readonly kind: "always" }
  | { readonly kind: "has-value" | "missing"; readonly ref: FlowRef }
  | { readonly kind: "eq"; readonly left: FlowExpr; readonly right: FlowExpr }
  | { readonly kind: "if"; readonly condition: FlowExpr };

export interface FlowTransition {
  readonly to: string;
  readonly reason: string;
  readonly guard: FlowGuard;
  readonly at?: Stretch;
}

export interface FlowStage {
  readonly id: string;
  readonly prompt: string;
  readonly promptAt?: Stretch;
  readonly reads: readonly FlowRead[];
  readonly writes: readonly FlowWrite[];
  readonly requires: readonly string[];
  /** In the order of their priority. */
  readonly transitions: readonly FlowTransition[];
  readonly exec?: {
    readonly capability: string;
    readonly args: readonly { readonly name: string; readonly value: FlowExpr; readonly at?: Stretch }[];
  };
  /** Of `.heddle`: what it does instead. */
  readonly does?: FlowDoes;
  readonly outcomes?: readonly { readonly on: "failure" | "rejected" | "timeout"; readonly to: string; readonly at: Stretch }[];
  readonly attempts?: number;
  readonly timeoutMs?: number;
  readonly at: Stretch;
  readonly nameAt: Stretch;
}

export interface FlowArgument {
  readonly name: string;
  readonly value: FlowExpr;
}

export type FlowDoes =
  | { readonly kind: "handler" | "call"; readonly name: string; readonly args: readonly FlowArgument[] }
  | { readonly kind: "approve" | "ask"; readonly prompt: string }
  | { readonly kind: "wait"; readonly ms: number }
  | { readonly kind: "signal"; readonly name: string }
  | { readonly kind: "map"; readonly item: string; readonly over: FlowRef; readonly limit?: number; readonly body: FlowBody }
  | { readonly kind: "parallel"; readonly branches: readonly { readonly name: string; readonly body: FlowBody }[] }
  | {
      readonly kind: "loop";
      readonly condition: FlowExpr;
      readonly max: number;
      readonly carried: readonly FlowCarried[];
      readonly body: FlowBody;
    }
  | { readonly kind: "try"; readonly body: FlowBody; readonly catches?: FlowBody; readonly cleanup?: FlowBody };

export interface FlowCarried extends FlowArgument {
  readonly type: FlowType;
  readonly shape?: ValueType;
}

/** The stages of a region, and the values that cross into it. */
export interface FlowBody {
  readonly inputs: readonly FlowCarried[];
  readonly model: FlowModel;
}

export interface FlowRequirement {
  readonly capability: string;
  readonly args: readonly { readonly name: string; readonly ref: FlowRef }[];
}

export interface FlowPolicy {
  readonly id: string;
  readonly kind: "before" | "deny";
  readonly capability: string;
  /** Names in the policy, and the parameters that they stand for. */
  readonly bind: readonly { readonly name: string; readonly parameter: string }[];
  readonly requires: readonly FlowRequirement[];
  readonly condition?: FlowExpr;
  readonly at: Stretch;
}

export interface FlowModel {
  readonly id: string;
  readonly frontend: "nemo" | "visual" | "heddle";
  readonly file: string;
  readonly entry: string;
  readonly exits: readonly string[];
  readonly inputs: readonly { readonly name: string; readonly type: FlowType; readonly shape?: ValueType; readonly at?: Stretch }[];
  readonly capabilities: readonly string[];
  readonly policies: readonly FlowPolicy[];
  readonly stages: readonly FlowStage[];
  readonly at: Stretch;
}
