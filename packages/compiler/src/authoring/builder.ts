/** The builder: the steps of a workflow, as an author's function calls them. Types only; see steps and regions. */
import type { JsonObject, JsonValue, Permission } from "@heddle/core";
import type { Handler, NodeOptions } from "./handler.ts";
import type { Type } from "./types.ts";
import type { FailureInfo, Given, Plain, Symbolic, Value } from "./value.ts";

/** An id of the author's choice. Without one, a step is named after its handler or kind, with a number on repetition. */
export interface StepId {
  readonly id?: string;
}

/** What happens instead when a step does not succeed. The function's value takes the place of the step's. */
export interface OnFailure<F, T> {
  /** The step failed for good. Without it, the failure goes to the nearest `b.try`, or fails the run. */
  readonly onFailure?: (failure: Value<FailureInfo>, b: Builder) => F;
  /** The step took longer than its `timeoutMs`. Without it, that is a failure. */
  readonly onTimeout?: (failure: Value<FailureInfo>, b: Builder) => T;
}

export interface OnRejected<R> {
  /** A person said no. Without it, the result says so. */
  readonly onRejected?: (failure: Value<FailureInfo>, b: Builder) => R;
}

export interface CallOptions<F, T> extends NodeOptions, OnFailure<F, T> {}

type CallRest<Input, F, T> = null extends Input
  ? [input?: Given<Input>, options?: CallOptions<F, T>]
  : [input: Given<Input>, options?: CallOptions<F, T>];

export interface PersonOptions<R, T> extends StepId, OnRejected<R>, Pick<OnFailure<never, T>, "onTimeout"> {
  /** The question. */
  readonly prompt: Given<string>;
  /** What the person needs to see to answer it. */
  readonly details?: unknown;
  readonly timeoutMs?: number;
  readonly label?: string;
  readonly description?: string;
}

/** What a person said to `b.approve`. */
export interface Approval {
  readonly approved: boolean;
  readonly by?: string;
  readonly comment?: string;
}

/** What a person answered to `b.ask`; the answer is null when they declined. */
export interface Answer<T> {
  readonly answer: T | null;
  readonly by?: string;
}

export interface MapOptions extends StepId {
  readonly concurrencyMax?: number;
  /** `fail-fast` (default): the first failure fails the step. `collect`: each result says how its item went. */
  readonly collect?: "fail-fast" | "collect";
  readonly timeoutMs?: number;
  readonly label?: string;
}

/** How one item of a collecting `b.map` went. */
export interface Collected<T> {
  readonly ok: boolean;
  readonly value?: T;
  readonly failure?: FailureInfo;
}

export interface LoopOptions<C> extends StepId {
  /** The variables that go from one iteration to the next, with their first values. */
  readonly carried: C;
  /** Goes on while this is true. */
  readonly while: (vars: CarriedValues<C>) => Given<boolean | null>;
  /** Most iterations; one more fails the step (`iterations-exceeded`). */
  readonly iterationsMax?: number;
  /** Whether `while` is evaluated before the first iteration (default) or after it. */
  readonly test?: "before" | "after";
  readonly timeoutMs?: number;
  readonly label?: string;
}

export type CarriedValues<C> = { readonly [Name in keyof C]: Value<Plain<C[Name]>> };
export type CarriedNext<C> = { readonly [Name in keyof C]?: Given<Plain<C[Name]>> };

export interface TryOptions<C, F> extends StepId {
  /** Runs when the body failed; its value takes the place of the body's. */
  readonly catch?: (failure: Value<FailureInfo>, b: Builder) => C;
  /** Runs at the end in any case, also when the run is cancelled. Its value is not used. */
  readonly finally?: (b: Builder) => F;
  readonly timeoutMs?: number;
  readonly label?: string;
}

export interface SignalOptions<S, T> extends StepId, Pick<OnFailure<never, T>, "onTimeout"> {
  readonly type?: Type<S>;
  readonly timeoutMs?: number;
  readonly label?: string;
}

export interface ChildOptions<F, T> extends StepId, OnFailure<F, T> {
  readonly timeoutMs?: number;
  readonly label?: string;
}

