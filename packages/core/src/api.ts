/**
 * RuntimeApi: everything that a caller may ask of the runtime, once. Every wire is a thin adapter
 * over it: decode a request (its zod schema), call one method, encode the answer.
 *
 * Methods reject with a {@link HeddleError}; each names its codes. Besides those, any method may
 * answer `unauthenticated`, `permission-denied`, `request-invalid`, `shutting-down`, `storage-full`.
 */
import * as z from "zod";
import type { AuditApi } from "./api-audit.ts";
import type { ApprovalsApi, GrantsApi, InterruptionsApi } from "./api-consent.ts";
import type { HooksApi } from "./api-hooks.ts";
import type { ToolsApi } from "./api-tools.ts";
import { type BundleManifest, PayloadPath } from "./bundle.ts";
import { type Caller, Page, type PageOf, Principal } from "./caller.ts";
import type { EventRecord } from "./events.ts";
import { ContentHash } from "./hash.ts";
import { CallId, Name, RunId, TenantId, TokenId } from "./ids.ts";
import { RemoteTarget } from "./ir-parts.ts";
import type { JsonValue } from "./json.ts";
import { JsonObjectSchema, JsonValueSchema } from "./json-schema.ts";
import type { NodeServerView } from "./node-wire.ts";
import { ActionName, OperationStage, PluginInfo, PluginName, type PluginView } from "./plugin.ts";
import type { CallView, Explanation, LogRecord, RunResult, RunSummary, RunView } from "./run.ts";
import { RunStatus } from "./run.ts";

// Bundles

export interface BundleUpload {
  readonly manifest: unknown;
  /** Payload files, in any order, each whole. Paths and hashes are checked against the manifest. */
  readonly files:
    | AsyncIterable<{ readonly path: string; readonly bytes: Uint8Array }>
    | Iterable<{ readonly path: string; readonly bytes: Uint8Array }>;
}

export const BundleView = z.strictObject({
  hash: ContentHash,
  main: Name,
  workflows: z.array(z.string()),
  files: z.number().int(),
  bytes: z.number().int(),
  storedAtMs: z.number(),
});
export type BundleView = z.infer<typeof BundleView>;

export const BundleRequest = z.strictObject({ hash: ContentHash });
export const BundleFileRequest = z.strictObject({ hash: ContentHash, path: PayloadPath });

export interface BundlesApi {
  /** Stores a bundle; storing it again changes nothing. Errors: `bundle-invalid`, `path-escape`, `bundle-hash-mismatch`, `value-too-large`. */
  put(upload: BundleUpload, caller: Caller): Promise<BundleView>;
  /** Errors: `bundle-not-found`. */
  get(request: z.infer<typeof BundleRequest>, caller: Caller): Promise<{ readonly view: BundleView; readonly manifest: BundleManifest }>;
  list(request: z.infer<typeof Page>, caller: Caller): Promise<PageOf<BundleView>>;
  /** Errors: `bundle-not-found`, `bundle-in-use` while an open run is pinned to it. */
  delete(request: z.infer<typeof BundleRequest>, caller: Caller): Promise<void>;
}

// Runs

export const StartRunRequest = z.strictObject({
  bundle: ContentHash,
  /** Default: the main workflow of the bundle. */
  workflow: Name.exactOptional(),
  input: JsonObjectSchema,
  /** The same key with the same bundle, workflow and input gives the same run. */
  idempotencyKey: z.string().min(1).max(256).exactOptional(),
});
export type StartRunRequest = z.infer<typeof StartRunRequest>;

