/** The client: RuntimeApi, as seen from another process. */
import type { RunsApi } from "@heddle/core";
import {
  approvalsWire,
  auditWire,
  bundlesWire,
  callsWire,
  deadLettersWire,
  grantsWire,
  hooksWire,
  interruptionsWire,
  nodesWire,
  pluginsWire,
  runsWire,
  runtimeWire,
  splitUpload,
  tokensWire,
  toolsWire,
  type WireMethod,
} from "@heddle/wire";
import { once, open } from "./deadlines.ts";
import { follow } from "./follow.ts";
import { followApprovals } from "./follow-approvals.ts";
import { listed } from "./lists.ts";
import { type PatienceOptions, patiently } from "./patience.ts";
import type { Remote, RemoteApi } from "./remote.ts";
import { createSdkLog } from "./sdk-log.ts";
import { type ClientOptions, resolveSettings } from "./settings.ts";
import { startAndWait } from "./start-and-wait.ts";
import { type CallOptions, Transport } from "./transport.ts";

/**
 * A client of one daemon. Methods and errors are those of RuntimeApi; besides, any call may reject with
 * `daemon-unreachable` (the message gives the command that starts one), `deadline-exceeded`, `cancelled`.
 *
 * `runs.follow`, `runs.result` and `approvals.follow` come back by themselves after the daemon went away.
 */
export interface Client extends RemoteApi, AsyncDisposable {
  /** `host:port` of the daemon. */
  readonly target: string;
  /** Ends what is under way, as `cancelled`. Idempotent. */
  close(): Promise<void>;
}

/**
 * Makes a client. Nothing is sent before the first call.
 *
 * @throws HeddleError `config-invalid`, for a target that is no address, a timeout that is no time, and
 * for another machine without `insecure`.
 */
export function createClient(options: ClientOptions = {}): Client {
  const settings = resolveSettings(options);
  const { target, timeoutMs, reattachMs, logPath } = settings;
  const transport = new Transport(settings);
  const log = createSdkLog(logPath);

  const patience = (what: string, call: CallOptions | undefined): PatienceOptions => ({
    ...open(call),
    transport,
    log,
    reattachMs,
    what,
  });

  /** A method that is one unary call. */
  const plain =
    <Request, Response>(method: WireMethod<Request, Response>) =>
    (request?: Request, call?: CallOptions): Promise<Response> =>
      transport.unary(method, request ?? ({} as Request), once(call, timeoutMs));

  const result: Remote<RunsApi>["result"] = (request, call) =>
    patiently(patience(`result of ${request.runId}`, call), (trying) =>
      transport.unary(runsWire.result, request, { ...open(call), onAttached: () => trying.attached() }),
    );

  const bundles: RemoteApi["bundles"] = {
    put: (upload, call) => transport.upload(bundlesWire.put, splitUpload(upload), open(call)),
    get: plain(bundlesWire.get),
    list: plain(bundlesWire.list),
    delete: plain(bundlesWire.delete),
  };
  const runs: RemoteApi["runs"] = {
    start: plain(runsWire.start),
    get: plain(runsWire.get),
    list: plain(runsWire.list),
    events: listed(plain(runsWire.events), (record) => record.seq),
    follow: (request, call) =>
      follow(patience(`follow of ${request.runId}`, call), request, (asked, attempt) => transport.stream(runsWire.follow, asked, attempt)),
    logs: listed(plain(runsWire.logs), (record) => record.n),
    result,
    pause: plain(runsWire.pause),
    resume: plain(runsWire.resume),
    cancel: plain(runsWire.cancel),
    signal: plain(runsWire.signal),
    answer: plain(runsWire.answer),
    query: plain(runsWire.query),
    retry: plain(runsWire.retry),
    delete: plain(runsWire.delete),
    why: plain(runsWire.why),
    startAndWait: (request, call) =>
      startAndWait({ start: plain(runsWire.start), result, patience: (whole) => patience("start", whole) }, request, call),
  };

  const close = async () => transport.close();
  return {
    target,
    bundles,
    runs,
    calls: { list: plain(callsWire.list), settle: plain(callsWire.settle) },
    approvals: {
      list: plain(approvalsWire.list),
      get: plain(approvalsWire.get),
      approve: plain(approvalsWire.approve),
      reject: plain(approvalsWire.reject),
      follow: (request, call) =>
        followApprovals(patience("follow of approvals", call), request ?? {}, (asked, attempt) =>
          transport.stream(approvalsWire.follow, asked, attempt),
        ),
    },
    interruptions: {
      list: plain(interruptionsWire.list),
      answer: plain(interruptionsWire.answer),
      decline: plain(interruptionsWire.decline),
    },
    grants: { list: plain(grantsWire.list), create: plain(grantsWire.create), revoke: plain(grantsWire.revoke) },
    hooks: { list: plain(hooksWire.list), register: plain(hooksWire.register), delete: plain(hooksWire.delete) },
    deadLetters: { list: plain(deadLettersWire.list), replay: plain(deadLettersWire.replay) },
    tools: { list: plain(toolsWire.list), invoke: plain(toolsWire.invoke) },
    plugins: {
      list: plain(pluginsWire.list),
      register: plain(pluginsWire.register),
      heartbeat: plain(pluginsWire.heartbeat),
      deregister: plain(pluginsWire.deregister),
      invoke: plain(pluginsWire.invoke),
    },
    nodes: {
      add: plain(nodesWire.add),
      list: plain(nodesWire.list),
      remove: plain(nodesWire.remove),
      invoke: plain(nodesWire.invoke),
    },
    tokens: { create: plain(tokensWire.create), list: plain(tokensWire.list), revoke: plain(tokensWire.revoke) },
    audit: { head: plain(auditWire.head), export: plain(auditWire.export), explain: plain(auditWire.explain) },
    runtime: { status: plain(runtimeWire.status) },
    close,
    [Symbol.asyncDispose]: close,
  };
}
