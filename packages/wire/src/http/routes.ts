/**
 * The routes of the HTTP API: every method of RuntimeApi, by group and name, once. Server, client, OpenAPI
 * and tests read this table; a method that is missing here is a compile error of the daemon.
 */
import {
  AddNodeServerRequest,
  AnswerRunRequest,
  BundleRequest,
  BundleView,
  CallView,
  CancelRunRequest,
  CreateTokenRequest,
  EventRecord,
  InvokeNodeRequest,
  InvokePluginRequest,
  InvokeToolRequest,
  JsonValueSchema,
  ListCallsRequest,
  ListDeadLettersRequest,
  ListEventsRequest,
  ListLogsRequest,
  ListPluginsRequest,
  ListRunsRequest,
  ListToolsRequest,
  LogRecord,
  NodeServerRequest,
  NodeServerView,
  Page,
  PauseRunRequest,
  PluginInstanceRequest,
  QueryRunRequest,
  RegisterPluginRequest,
  ReplayDeadLettersRequest,
  ResumeRunRequest,
  RetryRunRequest,
  RevokeTokenRequest,
  RunRequest,
  RunResult,
  RunSummary,
  RuntimeStatus,
  RunView,
  SettleCallRequest,
  SignalRunRequest,
  StartRunRequest,
  TokenView,
} from "@heddle/core";
import * as z from "zod";
import {
  CreatedToken,
  DeadLetters,
  EventBatch,
  Explanations,
  Heartbeat,
  NodeServers,
  NoFields,
  Plugins,
  pageOf,
  partOf,
  RegisteredPlugin,
  Replayed,
  RetriedRun,
  StartedRun,
  StoredBundle,
  Tools,
} from "../answers.ts";
import { recordText } from "../events.ts";
import { cutEvents, cutLogs } from "../pages.ts";
import { requestBytesMax } from "../scalars.ts";
import { audit } from "./audit-routes.ts";
import { approvals, grants, interruptions } from "./consent-routes.ts";
import { hooks } from "./hook-routes.ts";
import { httpMethod } from "./method.ts";
import { nothing, page } from "./route-parts.ts";
import { runSse } from "./sse.ts";
import { BundleUploadBody } from "./upload.ts";

/** The longest time that one request for a result waits. */
export const resultWaitMsMax = 600_000;

/** A result, and how long to wait for it: for ever, where it is not said. */
const ResultRequest = z.strictObject({ ...RunRequest.shape, waitMs: z.number().int().min(1).max(resultWaitMsMax).exactOptional() });

const position = { after: "number", limit: "number" } as const;

const bundles = {
  put: httpMethod("POST /v1/bundles", {
    summary: "Stores a bundle of up to 16 MiB as it is sent; larger ones go over gRPC. Storing it again changes nothing.",
    request: BundleUploadBody,
    response: BundleView,
    jsonMembers: ["manifest"],
    valueBytesMax: requestBytesMax,
  }),
  get: httpMethod("GET /v1/bundles/{hash}", { summary: "A bundle with its manifest.", request: BundleRequest, response: StoredBundle }),
  list: httpMethod("GET /v1/bundles", { summary: "Stored bundles.", request: Page, response: pageOf(BundleView), query: page }),
  delete: httpMethod("DELETE /v1/bundles/{hash}", {
    summary: "Deletes a bundle that no open run is pinned to.",
    request: BundleRequest,
    ...nothing,
  }),
};

