/** Interfaces that backends implement and the runtime drives. Types only. */
export type { Clock, Random } from "./clock.ts";
export type { AbortHandle, BundleCode, Executor, Outcome, Task, TaskServices, TaskWaiting } from "./executor.ts";
export type { LocalPlugin, NodeServerAddress, NodeServerHost, PluginHost, PluginRegistration } from "./remote.ts";
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
