/** The context of a running machine. Plain JSON: a snapshot of the machine can be stored and taken up again. */
import type { Failure, JsonObject, JsonValue } from "@heddle/core";

export type Vars = Readonly<Record<string, JsonValue>>;

export type UnwindCause = "sibling-failed" | "timeout" | "cancel" | "limit";

/** An open frame. */
export interface FrameState {
  /** Grows with each frame opened: what was raised for an earlier frame of the same place is recognised. */
  readonly number: number;
  /** Of the region's items, branches or rounds. */
  readonly index: number;
  vars: Vars;
  /** The activation that has its token; 0 between two. */
  token: number;
  closing: UnwindCause | null;
}

/** An open region. */
export interface RegionState {
  readonly activation: number;
  /** Of the next frame that it opens. */
  next: number;
  readonly total: number;
  readonly items: readonly JsonValue[];
  carried: Vars;
  results: Readonly<Record<string, JsonValue>>;
  /** The body that was opened last. */
  slot: string;
  failure: Failure | null;
  ending: UnwindCause | null;
}

/** `snapshot.context` of an exported machine; no interface, since xstate wants contexts with any member. `output` counts in `$succeeded`, `failure` in `$failed`. */
export type MachineContext = {
  readonly frames: Readonly<Record<string, FrameState>>;
  readonly regions: Readonly<Record<string, RegionState>>;
  readonly activations: number;
  readonly opened: number;
  readonly steps: number;
  readonly ending: { readonly cause: "cancel" | "limit"; readonly failure: Failure | null } | null;
  readonly output: JsonValue;
  readonly failure: Failure | null;
};

/** An event, of the driver or raised by the machine. */
export interface MachineEvent {
  readonly type: string;
  readonly input?: JsonObject;
  readonly result?: JsonValue;
  readonly failure?: Failure;
  /** Of internal events: the activation or frame that they are about. */
  readonly of?: number;
  readonly slot?: string;
  readonly lost?: boolean;
}

/** An action that a driver may implement: what happened, by name. */
export interface Told {
  readonly type: string;
  readonly params: JsonObject;
}
