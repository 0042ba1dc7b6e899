/** Answers that many methods share: a page of rows, a part of a list, nothing. */
import type { PageOf } from "@heddle/core";
import * as z from "zod";

/** A page of a listing, as core's `PageOf`. */
export function pageOf<Row>(row: z.ZodType<Row>): z.ZodType<PageOf<Row>> {
  return z.strictObject({ rows: z.array(row), cursor: z.string().exactOptional() });
}

/** As many rows as fit into one message. `truncated`: the limit allowed more, ask again after the last one. */
export interface PartOf<Row> {
  readonly rows: readonly Row[];
  readonly truncated: boolean;
}

/** A part of a list. */
export function partOf<Row>(row: z.ZodType<Row>): z.ZodType<PartOf<Row>> {
  return z.strictObject({ rows: z.array(row), truncated: z.boolean() });
}

/** The answer of methods that give nothing back. */
export const emptyAnswer = {
  response: z.void() as z.ZodType<void>,
  toResponse: (): undefined => undefined,
  fromResponse: (): Record<never, never> => ({}),
};
