/** `t`: the types of inputs, results, answers and signals, each also a TypeScript type. */
import type { FieldType, JsonValue, ValueType } from "@heddle/core";
import { AuthoringError } from "./authoring-error.ts";

/** A path of the machine that runs the workflow: a text, which the command line makes absolute where a run is started. */
export type Path = string;

declare const plain: unique symbol;

/** A value type that TypeScript knows as `T`. Made with {@link t}. */
export interface Type<T> {
  readonly [plain]?: T;
  readonly type: ValueType;
  readonly optional?: true;
  readonly default?: JsonValue;
  readonly description?: string;
}

/**
 * A tree of zod's, known by its shape alone: nothing of zod is loaded here. Handlers and models of plain workflows take
 * one where they take a {@link Type}, and the compiler reads it; `buildWorkflow` does not.
 */
export interface ZodTree<T> {
  readonly _zod: { readonly output: T };
}

/** The type of a declaration that is run and not read. Throws `AuthoringError` for a tree of zod's. */
export function ownType<T>(given: Type<T> | ZodTree<T> | undefined, what: string): Type<T> | undefined {
  if (given === undefined || !("_zod" in given)) return given;
  throw new AuthoringError(`${what} is a tree of zod's, which only plain workflows are read with`, "Write it with `t`");
}

/** An optional place of type `T`: left out, it reads as null. */
export interface OptionalType<T> extends Type<T | null> {
  readonly optional: true;
}

/** The TypeScript type of a {@link Type}. */
export type Infer<T> = T extends Type<infer Plain> ? Plain : never;

/** Named types: the inputs of a workflow, the fields of an object. */
export type Fields = Readonly<Record<string, Type<unknown>>>;

/** The object that {@link Fields} describe, as a run has it. */
export type InferFields<F extends Fields> = { readonly [Name in keyof F]: Infer<F[Name]> };

type OptionalNames<F extends Fields> = {
  [Name in keyof F]: F[Name] extends { readonly optional: true } | { readonly default: JsonValue } ? Name : never;
}[keyof F];

/** The object that {@link Fields} describe, as somebody gives it: optional fields may be left out. */
export type GivenFields<F extends Fields> = { readonly [Name in Exclude<keyof F, OptionalNames<F>>]: Infer<F[Name]> } & {
  readonly [Name in OptionalNames<F>]?: Infer<F[Name]>;
};

function scalar<T>(kind: "string" | "number" | "boolean" | "path" | "json"): Type<T> {
  return { type: { kind } };
}

/** The vocabulary of value types. */
export const t = {
  string: scalar<string>("string"),
  /** A finite number. */
  number: scalar<number>("number"),
  boolean: scalar<boolean>("boolean"),
  /** A path of the machine that runs the workflow; a string in a run. */
  path: scalar<string>("path"),
  /** Any JSON value. */
  json: scalar<JsonValue>("json"),
  /** A list. */
  array: <T>(items: Type<T>): Type<readonly T[]> => ({ type: { kind: "array", items: items.type } }),
  /** An object with these fields; others are kept. */
  object: <F extends Fields>(fields: F): Type<InferFields<F>> => ({ type: { kind: "object", fields: fieldsOf(fields) } }),
  /** One of these values. */
  enum: <const V extends readonly [string | number | boolean | null, ...(string | number | boolean | null)[]]>(
    ...values: V
  ): Type<V[number]> => ({ type: { kind: "enum", values } }),
  /** May be left out, and then reads as null. */
  optional: <T>(type: Type<T>): OptionalType<T> => ({ ...type, optional: true }),
  /** May be left out, and then has this value. Inputs of workflows only. */
  default: <T extends JsonValue>(type: Type<T>, value: NoInfer<T>): Type<T> & { readonly default: T } => ({ ...type, default: value }),
  /** The same type, with a text for people. */
  describe: <T extends Type<unknown>>(type: T, description: string): T => ({ ...type, description }),
} as const;

/** Fields in the form of the IR. */
export function fieldsOf(fields: Fields): FieldType[] {
  return Object.entries(fields).map(([name, { type, optional, description }]) => ({
    name,
    type,
    ...(optional === undefined ? {} : { optional }),
    ...(description === undefined ? {} : { description }),
  }));
}
