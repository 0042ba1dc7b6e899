/**
 * The syntax tree of a text source. Every part carries the stretch of text that it was read from; a part
 * that could not be read is absent, and a diagnostic says so. Expressions are at most
 * `expressionDepthMax` levels deep, so whoever walks one may recurse.
 */
import type { JsonValue } from "@heddle/core";

export interface Stretch {
  readonly start: number;
  readonly end: number;
}

export interface Word extends Stretch {
  readonly text: string;
}

/** Levels of JSON that an expression may take: what an IR may nest, less what stands around it. */
export const expressionDepthMax = 96;

export interface TypeSyntax extends Stretch {
  readonly base: Word;
  readonly list: boolean;
  readonly optional: boolean;
  /** Of `.heddle`: listed texts, or named fields. `base` is `string` or `json` then. */
  readonly shape?: TypeShape;
}

export type TypeShape =
  | { readonly kind: "enum"; readonly values: readonly string[] }
  | { readonly kind: "object"; readonly fields: readonly { readonly name: Word; readonly type: TypeSyntax }[] };

export interface WorkflowSyntax extends Stretch {
  readonly name: Word;
  readonly inputs: readonly InputSyntax[];
  readonly policies: readonly PolicySyntax[];
  readonly stages: readonly StageSyntax[];
}

export interface InputSyntax extends Stretch {
  readonly name: Word;
  readonly type: TypeSyntax;
}

export interface CallSyntax extends Stretch {
  readonly capability: Word;
  readonly names: readonly Word[];
}

export type PolicySyntax =
  | (Stretch & { readonly kind: "before"; readonly trigger: CallSyntax; readonly requires: readonly CallSyntax[] })
  | (Stretch & { readonly kind: "deny"; readonly trigger: CallSyntax; readonly condition: ExprSyntax });

export interface StageSyntax extends Stretch {
  readonly name: Word;
  readonly annotation: (Stretch & { readonly kind: "entry" | "exit" }) | undefined;
  readonly prompt: TextSyntax | undefined;
  readonly inputs: readonly ReadSyntax[];
  readonly outputs: readonly OutputSyntax[];
  readonly requires: readonly Word[];
  readonly exec: ExecSyntax | undefined;
  readonly transitions: readonly TransitionSyntax[];
  /** Of `.heddle` alone: what else the stage does, and how. */
  readonly does: DoesSyntax | undefined;
  readonly catches: BodySyntax | undefined;
  readonly cleanup: BodySyntax | undefined;
  readonly outcomes: readonly OutcomeSyntax[];
  readonly attempts: number | undefined;
  readonly timeoutMs: number | undefined;
  /** Keys that are there, read or not. */
  readonly keys: ReadonlySet<string>;
}

export interface TextSyntax extends Stretch {
  /** As it was written, without its quotes. */
  readonly raw: string;
  readonly multiLine: boolean;
}

export interface ReadSyntax extends Stretch {
  readonly stage: Word;
  readonly field: Word;
  readonly optional: boolean;
}

export interface OutputSyntax extends Stretch {
  readonly name: Word;
  readonly type: TypeSyntax;
  readonly branches: (Stretch & { readonly yes: Word; readonly no: Word }) | undefined;
}

export interface ExecSyntax extends Stretch {
  readonly capability: Word;
  readonly args: readonly { readonly name: Word; readonly value: ExecValueSyntax }[];
}

export type ExecValueSyntax = Stretch &
  (
    | { readonly kind: "text"; readonly text: TextSyntax }
    | { readonly kind: "json"; readonly value: JsonValue }
    | { readonly kind: "name"; readonly name: Word }
    | { readonly kind: "field"; readonly stage: Word; readonly field: Word }
  );

export interface TransitionSyntax extends Stretch {
  /** Absent: `else`. */
  readonly condition: ExprSyntax | undefined;
  readonly to: Word;
}

export type DoesSyntax = Stretch &
  (
    | {
        readonly kind: "handler" | "call";
        readonly name: Word;
        readonly args: readonly { readonly name: Word; readonly value: ExecValueSyntax }[];
      }
    | { readonly kind: "approve" | "ask"; readonly text: TextSyntax }
    | { readonly kind: "wait"; readonly ms: number }
    | { readonly kind: "signal"; readonly name: Word }
    | {
        readonly kind: "map";
        readonly item: Word;
        readonly over: ExecValueSyntax;
        readonly limit: number | undefined;
        readonly body: BodySyntax;
      }
    | { readonly kind: "parallel"; readonly branches: readonly { readonly name: Word; readonly body: BodySyntax }[] }
    | { readonly kind: "loop"; readonly condition: ExprSyntax; readonly max: number; readonly body: BodySyntax }
    | { readonly kind: "try"; readonly body: BodySyntax }
  );

/** The stages of a region, and what crosses into it. */
export interface BodySyntax extends Stretch {
  readonly passed: readonly { readonly name: Word; readonly value: ExecValueSyntax }[];
  readonly carried: readonly { readonly name: Word; readonly type: TypeSyntax; readonly value: ExecValueSyntax }[];
  readonly stages: readonly StageSyntax[];
}

export interface OutcomeSyntax extends Stretch {
  readonly on: "failure" | "rejected" | "timeout";
  readonly to: Word;
}

export type CompareOp = "gt" | "gte" | "lt" | "lte";
export type ArithmeticOp = "add" | "sub" | "mul" | "div";

/** `depth` counts levels of JSON. `unread` stands for what could not be read. */
export type ExprSyntax = Stretch & { readonly depth: number } & (
    | { readonly kind: "unread" }
    | { readonly kind: "name"; readonly name: string }
    | { readonly kind: "field"; readonly stage: Word; readonly field: Word }
    | { readonly kind: "number"; readonly value: number }
    | { readonly kind: "string"; readonly value: string }
    | { readonly kind: "method"; readonly receiver: Word; readonly method: Word; readonly args: readonly ExprSyntax[] }
    | { readonly kind: "in"; readonly left: Word; readonly items: readonly ExprSyntax[] }
    | { readonly kind: "not"; readonly of: ExprSyntax }
    | { readonly kind: "and" | "or"; readonly of: readonly ExprSyntax[] }
    | { readonly kind: "compare"; readonly op: CompareOp; readonly left: ExprSyntax; readonly right: ExprSyntax }
    | { readonly kind: "arithmetic"; readonly op: ArithmeticOp; readonly left: ExprSyntax; readonly right: ExprSyntax }
  );
