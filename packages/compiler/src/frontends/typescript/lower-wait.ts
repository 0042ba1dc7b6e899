/** Waits: `sleep`, `until`, `signal`, `approval`, `ask`. */
import type { Expr, JsonValue } from "@heddle/core";
import { instantOf } from "@heddle/core";
import type { CallExpression, Expression, ObjectExpression } from "oxc-parser";
import { failureRef, literal, resultRef, variableRef } from "../../authoring/expressions.ts";
import { durationMs } from "../../authoring/options.ts";
import { anyType, booleanType, type StaticType, stringType, type Typed } from "./context.ts";
import type { NodeDraft, Tail } from "./draft.ts";
import { isNumber, isText, isUnknown, type Lowering, type Place, refuse } from "./lowering.ts";
import { authoringCall } from "./module.ts";
import { memberOf, objectOf, readOptions } from "./read-options.ts";
import { readType } from "./read-types.ts";

const waits: ReadonlySet<string> = new Set(["sleep", "until", "signal", "approval", "ask"]);

export function isWait(ctx: Lowering, node: CallExpression): boolean {
  return waits.has(authoringCall(ctx.module, node) ?? "");
}

export function lowerWait(ctx: Lowering, node: CallExpression, at: Place): Typed {
  const kind = authoringCall(ctx.module, node);
  const [first, second] = node.arguments;
  if (first === undefined || first.type === "SpreadElement" || node.arguments.length > (kind === "signal" ? 2 : 1)) {
    return misfit(ctx, node, `\`${kind}\` is not given what it waits for`);
  }
  switch (kind) {
    case "sleep":
      return sleep(ctx, node, first, at);
    case "until":
      return until(ctx, node, first, at);
    case "signal":
      return signal(ctx, node, first, second, at);
    default:
      return person(ctx, node, kind === "approval" ? "approve" : "answer", at);
  }
}

function misfit(ctx: Lowering, node: Parameters<typeof refuse>[2], message: string): Typed {
  return refuse(ctx, "HD3216", node, {
    message,
    reason:
      'There are `sleep("5s")`, `until(time)`, `signal("name", { timeoutMs })`, `approval({ prompt })` and `ask<Answer>({ prompt })`.',
    help: "write it as one of these",
  });
}

const nothing: Typed = { expr: literal(null), type: { kind: "enum", values: [null] }, nullable: true };

function sleep(ctx: Lowering, node: CallExpression, given: Expression, at: Place): Typed {
  const time = ctx.expression(given, at);
  let ms = time.expr;
  if (ms.kind === "literal" && typeof ms.value === "string") {
    const known = durationMs(ms.value);
    if (known === undefined)
      return misfit(ctx, given, `"${ms.value.slice(0, 40)}" is not a duration; write it like 250ms, 5s, 1h30m or 2d`);
    ms = literal(known);
  } else if (!isNumber(time) && !isUnknown(time))
    return misfit(ctx, given, "`sleep` takes milliseconds, or a text like `5s` that is written out");
  const { draft } = ctx;
  draft.add(at.block, draft.claimId("sleep"), { kind: "wait", wait: { kind: "duration", ms: draft.bind(ms, at.block.frame) } }, node.start);
  return nothing;
}

function until(ctx: Lowering, node: CallExpression, given: Expression, at: Place): Typed {
  const time = ctx.expression(given, at);
  const fixed = time.expr.kind === "literal" ? instantOf(time.expr.value) : 0;
  if (fixed === undefined || (!isNumber(time) && !isText(time) && !isUnknown(time))) {
    return misfit(ctx, given, "`until` takes milliseconds since the epoch, or a time like 2030-01-31T09:00:00Z");
  }
  const { draft } = ctx;
  draft.add(
    at.block,
    draft.claimId("until"),
    { kind: "wait", wait: { kind: "until", at: draft.bind(time.expr, at.block.frame) } },
    node.start,
  );
  return nothing;
}

function typeArgument(ctx: Lowering, node: CallExpression): StaticType {
  const [type] = node.typeArguments?.params ?? [];
  return type === undefined ? anyType : readType(ctx, ctx.module, type);
}

