/** What goes with each request: who asks, until when, and how much of a list. */
import * as z from "zod";
import { TenantId } from "./ids.ts";
import { Role } from "./ir-parts.ts";

/** Who asks, as the token says. */
export const Principal = z.strictObject({
  subject: z.string(),
  tenant: TenantId,
  roles: z.array(Role),
});
export type Principal = z.infer<typeof Principal>;

/** Goes with each call: who, and until when anybody listens. */
export interface Caller {
  readonly principal: Principal;
  readonly signal?: AbortSignal;
}

export const Page = z.strictObject({
  /** At most this many rows. Default 50. */
  limit: z.number().int().min(1).max(1_000).exactOptional(),
  /** Where the page before ended. */
  cursor: z.string().max(512).exactOptional(),
});

export interface PageOf<Row> {
  readonly rows: readonly Row[];
  /** Absent on the last page. */
  readonly cursor?: string;
}
