/**
 * What an author writes: actions with their parameters, and what a request gives them. Types only; the
 * types of `req.params` follow from the declared inputs.
 */
import type { HandlerLog, IntentPattern, JsonObject, JsonValue, OperationStage, ParameterType, Permission, TimeRange } from "@heddle/core";

/** An input or an output. A bare type stands for `{ type }`. */
export interface ParameterDeclaration {
  /** `json` takes any value. */
  readonly type: ParameterType;
  /** Default true. */
  readonly required?: boolean;
  /** Given to models word for word. */
  readonly description?: string;
  /** Taken where none is given. */
  readonly default?: JsonValue;
  /** The values that it may have. */
  readonly enum?: readonly JsonValue[];
}

/** Parameters by name; or as a list, each with its name. */
export type ParameterDeclarations =
  | { readonly [name: string]: ParameterType | ParameterDeclaration }
  | readonly (ParameterDeclaration & { readonly name: string })[];

interface ValueOfType {
  readonly string: string;
  readonly integer: number;
  readonly number: number;
  readonly boolean: boolean;
  readonly array: readonly JsonValue[];
  readonly object: JsonObject;
  readonly json: JsonValue;
}

type ValueOf<Parameter> = Parameter extends ParameterType
  ? ValueOfType[Parameter]
  : Parameter extends { readonly enum: readonly (infer Choice)[] }
    ? Choice
    : Parameter extends { readonly type: infer Type extends ParameterType }
      ? ValueOfType[Type]
      : JsonValue;

type OptionalNames<Input> = {
  [Name in keyof Input]: Input[Name] extends { readonly default: JsonValue }
    ? never
    : Input[Name] extends { readonly required: false }
      ? Name
      : never;
}[keyof Input];

/** The values of declared inputs: checked, defaults filled in. */
export type ParamsOf<Input> = Input extends readonly unknown[]
  ? JsonObject
  : { readonly [Name in Exclude<keyof Input, OptionalNames<Input>>]: ValueOf<Input[Name]> } & {
      readonly [Name in OptionalNames<Input>]?: ValueOf<Input[Name]>;
    };

/** How far a call is, for people who watch. */
export interface Progress {
  readonly message?: string;
  readonly step?: number;
  readonly total?: number;
}

/** One call of an action. */
export interface PluginRequest<Params = JsonObject> {
  readonly action: string;
  /** The inputs, and `action` again. */
  readonly params: Params & { readonly action: string };
  /** What span of time the call is about; parsed where it entered, never by a plugin. */
  readonly timeRange: TimeRange | undefined;
  readonly tenant: string;
  readonly run: string;
  readonly node: string;
  readonly activation: number;
  /** From 1. */
  readonly attempt: number;
  /** The same for every attempt. Pass it on to whatever can tell repeats by it. */
  readonly idempotencyKey: string;
  /** Aborts on timeout, cancel and shutdown. */
  readonly signal: AbortSignal;
  /** When nobody waits any more: milliseconds since the epoch. */
  readonly deadlineMs: number | undefined;
  /** Records of the run, shown by `heddle runs logs`. */
  readonly log: HandlerLog;
  progress(progress: Progress): void;
}

/**
 * What an action gives: a plain value; or `{ output, logs }`, whose logs become records of the run and
 * whose `output.result`, as JSON text, is passed on parsed.
 */
export interface PluginResponse {
  readonly output?: Readonly<Record<string, unknown>>;
  /** What went wrong without being fatal. */
  readonly logs?: readonly string[];
}

/** A phrase of a person that means an action; a bare text stands for `{ pattern }`. */
export type IntentDeclaration = string | (Pick<IntentPattern, "pattern"> & Partial<IntentPattern>);

/** What is said of an action. */
export interface ActionSchema<Input extends ParameterDeclarations = ParameterDeclarations> {
  /** Given to models word for word: write it for them. */
  readonly description: string;
  /** `modify` and `admin` ask a person before each call. Default: the plugin's. */
  readonly permission?: Permission;
  readonly stages?: readonly OperationStage[];
  readonly input?: Input;
  readonly output?: ParameterDeclarations;
  readonly intents?: readonly IntentDeclaration[];
}

/** An action with the function that carries it out. */
export interface ActionDeclaration<Input extends ParameterDeclarations = ParameterDeclarations> extends ActionSchema<Input> {
  /** What it throws fails the call: `code`, `retryable` and `details` of the thrown value are honoured. */
  execute(req: PluginRequest<ParamsOf<Input>>): unknown;
}

/** An action in a list. */
export interface NamedAction {
  readonly name: string;
}

/** A template for prompts, usable by model nodes as `template("plugin/name")`. */
export interface PromptDeclaration {
  readonly name: string;
  readonly description?: string;
  readonly content: string;
}

/** A setting of the plugin. */
export interface ConfigDeclaration {
  readonly type: "string" | "int" | "bool" | "duration" | "json";
  readonly description: string;
  /** Default false. */
  readonly required?: boolean;
  readonly default?: JsonValue;
  /** Its value is never shown. */
  readonly secret?: boolean;
}

/** What a plugin says of itself, its actions aside. */
export interface PluginDescription {
  /** snake_case; with the name of an action it is the name of a tool: `<plugin>.<action>`. */
  readonly name: string;
  /** A semantic version. */
  readonly version: string;
  readonly description: string;
  /** Of actions that name none. There is no default: an author decides. */
  readonly permission: Permission;
  /** At least one; `heddle plugins list --stage` filters by them. */
  readonly stages: readonly OperationStage[];
  readonly intents?: readonly IntentDeclaration[];
  readonly prompts?: readonly PromptDeclaration[];
  /** By key; or as a list. */
  readonly config?: { readonly [key: string]: ConfigDeclaration } | readonly (ConfigDeclaration & { readonly key: string })[];
  readonly metadata?: Readonly<Record<string, string>>;
}

/** What a plugin may do besides its actions. */
export interface PluginHooks {
  /** Throws when the plugin cannot do its work now. The message is shown to operators. */
  healthCheck?(): void | Promise<void>;
  /** Given the settings when the plugin starts, defaults filled in, and whenever they change. */
  configUpdated?(config: JsonObject): void | Promise<void>;
}

/** All that `definePlugin` takes. */
export interface PluginDeclaration extends PluginDescription, PluginHooks {
  readonly actions: { readonly [name: string]: ActionDeclaration } | readonly (ActionDeclaration & NamedAction)[];
}
