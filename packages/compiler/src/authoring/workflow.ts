/**
 * Plain TypeScript workflows: what a body that is read, and never run, is made of. These functions have types for the
 * editor and meaning for the compiler; called while a program runs, they throw.
 */
import type { ApprovalRule, JsonObject, JsonValue, Permission, RunLimits } from "@heddle/core";
import { type ReadDecorator, readOnly } from "./agent.ts";
import { AuthoringError } from "./authoring-error.ts";
import { assertName, type NodeOptions } from "./handler.ts";
import type { BackpressureOptions } from "./options.ts";
import type { Type, ZodTree } from "./types.ts";

export interface PlainWorkflowOptions {
  /** Names the workflow in the bundle, and for those who start it. */
  readonly name: string;
  readonly description?: string;
  readonly limits?: RunLimits;
  /** `batch` (default) ends; `service` is kept running. */
  readonly type?: "batch" | "service";
  /** Streams of its nodes go on to those behind them while they are written, where these support it. */
  readonly streamMode?: string;
  /** What happens to a run whose process is gone. */
  readonly recoveryMode?: string;
  /** The key under which it is made live, or that and how. */
  readonly deployment?: string | JsonObject;
  readonly schedule?: JsonObject | readonly JsonObject[];
  readonly triggers?: readonly JsonValue[];
  /** Services that it offers. */
  readonly services?: readonly JsonValue[];
  /** Services that must be there before a run starts. */
  readonly requiredServices?: readonly JsonValue[];
  /** How it is restarted and rescheduled, where it runs, and how a new version takes over. The runtime judges it. */
  readonly policies?: {
    readonly restart?: JsonObject;
    readonly reschedule?: JsonObject;
    readonly scheduler?: JsonObject;
    readonly update?: JsonObject;
    readonly [other: string]: JsonValue | undefined;
  };
  readonly backpressure?: BackpressureOptions;
  /** Files and folders that go into the bundle besides what is imported; patterns may name several. */
  readonly includes?: readonly string[];
  /** What of these stays out. */
  readonly excludes?: readonly string[];
}

/** What `workflow.input` says of an input besides its name. */
export interface InputOptions<Value> {
  /** What it is where a start gives nothing. Without it the input must be given. */
  readonly default?: Value;
  readonly description?: string;
}

/** Declares workflows: as a function, or as a class with `@workflow.defn` and `@workflow.run`. */
export interface WorkflowDeclaration {
  /** A workflow that is an async function of one object, whose body the compiler reads. */
  <Input, Output>(options: PlainWorkflowOptions, body: (input: Input) => Promise<Output>): PlainWorkflow<Input, Output>;
  /** Makes a class a workflow. Its fields hold the classes of its agents, and one of its methods is run. */
  readonly defn: (options: PlainWorkflowOptions) => ReadDecorator;
  /** Marks the method that is the body of the workflow: it is read as the function of a workflow is, and need not be async. */
  readonly run: ReadDecorator;
  /**
   * An input of the workflow that reads it, given by name when a run starts. Its type is that of its default, or its
   * type argument. Stands as a constant of a module, or where its value is wanted. To code that runs it is its default.
   */
  readonly input: <Value = JsonValue>(name: string, options?: InputOptions<Value>) => Value;
}

const brand = Symbol.for("@heddle/compiler/plain-workflow");

/** A workflow that is read from its source. Another workflow calls it as `await child(input)`. */
export interface PlainWorkflow<Input, Output> {
  (...input: unknown extends Input ? [] : [input: Input]): Promise<Output>;
  readonly [brand]: PlainWorkflowOptions;
}

function workflowOf<Input, Output>(options: PlainWorkflowOptions, _body: (input: Input) => Promise<Output>): PlainWorkflow<Input, Output> {
  const call = (): never => readNeverRun(`workflow ${options.name}`);
  return Object.assign(call, { [brand]: Object.freeze({ ...options }) }) as PlainWorkflow<Input, Output>;
}

export const workflow: WorkflowDeclaration = Object.assign(workflowOf, {
  defn(options: PlainWorkflowOptions): ReadDecorator {
    assertName(options?.name, "the name of a workflow");
    return readOnly;
  },
  run: readOnly as ReadDecorator,
  input: <Value>(_name: string, options?: InputOptions<Value>): Value => options?.default as Value,
});

