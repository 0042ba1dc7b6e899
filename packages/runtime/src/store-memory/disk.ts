/**
 * What a memory store keeps. A disk outlives the stores opened on it, so that closing one and
 * opening another finds everything again; `structuredClone` of a disk is what a crash would leave.
 */
import type { ContentHash, LogRecord, TenantId } from "@heddle/core";
import type { EncodedEvent, Position, StreamId, StreamSummary } from "@heddle/ports";

export interface MemoryEvent extends EncodedEvent {
  readonly stream: StreamId;
  readonly tenant: TenantId;
  readonly seq: number;
  readonly position: Position;
}

export interface MemoryStream {
  readonly tenant: TenantId;
  /** When it was begun, among the streams of this disk. */
  readonly order: number;
  readonly events: MemoryEvent[];
  readonly blobs: Set<ContentHash>;
  readonly logs: LogRecord[];
  epoch: number;
  summary?: StreamSummary;
  fold?: { readonly seq: number; readonly format: string; readonly text: string };
}

/** The storage under {@link createMemoryStore}: plain data, shared by every store opened on it. */
export interface MemoryDisk {
  readonly streams: Map<StreamId, MemoryStream>;
  readonly blobs: Map<ContentHash, Uint8Array>;
  /** The events of all streams, by position. */
  events: MemoryEvent[];
  position: Position;
  order: number;
  epoch: number;
}

/** An empty disk. */
export function createMemoryDisk(): MemoryDisk {
  return { streams: new Map(), blobs: new Map(), events: [], position: 0, order: 0, epoch: 0 };
}
