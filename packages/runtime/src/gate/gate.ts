/**
 * The gate: the one function through which every effect leaves the runtime.
 *
 * Architecture invariant: no executor is imported or called outside this folder and the place that
 * builds it.
 */
import { type CallNeed, type Failure, failureOf, isSafeToRepeat, type JsonObject, type ToolRegistry } from "@heddle/core";
import type { CallAnswer, CallWanted, Clock, Executor, Outcome, Task } from "@heddle/ports";
import type { HookBook } from "../hooks/hook-book.ts";
import type { AttemptAbort } from "../shell/abort.ts";
import type { Admission } from "./admit.ts";
import type { CallRequest, Prepared } from "./call-request.ts";
import { asHooksLeft, type Calls, type JudgedCall, needFailure, subjectOf } from "./calls.ts";
import { type CodeSite, callFromCode } from "./code-calls.ts";

/** The call behind an attempt at a tool node. */
export interface PerformedCall {
  readonly request: CallRequest;
  readonly judged: JudgedCall;
}

export interface Gate {
  /** What the call of a tool node comes to; settles without executing anything. */
  prepare(request: CallRequest, admission: Admission): Promise<Prepared>;
  /** Carries out a call that another one needs first; a failure where it did not succeed. */
  satisfy(task: Task, request: CallRequest, need: Extract<CallNeed, { kind: "call" }>, abort: AttemptAbort): Promise<Failure | undefined>;
  /** Carries out one admitted attempt; settles exactly once, never rejects. A tool node's is given its call. */
  perform(task: Task, admission: Admission, abort: AttemptAbort, call?: PerformedCall): Promise<Outcome>;
  /** Carries out a call that the code of an attempt makes, the `place`-th; settles once, never rejects. */
  call(site: CodeSite, wanted: CallWanted, place: number): Promise<CallAnswer>;
}

export interface GateOptions {
  readonly clock: Clock;
  readonly calls: Calls;
  readonly registry: ToolRegistry;
  readonly hooks?: HookBook;
  /** The executor for a task; undefined where there is none for its kind. */
  route(task: Task): Executor | undefined;
}

export function createGate(options: GateOptions): Gate {
  const { clock, calls } = options;
  const execute = (task: Task, abort: AttemptAbort): Promise<Outcome> => {
    const executor = options.route(task);
    if (executor === undefined) {
      const failure = failureOf("handler-not-found", `nothing here carries out ${task.node.id}`, "denied", { node: task.node.id });
      return Promise.resolve({ kind: "failed", failure });
    }
    const { timeoutMs } = task.node;
    return timeoutMs === undefined || executor.keepsTime === true
      ? executor.execute(task, abort)
      : withTimeout(clock, executor, task, abort, timeoutMs);
  };
  /** Executes a call as it was prepared; then its hooks have their say about the result. */
  const executeCall = async (task: Task, request: CallRequest, judged: JudgedCall, abort: AttemptAbort): Promise<Outcome> => {
    const { prepared } = judged;
    const left = asHooksLeft(request, judged);
    const outcome = await execute({ ...task, call: { prepared, reconsider: (args) => calls.reconsider(left, args) } }, abort);
    const { hooks } = options;
    if (hooks?.concerns("post", task.tenant) !== true || outcome.kind === "aborted" || outcome.kind === "lost") return outcome;
    return hooks.after({ ...subjectOf(request, prepared), args: prepared.args }, outcome);
  };
  const code = { calls, registry: options.registry, execute: executeCall };
  return {
    call: (site, wanted, place) => callFromCode(code, site, wanted, place),
    prepare(request, admission) {
      const refused = admission.refuse(request.node);
      return refused === undefined ? calls.prepare(request) : Promise.resolve({ kind: "refused", failure: refused });
    },
    async satisfy(task, request, need, abort) {
      const prepared = await calls.prepareNeed(request, need);
      if (prepared === undefined || "code" in prepared) return prepared;
      const node = { kind: "tool" as const, id: task.node.id, capability: need.capability };
      const idempotencyKey = `${task.idempotencyKey}/${need.key}`;
      const call = { prepared, reconsider: (args: JsonObject) => calls.reconsider(request, args) };
      const outcome = await execute({ ...task, node, idempotencyKey, input: need.args, call }, abort);
      return outcome.kind === "succeeded" ? undefined : needFailure(need, outcome, task.node.id);
    },
    perform(task, admission, abort, call) {
      const refused = admission.refuse(task.node);
      if (refused !== undefined) return Promise.resolve({ kind: "failed", failure: refused });
      if (task.node.kind !== "tool") return execute(task, abort);
      if (call === undefined) {
        const failure = failureOf("call-denied", `${task.node.id} was never judged`, "denied", { node: task.node.id });
        return Promise.resolve({ kind: "failed", failure });
      }
      const { request, judged } = call;
      return calls
        .authorise(request, judged)
        .then((failure) => (failure === undefined ? executeCall(task, request, judged, abort) : { kind: "failed", failure }));
    },
  };
}

async function withTimeout(clock: Clock, executor: Executor, task: Task, abort: AttemptAbort, timeoutMs: number): Promise<Outcome> {
  const disarm = clock.setTimer(timeoutMs, () => abort.abort("timeout"));
  try {
    const outcome = await executor.execute(task, abort);
    if (abort.reason !== "timeout" || outcome.kind === "lost") return outcome;
    // What a handler gives once its time is up is not its answer, unless repeating it would do harm.
    if (outcome.kind === "succeeded" && !isSafeToRepeat(task.node)) return outcome;
    return {
      kind: "failed",
      failure: failureOf("timeout", `${task.node.id} took longer than ${timeoutMs} ms`, "timeout", { retryable: true, node: task.node.id }),
    };
  } finally {
    disarm();
  }
}