export interface ModelOptions<Input, Output> extends NodeOptions {
  /** Names its nodes. */
  readonly name: string;
  /** What it is asked: a text, or a template text over its input. */
  readonly prompt: string | ((input: Input) => string);
  readonly model?: string;
  readonly output?: Type<Output> | ZodTree<Output>;
  readonly tools?: readonly string[];
}

/** A question to a language model, as a step. */
export type Model<Input, Output> = (...input: unknown extends Input ? [input?: JsonValue] : [input: Input]) => Promise<Output>;

/** Declares a model step. */
export function model<Input = unknown, Output = JsonValue>(options: ModelOptions<Input, Output>): Model<Input, Output> {
  return () => readNeverRun(`model ${options.name}`);
}

/** Options of {@link tool}. */
export interface ToolStepOptions<Output> extends NodeOptions {
  /** Of the tool, or `<plugin>.<action>`. */
  readonly name: string;
  /** The kind of effect that the call has, as in `fs.write`. Default: the name, as of a plugin's action. */
  readonly capability?: string;
  /** What the call may do. `modify` (the default) and `admin` ask a person before each call. */
  readonly permission?: Permission;
  /** Who may say yes to its calls, how many have to, and until when. */
  readonly approval?: ApprovalRule;
  readonly output?: Type<Output> | ZodTree<Output>;
}

/** A call of a tool, as a step. Its arguments are written out by name. */
export type ToolStep<Input, Output> = (input: Input) => Promise<Output>;

/** Declares the calls of a tool of the runtime, or of an action of a plugin. */
export function tool<Input extends object = JsonObject, Output = JsonValue>(options: ToolStepOptions<Output>): ToolStep<Input, Output> {
  return () => readNeverRun(`tool ${options.name}`);
}

/**
 * Bounds the loop whose body begins with it: a round beyond so many fails with `iterations-exceeded`. A number that is
 * written out.
 */
export function bound(_rounds: number): void {
  readNeverRun("bound");
}

/** Waits for milliseconds, or a text like `5s`, `1h30m`, `2d` that is written out. */
export function sleep(_duration: number | string): Promise<void> {
  return readNeverRun("sleep");
}

/** Waits for a moment: RFC 3339 text, or milliseconds since the epoch. */
export function until(_moment: number | string): Promise<void> {
  return readNeverRun("until");
}

export interface SignalWait {
  readonly timeoutMs?: number;
  readonly label?: string;
  readonly description?: string;
}

/** Waits for a value that somebody sends to the run. Its type argument holds the value to a type. */
export function signal<Value = JsonValue>(_name: string, _options?: SignalWait): Promise<Value> {
  return readNeverRun("signal");
}

export interface PersonWait {
  /** The question. */
  readonly prompt: string;
  /** What the person needs to see to answer it. */
  readonly details?: unknown;
  /** Without an answer by then, the result says `timedOut`. */
  readonly timeoutMs?: number;
  readonly label?: string;
  readonly description?: string;
}

/** What a person said to `approval`: a no and a time that is over are results like a yes. */
export interface Approved {
  readonly approved: boolean;
  readonly timedOut: boolean;
  readonly by?: string | null;
  readonly comment?: string | null;
}

/** Asks a person for yes or no. */
export function approval(_question: PersonWait): Promise<Approved> {
  return readNeverRun("approval");
}

/** What a person answered to `ask`; the answer is null when they declined, or when the time was over. */
export interface Answered<Value> {
  readonly answer: Value | null;
  readonly timedOut: boolean;
  readonly by?: string | null;
}

/** Asks a person for a value. Its type argument says of which type. */
export function ask<Value = JsonValue>(_question: PersonWait): Promise<Answered<Value>> {
  return readNeverRun("ask");
}

/** What {@link failure} makes: an error with a code. */
export class WorkflowFailure extends Error {
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.name = "WorkflowFailure";
    this.code = code;
  }
}

/** An error with a code, to be thrown by a workflow or a handler: `throw failure("no-changes", "There is nothing to publish")`. */
export function failure(code: string, message: string): WorkflowFailure {
  return new WorkflowFailure(code, message);
}

function readNeverRun(what: string): never {
  throw new AuthoringError(
    `${what} was called while a program runs, and a workflow is read, never run`,
    "Start it with heddle run, or compile its file and give the IR to a runtime",
  );
}
