/** What an attempt may ask of its run: values that are recorded once, calls of tools, lines of its log. */
import { failureOf, type JsonObject, type JsonValue, type ToolNode } from "@heddle/core";
import type { CallAnswer, CallWanted, Task, TaskWaiting } from "@heddle/ports";
import type { CallRequest } from "../gate/call-request.ts";
import type { CodeSite } from "../gate/code-calls.ts";
import type { RunCommand } from "../machine/commands.ts";
import { AttemptAbort } from "./abort.ts";
import type { Driven, EngineParts } from "./engine-parts.ts";

type Services = Task["services"];

/** A task with the services that are its own. */
export type AttemptTask = Task & { readonly services: AttemptServices };

/** The run that an attempt belongs to. */
export interface AttemptOwner extends Driven {
  submit(command: RunCommand): Promise<void>;
}

/** Where attempts say what they wait for. */
interface Waits {
  wait(activation: number, attempt: number, reason: TaskWaiting | undefined): void;
}

/** Calls that one attempt may make. */
const callsMax = 1_000;

/** One object for each attempt; its methods are shared. */
export class AttemptServices implements Services {
  /** The task that it serves; set once that is made. */
  task: Task | undefined;
  readonly #parts: EngineParts;
  readonly #owner: AttemptOwner;
  readonly #activation: number;
  readonly #attempt: number;
  readonly #abort: AttemptAbort;
  readonly #attempts: Waits;
  // Most attempts make no calls.
  #calls: CodeCalls | undefined;

  constructor(parts: EngineParts, owner: AttemptOwner, activation: number, attempt: number, abort: AttemptAbort, attempts: Waits) {
    this.#parts = parts;
    this.#owner = owner;
    this.#activation = activation;
    this.#attempt = attempt;
    this.#abort = abort;
    this.#attempts = attempts;
  }

  once(name: string): JsonValue | undefined {
    return this.#owner.live.activation(this.#activation)?.once?.[name];
  }
  recorded(): Readonly<Record<string, JsonValue>> {
    return this.#owner.live.activation(this.#activation)?.once ?? {};
  }
  recordOnce(name: string, value: JsonValue): Promise<void> {
    return this.#owner.submit({ kind: "record-once", activation: this.#activation, attempt: this.#attempt, name, value });
  }
  waiting(reason: TaskWaiting | undefined): void {
    this.#attempts.wait(this.#activation, this.#attempt, reason);
  }
  log(record: Parameters<Services["log"]>[0]): void {
    const node = this.task?.node.id ?? "";
    this.#parts.log(this.#owner, { ...record, node, activation: this.#activation, attempt: this.#attempt });
  }

  call(wanted: CallWanted): Promise<CallAnswer> {
    if (this.task === undefined || this.task.node.kind === "tool") return Promise.resolve(refused("call-denied", "a tool calls no others"));
    this.#calls ??= new CodeCalls(this.#parts, this.#owner, this.task, this.#abort);
    return this.#calls.call(wanted);
  }

  /** The attempt has ended: what it called is stopped. Undefined where nothing is under way. */
  end(): Promise<unknown> | undefined {
    return this.#calls?.end();
  }
}

/** The call of a node of a run, as the run is now. */
export function callRequestOf({ id, tenant, workflow, live }: Driven, node: ToolNode, args: JsonObject, call: string): CallRequest {
  const { satisfied, input } = live.head;
  return { run: id, call, tenant, bundle: workflow.bundle, node, args, input, rules: workflow.calls, satisfied };
}

/** The calls that the code of one attempt makes. */
class CodeCalls {
  readonly #parts: EngineParts;
  readonly #site: CodeSite;
  readonly #abort = new AttemptAbort();
  readonly #underWay = new Set<Promise<unknown>>();
  #count = 0;
  #ended = false;

  constructor(parts: EngineParts, owner: AttemptOwner, task: Task, abort: AttemptAbort) {
    const { activation, attempt } = task;
    this.#parts = parts;
    this.#site = {
      task,
      abort: this.#abort,
      requestOf: (node, args, call) => callRequestOf(owner, node, args, call),
      known(name) {
        const calls = owner.live.activation(activation)?.calls;
        if (calls === undefined || !Object.hasOwn(calls, name)) return undefined;
        const known = calls[name];
        return known === undefined ? undefined : { asked: known.asked, answer: answerOf(known) };
      },
      record: (told) => owner.submit({ kind: "record-call", activation, attempt, ...told }),
      report: (bug) => parts.report(owner, bug),
    };
    abort.onAbort(() => this.#abort.abort(abort.reason ?? "cancelled"));
  }

  call(wanted: CallWanted): Promise<CallAnswer> {
    if (this.#ended || this.#abort.aborted) return Promise.resolve(refused("cancelled", "the attempt is over"));
    if (this.#count >= callsMax)
      return Promise.resolve(refused("limit-exceeded", `an attempt makes ${callsMax} calls at most: make them in several nodes`));
    const calling = this.#parts.gate.call(this.#site, wanted, ++this.#count);
    this.#underWay.add(calling);
    void calling.finally(() => this.#underWay.delete(calling));
    return calling;
  }

  end(): Promise<unknown> | undefined {
    this.#ended = true;
    if (this.#underWay.size === 0) return undefined;
    this.#abort.abort("ended");
    return Promise.all(this.#underWay);
  }
}

function answerOf(known: NonNullable<NonNullable<ReturnType<Driven["live"]["activation"]>>["calls"]>[string]): CallAnswer | undefined {
  if (known.outcome === "started") return undefined;
  return known.outcome === "succeeded" ? { kind: "succeeded", result: known.result } : { kind: "failed", failure: known.failure };
}

function refused(code: "call-denied" | "cancelled" | "limit-exceeded", message: string): CallAnswer {
  return { kind: "failed", failure: failureOf(code, message, "denied") };
}
