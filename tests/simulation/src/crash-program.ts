/** The program that dies at every port call: a bit of everything, and what its handlers do. */
import { type HandlerContext, irVersion, type WorkflowIr } from "@heddle/core";
import type { HandlerFunction } from "@heddle/runtime";
import { body, handler, literal, result, row, variable } from "../../../packages/runtime/test/small-ir.ts";

const main: WorkflowIr = {
  ir: irVersion,
  id: "main",
  discipline: "stages",
  inputs: [{ name: "list", type: { kind: "array", items: { kind: "number" } } }],
  ...row(
    [
      {
        kind: "map",
        id: "each",
        over: variable("list"),
        item: "item",
        body: body(handler("work", { reads: [{ name: "item", value: variable("item") }], exit: { output: result } })),
        writes: [{ name: "worked", value: result }],
      },
      {
        kind: "try",
        id: "guarded",
        body: body(handler("boom", { exit: { output: result } })),
        catch: body(handler("heal", { reads: [{ name: "failure", value: variable("failure") }], exit: { output: result } })),
        finally: body(handler("tidy", { exit: { output: result } })),
        writes: [{ name: "healed", value: { kind: "length", of: result } }],
      },
      { kind: "wait", id: "nap", wait: { kind: "duration", ms: literal(1_000) } },
      {
        kind: "human",
        id: "may",
        mode: "approve",
        prompt: literal("may it be paid?"),
        writes: [{ name: "allowed", value: { kind: "ref", scope: "result", name: "approved" } }],
      },
      {
        kind: "workflow",
        id: "nested",
        workflow: "sub",
        reads: [{ name: "n", value: { kind: "length", of: variable("worked") } }],
        writes: [{ name: "inner", value: result }],
      },
      { kind: "wait", id: "gate", wait: { kind: "signal", name: "go" }, writes: [{ name: "signalled", value: result }] },
      handler("pay", {
        safety: "unsafe",
        reads: [{ name: "amount", value: variable("inner") }],
        writes: [{ name: "paid", value: result }],
      }),
    ],
    {
      kind: "object",
      fields: ["worked", "healed", "allowed", "inner", "signalled", "paid"].map((name) => ({ name, value: variable(name) })),
    },
  ),
};

const sub: WorkflowIr = {
  ir: irVersion,
  id: "sub",
  discipline: "stages",
  inputs: [{ name: "n", type: { kind: "number" } }],
  ...row(
    [
      handler("first", { reads: [{ name: "n", value: variable("n") }], writes: [{ name: "n", value: result }] }),
      { kind: "wait", id: "rest", wait: { kind: "duration", ms: literal(50) } },
    ],
    variable("n"),
  ),
};

export const crashWorkflows: readonly WorkflowIr[] = [main, sub];

/** Over the inline limit: it is kept as a blob. */
const large = "x".repeat(300 * 1_024);

export const crashHandlers: Readonly<Record<string, HandlerFunction>> = {
  work: (async ({ item }: { item: number }, context: HandlerContext) => {
    context.log(`working on ${item}`);
    return item * (await context.once("factor", () => 10));
  }) as HandlerFunction,
  boom: (() => {
    throw new TypeError("it always fails");
  }) as HandlerFunction,
  heal: (() => large) as HandlerFunction,
  tidy: (() => null) as HandlerFunction,
  first: (({ n }: { n: number }) => n + 1) as HandlerFunction,
  pay: (({ amount }: { amount: number }) => ({ receipt: amount })) as HandlerFunction,
};
