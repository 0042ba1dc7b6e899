/** Requests made by hand, and whole calls without a wire. */
import { HeddleError, type JsonObject, type LogLevel, logFunctions, TimeRange } from "@heddle/core";
import { readyPlugin } from "../check-plugin.ts";
import type { PluginRequest, Progress } from "../declare.ts";
import type { AnyPlugin } from "../define-plugin.ts";
import { type CallOutcome, perform } from "../perform.ts";

/** What a request is made from; all but `params` may be left out. */
export interface RequestOptions {
  /** Default: `params.action`. */
  readonly action?: string;
  readonly params?: JsonObject;
  readonly timeRange?: {
    readonly startEpochMs: number;
    readonly endEpochMs: number;
    readonly timezone?: string;
    readonly originalExpression?: string;
  };
  readonly tenant?: string;
  readonly run?: string;
  readonly node?: string;
  readonly activation?: number;
  readonly attempt?: number;
  readonly idempotencyKey?: string;
  readonly signal?: AbortSignal;
  readonly deadlineMs?: number;
}

/** A record that was logged. */
export interface Logged {
  readonly level: LogLevel;
  readonly text: string;
  readonly fields?: JsonObject;
}

/** A request that remembers what was logged to it. */
export interface TestRequest extends PluginRequest {
  readonly logged: readonly Logged[];
  readonly progressed: readonly Progress[];
}

/**
 * A request to hand to `execute` of a plugin directly. Nothing is checked, and no defaults are filled in:
 * `callAction` does that.
 *
 * @throws HeddleError `request-invalid` when no action is named.
 */
export function testRequest(options: RequestOptions = {}): TestRequest {
  const { params = {}, timeRange, signal = new AbortController().signal, deadlineMs } = options;
  const action = actionOf(options);
  const logged: Logged[] = [];
  const progressed: Progress[] = [];
  return {
    ...identityOf(options),
    action,
    params: { ...params, action },
    timeRange: timeRange === undefined ? undefined : TimeRange.parse(timeRange),
    signal,
    deadlineMs,
    log: logFunctions((level, text, fields) => void logged.push({ level, text, ...(fields === undefined ? {} : { fields }) })),
    progress: (progress) => void progressed.push(progress),
    logged,
    progressed,
  };
}

/** How a call ended, and what was said on the way. */
export type CallResult = CallOutcome & { readonly logged: readonly Logged[]; readonly progressed: readonly Progress[] };

/**
 * Calls an action as the daemon would: the plugin passes the quality gate, inputs and outputs are checked,
 * what is thrown becomes a failure.
 *
 * Errors: `plugin-invalid` with every problem; `request-invalid` when no action is named.
 */
export async function callAction(plugin: AnyPlugin, options: RequestOptions = {}): Promise<CallResult> {
  const ready = readyPlugin(plugin);
  const { params = {}, timeRange, signal = new AbortController().signal, deadlineMs } = options;
  const { action: _, ...inputs } = params;
  const logged: Logged[] = [];
  const progressed: Progress[] = [];
  const outcome = await perform(
    ready,
    {
      ...identityOf(options),
      action: actionOf(options),
      params: inputs,
      ...(timeRange === undefined ? {} : { timeRange: TimeRange.parse(timeRange) }),
      ...(deadlineMs === undefined ? {} : { deadlineMs }),
    },
    {
      signal,
      log: (level, text, fields) => void logged.push({ level, text, ...(fields === undefined ? {} : { fields }) }),
      progress: (progress) => void progressed.push(progress),
    },
  );
  return { ...outcome, logged, progressed };
}

function actionOf({ action, params }: RequestOptions): string {
  const named = action ?? params?.["action"];
  if (typeof named === "string") return named;
  throw new HeddleError("request-invalid", "name the action: testRequest({ action, params }), or params.action");
}

function identityOf(options: RequestOptions) {
  const { tenant = "default", run = "run_test", node = "node", activation = 1, attempt = 1 } = options;
  return { tenant, run, node, activation, attempt, idempotencyKey: options.idempotencyKey ?? `${run}/${activation}` };
}