const runs = {
  start: httpMethod("POST /v1/runs", {
    summary: "Starts a run, or finds the one that the same idempotency key started.",
    request: StartRunRequest,
    response: StartedRun,
    jsonMembers: ["input"],
  }),
  get: httpMethod("GET /v1/runs/{runId}", {
    summary: "Status, input, output or failure, and open questions.",
    request: RunRequest,
    response: RunView,
  }),
  list: httpMethod("GET /v1/runs", {
    summary: "Runs, newest first.",
    request: ListRunsRequest,
    response: pageOf(RunSummary),
    query: { ...page, status: "text", workflow: "text" },
  }),
  events: httpMethod("GET /v1/runs/{runId}/events", {
    summary: "What has happened so far. `truncated`: ask again after the last one.",
    request: ListEventsRequest,
    response: partOf(EventRecord),
    query: position,
    toText: (part) => {
      const { rows, truncated } = cutEvents(part);
      return `{"rows":[${rows.map(recordText).join(",")}],"truncated":${truncated}}`;
    },
  }),
  follow: httpMethod("GET /v1/runs/{runId}/follow", {
    summary: "The same as it happens, as server-sent events, until the run has ended. `Last-Event-ID` resumes.",
    request: ListEventsRequest,
    response: EventBatch,
    answer: "events",
    stream: runSse,
    query: position,
  }),
  logs: httpMethod("GET /v1/runs/{runId}/logs", {
    summary: "What handlers said.",
    request: ListLogsRequest,
    response: partOf(LogRecord),
    query: position,
    toText: (part) => JSON.stringify(cutLogs(part)),
  }),
  result: httpMethod("GET /v1/runs/{runId}/result", {
    summary: "Waits until the run has ended, at most `waitMs`.",
    request: ResultRequest,
    response: RunResult,
    query: { waitMs: "number" },
  }),
  pause: httpMethod("POST /v1/runs/{runId}/pause", {
    summary: "What is under way ends, nothing new starts.",
    request: PauseRunRequest,
    ...nothing,
  }),
  resume: httpMethod("POST /v1/runs/{runId}/resume", {
    summary: "Goes on; with `now`, timers and retry delays end too.",
    request: ResumeRunRequest,
    ...nothing,
  }),
  cancel: httpMethod("POST /v1/runs/{runId}/cancel", {
    summary: "Aborts, cleans up, ends. Answers once the wish is journalled.",
    request: CancelRunRequest,
    ...nothing,
  }),
  signal: httpMethod("POST /v1/runs/{runId}/signal", {
    summary: "Sends a named value.",
    request: SignalRunRequest,
    jsonMembers: ["value"],
    ...nothing,
  }),
  answer: httpMethod("POST /v1/runs/{runId}/answer", {
    summary: "Answers a question; without `answer`, declines it.",
    request: AnswerRunRequest,
    jsonMembers: ["answer"],
    ...nothing,
  }),
  query: httpMethod("GET /v1/runs/{runId}/query/{name}", {
    summary: "Reads a named value.",
    request: QueryRunRequest,
    response: JsonValueSchema,
  }),
  retry: httpMethod("POST /v1/runs/{runId}/retry", {
    summary: "Goes on in a run that has ended, from what failed it, or `from` a node or activation.",
    request: RetryRunRequest,
    response: RetriedRun,
  }),
  delete: httpMethod("DELETE /v1/runs/{runId}", {
    summary: "Deletes a run that has ended, with its events and logs.",
    request: RunRequest,
    ...nothing,
  }),
  why: httpMethod("GET /v1/runs/{runId}/why", {
    summary: "Why an open run has not ended.",
    request: RunRequest,
    response: Explanations,
  }),
};

const calls = {
  list: httpMethod("GET /v1/calls", {
    summary: "Calls that were started and have not ended.",
    request: ListCallsRequest,
    response: pageOf(CallView),
    query: { ...page, status: "text" },
  }),
  settle: httpMethod("POST /v1/calls/settle", {
    summary: "Says how a call of unknown outcome ended.",
    request: SettleCallRequest,
    jsonMembers: ["result"],
    ...nothing,
  }),
};

const deadLetters = {
  list: httpMethod("GET /v1/runs/{runId}/dead-letters", {
    summary: "Messages of a run that could not be delivered.",
    request: ListDeadLettersRequest,
    response: DeadLetters,
  }),
  replay: httpMethod("POST /v1/runs/{runId}/dead-letters/replay", {
    summary: "Sends them again: `letters`, or all that were not yet.",
    request: ReplayDeadLettersRequest,
    response: Replayed,
  }),
};

