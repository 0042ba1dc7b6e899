/**
 * `buildWorkflow()`: runs the author's function once, with symbolic values, and keeps what it recorded
 * as an IR of the discipline `stages`. What is not known here (schemas, other workflows) is checked
 * when a bundle is made of it.
 */
import type { RunLimits, WorkflowInput, WorkflowIr } from "@heddle/core";
import { AuthoringError, type CallSite } from "./authoring-error.ts";
import type { Builder, WorkflowReference } from "./builder.ts";
import { assertName, type Handler, handlerOptionsOf } from "./handler.ts";
import { namespaceOf } from "./namespace.ts";
import { program, remote, tool } from "./outside.ts";
import { type Block, Recorder, type Variable } from "./recorder.ts";
import { attempt, branch, child, loop, map, parallel } from "./regions.ts";
import { assignVariable, call, declareVariable, end, fail, person, type Scope, signal, wait } from "./steps.ts";
import { assertAllUsed } from "./symbolic.ts";
import { type Fields, fieldsOf, type GivenFields, type Infer, type Type } from "./types.ts";
import type { Plain, Value } from "./value.ts";

export interface WorkflowOptions<F extends Fields> {
  readonly id: string;
  readonly description?: string;
  /** The inputs of a run, by name. */
  readonly input?: F;
  /** What a run gives; its fields are shown to those who call it. */
  readonly output?: Type<unknown>;
  readonly limits?: RunLimits;
  /** `batch` (default) ends; `service` is kept running. */
  readonly type?: "batch" | "service";
}

const brand = Symbol.for("@heddle/compiler/workflow");

/** A workflow as its module exports it. */
export interface Workflow<Input, Output> extends WorkflowReference<Input, Output> {
  readonly [brand]: true;
  readonly ir: WorkflowIr;
  /** The functions behind its handler nodes, by name: what an embedding program gives to a runtime. */
  readonly handlers: Readonly<Record<string, Handler<unknown, unknown>>>;
  /** The names of its handlers that workers serve: there is no function behind them here. */
  readonly served: readonly string[];
  /** The workflows that its steps start, not those that they only name. */
  readonly workflows: readonly Workflow<unknown, unknown>[];
  /** Where the author wrote each node. */
  readonly sites: ReadonlyMap<string, CallSite>;
}

type InputValues<F extends Fields> = { readonly [Name in keyof F]: Value<Infer<F[Name]>> };

/** Builds a workflow. The function is called once, here; it must not be async. */
export function buildWorkflow<const F extends Fields, R>(
  options: WorkflowOptions<F>,
  body: (b: Builder, input: InputValues<F>) => R,
): Workflow<GivenFields<F>, Plain<R>> {
  assertName(options?.id, "the id of a workflow");
  assertOptions(options);
  const recorder = new Recorder(options.id);
  const root = recorder.frame(`workflow ${options.id}`, undefined);
  const inputs = inputsOf(options.input ?? {}, recorder, root);
  const input = namespaceOf(recorder, `the input of ${options.id}`, inputs) as InputValues<F>;
  const value = recorder.run(root, () => body(builderOf(recorder, root), input));
  if (root.ended === undefined)
    recorder.end(root, recorder.outputOf(root, value, `what workflow ${options.id} returns`), "the end of the workflow");
  assertAllUsed(recorder);
  const output = options.output?.type;
  const ir: WorkflowIr = {
    ir: "heddle.ir/v1",
    id: options.id,
    ...(options.description === undefined ? {} : { description: options.description }),
    source: { frontend: "builder" },
    discipline: "stages",
    ...(options.type === undefined ? {} : { type: options.type }),
    inputs: Object.entries(options.input ?? {}).map(([name, type]) => inputOf(name, type)),
    ...(output?.kind === "object" ? { outputs: [...output.fields] } : {}),
    ...recorder.lowered(root),
    ...(recorder.queries.length === 0 ? {} : { queries: recorder.queries }),
    ...(options.limits === undefined ? {} : { limits: options.limits }),
  };
  const isServed = ([, fn]: readonly [string, unknown]): boolean => handlerOptionsOf(fn)?.worker === true;
  const served = [...recorder.handlers].filter(isServed);
  const functions = [...recorder.handlers].filter((entry) => !isServed(entry));
  return Object.freeze({
    [brand]: true as const,
    id: options.id,
    ir,
    handlers: Object.fromEntries(functions) as Workflow<unknown, unknown>["handlers"],
    served: served.map(([name]) => name),
    workflows: [...recorder.children.values()].filter(isWorkflow),
    sites: recorder.sites,
  });
}

