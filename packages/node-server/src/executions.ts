/**
 * Executions: which run, which have ended, and who is told.
 *
 * Architecture invariant: an execution has exactly one terminal status, and no status after it. It belongs
 * to the server, not to the socket that asked for it: a client that comes back and asks again is told
 * where it stands, or how it ended, and nothing runs twice.
 */
import { createHash } from "node:crypto";
import { failureOfThrown, type GraphNode, type NodeStatus, type NodeValues } from "@heddle/core";
import { contextOf, type NodeContext, type SentStatus } from "./context.ts";
import type { Frames } from "./frames.ts";
import type { ServedNode } from "./node.ts";
import { outputsOf, statusOf } from "./outputs.ts";

/** A connection, as executions see it. */
export interface Listener {
  /** `droppable`: of no use to somebody who reads more slowly than it comes. */
  send(frame: string, droppable?: boolean): void;
}

/** What a client asks for. */
export interface ExecutionRequest {
  readonly instanceId: string;
  readonly nodeId: number;
  readonly nodeUid: string;
  readonly graphNode: GraphNode;
  readonly inputs: NodeValues;
  readonly attempt?: number;
  readonly resume?: boolean;
}

export interface ExecutionsOptions {
  readonly frames: Frames;
  readonly listInputs: boolean;
  readonly stopGraceMs: number;
  readonly keepMs: number;
  /** How many ends are remembered, and how many characters of them. */
  readonly keptMax: number;
  readonly keptCharsMax: number;
  /** Milliseconds, of a clock that does not jump. */
  nowMs(): number;
  node(uid: string): ServedNode | undefined;
}

interface Execution {
  readonly request: ExecutionRequest;
  readonly digest: string;
  readonly listeners: Set<Listener>;
  readonly abort: AbortController;
  /** The frame of its latest status; of its terminal one, once it has ended. */
  frame: string;
  end: NodeStatus["type"] | undefined;
  endedAtMs: number;
  stopped: boolean;
  /** The node's own `complete`: its end is told when its function has returned. */
  said: NodeStatus | undefined;
  disarm: (() => void) | undefined;
}

export class Executions {
  readonly #options: ExecutionsOptions;
  readonly #running = new Map<string, Execution>();
  /** Those that have ended, the oldest first. */
  readonly #kept = new Map<string, Execution>();
  #keptChars = 0;
  #hasForgotten = false;

  constructor(options: ExecutionsOptions) {
    this.#options = options;
  }

  get running(): number {
    return this.#running.size;
  }

