/** Events about calls that the code of a node makes. */
import * as z from "zod";
import { HookRan } from "./api-hooks.ts";
import { PreparedCall } from "./call.ts";
import { Failure } from "./failure.ts";
import { ContentHash } from "./hash.ts";
import { JsonValueSchema } from "./json-schema.ts";

/**
 * A call that the code of an activation made itself. One that changes something is told twice: `started` before it
 * does, and how it ended.
 */
export const HandlerCalled = z.strictObject({
  kind: z.literal("handler-called"),
  activation: z.number().int().min(1),
  attempt: z.number().int(),
  /** The handler's own name for it, or its place in the order of the attempt's calls. */
  name: z.string(),
  tool: z.string(),
  /** Of the tool and the arguments, as they were asked for. */
  asked: ContentHash,
  outcome: z.enum(["started", "succeeded", "failed", "refused"]),
  /** Of the prepared call; absent where it was refused before there was one. */
  call: ContentHash.exactOptional(),
  /** Why it was let through without anybody being asked. */
  verdict: z.enum(["read", "policies", "operator", "grant", "approved"]).exactOptional(),
  grant: z.string().exactOptional(),
  hooks: z.array(HookRan).exactOptional(),
  /** Of one that changes something. */
  prepared: PreparedCall.exactOptional(),
  /** Kept for later attempts. */
  result: JsonValueSchema.exactOptional(),
  /** Of the result, kept or not. */
  digest: ContentHash.exactOptional(),
  failure: Failure.exactOptional(),
});