interface OutsideOptions<R, F, T> extends StepId, NodeOptions, OnRejected<R>, OnFailure<F, T> {}

export interface ToolOptions<R, F, T> extends OutsideOptions<R, F, T> {
  /** The kind of effect that the call has, as in `fs.write`: of a tool of the runtime. Default: the name, as of a plugin's action. */
  readonly capability?: string;
  /** What the call may do. `modify` (the default) and `admin` ask a person before each call. */
  readonly permission?: Permission;
}

export interface RemoteOptions<R, F, T> extends OutsideOptions<R, F, T> {
  /** The package or the uid of the server that offers the node, where several do. */
  readonly server?: string;
  /** What the node is set to, by name; its definition's values for the rest. */
  readonly parameters?: JsonObject;
}

export interface ProcessOptions<R, F, T> extends OutsideOptions<R, F, T> {
  /** Further files of the author's that the program finds beside itself. */
  readonly files?: readonly URL[];
  /** Other settings of a process: `timeout_seconds`, `max_memory_mb`, `content_type`, … */
  readonly config?: JsonObject;
}

/** What a program left behind. `output` is the JSON object that it printed, or null where it printed something else. */
export interface ProgramResult {
  readonly output: JsonValue;
  readonly sandbox: { readonly exit_code: number; readonly stdout: string; readonly stderr: string };
  /** Given by `next_state`: write it into a variable, and give it as the input `$state`. */
  readonly state?: JsonValue;
}

/** Inputs by name. */
export type NamedInput = Readonly<Record<string, unknown>>;

/** A workflow that another can start: made by `buildWorkflow`, or the id of one in the same bundle. */
export interface WorkflowReference<Input, Output> {
  readonly id: string;
  /** Never there: carries the types. */
  readonly types?: { readonly input: Input; readonly output: Output };
}

/**
 * Records the steps of one function. Functions inside it (arms, bodies) are given builders of their
 * own. A value made in one may be used in those inside it; outwards goes only what they return.
 */
export interface Builder {
  /** Runs a handler and gives its result. */
  call<Input, Output, F = never, T = never>(
    handler: Handler<Input, Output>,
    ...rest: CallRest<Input, F, T>
  ): Value<Output | Plain<F> | Plain<T>>;
  call<Input, Output, F = never, T = never>(
    id: string,
    handler: Handler<Input, Output>,
    ...rest: CallRest<Input, F, T>
  ): Value<Output | Plain<F> | Plain<T>>;

  /** Takes one of two ways and goes on where they meet. Gives what the taken one returned. */
  branch<A, B = null>(
    condition: Given<boolean | null>,
    then: (b: Builder) => A,
    otherwise?: (b: Builder) => B,
    options?: StepId,
  ): Value<Plain<A> | Plain<B>>;

  /** A variable. Reading it gives what it holds when the reading step runs. */
  let<G>(name: string, initial: G): Value<Plain<G>>;
  /** Sets a variable of the same frame: region bodies return what they compute instead. */
  assign<T>(variable: Symbolic<T>, value: Given<T>): void;

  /** Runs functions at the same time; the first failure cancels the others. Gives what each returned, by name. */
  parallel<const B extends Readonly<Record<string, (b: Builder) => unknown>>>(
    branches: B,
    options?: StepId & { readonly timeoutMs?: number; readonly label?: string },
  ): Value<{ [Name in keyof B]: Plain<ReturnType<B[Name]>> }>;

  /** Runs a function for each item of a list. Gives the list of what it returned, in the order of the items. */
  map<Item, R>(list: Given<readonly Item[]>, body: (item: Value<Item>, b: Builder, index: Value<number>) => R): Value<Plain<R>[]>;
  map<Item, R>(
    list: Given<readonly Item[]>,
    options: MapOptions & { readonly collect: "collect" },
    body: (item: Value<Item>, b: Builder, index: Value<number>) => R,
  ): Value<Collected<Plain<R>>[]>;
  map<Item, R>(
    list: Given<readonly Item[]>,
    options: MapOptions,
    body: (item: Value<Item>, b: Builder, index: Value<number>) => R,
  ): Value<Plain<R>[]>;

