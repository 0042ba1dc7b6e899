/** One attempt at a remote node: what is sent for it, and what its statuses make of it. */
import {
  adoptJson,
  failureOf,
  HeddleError,
  isOversized,
  type NodeParameter,
  nodeValuesOf,
  type RemoteTarget,
  valueBytesMax,
} from "@heddle/core";
import type { AbortHandle, Outcome, Task } from "@heddle/ports";
import type { ReceivedStatus } from "./messages.ts";

/** What every SDK sends first: it says nothing that the attempt does not say. */
const firstMessage = "Starting execution...";
const messageCharsMax = 4_096;

export class RemoteCall {
  readonly task: Task;
  readonly target: RemoteTarget;
  readonly abort: AbortHandle;
  /** The wait after an abort. */
  disarm: (() => void) | undefined;
  #settle: ((outcome: Outcome) => void) | undefined;
  #isWaiting = false;
  /** The members of the request that stay the same, however often it is sent. */
  #request: Readonly<Record<string, unknown>> | undefined;

  constructor(task: Task, target: RemoteTarget, abort: AbortHandle, settle: (outcome: Outcome) => void) {
    this.task = task;
    this.target = target;
    this.abort = abort;
    this.#settle = settle;
  }

  /** The same for every attempt, and every time that it is asked for: so a server knows what it has seen. */
  get instanceId(): string {
    return this.task.idempotencyKey;
  }

  get nodeId(): number {
    return this.task.activation;
  }

  get isSettled(): boolean {
    return this.#settle === undefined;
  }

  settle(outcome: Outcome): void {
    this.disarm?.();
    const settle = this.#settle;
    this.#settle = undefined;
    settle?.(outcome);
  }

  waitFor(message: string): void {
    this.#isWaiting = true;
    this.task.services.waiting({ kind: "executor-missing", message });
  }

  goOn(): void {
    if (!this.#isWaiting) return;
    this.#isWaiting = false;
    this.task.services.waiting(undefined);
  }

  prepare(definition: object, parameters: readonly NodeParameter[], serverUid: string): void {
    const { nodeId } = this;
    this.#request = {
      nodeId,
      nodeUid: this.target.node,
      graphNode: { ...definition, id: nodeId, uid: this.target.node, parameters, serverUid },
      inputs: nodeValuesOf(this.task.input),
      attempt: this.task.attempt,
    };
  }

  /** `resume`: it was sent before. */
  requestText(serverUid: string, resume: boolean): string {
    const payload = resume ? { ...this.#request, resume } : this.#request;
    return JSON.stringify({ type: "request_execution", serverUid, instanceId: this.instanceId, payload });
  }

  stopText(serverUid: string): string {
    return JSON.stringify({ type: "stop_workflow_instance", serverUid, instanceId: this.instanceId });
  }

  /** What a status makes of it; undefined where it goes on. */
  outcomeOf(status: ReceivedStatus): Outcome | undefined {
    switch (status.type) {
      case "complete":
        return this.#completed(status.outputs);
      case "error":
      case "missing":
        return this.abort.aborted ? { kind: "aborted" } : this.failed(status.message ?? "the node ended with an error");
      case "running":
        this.#tellProgress(status);
        return undefined;
      default:
        return undefined;
    }
  }

  /** The node's own error: trying again may help. */
  failed(message: string, retryable = true): Outcome {
    const node = this.task.node.id;
    const text = message === "" ? "the node failed without saying why" : message.slice(0, messageCharsMax);
    return { kind: "failed", failure: failureOf("node-failed", text, retryable ? "handler" : "invalid", { retryable, node }) };
  }

  #completed(outputs: unknown): Outcome {
    const node = this.task.node.id;
    try {
      const adopted = adoptJson(outputs ?? {});
      if (typeof adopted !== "object" || adopted === null || Array.isArray(adopted)) {
        return { kind: "failed", failure: failureOf("result-invalid", `${node} gave outputs that are no object`, "invalid", { node }) };
      }
      const result = nodeValuesOf(adopted as Parameters<typeof nodeValuesOf>[0]);
      if (!isOversized(result)) return { kind: "succeeded", result };
      return {
        kind: "failed",
        failure: failureOf("value-too-large", `${node} gave more than ${valueBytesMax} bytes`, "invalid", { node }),
      };
    } catch (error) {
      const message = HeddleError.is(error) ? error.message : "they cannot be read";
      return {
        kind: "failed",
        failure: failureOf("result-invalid", `${node} gave outputs that are not JSON: ${message}`, "invalid", { node }),
      };
    }
  }

  #tellProgress({ message, progress }: ReceivedStatus): void {
    if (progress === undefined && (message === undefined || message === firstMessage)) return;
    const text = message ?? `step ${progress?.step} of ${progress?.total}`;
    this.task.services.log({
      level: "debug",
      source: "log",
      text: text.slice(0, messageCharsMax),
      ...(progress === undefined ? {} : { fields: { ...progress } }),
    });
  }
}
