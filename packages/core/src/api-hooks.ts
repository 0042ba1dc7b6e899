/** The hooks group of RuntimeApi: what others want to say about calls, before they are judged and after they are done. */
import * as z from "zod";
import type { Caller } from "./caller.ts";
import { ContentHash } from "./hash.ts";
import { HookId, Name } from "./ids.ts";
import { JsonObjectSchema, JsonValueSchema } from "./json-schema.ts";

/** `pre`: before a call is prepared; `post`: after it was carried out, in the opposite order. */
export const HookPhase = z.enum(["pre", "post"]);
export type HookPhase = z.infer<typeof HookPhase>;

/** A name, or the beginning of names with `*` behind it. */
const Pattern = z
  .string()
  .min(1)
  .max(128)
  .refine((pattern) => !pattern.slice(0, -1).includes("*"), "expected a name, or the beginning of one with * behind it");

export const RegisterHookRequest = z.strictObject({
  /** With the tenant and the name, who the hook is: registered again, it takes the place it had. */
  owner: Name,
  name: Name,
  phase: HookPhase,
  /** Called with POST. A place that is not public has to be among the operator's private hosts. */
  url: z.string().min(1).max(2_048),
  /** Tools whose calls it hears of. Default: all. */
  tools: z.array(Pattern).min(1).max(100).exactOptional(),
  /** Nodes whose calls it hears of. Default: all. */
  nodes: z.array(Pattern).min(1).max(100).exactOptional(),
  /** Of one that does not answer: `open` (default) goes on without it, `closed` refuses the call, or its result. */
  failMode: z.enum(["open", "closed"]).exactOptional(),
  /** Default 5 s. */
  timeoutMs: z.number().int().min(1).max(60_000).exactOptional(),
});
export type RegisterHookRequest = z.infer<typeof RegisterHookRequest>;

export const HookView = z.strictObject({
  id: HookId,
  ...RegisterHookRequest.shape,
  by: z.string(),
  registeredAtMs: z.number(),
});
export type HookView = z.infer<typeof HookView>;

/** `secret`: what its callbacks are signed with; shown here and nowhere else. */
export const RegisteredHook = z.strictObject({ hook: HookView, secret: z.string() });
export type RegisteredHook = z.infer<typeof RegisteredHook>;

export const DeleteHookRequest = z.strictObject({ id: HookId });

const reason = z.string().min(1).max(4_096);

/** What a `pre` hook may answer; nothing, or no member, lets the call pass as it is. */
export const BeforeCallAnswer = z.strictObject({
  /** Refuses the call; whoever made it is told why. */
  deny: z.strictObject({ reason }).exactOptional(),
  /** The arguments that the call goes on with, whole. */
  args: JsonObjectSchema.exactOptional(),
  /** Hosts that this one call may reach besides the operator's: `host`, `host:port`, `.suffix`. */
  allowHosts: z.array(z.string().min(1).max(300)).max(100).exactOptional(),
});
export type BeforeCallAnswer = z.infer<typeof BeforeCallAnswer>;

/** What a `post` hook may answer. */
export const AfterCallAnswer = z
  .strictObject({
    /** What the call gives instead. */
    result: JsonValueSchema.exactOptional(),
    /** The call failed, with this. */
    error: z.strictObject({ message: reason }).exactOptional(),
  })
  .refine(({ result, error }) => result === undefined || error === undefined, "a result and an error are two answers");
export type AfterCallAnswer = z.infer<typeof AfterCallAnswer>;

/** A hook that a call met before it was judged, and what came of that. */
export const HookRan = z.strictObject({
  owner: z.string(),
  name: z.string(),
  did: z.enum(["passed", "rewrote", "widened", "rewrote-and-widened", "failed"]),
  /** Of the arguments as it left them, where it changed them. */
  args: ContentHash.exactOptional(),
  /** Hosts that the call may reach because of it. */
  hosts: z.array(z.string()).exactOptional(),
});
export type HookRan = z.infer<typeof HookRan>;

export interface HooksApi {
  /** In the order in which `pre` hooks are called. */
  list(request: Record<never, never>, caller: Caller): Promise<readonly HookView[]>;
  /** Registered again, a hook has a new id and a new secret, and its old place. Errors: `hook-invalid`. */
  register(request: RegisterHookRequest, caller: Caller): Promise<RegisteredHook>;
  /** Errors: `hook-not-found`. */
  delete(request: z.infer<typeof DeleteHookRequest>, caller: Caller): Promise<void>;
}