export const RunRequest = z.strictObject({ runId: RunId });
export const ListRunsRequest = z.strictObject({ ...Page.shape, status: RunStatus.exactOptional(), workflow: Name.exactOptional() });
export const ListEventsRequest = z.strictObject({
  runId: RunId,
  /** Events after this `seq`. Default 0: from the start. */
  after: z.number().int().min(0).exactOptional(),
  limit: z.number().int().min(1).max(10_000).exactOptional(),
});
export const ListLogsRequest = z.strictObject({
  runId: RunId,
  after: z.number().int().min(0).exactOptional(),
  limit: z.number().int().min(1).max(10_000).exactOptional(),
});
export const PauseRunRequest = z.strictObject({ runId: RunId, reason: z.string().max(1_024).exactOptional() });
export const ResumeRunRequest = z.strictObject({
  runId: RunId,
  /** Also ends its timers and retry delays now, and repeats what the storage refused. */
  now: z.boolean().exactOptional(),
});
export const CancelRunRequest = PauseRunRequest;
export const SignalRunRequest = z.strictObject({
  runId: RunId,
  name: Name,
  value: JsonValueSchema,
  /** The same key, the same signal. */
  idempotencyKey: z.string().min(1).max(256).exactOptional(),
});
export const AnswerRunRequest = z.strictObject({
  runId: RunId,
  /** The node that asks; may be left out where only one does. */
  node: Name.exactOptional(),
  activation: z.number().int().min(1).exactOptional(),
  /** `true` and `false` answer an approval; any value answers a question. Left out: decline. */
  answer: JsonValueSchema.exactOptional(),
  comment: z.string().max(4_096).exactOptional(),
  /** The call that is meant: another one is not approved by mistake. */
  hash: ContentHash.exactOptional(),
});
export const QueryRunRequest = z.strictObject({ runId: RunId, name: Name });
export const RetryRunRequest = z.strictObject({
  runId: RunId,
  /** A node id or an activation number. Default: the activation that failed the run. */
  from: z.union([Name, z.number().int().min(1)]).exactOptional(),
});

export interface RunsApi {
  /** Errors: `bundle-not-found`, `workflow-not-found`, `input-invalid`, `idempotency-conflict`, `handler-not-found`, `capability-denied`, `retry-later` (details: `retryAfterMs`), `unimplemented`. */
  start(request: StartRunRequest, caller: Caller): Promise<{ readonly runId: RunId; readonly existing: boolean }>;
  /** Errors of every method below: `run-not-found`, also for a run of another tenant. */
  get(request: z.infer<typeof RunRequest>, caller: Caller): Promise<RunView>;
  /** Newest first. */
  list(request: z.infer<typeof ListRunsRequest>, caller: Caller): Promise<PageOf<RunSummary>>;
  events(request: z.infer<typeof ListEventsRequest>, caller: Caller): Promise<readonly EventRecord[]>;
  /** Batches from `after` on, then live, in order, each event once; ends after the terminal event or with `caller.signal`. */
  follow(request: z.infer<typeof ListEventsRequest>, caller: Caller): AsyncIterable<readonly EventRecord[]>;
  logs(request: z.infer<typeof ListLogsRequest>, caller: Caller): Promise<readonly LogRecord[]>;
  /** Waits until the run has ended. */
  result(request: z.infer<typeof RunRequest>, caller: Caller): Promise<RunResult>;
  /** Errors: `run-ended`. */
  pause(request: z.infer<typeof PauseRunRequest>, caller: Caller): Promise<void>;
  /** Errors: `run-ended`, `run-not-paused` (not with `now`). */
  resume(request: z.infer<typeof ResumeRunRequest>, caller: Caller): Promise<void>;
  /** Returns once the wish is journalled; `result` tells when the run has ended. Errors: `run-ended`. */
  cancel(request: z.infer<typeof CancelRunRequest>, caller: Caller): Promise<void>;
  /** Errors: `run-ended`, `signals-full`, `value-invalid`. */
  signal(request: z.infer<typeof SignalRunRequest>, caller: Caller): Promise<void>;
  /** Errors: `run-ended`, `not-waiting`, `answer-invalid`, `call-changed`; `permission-denied` where somebody else has to say yes. */
  answer(request: z.infer<typeof AnswerRunRequest>, caller: Caller): Promise<void>;
  /** Errors: `query-not-found`. */
  query(request: z.infer<typeof QueryRunRequest>, caller: Caller): Promise<JsonValue>;
  /** Goes on from an activation of a run that has ended, under new call ids. Errors: `run-not-ended`, `activation-not-found`. */
  retry(request: z.infer<typeof RetryRunRequest>, caller: Caller): Promise<{ readonly from: number; readonly node: string }>;
  /** Errors: `run-not-ended`. */
  delete(request: z.infer<typeof RunRequest>, caller: Caller): Promise<void>;
  /** Why an open run has not ended, child runs included; empty for a run that has. */
  why(request: z.infer<typeof RunRequest>, caller: Caller): Promise<readonly Explanation[]>;
}

