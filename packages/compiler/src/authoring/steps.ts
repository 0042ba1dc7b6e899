/** The plain steps: each records one node, or a write. */
import type { EdgeOutcome, Expr, JsonValue } from "@heddle/core";
import { AuthoringError } from "./authoring-error.ts";
import type { Builder } from "./builder.ts";
import { failureRef, resultRef, showExpr } from "./expressions.ts";
import { assertName, type HandlerOptions, handlerOptionNames, handlerOptionsOf, nodeOptionsOf } from "./handler.ts";
import { type Block, encloses, type NodeDraft, type Recorder, type Variable } from "./recorder.ts";
import { derivedOf } from "./symbolic.ts";
import { ownType, type Type } from "./types.ts";
import type { Value } from "./value.ts";

/** Where steps are recorded, and what makes the builder of an inner function. */
export interface Scope {
  readonly recorder: Recorder;
  readonly block: Block;
  readonly builderOf: (block: Block) => Builder;
}

type Arm = ((failure: never, b: Builder) => unknown) | undefined;

/** Where a step goes when it does not succeed. */
export interface Arms {
  readonly failure?: Arm;
  readonly rejected?: Arm;
  readonly timeout?: Arm;
}

/** Writes a node's result into a variable of its block and records its other ways out. */
export function withResult(
  scope: Scope,
  node: NodeDraft,
  given: { readonly name: string; readonly value?: Expr; readonly type?: Type<unknown> | undefined; readonly arms?: Arms },
): Value<unknown> {
  const { recorder, block } = scope;
  const variable = recorder.declare(given.name, block);
  node.writes.push({ variable, value: given.value ?? resultRef, on: "success", type: given.type });
  const ends: Block[] = [];
  for (const [on, arm] of Object.entries(given.arms ?? {}) as [Exclude<EdgeOutcome, "success">, Arm][]) {
    if (arm === undefined) continue;
    const inner = recorder.arm(block, [{ from: node, on, open: false }]);
    const failure = recorder.declare(`${node.id}_${on}`, inner);
    node.writes.push({ variable: failure, value: failureRef, on });
    const value = recorder.run(inner, () => arm(recorder.valueOf(failure) as never, scope.builderOf(inner)));
    if (inner.ended === undefined && value !== undefined && value !== null) {
      recorder.write(inner, variable, recorder.express(value, `what ${on} of ${node.id} gives`), `${node.id}-${on}`);
    }
    ends.push(inner);
  }
  for (const end of ends) block.tails.push(...end.tails);
  return recorder.valueOf(variable);
}

/** A step that runs a handler. */
export function call(scope: Scope, given: readonly unknown[]): Value<unknown> {
  const { recorder, block } = scope;
  recorder.assertCurrent(block, "b.call");
  const [id, fn, input, options] = typeof given[0] === "string" ? given : [undefined, ...given];
  const declared = handlerOptionsOf(fn);
  if (declared === undefined) {
    throw new AuthoringError(
      "b.call was not given a handler",
      'Wrap the function: export const work = handler({ name: "work" }, async (input, ctx) => …)',
    );
  }
  return recordCall(scope, fn, declared, id as string | undefined, input, (options ?? {}) as object);
}

function recordCall(
  scope: Scope,
  fn: unknown,
  declared: HandlerOptions,
  given: string | undefined,
  input: unknown,
  options: object,
): Value<unknown> {
  const { recorder, block } = scope;
  const { onFailure, onTimeout, ...rest } = options as { onFailure?: Arm; onTimeout?: Arm };
  const own = nodeOptionsOf(rest, `the step for ${declared.name}`);
  const known = recorder.handlers.get(declared.name);
  if (known !== undefined && known !== fn) {
    throw new AuthoringError(`two handlers are named ${declared.name}`, "Give one of them another name");
  }
  recorder.handlers.set(declared.name, fn);
  const id = recorder.claimId(given, declared.name);
  const value = recorder.resolve(input ?? null, block, `the input of ${id}`);
  const type = ownType(declared.input, `the input of handler ${declared.name}`);
  const read = {
    name: "input",
    value,
    ...(type === undefined ? {} : { type: type.type }),
    ...(type?.optional === true || (type === undefined && mayBeNull(value)) ? { optional: true } : {}),
  };
  const shared = nodeOptionsOf(declared, declared.name, handlerOptionNames);
  const node = recorder.add(block, id, () => ({
    kind: "handler",
    ...shared,
    ...own,
    handler: declared.name,
    arguments: "positional",
    reads: [read],
  }));
  const output = ownType(declared.output, `the output of handler ${declared.name}`);
  return withResult(scope, node, { name: id, type: output, arms: { failure: onFailure, timeout: onTimeout } });
}

