/** The error of ours that a piece of work ends with. */
import { HeddleError } from "@heddle/core";
import { expect } from "vitest";

export async function errorOf(work: Promise<unknown>): Promise<HeddleError> {
  const error: unknown = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!HeddleError.is(error)) expect.fail(`not an error of ours: ${String(error)}`);
  return error;
}