// Calls

export const ListCallsRequest = z.strictObject({ ...Page.shape, status: z.enum(["started", "outcome-unknown"]).exactOptional() });
export const SettleCallRequest = z.strictObject({
  call: CallId,
  as: z.enum(["succeeded", "failed", "retry"]),
  /** What it gave, when it succeeded. */
  result: JsonValueSchema.exactOptional(),
  /** Why it failed, when it did. */
  message: z.string().max(4_096).exactOptional(),
  /** The attempt that is meant, as `list` showed it: an answer that is given twice does not settle the next one. */
  attempt: z.number().int().min(1).exactOptional(),
});

export interface CallsApi {
  list(request: z.infer<typeof ListCallsRequest>, caller: Caller): Promise<PageOf<CallView>>;
  /** Says how a call of unknown outcome ended. Errors: `call-not-found`, `call-not-unknown`, `result-invalid`. */
  settle(request: z.infer<typeof SettleCallRequest>, caller: Caller): Promise<void>;
}

// Dead letters

/** A message that could not be delivered, or that a node could not be given: kept until it is replayed, and after. */
export const DeadLetterView = z.strictObject({
  run: RunId,
  /** Its number within the run. */
  letter: z.number().int().min(1),
  /** The node that sent it; absent for one that came from outside. */
  from: z.string().exactOptional(),
  /** The node that it was for; absent where no edge took it. */
  to: z.string().exactOptional(),
  messageType: z.string(),
  /** A code such as `unroutable`, and one sentence. */
  code: z.string(),
  reason: z.string(),
  body: JsonValueSchema,
  atMs: z.number(),
  /** When it was sent again. */
  replayedAtMs: z.number().exactOptional(),
});
export type DeadLetterView = z.infer<typeof DeadLetterView>;

export const ListDeadLettersRequest = z.strictObject({ runId: RunId });
export const ReplayDeadLettersRequest = z.strictObject({
  runId: RunId,
  /** Numbers within the run. Default: all that were not replayed yet. */
  letters: z.array(z.number().int().min(1)).min(1).max(1_000).exactOptional(),
});

export interface DeadLettersApi {
  /** Of one run, oldest first; also of a run that has ended. Errors: `run-not-found`. */
  list(request: z.infer<typeof ListDeadLettersRequest>, caller: Caller): Promise<readonly DeadLetterView[]>;
  /** Sends them again, under new message ids. Errors: `run-not-found`, `run-ended`, `dead-letter-not-found`. */
  replay(request: z.infer<typeof ReplayDeadLettersRequest>, caller: Caller): Promise<{ readonly replayed: number }>;
}

// Plugins

export const ListPluginsRequest = z.strictObject({ stage: OperationStage.exactOptional() });
export const RegisterPluginRequest = z.strictObject({
  info: PluginInfo,
  /** Where it listens: `host:port`. */
  address: z.string().min(1).max(256),
  /** New for each start of the process. */
  instance: z.string().min(1).max(128),
});
export const PluginInstanceRequest = z.strictObject({ plugin: PluginName, instance: z.string().min(1).max(128) });
export const InvokePluginRequest = z.strictObject({
  plugin: PluginName,
  action: ActionName,
  params: JsonObjectSchema,
  /** The same key with the same call gives the same run. */
  idempotencyKey: z.string().min(1).max(256).exactOptional(),
});

export interface PluginsApi {
  list(request: z.infer<typeof ListPluginsRequest>, caller: Caller): Promise<readonly PluginView[]>;
  /** Calls the plugin back at its address, and keeps it until it deregisters or falls silent. Errors: `plugin-invalid`, `plugin-unreachable`. */
  register(request: z.infer<typeof RegisterPluginRequest>, caller: Caller): Promise<{ readonly heartbeatIntervalMs: number }>;
  /** `registered` false: unknown here; register again. */
  heartbeat(
    request: z.infer<typeof PluginInstanceRequest>,
    caller: Caller,
  ): Promise<{ readonly registered: boolean; readonly heartbeatIntervalMs: number }>;
  deregister(request: z.infer<typeof PluginInstanceRequest>, caller: Caller): Promise<void>;
  /** Starts a run of one tool node. A `modify` or `admin` action waits there for an answer. Errors: `plugin-not-found`, `action-not-found`, `input-invalid`, `idempotency-conflict`. */
  invoke(request: z.infer<typeof InvokePluginRequest>, caller: Caller): Promise<{ readonly runId: RunId; readonly existing: boolean }>;
}