/** Whether a value was made by `buildWorkflow`. */
export function isWorkflow(value: unknown): value is Workflow<unknown, unknown> {
  return typeof value === "object" && value !== null && brand in value;
}

function assertOptions(options: object): void {
  const known = ["id", "description", "input", "output", "limits", "type"];
  for (const name of Object.keys(options)) {
    if (!known.includes(name)) throw new AuthoringError(`buildWorkflow has no option ${name}`, `There are ${known.join(", ")}`);
  }
}

function inputsOf(fields: Fields, recorder: Recorder, root: Block): ReadonlyMap<string, Variable> {
  return new Map(
    Object.keys(fields).map((name) => {
      if (!/^[A-Za-z_][A-Za-z0-9_]{0,99}$/.test(name))
        throw new AuthoringError(`an input is named ${JSON.stringify(name)}`, "Use an identifier");
      return [name, recorder.declare(name, root)];
    }),
  );
}

function inputOf(name: string, given: Type<unknown>): WorkflowInput {
  const [field] = fieldsOf({ [name]: given });
  if (field === undefined) throw new AuthoringError(`input ${name} has no type`, "Use t.string, t.number, …");
  return { ...field, ...(given.default === undefined ? {} : { default: given.default }) };
}

function builderOf(recorder: Recorder, block: Block): Builder {
  const scope: Scope = { recorder, block, builderOf: (inner) => builderOf(recorder, inner) };
  const steps: Record<keyof Builder, (...given: never[]) => unknown> = {
    call: (...given: unknown[]) => call(scope, given),
    branch: (condition: unknown, then: never, otherwise: never, options?: object) => branch(scope, condition, then, otherwise, options),
    let: (name: string, initial: unknown) => declareVariable(scope, name, initial),
    assign: (variable: unknown, value: unknown) => assignVariable(scope, variable, value),
    parallel: (branches: never, options?: never) => parallel(scope, branches, options),
    map: (list: unknown, ...given: unknown[]) => map(scope, list, given),
    loop: (options: never, body: never) => loop(scope, options, body),
    try: (body: never, options?: never) => attempt(scope, body, options),
    approve: (options: never) => person(scope, "approve", options),
    ask: (options: never) => person(scope, "answer", options),
    sleep: (duration: unknown, options?: object) => wait(scope, "duration", duration, options),
    until: (moment: unknown, options?: object) => wait(scope, "until", moment, options),
    signal: (name: string, options?: never) => signal(scope, name, options),
    child: (workflow: unknown, input: unknown, options?: never) => child(scope, workflow, input, options),
    tool: (name: unknown, input?: unknown, options?: never) => tool(scope, name, input, options),
    remote: (uid: unknown, input?: unknown, options?: never) => remote(scope, uid, input, options),
    process: (command: unknown, input?: unknown, options?: never) => program(scope, command, input, options),
    return: (value?: unknown) => end(scope, value),
    fail: (code: unknown, message: unknown) => fail(scope, code, message),
    query: (name: string, value: unknown) => declareQuery(scope, name, value),
  };
  return Object.freeze(steps) as unknown as Builder;
}

function declareQuery({ recorder, block }: Scope, name: string, value: unknown): void {
  recorder.assertCurrent(block, "b.query");
  assertName(name, "the name of a query");
  if (block.frame.parent !== undefined) {
    throw new AuthoringError(
      `query ${name} is declared in ${block.frame.what}`,
      "Queries read the outermost frame; declare it in the function of the workflow",
    );
  }
  if (recorder.queries.some((known) => known.name === name))
    throw new AuthoringError(`two queries are named ${name}`, "Give one of them another name");
  recorder.queries.push({ name, value: recorder.resolve(value, block, `query ${name}`) });
}
