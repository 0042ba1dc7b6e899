/** The client: RuntimeApi, as seen from another process. */
import { randomUUID } from "node:crypto";
import {
  type BundlesApi,
  type Caller,
  type CallsApi,
  HeddleError,
  type RunResult,
  type RunsApi,
  type RuntimeGroupApi,
  type StartRunRequest,
  type TokensApi,
} from "@heddle/core";
import { bundlesWire, callsWire, type PartOf, runsWire, runtimeWire, splitUpload, tokensWire, type WireMethod } from "@heddle/wire";
import { follow } from "./follow.ts";
import { type PatienceOptions, patiently } from "./patience.ts";
import { createSdkLog } from "./sdk-log.ts";
import { type ClientOptions, resolveSettings } from "./settings.ts";
import { type AttemptOptions, type CallOptions, Transport } from "./transport.ts";

/** A group of RuntimeApi without the caller: who asks is in the token. A request without required fields may be left out. */
export type Remote<Api> = {
  readonly [Method in keyof Api]: Api[Method] extends (request: infer Request, caller: Caller) => infer Answer
    ? Record<never, never> extends Request
      ? (request?: Request, options?: CallOptions) => Answer
      : (request: Request, options?: CallOptions) => Answer
    : never;
};

/** What a client adds to the runs group. */
export interface RunsSugar {
  /**
   * Starts a run and waits for its end, across restarts of the daemon. Without an idempotency key it makes
   * one, so that a start whose answer was lost is not a second run.
   */
  startAndWait(request: StartRunRequest, options?: CallOptions): Promise<RunResult>;
}

/**
 * A client of one daemon. Methods and errors are those of RuntimeApi; besides, any call may reject with
 * `daemon-unreachable` (the message gives the command that starts one), `deadline-exceeded`, `cancelled`.
 *
 * `runs.follow` and `runs.result` come back by themselves after the daemon went away.
 */
export interface Client extends AsyncDisposable {
  /** `host:port` of the daemon. */
  readonly target: string;
  readonly bundles: Remote<BundlesApi>;
  readonly runs: Remote<RunsApi> & RunsSugar;
  readonly calls: Remote<CallsApi>;
  readonly tokens: Remote<TokensApi>;
  readonly runtime: Remote<RuntimeGroupApi>;
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

  const once = (call: CallOptions | undefined): AttemptOptions => ({
    signal: call?.signal,
    deadline: Date.now() + (call?.timeoutMs ?? timeoutMs),
  });
  const open = (call: CallOptions | undefined): AttemptOptions => ({
    signal: call?.signal,
    deadline: call?.timeoutMs === undefined ? Number.POSITIVE_INFINITY : Date.now() + call.timeoutMs,
  });
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
      transport.unary(method, request ?? ({} as Request), once(call));

  /** A list that comes in as many messages as it needs. */
  const listed =
    <Request extends { readonly after?: number; readonly limit?: number }, Row>(
      method: WireMethod<Request, PartOf<Row>>,
      positionOf: (row: Row) => number,
    ) =>
    async (request: Request, call?: CallOptions): Promise<readonly Row[]> => {
      const { limit } = request;
      let part = await transport.unary(method, request, once(call));
      const rows = [...part.rows];
      while (part.truncated && limit !== undefined && rows.length < limit) {
        const after = positionOf(rows.at(-1) as Row);
        part = await transport.unary(method, { ...request, after, limit: limit - rows.length }, once(call));
        rows.push(...part.rows);
      }
      return rows;
    };

  const result: Remote<RunsApi>["result"] = (request, call) =>
    patiently(patience(`result of ${request.runId}`, call), (onAttached) =>
      transport.unary(runsWire.result, request, { ...open(call), onAttached }),
    );

  const bundles: Remote<BundlesApi> = {
    put: (upload, call) => transport.upload(bundlesWire.put, splitUpload(upload), open(call)),
    get: plain(bundlesWire.get),
    list: plain(bundlesWire.list),
    delete: plain(bundlesWire.delete),
  };
  const runs: Remote<RunsApi> & RunsSugar = {
    start: plain(runsWire.start),
    get: plain(runsWire.get),
    list: plain(runsWire.list),
    events: listed(runsWire.events, (record) => record.seq),
    follow: (request, call) => follow(patience(`follow of ${request.runId}`, call), request),
    logs: listed(runsWire.logs, (record) => record.n),
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
    startAndWait: async (request, call) => {
      const keyed = { ...request, idempotencyKey: request.idempotencyKey ?? randomUUID() };
      const { deadline } = open(call);
      const starting = () => transport.unary(runsWire.start, keyed, { ...once(undefined), signal: call?.signal });
      const { runId } = await patiently(patience("start", call), starting);
      const timeoutLeftMs = deadline - Date.now();
      if (timeoutLeftMs <= 0) throw new HeddleError("deadline-exceeded", `run ${runId} did not end in time`);
      const left = Number.isFinite(timeoutLeftMs) ? timeoutLeftMs : undefined;
      return result({ runId }, { signal: call?.signal, timeoutMs: left });
    },
  };

  const close = async () => transport.close();
  return {
    target,
    bundles,
    runs,
    calls: { list: plain(callsWire.list), settle: plain(callsWire.settle) },
    tokens: { create: plain(tokensWire.create), list: plain(tokensWire.list), revoke: plain(tokensWire.revoke) },
    runtime: { status: plain(runtimeWire.status) },
    close,
    [Symbol.asyncDispose]: close,
  };
}
