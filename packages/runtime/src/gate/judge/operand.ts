/** Compiled expressions, as the conditions of policies and grants use them: a type that is known, and a way to a value. */
import type { JsonObject, JsonValue, PreparedCall } from "@heddle/core";
import { Fault, type Value } from "./fault.ts";
import { normalPath } from "./paths.ts";

/** What conditions read beside the call itself. */
export interface ConditionContext {
  /** Inputs of the run by name. */
  readonly inputs: JsonObject;
  /**
   * The real folder that a relative path argument is joined to when a call is prepared; a relative text that is
   * compared with a path is joined to the same one. Absent: such a comparison has no value.
   */
  readonly base?: string;
  /**
   * Where a text that a condition compares with a path really leads: what a link is to an argument, it is to such a
   * text. Given an absolute path in normal form; undefined, and where this is absent: to what it spells.
   */
  readonly realPathOf?: (path: string) => string | undefined;
}

/**
 * What is known of a value before any call. `json`: a value whose type shows when it is there, never a path;
 * `paths`: a list of paths; `list`: a list written in place, item by item; `fault`: something that never has a value.
 */
export type OperandType = "boolean" | "number" | "string" | "path" | "paths" | "json" | "list" | "fault";

export type Run<T extends JsonValue = JsonValue> = (call: PreparedCall, context: ConditionContext) => T | Fault;

/** A condition: true, false, or why it is neither. */
export type Condition = Run<boolean>;

export interface Operand {
  readonly type: OperandType;
  /** A path as its real path in normal form; `paths` as a list of them. */
  readonly run: Run;
  /** Of a `list`. */
  readonly items?: readonly Operand[];
  /** Why it never has a value, where that is plain before any call. */
  readonly problem?: string;
}

/** An operand that never has a value, for a reason that is known at once. */
export function faulty(message: string): Operand {
  const fault = new Fault(message);
  return { type: "fault", run: () => fault, problem: message };
}

/** Whether it is, or holds, a path: what texts are never made of. */
export function holdsPaths(operand: Operand): boolean {
  return operand.type === "path" || operand.type === "paths" || operand.items?.some(holdsPaths) === true;
}

/** Whether it can be a text that stands for a path. */
export function mayBeText(operand: Operand): boolean {
  return operand.type === "string" || operand.type === "json" || operand.type === "fault";
}

/** A text, beside a path, as the real path that it leads to: a relative one joined to `root`. */
export function pathOfText(value: JsonValue, root: string | undefined, { realPathOf }: ConditionContext): string | Fault {
  if (typeof value !== "string") return new Fault("a path is compared with what is neither a path nor a text");
  const absolute = value.startsWith("/");
  if (root === undefined && !absolute) {
    return new Fault("a relative text is compared with a path, and nothing says what it is relative to: write an absolute one");
  }
  const path = normalPath(absolute ? value : `${root}/${value}`);
  if (path === undefined) return new Fault("a text compared with a path is no path");
  return realPathOf?.(path) ?? path;
}

/** The value where it is a boolean. */
export function booleanOf(value: Value, what: string): boolean | Fault {
  if (typeof value === "boolean" || value instanceof Fault) return value;
  return new Fault(`${what} is neither true nor false`);
}