/** Whether an expression can be null at all; objects, texts and truths cannot. */
function mayBeNull(expr: Expr): boolean {
  if (expr.kind === "literal") return expr.value === null;
  return ["ref", "field", "index", "length", "if", "coalesce", "arithmetic"].includes(expr.kind);
}

/** A question to a person. */
export function person(scope: Scope, mode: "approve" | "answer", options: Readonly<Record<string, unknown>>): Value<unknown> {
  const { recorder, block } = scope;
  const step = mode === "approve" ? "approve" : "ask";
  recorder.assertCurrent(block, `b.${step}`);
  const { id: given, prompt, details, answer, onRejected, onTimeout, ...rest } = options;
  const own = nodeOptionsOf(rest, `b.${step}`, ["id", "prompt", "details", "answer", "onRejected", "onTimeout"]);
  const id = recorder.claimId(given as string | undefined, step);
  const promptExpr = recorder.resolve(prompt, block, `the prompt of ${id}`);
  const detailsExpr = details === undefined ? undefined : recorder.resolve(details, block, `the details of ${id}`);
  const type = (answer as Type<unknown> | undefined)?.type;
  if (mode === "answer" && type === undefined)
    throw new AuthoringError(`${id} has no answer type`, "Give one: b.ask({ prompt, answer: t.string })");
  const node = recorder.add(block, id, () => ({
    kind: "human",
    ...own,
    mode,
    prompt: promptExpr,
    ...(detailsExpr === undefined ? {} : { details: detailsExpr }),
    ...(type === undefined ? {} : { answer: type }),
  }));
  const arms = { rejected: onRejected as Arm, timeout: onTimeout as Arm };
  const result = withResult(scope, node, { name: id, arms });
  if (onRejected === undefined) resultOfNo(scope, node, mode, result);
  return result;
}

/** Without a function for it, "no" is a result like any other. */
function resultOfNo(scope: Scope, node: NodeDraft, mode: "approve" | "answer", result: Value<unknown>): void {
  const expr = derivedOf(result)?.expr;
  const variable = expr === undefined ? undefined : scope.recorder.variableOf(expr);
  if (variable === undefined) return;
  const member = (of: Expr, name: string): Expr => ({ kind: "field", of, name });
  const details = member(failureRef, "details");
  const comment: Expr = { kind: "coalesce", left: member(details, "comment"), right: member(failureRef, "message") };
  const outcome =
    mode === "approve"
      ? { name: "approved", value: { kind: "literal", value: false } as Expr }
      : { name: "answer", value: { kind: "literal", value: null } as Expr };
  node.writes.push({
    variable,
    value: { kind: "object", fields: [outcome, { name: "by", value: member(details, "by") }, { name: "comment", value: comment }] },
    on: "rejected",
  });
  scope.block.tails.push({ from: node, on: "rejected", open: false });
}

/** A wait for a duration or a moment. */
export function wait(scope: Scope, kind: "duration" | "until", given: unknown, options: { readonly id?: string } = {}): void {
  const { recorder, block } = scope;
  const step = kind === "duration" ? "sleep" : "until";
  recorder.assertCurrent(block, `b.${step}`);
  const id = recorder.claimId(options.id, step);
  const value = recorder.resolve(kind === "duration" && typeof given === "string" ? durationMs(given) : given, block, `the time of ${id}`);
  recorder.add(block, id, () => ({ kind: "wait", wait: kind === "duration" ? { kind, ms: value } : { kind, at: value } }));
}

