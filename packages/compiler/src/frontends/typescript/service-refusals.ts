/** What a body of a service may not say, and what to write instead. */
import type { Node } from "oxc-parser";
import { awaits } from "./ast.ts";
import { isWait } from "./lower-wait.ts";
import { type Lowering, type Place, type refuse, textAt } from "./lowering.ts";

const loop: readonly [string, string] = [
  "a loop",
  "a service is called for each message: send one for each item (`emit_messages` of a handler), or loop in a workflow that it calls",
];
/** Statements that are none of a service: what they are called, and what to write instead. */
export const strayStatements: Readonly<Record<string, readonly [string, string]>> = {
  ForStatement: loop,
  ForInStatement: loop,
  ForOfStatement: loop,
  WhileStatement: loop,
  DoWhileStatement: loop,
  TryStatement: [
    "`try`",
    "a failure is retried, restarted and kept as a dead letter; to do something else, `try` in a workflow that it calls",
  ],
  ThrowStatement: ["`throw`", "let a handler throw: what it handled becomes a dead letter, and the service goes on"],
  SwitchStatement: ["`switch`", "write `if … else if …`"],
};

/** Why a part of an expression is none of a service's. */
export function strayOf(
  ctx: Lowering,
  node: Node,
  at: Place,
): (Parameters<typeof refuse>[3] & { readonly id: Parameters<typeof refuse>[1] }) | undefined {
  const shown = textAt(ctx, node);
  const isChoice =
    (node.type === "ConditionalExpression" && (awaits(node.consequent) || awaits(node.alternate))) ||
    (node.type === "LogicalExpression" && awaits(node.right));
  if (isChoice) {
    return {
      id: "HD3604",
      message: `\`${shown}\` has a step on one of its ways`,
      reason: "Which messages a node gets is said by `if`: what reads a value is sent it when the value is there.",
      help: "write `if (…) { … } else { … }`, with the step in it and what reads its result",
    };
  }
  if (node.type !== "CallExpression") return undefined;
  if (isWait(ctx, node)) {
    return {
      id: "HD3603",
      message: `\`${shown}\` waits in a service`,
      reason: "A message waits where its node has no room; a service itself waits for nothing but the next message.",
      help: "wait and ask in a workflow that the service calls: `await review({ … })` is a run of its own",
    };
  }
  const { callee } = node;
  if (callee.type === "MemberExpression" && callee.object.type === "Identifier" && callee.object.name === "Promise") {
    return {
      id: "HD3603",
      message: `\`${shown}\` puts steps together that need no putting together`,
      reason: "Calls of a service that do not read each other's results are made at the same time anyway.",
      help: "write each as a line of its own, `const a = await f(x);`; for each item of a list, send messages or call a workflow",
    };
  }
  const called = callee.type === "Identifier" && at.scope.get(callee.name) === undefined ? ctx.callee(callee.name) : undefined;
  if (called?.kind !== "step" || called.step.kind !== "model") return undefined;
  return {
    id: "HD3608",
    message: `\`${shown}\` asks a model in a service`,
    reason: "Models are asked in workflows that end; a graph has no nodes for them yet.",
    help: "ask it in a workflow, and call that: it is a run of its own for each message",
  };
}
