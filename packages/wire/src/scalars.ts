/** Numbers and JSON text, as messages carry them. */
import { HeddleError, type JsonValue, parseJson } from "@heddle/core";

/** The largest message that a side accepts as a request. */
export const requestBytesMax = 16 * 1024 * 1024;

/** The largest message that a client accepts as an answer: a run shows its input and its output. */
export const responseBytesMax = 64 * 1024 * 1024;

/** Integers travel as 64 bits. Times are whole milliseconds. */
export function int(value: number): bigint {
  return BigInt(Math.round(value));
}

/** An integer that may be absent. */
export function intOrAbsent(value: number | undefined): bigint | undefined {
  return value === undefined ? undefined : int(value);
}

/** Back to a number; what is beyond safe integers is refused by the schema that follows. */
export function num(value: bigint): number {
  return Number(value);
}

/** A number that may be absent. */
export function numOrAbsent(value: bigint | undefined): number | undefined {
  return value === undefined ? undefined : Number(value);
}

/** JSON text of a value that may be absent. */
export function jsonOrAbsent(value: JsonValue | undefined): string | undefined {
  return value === undefined ? undefined : JSON.stringify(value);
}

/**
 * The value of a JSON field of a request.
 *
 * @throws HeddleError `request-invalid` naming the field when it is not JSON; `value-too-large`, `value-too-deep`.
 */
export function requestJson(field: string, text: string, bytesMax?: number): JsonValue {
  try {
    return parseJson(text, bytesMax);
  } catch (error) {
    if (!HeddleError.is(error, "value-invalid")) throw error;
    throw new HeddleError("request-invalid", `${field} is not JSON`, { details: { field }, cause: error });
  }
}

/** The value of a JSON field of a request that may be absent. */
export function requestJsonOrAbsent(field: string, text: string | undefined): JsonValue | undefined {
  return text === undefined ? undefined : requestJson(field, text);
}

/** The value of a JSON field of an answer. A syntax error is told as an unreadable answer. */
export function answerJson(text: string): unknown {
  return JSON.parse(text);
}

/** The value of a JSON field of an answer that may be absent. */
export function answerJsonOrAbsent(text: string | undefined): unknown {
  return text === undefined ? undefined : answerJson(text);
}
