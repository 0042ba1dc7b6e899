/** The client over HTTP: RuntimeApi with fetch and server-sent events, for browsers, edge runtimes and Node. */
import { HeddleError, type RunsApi } from "@heddle/core";
import { approvalSse, type HttpMethod, httpRoutes, isLoopbackHost, packUpload, runSse } from "@heddle/wire/http";
import { once, open } from "../deadlines.ts";
import { follow } from "../follow.ts";
import { followApprovals } from "../follow-approvals.ts";
import { listed } from "../lists.ts";
import { type PatienceOptions, patiently } from "../patience.ts";
import type { Remote, RemoteApi } from "../remote.ts";
import { startAndWait } from "../start-and-wait.ts";
import type { CallOptions } from "../transport.ts";
import { HttpTransport } from "./transport.ts";

/** How a client is made. Nothing is read from an environment. */
export interface HttpClientOptions {
  /** As in `http://127.0.0.1:8787`. */
  readonly baseUrl: string;
  /** The secret to present. */
  readonly token?: string | undefined;
  /** Default: that of the platform. */
  readonly fetch?: typeof fetch | undefined;
  /** For each call but uploads, followers and waiting for a result. Default 10 s. */
  readonly timeoutMs?: number | undefined;
  /** How long a follower tries to come back to its daemon without progress. Default 60 s. */
  readonly reattachMs?: number | undefined;
  /** Send the token to another machine without TLS. */
  readonly insecure?: boolean | undefined;
  /** Told of attempts that failed and of giving up. Default: nobody is. */
  readonly log?: ((level: "warn" | "error", message: string) => void) | undefined;
}

/**
 * A client of one daemon, with the methods and errors of the gRPC client: besides those of RuntimeApi,
 * any call may reject with `daemon-unreachable`, `deadline-exceeded`, `cancelled`.
 *
 * `runs.follow`, `runs.result` and `approvals.follow` come back by themselves after the daemon went away. A bundle has at most
 * 16 MiB as it is sent.
 */
export interface HttpClient extends RemoteApi, AsyncDisposable {
  /** Without a slash at its end. */
  readonly baseUrl: string;
  /** Ends what is under way, as `cancelled`. Idempotent. */
  close(): Promise<void>;
}

/** How long one request waits for a result: what stands between the two may cut those that wait longer. */
const resultWaitMs = 25_000;
/** The first one is short: its answer shows that there is a daemon. */
const firstWaitMs = 1_000;

/**
 * Makes a client. Nothing is sent before the first call.
 *
 * @throws HeddleError `config-invalid`, for an address that is none, a token that no header can carry, a
 * timeout that is no time, and for another machine without TLS and without `insecure`.
 */
