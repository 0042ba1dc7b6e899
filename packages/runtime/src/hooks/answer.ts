/** Reading what hooks answer. An answer that says something else than it may is none: the hook has failed. */
import { type AfterCallAnswer, adoptJson, type BeforeCallAnswer, HeddleError, isOversized } from "@heddle/core";

/** The schema of an answer. */
export interface AnswerSchema<Answer extends BeforeCallAnswer | AfterCallAnswer> {
  safeParse(
    value: unknown,
  ):
    | { readonly success: true; readonly data: Answer }
    | { readonly success: false; readonly error: { readonly issues: readonly { readonly message: string }[] } };
}

/** Nothing (undefined, null, an empty object) lets the call pass. @throws HeddleError `value-invalid`, `value-too-large`, `value-too-deep`. */
export function readAnswer<Answer extends BeforeCallAnswer | AfterCallAnswer>(schema: AnswerSchema<Answer>, given: unknown): Answer {
  const value = given === undefined || given === null ? {} : adoptJson(given);
  if (isOversized(value)) throw new HeddleError("value-too-large", "its answer is too large");
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new HeddleError("value-invalid", `its answer is none: ${parsed.error.issues[0]?.message ?? ""}`);
}