  /** Runs it, unless it runs or has run already: then it is answered from memory. */
  request(request: ExecutionRequest, listener: Listener): void {
    this.#forget();
    const key = keyOf(request);
    const digest = digestOf(request);
    const running = this.#running.get(key);
    if (running !== undefined && !isOvertaken(running, request)) {
      if (running.digest !== digest) {
        const message = "this node runs in this instance already, with other inputs: take another instanceId";
        listener.send(this.#options.frames.error("idempotency-conflict", message, request));
        return;
      }
      running.listeners.add(listener);
      listener.send(running.frame);
      return;
    }
    const kept = this.#kept.get(key);
    if (kept !== undefined && answers(kept, request, digest)) listener.send(kept.frame);
    else if (kept === undefined && request.resume === true && this.#hasForgotten) {
      const message = "nothing is known of this execution any more: it may have run";
      listener.send(this.#options.frames.error("outcome-unknown", message, request));
    } else this.#start(key, request, digest, listener);
  }

  /** The executions of an instance that run, and are not being stopped. */
  of(instanceId: string): readonly Execution[] {
    return [...this.#running.values()].filter(({ request, stopped }) => request.instanceId === instanceId && !stopped);
  }

  /** Asks them to stop. Each ends with an error once its function has, or when the grace is over. */
  stop(executions: Iterable<Execution>): void {
    for (const execution of executions) {
      if (execution.stopped || execution.end !== undefined) continue;
      execution.stopped = true;
      const timer = setTimeout(() => this.#end(execution, cancelled), this.#options.stopGraceMs);
      execution.disarm = () => clearTimeout(timer);
      execution.abort.abort();
    }
  }

  /** Ends all of them now: the server goes away. */
  stopAll(): void {
    for (const execution of [...this.#running.values()]) {
      this.stop([execution]);
      this.#end(execution, cancelled);
    }
  }

  /** It hears nothing more. What it asked for goes on. */
  leave(listener: Listener): void {
    for (const { listeners } of this.#running.values()) listeners.delete(listener);
  }

  #start(key: string, request: ExecutionRequest, digest: string, listener: Listener): void {
    const { frames } = this.#options;
    const node = this.#options.node(request.nodeUid);
    if (node === undefined) {
      listener.send(frames.status(request, { type: "error", message: `definition not found: ${request.nodeUid}` }));
      return;
    }
    this.#drop(key);
    const execution: Execution = {
      request,
      digest,
      listeners: new Set([listener]),
      abort: new AbortController(),
      frame: "",
      end: undefined,
      endedAtMs: 0,
      stopped: false,
      said: undefined,
      disarm: undefined,
    };
    this.#running.set(key, execution);
    this.#tell(execution, { type: "running", message: "Starting execution..." });
    void this.#run(execution, node);
  }

  async #run(execution: Execution, node: ServedNode): Promise<void> {
    const { request } = execution;
    try {
      const tools = {
        sendStatus: (status: SentStatus): void => this.#sent(execution, status),
        isAborted: () => execution.stopped,
        signal: execution.abort.signal,
        graphNode: request.graphNode,
        instanceId: request.instanceId,
      };
      // The context is made from the very definition that the function's parameter was typed by.
      const execute = node.execute as (ctx: NodeContext) => unknown;
      const given = await execute(contextOf(tools, node.definition, request.inputs, this.#options));
      if (execution.end !== undefined) return;
      if (execution.stopped) {
        this.#end(execution, cancelled);
        return;
      }
      const { said } = execution;
      const outputs = outputsOf(given ?? said?.outputs, node.definition);
      this.#end(execution, { type: "complete", ...(said?.message === undefined ? {} : { message: said.message }), outputs });
    } catch (thrown) {
      this.#end(execution, execution.stopped ? cancelled : { type: "error", message: failureOfThrown(thrown).message });
    }
  }

  /** What the node itself sends. */
  #sent(execution: Execution, sent: SentStatus): void {
    if (execution.end !== undefined) return;
    const status = statusOf(sent);
    if (status.type === "complete") execution.said = status;
    else if (status.type === "error") this.#end(execution, execution.stopped ? cancelled : status);
    else this.#tell(execution, status);
  }

  #tell(execution: Execution, status: NodeStatus): void {
    execution.frame = this.#options.frames.status(execution.request, status);
    for (const listener of execution.listeners) listener.send(execution.frame, true);
  }

  #end(execution: Execution, status: NodeStatus): void {
    if (execution.end !== undefined) return;
    execution.disarm?.();
    execution.frame = this.#options.frames.status(execution.request, status);
    execution.end = status.type;
    execution.endedAtMs = this.#options.nowMs();
    const key = keyOf(execution.request);
    // One that was overtaken while it was being stopped is told to those who asked for it, and not remembered.
    if (this.#running.get(key) === execution) {
      this.#running.delete(key);
      this.#kept.set(key, execution);
      this.#keptChars += execution.frame.length;
    }
    for (const listener of execution.listeners) listener.send(execution.frame);
    execution.listeners.clear();
    this.#forget();
  }

  #forget(): void {
    const { keepMs, keptMax, keptCharsMax } = this.#options;
    const oldestMs = this.#options.nowMs() - keepMs;
    for (const [key, { endedAtMs }] of this.#kept) {
      if (endedAtMs > oldestMs && this.#kept.size <= keptMax && this.#keptChars <= keptCharsMax) return;
      this.#drop(key);
      this.#hasForgotten = true;
    }
  }

  #drop(key: string): void {
    const kept = this.#kept.get(key);
    if (kept === undefined) return;
    this.#kept.delete(key);
    this.#keptChars -= kept.frame.length;
  }
}

const cancelled: NodeStatus = { type: "error", message: "Execution cancelled" };

function keyOf({ instanceId, nodeId }: ExecutionRequest): string {
  return `${nodeId}/${instanceId}`;
}

/** What it runs on, so that other inputs under the same ids are not answered with the result of these. */
function digestOf({ nodeUid, inputs, graphNode }: ExecutionRequest): string {
  return createHash("sha256")
    .update(JSON.stringify([nodeUid, inputs, graphNode.parameters]))
    .digest("base64");
}

function isAfter(request: ExecutionRequest, earlier: ExecutionRequest): boolean {
  return (request.attempt ?? 1) > (earlier.attempt ?? 1);
}

/** Whether it is being stopped, and somebody already wants it anew. */
function isOvertaken({ stopped, request }: Execution, wanted: ExecutionRequest): boolean {
  return stopped && wanted.resume !== true && isAfter(wanted, request);
}

/** Whether the end of an earlier execution is the answer to this request. */
function answers(kept: Execution, wanted: ExecutionRequest, digest: string): boolean {
  if (kept.digest !== digest) return false;
  if (wanted.resume === true || kept.end === "complete") return true;
  return !kept.stopped && !isAfter(wanted, kept.request);
}
