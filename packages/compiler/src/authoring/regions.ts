/** The steps with functions inside: branches, which stay in their frame, and regions, whose bodies have their own. */
import type { Expr } from "@heddle/core";
import { AuthoringError } from "./authoring-error.ts";
import type { Builder } from "./builder.ts";
import { mapRefs, resultRef, variableRef } from "./expressions.ts";
import { assertName, nodeOptionsOf } from "./handler.ts";
import { namespaceOf } from "./namespace.ts";
import type { Block, Recorder, Variable } from "./recorder.ts";
import { type Scope, withResult } from "./steps.ts";
import { derivedOf, lower } from "./symbolic.ts";
import type { Value } from "./value.ts";

type Inner = (b: Builder) => unknown;

/** Records a body to its end. What is given back makes its IR, once everything around is recorded too. */
function recordBody(scope: Scope, inner: Block, fn: Inner): (without?: ReadonlySet<string>) => Record<string, unknown> {
  const { recorder } = scope;
  const value = recorder.run(inner, () => fn(scope.builderOf(inner)));
  if (inner.ended === undefined) {
    recorder.end(inner, recorder.outputOf(inner, value, `what ${inner.frame.what} returns`), "the end of a body");
  }
  return (without) => {
    const inputs = [...inner.frame.inputs].filter(([name]) => without?.has(name) !== true).map(([name, from]) => ({ name, value: from }));
    return { ...(inputs.length === 0 ? {} : { inputs }), ...recorder.lowered(inner) };
  };
}

function assertFunction(fn: unknown, what: string): void {
  if (typeof fn !== "function") throw new AuthoringError(`${what} is not a function`, "Write (b) => …");
}

/** Two ways that meet again. */
export function branch(
  scope: Scope,
  condition: unknown,
  then: Inner,
  otherwise: Inner | undefined,
  options: { readonly id?: string } = {},
): Value<unknown> {
  const { recorder, block } = scope;
  recorder.assertCurrent(block, "b.branch");
  assertFunction(then, "the first way of b.branch");
  const id = recorder.claimId(options.id, "branch");
  const guard = recorder.resolve(condition, block, `the condition of ${id}`);
  const router = recorder.add(block, id, () => ({ kind: "router" }));
  const ways = [
    { name: "then", fn: then, arm: recorder.arm(block, [{ from: router, on: "success", guard, priority: 0, open: false }]) },
    { name: "else", fn: otherwise, arm: recorder.arm(block, [{ from: router, on: "success", priority: 1, open: false }]) },
  ];
  const variable = recorder.declare(id, block);
  for (const { name, fn, arm } of ways) {
    const value = fn === undefined ? undefined : recorder.run(arm, () => fn(scope.builderOf(arm)));
    if (arm.ended === undefined && value !== undefined && value !== null) {
      recorder.write(arm, variable, recorder.express(value, `what ${name} of ${id} gives`), `${id}-${name}`);
    }
  }
  block.tails = ways.flatMap(({ arm }) => arm.tails);
  if (ways.every(({ arm }) => arm.ended !== undefined)) block.ended = `${id}, which ends either way`;
  return recorder.valueOf(variable);
}

/** Functions at the same time. */
export function parallel(
  scope: Scope,
  branches: Readonly<Record<string, Inner>>,
  options: Readonly<Record<string, unknown>> = {},
): Value<unknown> {
  const { recorder, block } = scope;
  recorder.assertCurrent(block, "b.parallel");
  const { id: given, ...rest } = options;
  const own = nodeOptionsOf(rest, "b.parallel", ["id"]);
  const id = recorder.claimId(given as string | undefined, "parallel");
  const entries = Object.entries(branches);
  if (entries.length === 0)
    throw new AuthoringError(`${id} has no branches`, "Give functions by name: b.parallel({ left: (b) => …, right: (b) => … })");
  const bodies = entries.map(([name, fn]) => {
    assertName(name, `the name of a branch of ${id}`);
    assertFunction(fn, `branch ${name} of ${id}`);
    return { name, body: recordBody(scope, recorder.frame(`branch ${name} of ${id}`, block), fn) };
  });
  const node = recorder.add(block, id, () => ({
    kind: "parallel",
    ...own,
    branches: bodies.map(({ name, body }) => ({ name, body: body() })),
  }));
  return withResult(scope, node, { name: id });
}

