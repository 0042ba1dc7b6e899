/** RuntimeApi as clients offer it, whatever the wire. */
import type {
  ApprovalsApi,
  AuditApi,
  BundlesApi,
  Caller,
  CallsApi,
  DeadLettersApi,
  GrantsApi,
  HooksApi,
  InterruptionsApi,
  NodesApi,
  PluginsApi,
  RunResult,
  RunsApi,
  RuntimeGroupApi,
  StartRunRequest,
  TokensApi,
  ToolsApi,
} from "@heddle/core";
import type { CallOptions } from "./transport.ts";

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

/** Every group of RuntimeApi, seen from another process. */
export interface RemoteApi {
  readonly bundles: Remote<BundlesApi>;
  readonly runs: Remote<RunsApi> & RunsSugar;
  readonly calls: Remote<CallsApi>;
  readonly approvals: Remote<ApprovalsApi>;
  readonly interruptions: Remote<InterruptionsApi>;
  readonly grants: Remote<GrantsApi>;
  readonly hooks: Remote<HooksApi>;
  readonly deadLetters: Remote<DeadLettersApi>;
  readonly tools: Remote<ToolsApi>;
  readonly plugins: Remote<PluginsApi>;
  readonly nodes: Remote<NodesApi>;
  readonly tokens: Remote<TokensApi>;
  readonly audit: Remote<AuditApi>;
  readonly runtime: Remote<RuntimeGroupApi>;
}
