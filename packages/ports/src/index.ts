/** Interfaces that backends implement and the runtime drives. Types only. */
export type { Clock, Random } from "./clock.ts";
export type { AbortHandle, BundleCode, Executor, Outcome, Task, TaskServices } from "./executor.ts";
export type {
  AppendOutcome,
  Blobs,
  BlobWrite,
  CommitNotice,
  EncodedEvent,
  Journal,
  ListQuery,
  Logs,
  Position,
  Store,
  StoredEvent,
  StoreInfo,
  StreamAppend,
  StreamId,
  StreamRow,
  StreamSummary,
} from "./store.ts";
