/**
 * Calls: durable requests for a tool, as the gate prepares and judges them. The prepared form is what is
 * judged, what a person approves and what is executed; its hash names it, and nothing rewrites it later.
 */
import * as z from "zod";
import { ContentHash, hashJson } from "./hash.ts";
import { Name } from "./ids.ts";
import { Permission } from "./ir-parts.ts";
import type { JsonValue } from "./json.ts";
import { JsonObjectSchema } from "./json-schema.ts";

/** A path argument, resolved: where it really leads, beneath which root. */
export const PreparedPath = z.strictObject({
  /** The argument; of a list of paths `<name>.<index>`. */
  parameter: z.string(),
  root: Name,
  /** Absolute, without links, as far as it exists. */
  real: z.string(),
  /** Beneath the root, with `/`; empty: the root itself. */
  relative: z.string(),
  exists: z.boolean(),
});
export type PreparedPath = z.infer<typeof PreparedPath>;

/** A place on the network that a call wants to reach. */
export const PreparedDestination = z.strictObject({
  parameter: z.string(),
  scheme: z.string(),
  /** ASCII, lower case; an address in its canonical spelling, without brackets. */
  host: z.string(),
  port: z.number().int().min(0).max(65_535),
});
export type PreparedDestination = z.infer<typeof PreparedDestination>;

/** A call as it is judged, approved and executed. */
export const PreparedCall = z.strictObject({
  tool: Name,
  /** Of the tool's declaration: another declaration is another call. */
  version: ContentHash,
  capability: z.string(),
  permission: Permission,
  /** Contributed by a plugin: its `modify` and `admin` calls always ask. */
  plugin: z.boolean().exactOptional(),
  /** No tool but a person answers it. */
  person: z.enum(["confirm", "elicit"]).exactOptional(),
  /** As the tool is given them: defaults filled in, paths real. */
  args: JsonObjectSchema,
  paths: z.array(PreparedPath),
  destinations: z.array(PreparedDestination),
  /** Of `os.shell`: the words of the command. */
  argv: z.array(z.string()).exactOptional(),
  /** The folder that a command runs in. */
  folder: z.string().exactOptional(),
  /** Inputs of the run that are paths, resolved as its arguments are: policies compare the two. */
  inputPaths: z.record(z.string(), z.string()).exactOptional(),
  /** Texts that its policies compare with paths, and where they really lead, where that is elsewhere. */
  links: z.record(z.string(), z.string()).exactOptional(),
  /** Hosts besides the operator's that a hook let this one call reach. */
  widened: z.array(z.string()).exactOptional(),
  /** Of the policies that judge it. */
  policies: ContentHash,
});
export type PreparedCall = z.infer<typeof PreparedCall>;

/** What an approval is bound to. */
export function callHashOf(prepared: PreparedCall): ContentHash {
  return hashJson(prepared as unknown as JsonValue);
}

/** What must hold before a call may start. */
export const CallNeed = z.discriminatedUnion("kind", [
  /** A person's yes to this very call. */
  z.strictObject({
    kind: z.literal("approval"),
    why: z.enum(["policy", "permission", "operator"]),
    policy: z.string().exactOptional(),
    message: z.string(),
  }),
  /** Another call, with deny policies and without needs of its own. */
  z.strictObject({
    kind: z.literal("call"),
    policy: z.string(),
    capability: z.string(),
    args: JsonObjectSchema,
    /** Satisfied once for the run under this key. */
    key: z.string(),
  }),
]);
export type CallNeed = z.infer<typeof CallNeed>;

/** A rule that refused a call: its code, and the policy where one did. */
export const CallDenial = z.strictObject({
  code: z.string(),
  message: z.string(),
  policy: z.string().exactOptional(),
});
export type CallDenial = z.infer<typeof CallDenial>;

/** What judging a prepared call comes to. */
export type Verdict =
  | { readonly kind: "allow"; readonly why: "read" | "policies" | "operator" | "grant" | "approved" }
  | { readonly kind: "deny"; readonly denial: CallDenial }
  | { readonly kind: "needs"; readonly needs: readonly CallNeed[] };
