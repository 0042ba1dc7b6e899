/** The audit group of RuntimeApi: the chain of what was decided about calls and grants. */
import * as z from "zod";
import type { AuditExplanation, AuditPart, SignedAuditHead } from "./audit.ts";
import type { Caller } from "./caller.ts";
import { CallId } from "./ids.ts";

export const ExportAuditRequest = z.strictObject({
  /** The number of the record to go on after. Default 0: from the first. */
  after: z.number().int().min(0).exactOptional(),
  /** Records at most; an answer holds fewer where they are large. Default 200. */
  limit: z.number().int().min(1).max(1_000).exactOptional(),
});
export const ExplainCallRequest = z.strictObject({ call: CallId });

export interface AuditApi {
  /** The newest head, signed now. It covers every decision that was committed before it was asked for. */
  head(request: Record<never, never>, caller: Caller): Promise<SignedAuditHead>;
  /** The chain in parts; ask again after the last record until it is the head's. */
  export(request: z.infer<typeof ExportAuditRequest>, caller: Caller): Promise<AuditPart>;
  /** Every decision about one call, in order, with its record in the chain. Errors: `call-not-found`. */
  explain(request: z.infer<typeof ExplainCallRequest>, caller: Caller): Promise<AuditExplanation>;
}