const tools = {
  list: httpMethod("GET /v1/tools", {
    summary: "Tools that workflows here may call, of one capability or all.",
    request: ListToolsRequest,
    response: Tools,
    query: { capability: "text" },
  }),
  invoke: httpMethod("POST /v1/tools/{tool}/invoke", {
    summary: "Starts a run of one tool. A call that may change something waits there for an answer.",
    request: InvokeToolRequest,
    response: StartedRun,
    jsonMembers: ["args"],
  }),
};

const plugins = {
  list: httpMethod("GET /v1/plugins", {
    summary: "Plugins with their actions and the processes that serve them, of one stage or all.",
    request: ListPluginsRequest,
    response: Plugins,
    query: { stage: "text" },
  }),
  register: httpMethod("POST /v1/plugins", {
    summary: "Calls a plugin back at its address, and keeps it until it deregisters or falls silent.",
    request: RegisterPluginRequest,
    response: RegisteredPlugin,
    jsonMembers: ["info"],
  }),
  heartbeat: httpMethod("POST /v1/plugins/{plugin}/heartbeat", {
    summary: "Says that a plugin lives. `registered` false: unknown here; register again.",
    request: PluginInstanceRequest,
    response: Heartbeat,
  }),
  deregister: httpMethod("POST /v1/plugins/{plugin}/deregister", {
    summary: "Lets a plugin finish what it does, then forgets it.",
    request: PluginInstanceRequest,
    ...nothing,
  }),
  invoke: httpMethod("POST /v1/plugins/{plugin}/actions/{action}/invoke", {
    summary: "Starts a run of one action. A `modify` or `admin` action waits there for an answer.",
    request: InvokePluginRequest,
    response: StartedRun,
    jsonMembers: ["params"],
  }),
};

const nodes = {
  add: httpMethod("POST /v1/nodes/servers", {
    summary: "Adds a node server, and keeps it over restarts.",
    request: AddNodeServerRequest,
    response: NodeServerView,
  }),
  list: httpMethod("GET /v1/nodes/servers", {
    summary: "Node servers with their nodes, without their tokens.",
    request: NoFields,
    response: NodeServers,
  }),
  remove: httpMethod("DELETE /v1/nodes/servers", {
    summary: "Forgets the node server at `url`.",
    request: NodeServerRequest,
    query: { url: "text" },
    ...nothing,
  }),
  invoke: httpMethod("POST /v1/nodes/invoke", {
    summary: "Starts a run of one node.",
    request: InvokeNodeRequest,
    response: StartedRun,
    jsonMembers: ["inputs", "parameters"],
  }),
};

const tokens = {
  create: httpMethod("POST /v1/tokens", {
    summary: "Makes a token. Its secret is shown here and never again.",
    request: CreateTokenRequest,
    response: CreatedToken,
  }),
  list: httpMethod("GET /v1/tokens", {
    summary: "Tokens, without their secrets.",
    request: Page,
    response: pageOf(TokenView),
    query: page,
  }),
  revoke: httpMethod("POST /v1/tokens/{id}/revoke", {
    summary: "Revokes a token at once, and for good.",
    request: RevokeTokenRequest,
    ...nothing,
  }),
};

const runtime = {
  status: httpMethod("GET /v1/runtime", {
    summary: "The state of the runtime and of its storage.",
    request: NoFields,
    response: RuntimeStatus,
  }),
};

/** Every route, by group and method of RuntimeApi. */
export const httpRoutes = {
  bundles,
  runs,
  calls,
  approvals,
  interruptions,
  grants,
  hooks,
  deadLetters,
  tools,
  plugins,
  nodes,
  tokens,
  audit,
  runtime,
} as const;
