/** Hooks, as the gate needs them. Types alone. */
import type { CallDenial, HookRan, JsonObject, JsonValue, Permission, RunId, TenantId } from "@heddle/core";
import type { Outcome } from "@heddle/ports";

/** A call that hooks are told of. */
export interface HookSubject {
  readonly tenant: TenantId;
  readonly run: RunId;
  /** `<run>/<activation>`; of a call that code makes, with its name behind. */
  readonly call: string;
  readonly node: string;
  readonly tool: string;
  readonly capability: string;
  readonly permission: Permission;
}

/** What comes of a call that met its hooks. */
export type Met =
  | { readonly kind: "denied"; readonly denial: CallDenial }
  | {
      readonly kind: "passed";
      readonly hooks: readonly HookRan[];
      /** The arguments, where one changed them. */
      readonly rewritten: JsonObject | undefined;
      /** Hosts that the call may reach besides the operator's. */
      readonly widened: readonly string[] | undefined;
    };

export interface HookBook {
  /** Whether a tenant has any of the phase: most have none. */
  concerns(phase: "pre" | "post", tenant: TenantId): boolean;
  /** Those before a call, in their order; the first that denies is the last that is asked. */
  before(call: HookSubject & { readonly args: JsonObject }): Promise<Met>;
  /** Those after it, in the opposite order: what the call gives in the end. */
  after(call: HookSubject & { readonly args: JsonObject }, outcome: CallOutcome): Promise<Outcome>;
}

export type CallOutcome = Extract<Outcome, { readonly kind: "succeeded" | "failed" }>;

/** What a hook is told. */
export interface HookCall extends HookSubject {
  readonly phase: "pre" | "post";
  readonly owner: string;
  readonly name: string;
  readonly args: JsonObject;
  /** Of `post`: what the call gave, or why it failed. */
  readonly result?: JsonValue;
  readonly failure?: { readonly code: string; readonly message: string };
}
