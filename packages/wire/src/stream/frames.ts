/**
 * The frames of the stream protocol, as values: what the runtime side and the serving side say to each
 * other. A frame carries everything that came up in one turn of an event loop. Values stay JSON text, so
 * that each is written once and read once.
 */
import { ContentHash, Name } from "@heddle/core";
import * as z from "zod";

/** The version of the protocol that this package speaks. */
export const streamProtocol = 1;

/** Who serves, and what: comes first, once. */
export const StreamHello = z.strictObject({
  protocol: z.literal(streamProtocol),
  /** For people. */
  name: z.string().min(1).max(256),
  /** New for each start of the process. */
  instance: z.string().min(1).max(128),
  /** Tasks at a time. */
  slots: z.number().int().min(1).max(100_000),
  handlers: z.array(z.strictObject({ name: Name })).max(10_000),
  /** Of a plugin, instead of handlers. */
  plugin: z.string().min(1).max(256).exactOptional(),
  /** Hashes of the bundles that it serves. None: any. */
  bundles: z.array(ContentHash).max(10_000),
  /** Of its own code. */
  version: z.string().max(256),
});
export type StreamHello = z.infer<typeof StreamHello>;

/** Answers the hello. `leaseMs`: a side that hears nothing for so long may end the session. */
export interface StreamWelcome {
  readonly session: string;
  readonly leaseMs: number;
}

/** One attempt at one activation. */
export interface StreamTask {
  /** Counts up within a session, from 1. */
  readonly id: number;
  readonly run: string;
  readonly node: string;
  /** The handler, or the action of a plugin. */
  readonly name: string;
  readonly activation: number;
  readonly attempt: number;
  readonly idempotencyKey: string;
  readonly incarnation: string;
  /** An object; a list where `positional`. */
  readonly inputJson: string;
  readonly positional: boolean;
  /** What earlier attempts recorded. */
  readonly once: readonly StreamOnceValue[];
  /** How long it may take. The runtime side keeps the time. */
  readonly timeoutMs?: number;
  readonly bundle: string;
  readonly tenant: string;
  readonly timeRangeJson?: string;
}

export interface StreamOnceValue {
  readonly name: string;
  readonly valueJson: string;
}

/** The task is no longer wanted. `reason`: timeout, cancelled or shutdown. */
export interface StreamAbort {
  readonly task: number;
  readonly reason: string;
}

/** A value of `once` is durable; with `error`, it cannot become so. */
export interface StreamRecorded {
  readonly task: number;
  readonly name: string;
  readonly error?: string;
}

export interface StreamRecord {
  readonly task: number;
  readonly name: string;
  readonly valueJson: string;
}

export interface StreamLog {
  readonly task: number;
  readonly level: string;
  readonly source: string;
  readonly text: string;
  readonly fieldsJson?: string;
}

export interface StreamProgress {
  readonly task: number;
  readonly message: string;
  readonly step?: number;
  readonly total?: number;
}

/** How a task ended. `json`: the result, or the failure. */
export type StreamResult =
  | { readonly task: number; readonly kind: "succeeded" | "failed"; readonly json: string }
  | { readonly task: number; readonly kind: "aborted" };

/** Why a side ends the session, as an error of the registry. */
export interface StreamEnd {
  readonly code: string;
  readonly message: string;
}

/** What the runtime side says. Read in the order of its members. An empty one renews the lease. */
export interface RuntimeFrame {
  welcome?: StreamWelcome;
  readonly recorded: StreamRecorded[];
  readonly tasks: StreamTask[];
  readonly aborts: StreamAbort[];
  /** There will be no more tasks. The serving side finishes those it has, then ends the stream. */
  drain: boolean;
  end?: StreamEnd;
}

/** What the serving side says. Read in the order of its members. An empty one renews the lease. */
export interface ServingFrame {
  hello?: StreamHello;
  readonly logs: StreamLog[];
  readonly progress: StreamProgress[];
  readonly records: StreamRecord[];
  readonly results: StreamResult[];
  /** It asks for no more tasks: the runtime side answers with `drain`. */
  draining: boolean;
  end?: StreamEnd;
}

/** A frame to fill. */
export function emptyRuntimeFrame(): RuntimeFrame {
  return { recorded: [], tasks: [], aborts: [], drain: false };
}

/** A frame to fill. */
export function emptyServingFrame(): ServingFrame {
  return { logs: [], progress: [], records: [], results: [], draining: false };
}
