/** What a stage of `.heddle` does, as a node of the IR. */
import type { Body, Expr, Node, Read, ValueType } from "@heddle/core";
import type { FlowBody, FlowCarried, FlowDoes, FlowExpr, FlowStage } from "./flow-model.ts";
import { valueTypeOf } from "./resolve.ts";

/** How the parts are lowered that every node has. */
export interface Lowering {
  readonly expr: (expr: FlowExpr) => Expr;
  readonly body: (body: FlowBody) => Body;
  /** The type of an argument that reads, and whether it may be missing. */
  readonly argumentType: (value: FlowExpr) => { readonly type?: ValueType; readonly optional?: boolean };
}

type Base = Pick<Node, "id" | "writes" | "exit" | "source" | "description">;

export function lowerDoes(stage: FlowStage, does: FlowDoes, base: Base, lowering: Lowering): Node {
  const text = (value: string): Expr => ({ kind: "literal", value });
  const args = (): Read[] =>
    does.kind === "handler" || does.kind === "call"
      ? does.args.map(({ name, value }) => ({ name, value: lowering.expr(value), ...lowering.argumentType(value) }))
      : [];
  switch (does.kind) {
    case "handler":
      return { kind: "handler", ...base, handler: does.name, reads: args() };
    case "call":
      return { kind: "tool", ...base, capability: does.name, tool: does.name, reads: args() };
    case "approve":
      return { kind: "human", ...base, mode: "approve", prompt: text(does.prompt) };
    case "ask": {
      const fields = stage.writes.map((write) => ({
        name: write.name,
        type: shapeOf(write),
        ...(write.optional ? { optional: true } : {}),
      }));
      return { kind: "human", ...base, mode: "answer", prompt: text(does.prompt), answer: { kind: "object", fields } };
    }
    case "wait":
      return { kind: "wait", ...base, wait: { kind: "duration", ms: { kind: "literal", value: does.ms } } };
    case "signal": {
      const [write] = stage.writes;
      const type = write === undefined || stage.writes.length > 1 ? undefined : shapeOf(write);
      return { kind: "wait", ...base, wait: { kind: "signal", name: does.name, ...(type === undefined ? {} : { type }) } };
    }
    case "map":
      return {
        kind: "map",
        ...base,
        over: lowering.expr({ kind: "ref", ref: does.over }),
        item: does.item,
        ...(does.limit === undefined ? {} : { concurrencyMax: does.limit }),
        body: lowering.body(does.body),
      };
    case "parallel":
      return { kind: "parallel", ...base, branches: does.branches.map(({ name, body }) => ({ name, body: lowering.body(body) })) };
    case "loop":
      return {
        kind: "loop",
        ...base,
        carried: does.carried.map((carried) => ({ name: carried.name, initial: lowering.expr(carried.value), type: shapeOf(carried) })),
        while: lowering.expr(does.condition),
        iterationsMax: does.max,
        body: lowering.body(does.body),
      };
    default:
      return {
        kind: "try",
        ...base,
        body: lowering.body(does.body),
        ...(does.catches === undefined ? {} : { catch: lowering.body(does.catches), failureName: "failure" }),
        ...(does.cleanup === undefined ? {} : { finally: lowering.body(does.cleanup) }),
      };
  }
}

/** Where an output is found in what the stage gives. */
export function resultOfDoes(stage: FlowStage, does: FlowDoes, name: string): Expr {
  const whole =
    does.kind === "map" || ((does.kind === "signal" || does.kind === "handler" || does.kind === "call") && stage.writes.length === 1);
  const field: Expr = { kind: "ref", scope: "result", name };
  if (does.kind === "ask") return { kind: "field", of: { kind: "ref", scope: "result", name: "answer" }, name };
  if (!whole) return field;
  const result: Expr = { kind: "ref", scope: "result" };
  const [write] = stage.writes;
  // A function may give the value, or an object that names it.
  const either = (does.kind === "handler" || does.kind === "call") && write !== undefined && !write.optional && write.type !== "json";
  if (does.kind === "map" || does.kind === "signal") return result;
  return either ? { kind: "coalesce", left: field, right: result } : result;
}

export function shapeOf({ type, shape }: Pick<FlowCarried, "type" | "shape">): ValueType {
  return shape ?? valueTypeOf(type);
}

/** Every expression of a stage that reads around it. */
export function valuesOfDoes(does: FlowDoes): readonly FlowExpr[] {
  const passed = (body: FlowBody | undefined): readonly FlowExpr[] => body?.inputs.map((input) => input.value) ?? [];
  switch (does.kind) {
    case "handler":
    case "call":
      return does.args.map((arg) => arg.value);
    case "map":
      return [{ kind: "ref", ref: does.over }, ...passed(does.body)];
    case "parallel":
      return does.branches.flatMap((branch) => passed(branch.body));
    case "loop":
      return [...does.carried.map((carried) => carried.value), ...passed(does.body)];
    case "try":
      return [does.body, does.catches, does.cleanup].flatMap(passed);
    default:
      return [];
  }
}
