/**
 * Follows one run to its end: shows what goes on, brings its questions to a person, looks after the runs
 * that it starts, and goes on at another daemon where the one it spoke to was only a guest's host.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { type EventRecord, HeddleError, type RunEvent, type RunResult } from "@heddle/core";
import { isAway, type Session } from "../connect.ts";
import type { CliContext } from "../context.ts";
import { createPaint } from "../style.ts";
import { Activity, type Change, type OpenActivation } from "./activity.ts";
import { Progress } from "./progress.ts";
import { Questions } from "./questions.ts";
import { type LogsShown, RunLogs } from "./run-logs.ts";

export interface FollowOptions {
  readonly context: CliContext;
  readonly session: Session;
  /** Another session, when the daemon of a guest has ended. Whoever gives it closes it. */
  readonly renew: () => Promise<Session>;
  readonly runId: string;
  /** Events up to this one are history, and not shown. */
  readonly history: number;
  readonly yes: boolean;
  /** What of its handlers' logs is shown. Default: nothing. */
  readonly logs?: LogsShown;
  /** Takes each event of the run itself, history included. */
  readonly onEvent?: (record: EventRecord) => void;
  /** Ends the following, and nothing else. */
  readonly signal: AbortSignal;
}

const childLookMs = 250;

class RunFollower {
  readonly #options: FollowOptions;
  readonly #progress: Progress;
  readonly #questions: Questions;
  readonly #logs: RunLogs | undefined;
  readonly #stop = new AbortController();
  readonly #children = new Map<string, AbortController>();
  #session: Session;
  #renewing: Promise<void> | undefined;
  #problem: { readonly error: unknown } | undefined;

