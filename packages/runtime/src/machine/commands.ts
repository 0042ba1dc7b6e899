/**
 * Commands: wishes that the machine may refuse. Time, identity and randomness come with them.
 */
import type {
  ContentHash,
  ErrorCode,
  Failure,
  HookRan,
  JsonObject,
  JsonValue,
  PreparedCall,
  Role,
  RunEventOf,
  RunId,
  SentMessage,
  Verdict,
} from "@heddle/core";

export type AttemptOutcome =
  | { readonly kind: "succeeded"; readonly result: JsonValue }
  | { readonly kind: "failed"; readonly failure: Failure }
  | { readonly kind: "lost"; readonly message: string; readonly counted: boolean }
  | { readonly kind: "aborted" };

export type RunCommand =
  | {
      readonly kind: "start";
      readonly run: RunId;
      readonly workflow: string;
      readonly bundle: string;
      readonly input: JsonObject;
      readonly parent?: { readonly run: RunId; readonly activation: number };
      readonly key?: string;
      readonly by?: string;
    }
  | { readonly kind: "settle-attempt"; readonly activation: number; readonly attempt: number; readonly outcome: AttemptOutcome }
  | { readonly kind: "start-attempt"; readonly activation: number; readonly attempt: number; readonly incarnation: string }
  /** The incarnation that started an unsafe attempt is gone. */
  | { readonly kind: "forget-attempt"; readonly activation: number; readonly attempt: number }
  | {
      readonly kind: "settle-call";
      readonly activation: number;
      readonly as: "succeeded" | "failed" | "retry";
      /** The attempt that is meant. */
      readonly attempt?: number;
      readonly result?: JsonValue;
      readonly message?: string;
      readonly by?: string;
    }
  /** The gate prepared and judged the call of an attempt. */
  | {
      readonly kind: "prepare-call";
      readonly activation: number;
      readonly attempt: number;
      readonly prepared: PreparedCall;
      readonly hash: ContentHash;
      readonly verdict: Exclude<Verdict, { kind: "deny" }>;
      readonly grant?: string;
      readonly hooks?: HookRan[];
      readonly args?: JsonObject;
    }
  /** The call that an attempt needed first succeeded. */
  | { readonly kind: "satisfy-need"; readonly activation: number; readonly attempt: number; readonly key: string }
  | {
      readonly kind: "record-once";
      readonly activation: number;
      readonly attempt: number;
      readonly name: string;
      readonly value: JsonValue;
    }
  /** What became of a call that the code of an activation made. */
  | ({ readonly kind: "record-call" } & Omit<RunEventOf<"handler-called">, "kind">)
  /** `activation` 0: the run's own deadline or cleanup timeout. */
  | { readonly kind: "fire-timer"; readonly activation: number }
  | {
      readonly kind: "answer";
      readonly node?: string;
      readonly activation?: number;
      /** Absent: decline. */
      readonly answer?: JsonValue;
      readonly comment?: string;
      readonly by?: string;
      /** Of whoever answers. */
      readonly roles?: readonly Role[];
      /** The call that is meant: another one is not approved by mistake. */
      readonly hash?: ContentHash;
    }
  | { readonly kind: "signal"; readonly name: string; readonly value: JsonValue; readonly key?: string; readonly by?: string }
  /** Sends dead letters of a graph again; the messages are as the journal has them. */
  | {
      readonly kind: "replay-letters";
      readonly letters: readonly { readonly letter: number; readonly message: SentMessage; readonly node?: string }[];
      readonly by?: string;
    }
  | { readonly kind: "pause"; readonly reason?: string; readonly by?: string }
  | { readonly kind: "resume"; readonly now: boolean; readonly by?: string }
  | { readonly kind: "cancel"; readonly reason?: string; readonly by?: string }
  | { readonly kind: "retry"; readonly from: number; readonly node: string; readonly state: JsonObject; readonly by?: string };

/** What a decision reads besides the state. */
export interface DecisionInput {
  readonly atMs: number;
  /** Uniform in [0, 1): jitter. */
  readonly random: number;
}

/** Why a command changed nothing. A command that is merely late or repeated is accepted, without events. */
export interface Refusal {
  readonly code: ErrorCode;
  readonly message: string;
}
