/** Interfaces that backends implement and the runtime drives. Types only. */
export type { Clock, Random } from "./clock.ts";
export type {
  AbortHandle,
  BundleCode,
  CallAnswer,
  CallWanted,
  Executor,
  HandlerCode,
  Outcome,
  Task,
  TaskCall,
  TaskServices,
  TaskWaiting,
} from "./executor.ts";
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
  TailedEvent,
} from "./store.ts";
