/**
 * The store: a journal of streams, blobs by content hash, and logs. One process-wide port with an
 * executable contract: `describeStore` of `@heddle/testkit` is the definition of what follows.
 *
 * 1. `append` is atomic over all its streams: every event of every item becomes durable and visible,
 *    in order, or none does. Its promise resolves after the sync that carries it.
 * 2. A stream's `seq` is contiguous from 1. Of appends that race from one `seq`, exactly one wins.
 * 3. An append whose epoch is below the stream's is fenced. A higher one raises the stream's epoch.
 * 4. `position` grows with commit visibility: reading on from the last position seen never skips a
 *    record that commits later.
 * 5. Every read takes a tenant; what another tenant owns does not exist.
 * 6. Blobs are durable before the event that names them, and are read only through a reference of
 *    the reader's own tenant.
 *
 * A lost race and a fence are outcomes. Errors: `storage-full` (nothing was written, the store goes
 * on), `storage-failed` (the answer is unknown; the store is unusable and the process must end).
 */
import type { ContentHash, LogRecord, TenantId } from "@heddle/core";

/** `<kind>:<id>`, as in `run:run_…`, `bundle:sha256:…`, `token:tok_…`. */
export type StreamId = string;

/** Opaque to callers; comparable as a number within one store. */
export type Position = number;

/** An event as text, encoded once: stores keep it and give it back byte for byte. */
export interface EncodedEvent {
  readonly atMs: number;
  readonly text: string;
}

/** A row of the listing, replaced by each append that carries one. */
export interface StreamSummary {
  /** The kind of stream: `run`, `bundle`, `token`. */
  readonly kind: string;
  /** `open` streams are listed by `listOpen`; any other word ends that. */
  readonly status: string;
  /** What the listing filters by, besides status: of a run, its workflow. */
  readonly name: string;
  readonly createdAtMs: number;
  /** Anything small that a row of the listing shows, as JSON text. */
  readonly data: string;
}

export interface BlobWrite {
  readonly hash: ContentHash;
  readonly bytes: Uint8Array;
}

export interface StreamAppend {
  readonly stream: StreamId;
  readonly tenant: TenantId;
  /** The `seq` of the last event known; 0 for a new stream. */
  readonly expectedSeq: number;
  readonly epoch: number;
  readonly events: readonly EncodedEvent[];
  readonly summary?: StreamSummary;
  /** Written before the events, in the same commit, and referenced by the stream. */
  readonly blobs?: readonly BlobWrite[];
}

export type AppendOutcome =
  | { readonly kind: "appended" }
  /** Some stream is at another `seq` (which one, and at which), or belongs to another tenant. Nothing was written. */
  | { readonly kind: "conflict"; readonly stream: StreamId; readonly seq: number }
  | { readonly kind: "fenced"; readonly stream: StreamId; readonly epoch: number };

export interface StoredEvent extends EncodedEvent {
  readonly seq: number;
  readonly position: Position;
}

/** An event among those of other streams. */
export interface TailedEvent extends StoredEvent {
  readonly stream: StreamId;
  readonly tenant: TenantId;
}

export interface StreamRow extends StreamSummary {
  readonly stream: StreamId;
  readonly tenant: TenantId;
  readonly seq: number;
}

export interface ListQuery {
  readonly tenant: TenantId;
  readonly kind: string;
  readonly status?: string;
  readonly name?: string;
  readonly limit: number;
  /** Where the page before ended. */
  readonly cursor?: string;
}

/** What a commit made visible, told after it, in commit order. */
export interface CommitNotice {
  readonly stream: StreamId;
  readonly tenant: TenantId;
  /** The last `seq` of the stream. */
  readonly seq: number;
  readonly position: Position;
}

export interface Journal {
  append(items: readonly StreamAppend[]): Promise<AppendOutcome>;
  /** Events with `seq` over `after`, in order, at most `limit`. Empty for an unknown stream and for another tenant's. */
  read(stream: StreamId, tenant: TenantId, after: number, limit: number): Promise<readonly StoredEvent[]>;
  /** The row of a stream; undefined where there is none for this tenant. */
  get(stream: StreamId, tenant: TenantId): Promise<StreamRow | undefined>;
  /** Newest first. */
  list(query: ListQuery): Promise<{ readonly rows: readonly StreamRow[]; readonly cursor?: string }>;
  /** Streams of a kind whose status is `open`, of all tenants, oldest first. For recovery. */
  listOpen(kind: string): Promise<readonly StreamRow[]>;
  /** Events of all streams of a tenant (of every tenant: `undefined`) after a position, in commit order. */
  readAll(tenant: TenantId | undefined, after: Position, limit: number): Promise<readonly TailedEvent[]>;
  /** Raises the epoch of streams, so that appends with a lower one are fenced. */
  claim(streams: readonly StreamId[], epoch: number): Promise<void>;
  /** An epoch over every one given before by this store, durable. */
  nextEpoch(): Promise<number>;
  /** Calls back after each commit, with what it made visible; returns the way to stop that. */
  watch(listener: (notices: readonly CommitNotice[]) => void): () => void;
  /** Removes a stream with its events, logs, fold and blob references. False where there is none for this tenant. */
  delete(stream: StreamId, tenant: TenantId): Promise<boolean>;
  /** Keeps a fold as a cache. Not durable by itself: it rides a later commit, and may be lost. */
  saveFold(stream: StreamId, fold: { readonly seq: number; readonly format: string; readonly text: string }): void;
  loadFold(stream: StreamId): Promise<{ readonly seq: number; readonly format: string; readonly text: string } | undefined>;
}

export interface Blobs {
  /** Undefined where this tenant references no such blob. */
  get(hash: ContentHash, tenant: TenantId): Promise<Uint8Array | undefined>;
  /** Removes the blobs that nothing references; returns how many. */
  collect(): Promise<number>;
}

export interface Logs {
  /** Best effort: rides the next commit; drops records over {@link logRecordsMax} per stream, and says so once. */
  append(stream: StreamId, tenant: TenantId, records: readonly Omit<LogRecord, "n">[]): void;
  read(stream: StreamId, tenant: TenantId, after: number, limit: number): Promise<readonly LogRecord[]>;
  /** Resolves once all that was appended before is readable. */
  flush(): Promise<void>;
}

export interface StoreInfo {
  /** The backend: `memory`, `sqlite`. */
  readonly kind: string;
  /** The settings that durability rests on, as read back from the live connection. */
  readonly settings: Readonly<Record<string, string>>;
}

export interface Store {
  readonly journal: Journal;
  readonly blobs: Blobs;
  readonly logs: Logs;
  info(): StoreInfo;
  /** Resolves with the error after which the store is unusable; never rejects. */
  readonly failed: Promise<Error>;
  /** Commits what is pending and lets go. Appends after it reject with `shutting-down`. */
  close(): Promise<void>;
}
