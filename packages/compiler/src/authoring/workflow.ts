/**
 * Plain TypeScript workflows: what a body that is read, and never run, is made of. These functions have types for the
 * editor and meaning for the compiler; called while a program runs, they throw.
 */
import type { JsonValue, RunLimits } from "@heddle/core";
import { AuthoringError } from "./authoring-error.ts";
import type { NodeOptions } from "./handler.ts";
import type { Type } from "./types.ts";

export interface PlainWorkflowOptions {
  /** Names the workflow in the bundle, and for those who start it. */
  readonly name: string;
  readonly description?: string;
  readonly limits?: RunLimits;
  /** `batch` (default) ends; `service` is kept running. */
  readonly type?: "batch" | "service";
}

const brand = Symbol.for("@heddle/compiler/plain-workflow");

/** A workflow that is read from its source. Another workflow calls it as `await child(input)`. */
export interface PlainWorkflow<Input, Output> {
  (...input: unknown extends Input ? [] : [input: Input]): Promise<Output>;
  readonly [brand]: PlainWorkflowOptions;
}

/** Declares a workflow: an async function of one object, whose body the compiler reads. */
export function workflow<Input, Output>(
  options: PlainWorkflowOptions,
  _body: (input: Input) => Promise<Output>,
): PlainWorkflow<Input, Output> {
  const call = (): never => readNeverRun(`workflow ${options.name}`);
  return Object.assign(call, { [brand]: Object.freeze({ ...options }) }) as PlainWorkflow<Input, Output>;
}

export interface ModelOptions<Input, Output> extends NodeOptions {
  /** Names its nodes. */
  readonly name: string;
  /** What it is asked: a text, or a template text over its input. */
  readonly prompt: string | ((input: Input) => string);
  readonly model?: string;
  readonly output?: Type<Output>;
  readonly tools?: readonly string[];
}

/** A question to a language model, as a step. */
export type Model<Input, Output> = (...input: unknown extends Input ? [input?: JsonValue] : [input: Input]) => Promise<Output>;

/** Declares a model step. */
export function model<Input = unknown, Output = JsonValue>(options: ModelOptions<Input, Output>): Model<Input, Output> {
  return () => readNeverRun(`model ${options.name}`);
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
