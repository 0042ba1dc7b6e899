/**
 * The shape of an exported machine: plain JSON that xstate v5 takes as it is. Behaviour is named, never
 * included: guards and actions are a type and parameters, which `xstateImplementations` gives meaning to
 * out of the tables in `meta`.
 */
import type { EdgeOutcome, Expr, JsonValue, Node, ValueType } from "@heddle/core";

import type { MachineContext } from "./machine-context.ts";

export const xstateFormat = "heddle.xstate/v1";

/** A guard or an action by name, with what it is about. */
export interface XstateNamed {
  readonly type: string;
  readonly params?: { readonly [name: string]: string | number };
}

/** One candidate of an event. Without a target the machine stays where it is. */
export interface XstateTransition {
  readonly target?: string;
  readonly reenter?: true;
  readonly guard?: XstateNamed;
  readonly actions?: readonly XstateNamed[];
  readonly description?: string;
}

export interface XstateState {
  readonly id: string;
  readonly type?: "parallel" | "final";
  readonly initial?: string;
  readonly description?: string;
  readonly entry?: readonly XstateNamed[];
  readonly always?: readonly XstateTransition[];
  readonly on?: Readonly<Record<string, readonly XstateTransition[]>>;
  readonly states?: Readonly<Record<string, XstateState>>;
  readonly meta?: { readonly node: string; readonly kind: Node["kind"] };
}

export interface WriteTable {
  readonly name: string;
  readonly value: Expr;
  readonly type?: ValueType;
  readonly optional?: boolean;
  readonly on?: EdgeOutcome;
}

/** A body's inputs, by the slot that the body fills. */
export interface SlotTable {
  readonly slot: string;
  readonly inputs: readonly { readonly name: string; readonly value: Expr }[];
}

/** What a node evaluates: the IR's own words, without the bodies of regions, which are states. */
export interface NodeTable {
  readonly kind: Node["kind"];
  readonly reads?: readonly { readonly name: string; readonly value: Expr }[];
  readonly writes?: readonly WriteTable[];
  readonly exit?: Expr;
  readonly edges: readonly { readonly id: string; readonly on: EdgeOutcome; readonly guard?: Expr }[];
  readonly slots?: readonly SlotTable[];
  /** A router that fails its frame. */
  readonly fail?: { readonly code: string; readonly message: string };
  readonly wait?: { readonly kind: "duration" | "until"; readonly value: Expr };
  readonly over?: Expr;
  readonly item?: string;
  readonly index?: string;
  readonly collect?: true;
  readonly carried?: readonly { readonly name: string; readonly value: Expr }[];
  readonly while?: Expr;
  readonly testAfter?: true;
  readonly iterationsMax?: number;
  readonly failureName?: string;
}

/** A node where it stands. A node in the body of a map has one place in each lane. */
export interface PlaceTable {
  readonly node: string;
  readonly frame: string;
  /** Inside a `finally` body: it goes on past the limit of steps. */
  readonly cleanup?: true;
  /** Of a map: how many items may be under way at once. */
  readonly lanes?: number;
  /** Of a map: more items than lanes cannot be expressed, and end the machine. */
  readonly bounded?: true;
}

/** A frame where it stands: the region that opens it, and which of its bodies it is. */
export interface FrameTable {
  readonly region?: string;
  readonly slot: string;
  /** Of a branch: which; of a map: the lane. */
  readonly index: number;
}

export interface XstateTables {
  readonly format: typeof xstateFormat;
  readonly workflow: string;
  readonly inputs: readonly { readonly name: string; readonly default?: JsonValue }[];
  readonly stepsMax?: number;
  readonly nodes: Readonly<Record<string, NodeTable>>;
  readonly places: Readonly<Record<string, PlaceTable>>;
  readonly frames: Readonly<Record<string, FrameTable>>;
}

/** A workflow as the configuration of an xstate v5 machine: `createMachine(config).provide(xstateImplementations(config, xstate))`. */
export interface XstateMachine {
  readonly id: string;
  readonly initial: string;
  readonly context: MachineContext;
  readonly on?: Readonly<Record<string, readonly XstateTransition[]>>;
  readonly states: Readonly<Record<string, XstateState>>;
  readonly meta: { readonly heddle: XstateTables };
}
