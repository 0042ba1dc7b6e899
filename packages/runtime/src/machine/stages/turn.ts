/** A turn of stages: the work that its facts leave to do. */
import type { Failure, JsonValue, Source } from "@heddle/core";
import type { RunTurn } from "../run/turn.ts";
import type { NodePlan, StagesPlan } from "./plan.ts";

export type Work =
  | { readonly kind: "enter-router"; readonly frame: number; readonly node: NodePlan }
  /** A region or a signal wait was opened: see whether it can go on at once. */
  | { readonly kind: "look-after"; readonly activation: number }
  /** A frame of this region ended; `slot` and `failed` say which and how. */
  | { readonly kind: "advance-region"; readonly activation: number; readonly slot: string; readonly failed: boolean }
  | { readonly kind: "fail-frame"; readonly frame: number; readonly failure: Failure }
  | {
      readonly kind: "fail-activation";
      readonly activation: number;
      readonly failure: Failure;
      readonly on: "failure" | "timeout" | "rejected";
      readonly by?: string;
    }
  /** A frame that is being unwound lost its token. */
  | { readonly kind: "close-frame"; readonly frame: number }
  | { readonly kind: "end-run"; readonly output: JsonValue }
  | { readonly kind: "limit-run"; readonly failure: Failure };

export type Turn = RunTurn<StagesPlan, Work>;

/** Names a value by where it already is, when the expression is a plain read; holds it otherwise. */
export function sourceOr(path: ReturnType<typeof import("@heddle/core").pathOf>, value: JsonValue): Source {
  if (path === undefined || value === null || typeof value === "number" || typeof value === "boolean") return { value };
  if (path.scope === "result") return { result: path.name === undefined ? path.path.slice() : [path.name, ...path.path] };
  if (path.scope === "var" && path.name !== undefined) return { var: path.name, path: path.path.slice() };
  return { value };
}
