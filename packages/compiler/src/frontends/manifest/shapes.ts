/**
 * The pieces that shapes of the manifest are made of, and `hold`, which tells each way in which a value
 * does not have its shape. Shapes only ask: the document itself is what is read afterwards, so that a
 * member which no shape names is kept as it is.
 */
import type { JsonValue } from "@heddle/core";
import * as z from "zod";
import { jsonPath } from "./json-access.ts";
import type { ProblemList } from "./problem-list.ts";

function numeric(fits: (value: number) => boolean, message: string): z.ZodType<number> {
  return z.custom<number>((value) => typeof value === "number" && fits(value), message);
}

export const positive = numeric((value) => Number.isInteger(value) && value >= 1, "must be a positive integer");
export const count = numeric((value) => Number.isInteger(value) && value >= 0, "must be a whole number, zero or greater");
export const zeroOrMore = numeric((value) => value >= 0, "must be zero or greater");
export const aboveZero = numeric((value) => value > 0, "must be greater than zero");
export const portNumber = numeric((value) => Number.isInteger(value) && value >= 1 && value <= 65_535, "must be between 1 and 65535");
export const flag = z.boolean("must be true or false");
export const text = z.string("must be a string").refine((value) => value !== "", "must not be empty");
export const texts = z.array(text, "must be a list of strings");
export const anyObject = z.looseObject({}, "must be an object");

export function oneOf(values: readonly [string, ...string[]], message = `must be one of ${values.join(", ")}`): z.ZodType {
  return z.enum(values, message);
}

export function listOf(item: z.ZodType): z.ZodType {
  return z.array(item, "must be a list");
}

/**
 * An object of which some members are known. Each may be absent or null, unless it is `needed`. Only the
 * members that are there are looked at: a shape of fifty costs a node of five no more than five.
 */
export function members(known: Readonly<Record<string, z.ZodType>>, needed: Readonly<Record<string, z.ZodType>> = {}): z.ZodType {
  const shapes = new Map(Object.entries({ ...known, ...needed }));
  const names = Object.keys(needed);
  return anyObject.check(({ value, issues }) => {
    const tell = (path: PropertyKey[], message: string): void => void issues.push({ code: "custom", input: value, path, message });
    for (const name of names) if ((value[name] ?? null) === null) tell([name], "is required");
    for (const [name, inner] of Object.entries(value)) {
      const shape = inner === null ? undefined : shapes.get(name);
      for (const { path, message } of shape?.safeParse(inner).error?.issues ?? []) tell([name, ...path], message);
    }
  });
}

/** How a message names what does not fit: from the path inside the value. */
export type Subject = (path: readonly PropertyKey[]) => string;

/** `policies.restart.attempts`, `services.0.name`. */
export function dotted(root: string): Subject {
  return (path) => [root, ...path].map(String).join(".");
}

/** `config.batch_size for node n`, `resources.ports[0] for node n.label`. */
export function ofNode(root: string, node: string): Subject {
  return (path) => {
    const last = path.findLastIndex((step) => typeof step === "number");
    const tail =
      last === -1
        ? ""
        : path
            .slice(last + 1)
            .map((step) => `.${String(step)}`)
            .join("");
    return `${jsonPath(root, ...(last === -1 ? path : path.slice(0, last + 1)))} for node ${node}${tail}`;
  };
}

/** Tells what does not fit; true where everything does. */
export function hold(
  problems: ProblemList,
  shape: z.ZodType,
  value: JsonValue | undefined,
  place: { readonly path: string; readonly subject: Subject; readonly help: string },
): boolean {
  const { success, error } = shape.safeParse(value);
  for (const issue of error?.issues ?? [])
    problems.error(jsonPath(place.path, ...issue.path), `${place.subject(issue.path)} ${issue.message}`, place.help);
  return success;
}