export function createHttpClient(options: HttpClientOptions): HttpClient {
  const { token, timeoutMs = 10_000, reattachMs = 60_000, log = () => undefined } = options;
  const baseUrl = checkedUrl(options.baseUrl, options.insecure === true);
  if (token !== undefined && !/^[\x21-\x7e]+$/.test(token)) throw new HeddleError("config-invalid", "the token has white space in it");
  assertTime("the timeout", timeoutMs);
  assertTime("reattachMs", reattachMs);
  // A browser's fetch wants to be called as a function of the window.
  const transport = new HttpTransport({ baseUrl, token, fetch: options.fetch ?? ((input, init) => fetch(input, init)) });

  const patience = (what: string, call: CallOptions | undefined): PatienceOptions => ({ ...open(call), transport, log, reattachMs, what });

  const plain =
    <Request, Response>(method: HttpMethod<Request, Response>) =>
    (request?: Request, call?: CallOptions): Promise<Response> =>
      transport.call(method, request ?? ({} as Request), once(call, timeoutMs));

  const result: Remote<RunsApi>["result"] = (request, call) => {
    const whole = open(call);
    return patiently(patience(`result of ${request.runId}`, call), async (trying) => {
      for (;;) {
        const waitMs = transport.reached ? resultWaitMs : firstWaitMs;
        try {
          return await transport.call(httpRoutes.runs.result, { ...request, waitMs }, whole);
        } catch (error) {
          if (!HeddleError.is(error, "deadline-exceeded") || Date.now() >= whole.deadline) throw error;
          trying.progressed();
        }
      }
    });
  };

  const { bundles, runs, calls, approvals, interruptions, grants, hooks, deadLetters, tools, plugins, nodes, tokens, audit, runtime } =
    httpRoutes;
  const close = async () => transport.close();
  return {
    baseUrl,
    bundles: {
      put: async (upload, call) => transport.call(bundles.put, await packUpload(upload), open(call)),
      get: plain(bundles.get),
      list: plain(bundles.list),
      delete: plain(bundles.delete),
    },
    runs: {
      start: plain(runs.start),
      get: plain(runs.get),
      list: plain(runs.list),
      events: listed(plain(runs.events), (record) => record.seq),
      follow: (request, call) =>
        follow(patience(`follow of ${request.runId}`, call), request, ({ after, ...asked }, attempt) =>
          transport.events(runs.follow, runSse, asked, { ...attempt, lastEventId: String(after ?? 0) }),
        ),
      logs: listed(plain(runs.logs), (record) => record.n),
      result,
      pause: plain(runs.pause),
      resume: plain(runs.resume),
      cancel: plain(runs.cancel),
      signal: plain(runs.signal),
      answer: plain(runs.answer),
      query: plain(runs.query),
      retry: plain(runs.retry),
      delete: plain(runs.delete),
      why: plain(runs.why),
      startAndWait: (request, call) =>
        startAndWait({ start: plain(runs.start), result, patience: (whole) => patience("start", whole) }, request, call),
    },
    calls: { list: plain(calls.list), settle: plain(calls.settle) },
    approvals: {
      list: plain(approvals.list),
      get: plain(approvals.get),
      approve: plain(approvals.approve),
      reject: plain(approvals.reject),
      follow: (request, call) =>
        followApprovals(patience("follow of approvals", call), request ?? {}, (asked, attempt) =>
          transport.events(approvals.follow, approvalSse, asked, attempt),
        ),
    },
    interruptions: { list: plain(interruptions.list), answer: plain(interruptions.answer), decline: plain(interruptions.decline) },
    grants: { list: plain(grants.list), create: plain(grants.create), revoke: plain(grants.revoke) },
    hooks: { list: plain(hooks.list), register: plain(hooks.register), delete: plain(hooks.delete) },
    deadLetters: { list: plain(deadLetters.list), replay: plain(deadLetters.replay) },
    tools: { list: plain(tools.list), invoke: plain(tools.invoke) },
    plugins: {
      list: plain(plugins.list),
      register: plain(plugins.register),
      heartbeat: plain(plugins.heartbeat),
      deregister: plain(plugins.deregister),
      invoke: plain(plugins.invoke),
    },
    nodes: { add: plain(nodes.add), list: plain(nodes.list), remove: plain(nodes.remove), invoke: plain(nodes.invoke) },
    tokens: { create: plain(tokens.create), list: plain(tokens.list), revoke: plain(tokens.revoke) },
    audit: { head: plain(audit.head), export: plain(audit.export), explain: plain(audit.explain) },
    runtime: { status: plain(runtime.status) },
    close,
    [Symbol.asyncDispose]: close,
  };
}

function checkedUrl(text: string, insecure: boolean): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol) || url.search !== "" || url.hash !== "" || url.username !== "") {
    throw new HeddleError("config-invalid", `the address ${JSON.stringify(text)} is not one, as in http://127.0.0.1:8787`);
  }
  if (url.protocol === "http:" && !insecure && !isLoopbackHost(url.hostname.replace(/^\[|\]$/g, ""))) {
    throw new HeddleError(
      "config-invalid",
      `${url.host} is another machine, and the token would be readable on the way: use https, or accept that with insecure: true`,
    );
  }
  return url.href.replace(/\/+$/, "");
}

/** The largest delay that timers of JavaScript know. */
const timerMsMax = 2 ** 31 - 1;

function assertTime(what: string, value: number): void {
  if (value > 0 && value <= timerMsMax) return;
  throw new HeddleError("config-invalid", `${what} is ${value}, and must be a positive time of at most ${timerMsMax} ms`);
}
