/** A call as its run asks for it, and what it comes to before anybody acts on it. */
import type { CallDenial, ContentHash, Failure, HookRan, JsonObject, PreparedCall, RunId, TenantId, ToolNode, Verdict } from "@heddle/core";
import type { CallRules } from "./call-rules.ts";

export interface CallRequest {
  readonly run: RunId;
  readonly tenant: TenantId;
  readonly bundle: ContentHash;
  /** `<run>/<activation>` */
  readonly call: string;
  readonly node: ToolNode;
  /** The reads of the node, by name. */
  readonly args: JsonObject;
  /** Of the run. */
  readonly input: JsonObject;
  readonly rules: CallRules;
  /** Hosts besides the operator's that a hook let this call reach. */
  readonly widened?: readonly string[];
  /** Keys of needs that hold in the run. */
  readonly satisfied: readonly string[];
}

export type Prepared =
  | {
      readonly kind: "prepared";
      readonly prepared: PreparedCall;
      readonly hash: ContentHash;
      readonly verdict: Allowed;
      readonly grant?: string;
      /** Hooks that it met. */
      readonly hooks?: HookRan[];
      /** The arguments that it was prepared from, where a hook changed them. */
      readonly args?: JsonObject;
    }
  | { readonly kind: "refused"; readonly failure: Failure };

/** What is no denial. */
export type Allowed = Exclude<Verdict, { readonly kind: "deny" }>;

export type { CallDenial };