  /** Repeats a function. It returns the next values of those carried variables that change; the step gives them all. */
  loop<C extends object>(
    options: LoopOptions<C>,
    body: (vars: CarriedValues<C>, b: Builder) => CarriedNext<C> | undefined,
  ): Value<{ [Name in keyof C]: Plain<C[Name]> }>;

  /** Runs a function whose failure does not fail the run. */
  try<B, C = never, F = unknown>(body: (b: Builder) => B, options: TryOptions<C, F>): Value<Plain<B> | Plain<C>>;

  /** Asks a person for yes or no. */
  approve<R = never, T = never>(options: PersonOptions<R, T>): Value<Approval | Plain<R> | Plain<T>>;
  /** Asks a person for a value. */
  ask<A, R = never, T = never>(options: PersonOptions<R, T> & { readonly answer: Type<A> }): Value<Answer<A> | Plain<R> | Plain<T>>;

  /** Waits for milliseconds, or a text like `5s`, `1h30m`, `2d`. */
  sleep(duration: number | string | Symbolic<number>, options?: StepId): void;
  /** Waits for a moment: a date, RFC 3339 text, or milliseconds since the epoch. */
  until(moment: Date | string | number | Symbolic<string | number>, options?: StepId): void;
  /** Waits for a value that somebody sends to the run. */
  signal<S = unknown, T = never>(name: string, options?: SignalOptions<S, T>): Value<S | Plain<T>>;

  /** Runs another workflow of the bundle as a run of its own, and gives its output. */
  child<Input, Output, F = never, T = never>(
    workflow: WorkflowReference<Input, Output> | string,
    input: Given<Input>,
    options?: ChildOptions<F, T>,
  ): Value<Output | Plain<F> | Plain<T>>;

  /** Calls an action of a plugin, `<plugin>.<action>`, and gives its result; with `output`, held to that type. */
  tool<Output, R = never, F = never, T = never>(
    name: string,
    input: NamedInput,
    options: ToolOptions<R, F, T> & { readonly output: Type<Output> },
  ): Value<Output | Plain<R> | Plain<F> | Plain<T>>;
  tool<R = never, F = never, T = never>(
    name: string,
    input?: NamedInput,
    options?: ToolOptions<R, F, T>,
  ): Value<JsonValue | Plain<R> | Plain<F> | Plain<T>>;

  /** Has a node server carry out a node, and gives its outputs by port, each a list. */
  remote<Output, R = never, F = never, T = never>(
    uid: string,
    input: NamedInput,
    options: RemoteOptions<R, F, T> & { readonly output: Type<Output> },
  ): Value<Output | Plain<R> | Plain<F> | Plain<T>>;
  remote<R = never, F = never, T = never>(
    uid: string,
    input?: NamedInput,
    options?: RemoteOptions<R, F, T>,
  ): Value<JsonValue | Plain<R> | Plain<F> | Plain<T>>;

  /**
   * Runs a program. A URL in the command is a file of the author's: it goes into the bundle, and the program finds it
   * in its folder. Gives what the program left behind; with `output`, the JSON object that it must print.
   */
  process<Output, R = never, F = never, T = never>(
    command: string | readonly (string | URL)[],
    input: NamedInput,
    options: ProcessOptions<R, F, T> & { readonly output: Type<Output> },
  ): Value<Output | Plain<R> | Plain<F> | Plain<T>>;
  process<R = never, F = never, T = never>(
    command: string | readonly (string | URL)[],
    input?: NamedInput,
    options?: ProcessOptions<R, F, T>,
  ): Value<ProgramResult | Plain<R> | Plain<F> | Plain<T>>;

  /** Ends the workflow, or the body of a region, with this value. */
  return(value?: unknown): never;
  /** Fails the workflow, or the body of a region. */
  fail(code: string, message: string): never;
  /** Names a value that may be asked for while the workflow runs and afterwards. */
  query(name: string, value: unknown): void;
}