// Node servers

export const AddNodeServerRequest = z.strictObject({
  /** `ws://host:port/` */
  url: z.string().min(1).max(512),
  token: z.string().min(1).max(512).exactOptional(),
});
export const NodeServerRequest = z.strictObject({ url: z.string().min(1).max(512) });
export const InvokeNodeRequest = z.strictObject({
  ...RemoteTarget.shape,
  /** Values by port; one that is no list stands for a list of itself. */
  inputs: JsonObjectSchema,
  /** The same key with the same call gives the same run. */
  idempotencyKey: z.string().min(1).max(256).exactOptional(),
});

export interface NodesApi {
  /** Kept over restarts. Errors: `request-invalid` for a URL that is none. */
  add(request: z.infer<typeof AddNodeServerRequest>, caller: Caller): Promise<NodeServerView>;
  list(request: Record<never, never>, caller: Caller): Promise<readonly NodeServerView[]>;
  /** Errors: `node-server-not-found`. */
  remove(request: z.infer<typeof NodeServerRequest>, caller: Caller): Promise<void>;
  /** Starts a run of one remote node. Errors: `node-not-found`, `idempotency-conflict`. */
  invoke(request: z.infer<typeof InvokeNodeRequest>, caller: Caller): Promise<{ readonly runId: RunId; readonly existing: boolean }>;
}

// Tokens

export const TokenView = z.strictObject({
  id: TokenId,
  subject: z.string(),
  tenant: TenantId,
  roles: Principal.shape.roles,
  createdAtMs: z.number(),
  revokedAtMs: z.number().exactOptional(),
});
export type TokenView = z.infer<typeof TokenView>;

export const CreateTokenRequest = z.strictObject({
  subject: z.string().min(1).max(128),
  roles: Principal.shape.roles.min(1),
  /** Only an admin of the default tenant may name another. Default: the caller's. */
  tenant: TenantId.exactOptional(),
});
export const RevokeTokenRequest = z.strictObject({ id: TokenId });

export interface TokensApi {
  /** The secret is shown here and never again. */
  create(request: z.infer<typeof CreateTokenRequest>, caller: Caller): Promise<{ readonly token: TokenView; readonly secret: string }>;
  list(request: z.infer<typeof Page>, caller: Caller): Promise<PageOf<TokenView>>;
  /** Errors: `token-not-found`. */
  revoke(request: z.infer<typeof RevokeTokenRequest>, caller: Caller): Promise<void>;
}

// Runtime

export const RuntimeStatus = z.strictObject({
  version: z.string(),
  incarnation: z.string(),
  startedAtMs: z.number(),
  /** Runs that have not ended, by status. */
  openRuns: z.record(z.string(), z.number().int()),
  storage: z.strictObject({
    kind: z.string(),
    healthy: z.boolean(),
    message: z.string().exactOptional(),
    settings: z.record(z.string(), z.string()),
  }),
});
export type RuntimeStatus = z.infer<typeof RuntimeStatus>;

export interface RuntimeGroupApi {
  status(request: Record<never, never>, caller: Caller): Promise<RuntimeStatus>;
}

export interface RuntimeApi {
  readonly bundles: BundlesApi;
  readonly runs: RunsApi;
  readonly calls: CallsApi;
  readonly approvals: ApprovalsApi;
  readonly interruptions: InterruptionsApi;
  readonly grants: GrantsApi;
  readonly hooks: HooksApi;
  readonly deadLetters: DeadLettersApi;
  readonly tools: ToolsApi;
  readonly plugins: PluginsApi;
  readonly nodes: NodesApi;
  readonly tokens: TokensApi;
  readonly audit: AuditApi;
  readonly runtime: RuntimeGroupApi;
}
