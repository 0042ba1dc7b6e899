/** The types of symbolic values: what an author's editor knows of a value that exists only when a run does. */

declare const plain: unique symbol;

/** Something whose value, during a run, is a `T`. */
export interface Symbolic<T> {
  readonly [plain]: T;
}

type Scalar = string | number | boolean | null;
type Present<T> = Exclude<T, null | undefined>;
type OrNull<T, Whole> = Present<Whole> extends Whole ? (Whole extends Present<Whole> ? T : T | null) : T | null;

/** A member as a run reads it: what may be missing reads as null. */
type Member<T> = undefined extends T ? Exclude<T, undefined> | null : T;

/**
 * A value of a run, as its workflow sees it while it is built: an expression with the shape of a `T`.
 * Members, elements and `length` are expressions too; what JavaScript would do with it (`if`, `===`,
 * `+`, `await`, `for`) has a helper instead: `b.branch`, `eq`, `add`, nothing, `b.map`.
 */
export type Value<T> = Symbolic<T> &
  ([Present<T>] extends [string]
    ? { readonly length: Value<OrNull<number, T>> }
    : [Present<T>] extends [readonly (infer Item)[]]
      ? { readonly length: Value<OrNull<number, T>>; readonly [index: number]: Value<Item | null> }
      : [Present<T>] extends [object]
        ? { readonly [Key in keyof Present<T>]-?: Value<OrNull<Member<Present<T>[Key]>, T>> }
        : unknown);

/** What may be given where a run needs a `T`: a plain value, a symbolic one, or a literal that holds both. */
export type Given<T> =
  | Symbolic<T>
  | (T extends Scalar | undefined
      ? T
      : T extends readonly (infer Item)[]
        ? readonly Given<Item>[]
        : T extends object
          ? { readonly [Key in keyof T]: Given<T[Key]> }
          : T);

/** The type that a given value has in a run. Nothing (`undefined`, `void`) is null there. */
export type Plain<G> =
  G extends Symbolic<infer T>
    ? T
    : G extends Scalar
      ? G
      : G extends undefined
        ? null
        : G extends readonly (infer Item)[]
          ? Plain<Item>[]
          : G extends object
            ? { [Key in keyof G]: Plain<G[Key]> }
            : null;

/** Why something failed, as `catch` bodies and failure callbacks see it. */
export interface FailureInfo {
  readonly code: string;
  readonly message: string;
  readonly class: string;
  readonly retryable: boolean;
  readonly node?: string;
  readonly details?: unknown;
}
