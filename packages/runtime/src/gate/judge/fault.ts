/** What an expression comes to when it has no value: a value of its own, never an exception. */
import type { JsonValue } from "@heddle/core";

/** Told apart from JSON values by its class; it never leaves the judge. */
export class Fault {
  readonly message: string;
  /** Nothing was there, as opposed to something of the wrong type: `coalesce` goes on after the first alone. */
  readonly absent: boolean;

  constructor(message: string, absent = false) {
    this.message = message;
    this.absent = absent;
  }
}

export type Value = JsonValue | Fault;

/** How a value is called in a message: its type, never its content. */
export function describeValue(value: JsonValue): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "a list";
  switch (typeof value) {
    case "string":
      return "a text";
    case "number":
      return "a number";
    case "boolean":
      return "a boolean";
    default:
      return "an object";
  }
}