  constructor(options: FollowOptions) {
    this.#options = options;
    this.#session = options.session;
    this.#progress = new Progress(options.context);
    this.#questions = new Questions({
      context: options.context,
      progress: this.#progress,
      client: () => this.#session.client,
      flags: () => this.#session.flags,
      yes: options.yes,
      onError: (error) => this.#fail(error),
    });
    const { context, logs, runId } = options;
    if (logs !== undefined) {
      const paint = createPaint(context.isTerminal.stderr, context.env);
      this.#logs = new RunLogs({
        runId,
        shown: logs,
        client: () => this.#session.client,
        paint,
        line: (text) => this.#progress.line(text),
      });
    }
  }

  async follow(): Promise<RunResult | undefined> {
    const { signal, runId, history } = this.#options;
    const stop = () => this.#stop.abort();
    signal.addEventListener("abort", stop, { once: true });
    if (signal.aborted) stop();
    void this.#session.failed?.then((error) => this.#fail(error));
    try {
      if (history > 0) await this.#logs?.skip();
      void this.#logs?.keepShowing(this.#stop.signal);
      const last = await this.#events(runId, history, "", this.#stop.signal, true);
      if (this.#problem !== undefined) throw this.#problem.error;
      if (this.#stop.signal.aborted) return undefined;
      return resultOf(runId, last) ?? (await this.#session.client.runs.result({ runId }, { signal }));
    } finally {
      signal.removeEventListener("abort", stop);
      for (const child of this.#children.values()) child.abort();
      this.#stop.abort();
      this.#questions.close();
      this.#progress.end();
    }
  }

  #fail(error: unknown): void {
    this.#problem ??= { error };
    this.#stop.abort();
  }

  /** Follows one run, this one or one below it, and returns its last event. */
  async #events(run: string, history: number, within: string, signal: AbortSignal, main: boolean): Promise<RunEvent | undefined> {
    const activity = new Activity();
    let after = 0;
    let last: RunEvent | undefined;
    let caughtUp = false;
    while (!signal.aborted) {
      const session = this.#session;
      try {
        for await (const batch of session.client.runs.follow({ runId: run, after }, { signal })) {
          // What a handler said before it failed comes before the words that it failed.
          if (main && (this.#options.logs === "all" || batch.some(({ event }) => event.kind.endsWith("-failed")))) await this.#logs?.show();
          for (const record of batch) {
            after = record.seq;
            last = record.event;
            if (main) this.#options.onEvent?.(record);
            const changes = activity.apply(record);
            if (record.seq > history) this.#show(run, changes, within, signal);
            else this.#settle(run, changes);
          }
          if (!caughtUp && after >= history) {
            caughtUp = true;
            for (const of of activity.open) this.#attend(run, of, within, signal);
          }
          if (main) this.#progress.open(activity.open);
        }
        return last;
      } catch (error) {
        if (signal.aborted) return last;
        if (!isAway(error) || session.kind !== "guest") throw error;
        await this.#renew(session);
      }
    }
    return last;
  }

  /** One renewal for all who lost the same session. */
  async #renew(lost: Session): Promise<void> {
    if (this.#session !== lost) return;
    this.#renewing ??= (async () => {
      await lost.close();
      this.#session = await this.#options.renew();
      void this.#session.failed?.then((error) => this.#fail(error));
    })().finally(() => {
      this.#renewing = undefined;
    });
    await this.#renewing;
  }

  #show(run: string, changes: readonly Change[], within: string, signal: AbortSignal): void {
    for (const change of changes) {
      this.#progress.change(change, within);
      if (change.kind === "opened" || change.kind === "turned") this.#attend(run, change.of, within, signal);
    }
    this.#settle(run, changes);
  }

  #settle(run: string, changes: readonly Change[]): void {
    for (const change of changes) {
      if (change.kind !== "ended" && change.kind !== "approved") continue;
      this.#questions.settled(run, change.of.activation);
      if (change.kind === "approved") continue;
      this.#children.get(`${run}/${change.of.activation}`)?.abort();
      this.#children.delete(`${run}/${change.of.activation}`);
    }
  }

  /** Gives an activation what it needs of us: an answer, or an eye on the run that it started. */
  #attend(run: string, { activation, node, does }: OpenActivation, within: string, signal: AbortSignal): void {
    if (does?.kind === "ask") {
      const { kind: _, needs: __, ...question } = does;
      this.#questions.offer(run, { activation, node, ...question });
    }
    const key = `${run}/${activation}`;
    if (does?.kind !== "child" || this.#children.has(key)) return;
    const over = new AbortController();
    this.#children.set(key, over);
    this.#child(run, activation, `${within}${node}/`, AbortSignal.any([signal, over.signal])).catch((error: unknown) => {
      if (!over.signal.aborted) this.#fail(error);
    });
  }

  /** Follows the runs that one activation starts, one for each of its attempts. */
  async #child(run: string, activation: number, within: string, signal: AbortSignal): Promise<void> {
    const seen = new Set<string>();
    while (!signal.aborted) {
      const child = await this.#childOf(run, activation, signal);
      if (child !== undefined && !seen.has(child)) {
        try {
          await this.#events(child, 0, within, signal, false);
          seen.add(child);
          continue;
        } catch (error) {
          // It is named before its first event is a fact.
          if (!HeddleError.is(error, "run-not-found")) throw error;
        }
      }
      await sleep(childLookMs, undefined, { signal }).catch(() => undefined);
    }
  }

  async #childOf(run: string, activation: number, signal: AbortSignal): Promise<string | undefined> {
    try {
      const reasons = await this.#session.client.runs.why({ runId: run }, { signal });
      return reasons.find((reason) => reason.run === run && reason.activation === activation)?.child;
    } catch (error) {
      if (signal.aborted || isAway(error)) return undefined;
      throw error;
    }
  }
}

/** Follows a run, and says how it ended; undefined when the following was stopped. Errors: what the daemon answers. */
export function followRun(options: FollowOptions): Promise<RunResult | undefined> {
  return new RunFollower(options).follow();
}

/** What the last event of a run says of its end. */
export function resultOf(runId: string, event: RunEvent | undefined): RunResult | undefined {
  switch (event?.kind) {
    case "run-succeeded":
      return { runId, status: "succeeded", output: event.output };
    case "run-failed":
      return { runId, status: "failed", failure: event.failure };
    case "run-cancelled":
      return { runId, status: "cancelled" };
    default:
      return undefined;
  }
}