function signal(
  ctx: Lowering,
  node: CallExpression,
  given: Expression,
  second: CallExpression["arguments"][number] | undefined,
  at: Place,
): Typed {
  const { expr } = ctx.expression(given, at);
  const name = expr.kind === "literal" ? expr.value : undefined;
  if (typeof name !== "string" || !/^[A-Za-z_][A-Za-z0-9_.-]{0,99}$/.test(name))
    return misfit(ctx, given, "the name of a signal is a name that is written out");
  const object = second === undefined ? undefined : objectOf(second);
  if (second !== undefined && object === undefined) return misfit(ctx, second, "the options of `signal` are not written out");
  const options =
    object === undefined ? {} : readOptions(ctx, ctx.module, object, "signal", ["timeoutMs", "label", "description"], new Set());
  if (options === undefined) return nothing;
  const type = typeArgument(ctx, node);
  const { draft } = ctx;
  const wait = { kind: "signal", name, ...(type.type.kind === "json" ? {} : { type: type.type }) };
  const added = draft.add(at.block, draft.claimId(`signal-${name}`), { kind: "wait", ...options, wait }, node.start);
  const variable = draft.declare(name, at.block.frame);
  const held = type.type.kind !== "json" && !(type.type.kind === "enum" && type.type.values.every((value) => value === null));
  added.writes.push({ variable, value: resultRef, on: "success", ...(held ? { type: type.type, optional: type.nullable } : {}) });
  if (held && !type.nullable) draft.held.set(variable, type.type);
  return { expr: variableRef(variable), ...type };
}

function person(ctx: Lowering, node: CallExpression, mode: "approve" | "answer", at: Place): Typed {
  const what = mode === "approve" ? "approval" : "ask";
  const [given] = node.arguments;
  const object = given === undefined ? undefined : objectOf(given);
  const prompt = object === undefined ? undefined : memberOf(object, "prompt");
  if (object === undefined || prompt === undefined) return misfit(ctx, node, `\`${what}\` has no prompt that is written out`);
  const options = readOptions(
    ctx,
    ctx.module,
    object,
    what,
    ["prompt", "details", "timeoutMs", "label", "description"],
    new Set(["prompt", "details"]),
  );
  if (options === undefined) return nothing;
  const { draft } = ctx;
  const { block } = at;
  const bound = (one: Expression): Expr => draft.bind(ctx.expression(one, at).expr, block.frame);
  const asked = { prompt: bound(prompt), ...detailsOf(object, bound) };
  const answer = mode === "answer" ? typeArgument(ctx, node) : anyType;
  const type = mode === "answer" ? { answer: answer.type } : {};
  const added = draft.add(block, draft.claimId(what), { kind: "human", ...options, mode, ...asked, ...type }, node.start);
  const variable = draft.declare(what, block.frame);
  added.writes.push({ variable, value: saidYes(mode), on: "success" });
  block.tails.push(...otherwise(added, variable, mode, options["timeoutMs"]));
  block.tails[0] = { from: added, on: "success", open: false };
  return {
    expr: variableRef(variable),
    type: { kind: "object", fields: mode === "approve" ? approvalFields : answerFields(answer) },
    nullable: false,
  };
}

function detailsOf(object: ObjectExpression, bound: (one: Expression) => Expr): { details?: Expr } {
  const details = memberOf(object, "details");
  return details === undefined ? {} : { details: bound(details) };
}

const approvalFields = [
  { name: "approved", type: booleanType.type },
  { name: "timedOut", type: booleanType.type },
  { name: "by", type: stringType.type, optional: true },
  { name: "comment", type: stringType.type, optional: true },
];

function answerFields(answer: StaticType): readonly { name: string; type: StaticType["type"]; optional?: boolean }[] {
  return [
    { name: "answer", type: answer.type, optional: true },
    { name: "timedOut", type: booleanType.type },
    { name: "by", type: stringType.type, optional: true },
  ];
}

function field(of: Expr, name: string): Expr {
  return { kind: "field", of, name };
}

/** What a person said, in one shape whatever they said: yes or an answer, no, or nothing in time. */
function said(mode: "approve" | "answer", value: Expr, timedOut: JsonValue, by: Expr, comment: Expr): Expr {
  const fields = [
    { name: mode === "approve" ? "approved" : "answer", value },
    { name: "timedOut", value: { kind: "literal" as const, value: timedOut } },
    { name: "by", value: by },
  ];
  return { kind: "object", fields: mode === "approve" ? [...fields, { name: "comment", value: comment }] : fields };
}

function saidYes(mode: "approve" | "answer"): Expr {
  const value = mode === "approve" ? literal(true) : field(resultRef, "answer");
  return said(mode, value, false, field(resultRef, "by"), field(resultRef, "comment"));
}

function otherwise(node: NodeDraft, variable: string, mode: "approve" | "answer", timeoutMs: JsonValue | undefined): readonly Tail[] {
  const no = mode === "approve" ? literal(false) : literal(null);
  const details = field(failureRef, "details");
  node.writes.push({ variable, value: said(mode, no, false, field(details, "by"), field(details, "comment")), on: "rejected" });
  const rejected: Tail = { from: node, on: "rejected", open: false };
  if (timeoutMs === undefined) return [rejected];
  node.writes.push({ variable, value: said(mode, no, true, literal(null), literal(null)), on: "timeout" });
  return [rejected, { from: node, on: "timeout", open: false }];
}