/** A function for each item. */
export function map(scope: Scope, list: unknown, given: readonly unknown[]): Value<unknown> {
  const { recorder, block } = scope;
  recorder.assertCurrent(block, "b.map");
  const [options, fn] = (typeof given[0] === "function" ? [{}, given[0]] : given) as [
    Readonly<Record<string, unknown>>,
    (item: Value<unknown>, b: Builder, index: Value<number>) => unknown,
  ];
  assertFunction(fn, "the body of b.map");
  const { id: givenId, concurrencyMax, collect, ...rest } = options;
  const own = nodeOptionsOf(rest, "b.map", ["id", "concurrencyMax", "collect"]);
  const id = recorder.claimId(givenId as string | undefined, "map");
  const over = recorder.resolve(list, block, `the list of ${id}`);
  const inner = recorder.frame(`the body of ${id}`, block);
  const item = recorder.declare("item", inner);
  const index = recorder.declare("index", inner);
  const body = recordBody(scope, inner, (b) => fn(recorder.valueOf(item), b, recorder.valueOf(index)));
  const node = recorder.add(block, id, () => ({
    kind: "map",
    ...own,
    over,
    item: item.name,
    ...(index.used ? { index: index.name } : {}),
    ...(concurrencyMax === undefined ? {} : { concurrencyMax }),
    ...(collect === undefined ? {} : { collect }),
    body: body(),
  }));
  return withResult(scope, node, { name: id });
}

interface Carried {
  readonly name: string;
  readonly variable: Variable;
  readonly initial: Expr;
}

/** A function again and again. */
export function loop(scope: Scope, options: Readonly<Record<string, unknown>>, fn: (vars: never, b: Builder) => unknown): Value<unknown> {
  const { recorder, block } = scope;
  recorder.assertCurrent(block, "b.loop");
  assertFunction(fn, "the body of b.loop");
  const { id: given, carried: first, while: test, iterationsMax, test: when, ...rest } = options;
  const own = nodeOptionsOf(rest, "b.loop", ["id", "carried", "while", "iterationsMax", "test"]);
  const id = recorder.claimId(given as string | undefined, "loop");
  assertFunction(test, `while of ${id}`);
  let carried: readonly Carried[] = [];
  const inner = recorder.frame(`the body of ${id}`, block, (value, what) => nextOf(recorder, carried, value, what));
  carried = Object.entries(first ?? {}).map(([name, value]) => ({
    name,
    initial: recorder.resolve(value, block, `the first ${name} of ${id}`),
    variable: recorder.declare(name, inner),
  }));
  const vars = namespaceOf(recorder, id, new Map(carried.map(({ name, variable }) => [name, variable]))) as never;
  const constants = new Set<string>();
  const condition = conditionOf(recorder, block, carried, (test as (vars: never) => unknown)(vars), id, constants);
  const body = recordBody(scope, inner, (b) => fn(vars, b));
  const node = recorder.add(block, id, () => ({
    kind: "loop",
    ...own,
    carried: [
      ...carried.map(({ variable, initial }) => ({ name: variable.name, initial })),
      ...[...constants].map((name) => ({ name, initial: variableRef(name) })),
    ],
    while: condition,
    ...(when === undefined ? {} : { test: when }),
    ...(iterationsMax === undefined ? {} : { iterationsMax }),
    body: body(constants),
  }));
  const asIs = constants.size === 0 && carried.every(({ name, variable }) => name === variable.name);
  const fields = carried.map(({ name, variable }) => ({ name, value: { kind: "field", of: resultRef, name: variable.name } as Expr }));
  return withResult(scope, node, { name: id, value: asIs ? resultRef : { kind: "object", fields } });
}

/** The condition of a loop sees carried variables only, so what it reads of the outer frame is carried along. */
function conditionOf(
  recorder: Recorder,
  block: Block,
  carried: readonly Carried[],
  given: unknown,
  id: string,
  constants: Set<string>,
): Expr {
  const own = new Set(carried.map(({ variable }) => variable.name));
  return mapRefs(recorder.express(given, `while of ${id}`), (ref) => {
    if (ref.scope === "var" && ref.name !== undefined && !own.has(ref.name)) {
      recorder.bind(ref, block);
      constants.add(ref.name);
    }
    return ref;
  });
}

/** What an iteration returns, as the next values of carried variables under the names that they have in the frame. */
function nextOf(recorder: Recorder, carried: readonly Carried[], value: unknown, what: string): Expr {
  const symbolic = derivedOf(value) !== undefined;
  if (value === null || (symbolic && carried.every(({ name, variable }) => name === variable.name))) {
    return value === null ? { kind: "object", fields: [] } : recorder.express(value, what);
  }
  if (symbolic || typeof value !== "object" || Array.isArray(value)) {
    throw new AuthoringError(
      `${what} does not name the next values`,
      "Return an object of carried variables, as in return { count: add(count, 1) }",
    );
  }
  const fields = Object.entries(value)
    .filter(([, member]) => member !== undefined)
    .map(([name, member]) => {
      const one = carried.find((candidate) => candidate.name === name);
      if (one === undefined) {
        throw new AuthoringError(
          `${what} names ${name}, which is not carried`,
          `Carried are ${carried.map((known) => known.name).join(", ") || "none"}`,
        );
      }
      return { name: one.variable.name, value: recorder.express(member, `${name} of ${what}`) };
    });
  return { kind: "object", fields };
}