const unitsMs: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

function durationMs(text: string): number {
  const parts = [...text.trim().matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h|d)/g)];
  if (parts.length === 0 || parts.map(([part]) => part).join("") !== text.trim()) {
    throw new AuthoringError(`"${text}" is not a duration`, "Write it like 250ms, 5s, 1h30m or 2d");
  }
  return Math.round(parts.reduce((total, [, count, unit]) => total + Number(count) * (unitsMs[unit as string] as number), 0));
}

/** A wait for a signal. */
export function signal(scope: Scope, name: string, options: Readonly<Record<string, unknown>> = {}): Value<unknown> {
  const { recorder, block } = scope;
  recorder.assertCurrent(block, "b.signal");
  assertName(name, "the name of a signal");
  const { id: given, type, onTimeout, ...rest } = options;
  const own = nodeOptionsOf(rest, `b.signal ${name}`, ["id", "type", "onTimeout"]);
  const id = recorder.claimId(given as string | undefined, `signal-${name}`);
  const valueType = (type as Type<unknown> | undefined)?.type;
  const node = recorder.add(block, id, () => ({
    kind: "wait",
    ...own,
    wait: { kind: "signal", name, ...(valueType === undefined ? {} : { type: valueType }) },
  }));
  return withResult(scope, node, { name, arms: { timeout: onTimeout as Arm } });
}

/** Declares a variable. */
export function declareVariable(scope: Scope, name: string, initial: unknown): Value<unknown> {
  const { recorder, block } = scope;
  recorder.assertCurrent(block, "b.let");
  assertName(name, "the name of a variable");
  const value = recorder.express(initial, `the first value of ${name}`);
  const variable = recorder.declare(name, block, true);
  recorder.write(block, variable, value, `let-${name}`);
  return recorder.valueOf(variable);
}

/** Sets a variable. */
export function assignVariable(scope: Scope, target: unknown, given: unknown): void {
  const { recorder, block } = scope;
  recorder.assertCurrent(block, "b.assign");
  const expr = derivedOf(target)?.expr;
  const variable: Variable | undefined = expr === undefined ? undefined : recorder.variableOf(expr);
  if (variable === undefined || !variable.mutable) {
    throw new AuthoringError(
      `b.assign was given ${expr === undefined ? "a plain value" : showExpr(expr)}, which is not a variable`,
      "Make one with b.let(name, value)",
    );
  }
  if (variable.block.frame !== block.frame || !encloses(variable.block, block)) {
    throw new AuthoringError(
      `${variable.name} is set in ${block.frame.what}, and is a variable of ${variable.block.frame.what}`,
      "Nothing but its value leaves a body: return the value, and assign it outside; in loops use a carried variable",
    );
  }
  recorder.write(block, variable, recorder.express(given, `the value of ${variable.name}`), `set-${variable.name}`);
}

/** Fails the frame. */
export function fail(scope: Scope, code: unknown, message: unknown): void {
  const { recorder, block } = scope;
  recorder.assertCurrent(block, "b.fail");
  if (typeof code !== "string" || typeof message !== "string" || code === "") {
    throw new AuthoringError(
      "b.fail takes a code and a message that are plain strings",
      "To fail with a text of the run, throw in a handler",
    );
  }
  const raw: Record<string, JsonValue> = { fail: { code, message } };
  const node = recorder.addRouter(block, "fail", raw);
  node.exit = { kind: "literal", value: null };
  block.tails = [];
  block.ended = "b.fail";
}

/** Ends the frame with a value. */
export function end(scope: Scope, value: unknown): void {
  const { recorder, block } = scope;
  recorder.assertCurrent(block, "b.return");
  recorder.end(block, recorder.outputOf(block, value, "the value of b.return"), "b.return");
}