/** A function whose failure is caught. */
export function attempt(scope: Scope, fn: Inner, options: Readonly<Record<string, unknown>> = {}): Value<unknown> {
  const { recorder, block } = scope;
  recorder.assertCurrent(block, "b.try");
  assertFunction(fn, "the body of b.try");
  const { id: given, catch: onCatch, finally: onFinally, ...rest } = options;
  const own = nodeOptionsOf(rest, "b.try", ["id", "catch", "finally"]);
  if (onCatch === undefined && onFinally === undefined) {
    throw new AuthoringError("b.try has neither catch nor finally", "Write b.try((b) => …, { catch: (failure, b) => … })");
  }
  const id = recorder.claimId(given as string | undefined, "try");
  const body = recordBody(scope, recorder.frame(`the body of ${id}`, block), fn);
  const caught = onCatch === undefined ? undefined : recorder.frame(`catch of ${id}`, block);
  const failure = caught === undefined ? undefined : recorder.declare("failure", caught);
  const catching =
    caught === undefined || failure === undefined
      ? undefined
      : recordBody(scope, caught, (b) => (onCatch as (failure: Value<unknown>, b: Builder) => unknown)(recorder.valueOf(failure), b));
  const last = onFinally === undefined ? undefined : recordBody(scope, recorder.frame(`finally of ${id}`, block), onFinally as Inner);
  const node = recorder.add(block, id, () => ({
    kind: "try",
    ...own,
    body: body(),
    ...(catching === undefined ? {} : { catch: catching() }),
    ...(failure?.used === true && failure.name !== "failure" ? { failureName: failure.name } : {}),
    ...(last === undefined ? {} : { finally: last() }),
  }));
  return withResult(scope, node, { name: id });
}

/** Another workflow, as a run of its own. */
export function child(scope: Scope, workflow: unknown, input: unknown, options: Readonly<Record<string, unknown>> = {}): Value<unknown> {
  const { recorder, block } = scope;
  recorder.assertCurrent(block, "b.child");
  const { id: given, onFailure, onTimeout, ...rest } = options;
  const own = nodeOptionsOf(rest, "b.child", ["id", "onFailure", "onTimeout"]);
  const named = typeof workflow === "string" ? workflow : (workflow as { id?: unknown } | null)?.id;
  assertName(named, "the workflow of b.child");
  if (typeof workflow !== "string") recorder.children.set(named, workflow);
  const id = recorder.claimId(given as string | undefined, named);
  const declared = (workflow as { ir?: { inputs: readonly { name: string; optional?: boolean; default?: unknown }[] } }).ir?.inputs;
  const reads = readsOf(recorder, block, declared, input, id);
  const node = recorder.add(block, id, () => ({ kind: "workflow", ...own, workflow: named, reads }));
  return withResult(scope, node, { name: id, arms: { failure: onFailure as never, timeout: onTimeout as never } });
}

function readsOf(
  recorder: Recorder,
  block: Block,
  declared: readonly { readonly name: string; readonly optional?: boolean; readonly default?: unknown }[] | undefined,
  input: unknown,
  id: string,
): readonly unknown[] {
  const { expr } = lower(input ?? {}, `the input of ${id}`);
  const open = (name: string): boolean => declared?.some((one) => one.name === name && one.optional !== true) !== true;
  const read = (name: string, value: unknown): unknown => ({
    name,
    value: recorder.resolve(value, block, `input ${name} of ${id}`),
    ...(open(name) ? { optional: true } : {}),
  });
  if (derivedOf(input) === undefined) {
    if (expr.kind !== "object" && expr.kind !== "literal")
      throw new AuthoringError(`the input of ${id} is not an object`, "Give its inputs by name");
    return Object.entries((input ?? {}) as object)
      .filter(([, value]) => value !== undefined)
      .map(([name, value]) => read(name, value));
  }
  if (declared === undefined) {
    throw new AuthoringError(`the input of ${id} has no names`, "Give its inputs by name: b.child(workflow, { name: value })");
  }
  const whole = input as Readonly<Record<string, unknown>>;
  return declared.map(({ name }) => read(name, whole[name]));
}
