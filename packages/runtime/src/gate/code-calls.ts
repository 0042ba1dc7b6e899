/**
 * Calls that the code of a node makes: screened, prepared, judged and carried out at once, as those of tool nodes are
 * over several turns of their run. Nobody is asked, and no other call is made first: what needs that is a node.
 *
 * Architecture invariant: a call that may change something is in the journal before it starts, and its code learns how
 * it ended after that is there too. One that was begun and has no ending is never begun again under its name.
 */
import {
  anyCapabilityOf,
  type Failure,
  failureOf,
  HeddleError,
  hashJson,
  isJsonObject,
  isOversized,
  type JsonObject,
  type RunEventOf,
  type ToolNode,
  type ToolRegistry,
  valueBytesMax,
} from "@heddle/core";
import type { CallAnswer, CallWanted, Outcome, Task } from "@heddle/ports";
import type { AttemptAbort } from "../shell/abort.ts";
import type { CallRequest, Prepared } from "./call-request.ts";
import type { Calls, JudgedCall } from "./calls.ts";

/** What is told of a call: all of its event but whose it is. */
export type CallTold = Omit<RunEventOf<"handler-called">, "kind" | "activation" | "attempt">;

/** An attempt whose code calls. */
export interface CodeSite {
  readonly task: Task;
  readonly abort: AttemptAbort;
  /** The call of its run, as a tool node of this form would make it. `call` names it among all calls. */
  requestOf(node: ToolNode, args: JsonObject, call: string): CallRequest;
  /** What the journal has of the call of that name; undefined: nothing that matters. */
  known(name: string): { readonly asked: string; readonly answer: CallAnswer | undefined } | undefined;
  /** Journals it; resolves after the commit. Rejects where the attempt is no longer wanted. */
  record(told: CallTold): Promise<void>;
  /** Of a bug. */
  report(bug: unknown): void;
}

export interface CodeCallParts {
  readonly calls: Calls;
  readonly registry: ToolRegistry;
  /** Executes a call as it was judged. */
  execute(task: Task, request: CallRequest, judged: JudgedCall, abort: AttemptAbort): Promise<Outcome>;
}

const toolNameMax = 128;

/** A name that code gives to a call. It begins with a letter: places in the order of calls are numbers. */
const callName = /^[A-Za-z][A-Za-z0-9_.-]{0,127}$/;

/** Carries out a call of code, which is the `place`-th of its attempt. Settles once, never rejects. */
export async function callFromCode(parts: CodeCallParts, site: CodeSite, wanted: CallWanted, place: number): Promise<CallAnswer> {
  const { id } = site.task.node;
  try {
    const wrong = misfitOf(wanted, id);
    if (wrong !== undefined) return { kind: "failed", failure: wrong };
    return await new CodeCall(parts, site, wanted, place).carryOut();
  } catch (error) {
    // The journal did not take it: the attempt is over, or its run is.
    if (HeddleError.is(error) && error.code !== "invariant-violated")
      return { kind: "failed", failure: failureOf(error.code, error.message, "denied", { node: id }) };
    site.report(error);
    return { kind: "failed", failure: failureOf("internal", "the call met an internal error", "handler", { node: id }) };
  }
}

function misfitOf({ tool, args, name }: CallWanted, node: string): Failure | undefined {
  const refuse = (message: string): Failure => failureOf("input-invalid", message, "invalid", { node });
  if (typeof tool !== "string" || tool === "" || tool.length > toolNameMax) return refuse(`${node} calls a tool by what is no name`);
  if (!isJsonObject(args)) return refuse(`${node} calls ${tool} with arguments that are no object`);
  if (name !== undefined && !callName.test(String(name)))
    return refuse(`${node} gives its call of ${tool} a name that is none: letters, digits, - _ and . alone, a letter first`);
  if (!isOversized(args)) return undefined;
  return failureOf("value-too-large", `${node} calls ${tool} with more than ${valueBytesMax} bytes`, "invalid", { node });
}

class CodeCall {
  readonly #parts: CodeCallParts;
  readonly #site: CodeSite;
  readonly #tool: string;
  readonly #args: JsonObject;
  readonly #name: string;
  readonly #isNamed: boolean;
  readonly #asked: CallTold["asked"];

  constructor(parts: CodeCallParts, site: CodeSite, { tool, args, name }: CallWanted, place: number) {
    this.#parts = parts;
    this.#site = site;
    this.#tool = tool;
    this.#args = args as JsonObject;
    this.#name = name ?? String(place);
    this.#isNamed = name !== undefined;
    this.#asked = hashJson({ tool, args });
  }

  async carryOut(): Promise<CallAnswer> {
    const known = this.#site.known(this.#name);
    if (known !== undefined) return this.#again(known);
    const node = this.#toolNode();
    if ("code" in node) return this.#refuse(node);
    const { task } = this.#site;
    const request = this.#site.requestOf(node, this.#args, `${task.idempotencyKey}/${this.#name}`);
    const found = await this.#parts.calls.prepare(request);
    if (found.kind === "refused") return this.#refuse(found.failure);
    const { prepared, hash, verdict, grant, hooks, args } = found;
    const met = hooks === undefined ? {} : { hooks };
    if (verdict.kind === "needs" || prepared.person !== undefined) return this.#refuse(this.#needRefused(found), { call: hash, ...met });
    const told = { call: hash, verdict: verdict.why, ...(grant === undefined ? {} : { grant }), ...met };
    const judged = { prepared, hash, approved: false, grant, ...(args === undefined ? {} : { args }) };
    if (prepared.permission === "read") return this.#end(await this.#execute(request, judged), told);
    await this.#tell({ outcome: "started", ...told, prepared });
    // It took a while to be on the safe side: what was judged may have changed meanwhile.
    const changed = await this.#parts.calls.authorise(request, judged);
    return changed === undefined ? this.#end(await this.#execute(request, judged), told) : this.#refuse(changed, { call: hash });
  }

  /** What an earlier call of the name came to; of one that has no ending nobody knows more. */
  #again({ asked, answer }: NonNullable<ReturnType<CodeSite["known"]>>): CallAnswer {
    if (asked !== this.#asked) {
      const message = `${this.#node} made another call than ${this.#tool} with these arguments as ${this.#name} before: give each call a name of its own`;
      return this.#failed("call-changed", message, "call-changed");
    }
    if (answer !== undefined) return answer;
    const message = `${this.#node} began to call ${this.#tool} as ${this.#name} before, and nobody knows how that ended: find out, then retry the run from this node`;
    return this.#failed("outcome-unknown", message, "outcome-unknown");
  }

  get #node(): string {
    return this.#site.task.node.id;
  }

  #failed(code: "call-changed" | "outcome-unknown", message: string, reason: string): CallAnswer {
    return { kind: "failed", failure: failureOf(code, message, "denied", { node: this.#node, details: { reason } }) };
  }

  /** The tool node that would make the call: bound by what the node of the code requires and reaches. */
  #toolNode(): ToolNode | Failure {
    const { id, requires = [] } = this.#site.task.node;
    const tool = this.#parts.registry.get(this.#tool);
    const base = { kind: "tool", id, requires } as const;
    if (tool !== undefined) return { ...base, capability: tool.capability, tool: tool.name };
    if (anyCapabilityOf(this.#tool) !== undefined) return { ...base, capability: this.#tool };
    const message = `${id} calls ${this.#tool}, which is no tool here; an action of a plugin is called by a node of its own`;
    return failureOf("tool-not-found", message, "denied", { node: id });
  }

  #needRefused({ prepared, verdict }: Extract<Prepared, { kind: "prepared" }>): Failure {
    const needs = verdict.kind === "needs" ? verdict.needs : [];
    const first = needs.find(({ kind }) => kind === "call");
    if (prepared.person !== undefined || first?.kind !== "call" || needs.some(({ kind }) => kind === "approval")) {
      const message = `${this.#node} calls ${prepared.tool}, and a person would have to be asked first: make the call a node of the workflow`;
      return failureOf("call-needs-person", message, "denied", { node: this.#node, details: { reason: "call-needs-person" } });
    }
    const message = `${this.#node} calls ${prepared.tool}, and the policy ${first.policy} needs ${first.capability} first: make the call a node of the workflow`;
    return failureOf("call-denied", message, "denied", { node: this.#node, details: { reason: "need-open", policy: first.policy } });
  }

  async #refuse(failure: Failure, told: Partial<CallTold> = {}): Promise<CallAnswer> {
    await this.#tell({ outcome: "refused", failure, ...told });
    return { kind: "failed", failure };
  }

  #execute(request: CallRequest, judged: JudgedCall): Promise<Outcome> {
    const { task, abort } = this.#site;
    const { args } = judged.prepared;
    return this.#parts.execute({ ...task, node: request.node, idempotencyKey: request.call, input: args }, request, judged, abort);
  }

  /** Without an outcome nothing is told: of one that changes something, its beginning stays without an ending. */
  async #end(outcome: Outcome, told: Partial<CallTold>): Promise<CallAnswer> {
    if (outcome.kind === "aborted" || outcome.kind === "lost") {
      const failure = failureOf("cancelled", `the call of ${this.#tool} was stopped`, "handler", { node: this.#node });
      return { kind: "failed", failure };
    }
    if (outcome.kind === "failed") {
      await this.#tell({ outcome: "failed", ...told, failure: outcome.failure });
      return { kind: "failed", failure: outcome.failure };
    }
    const { result } = outcome;
    const isKept = this.#isNamed || told.verdict !== "read";
    await this.#tell({ outcome: "succeeded", ...told, digest: hashJson(result), ...(isKept ? { result } : {}) });
    return { kind: "succeeded", result };
  }

  #tell(told: Pick<CallTold, "outcome"> & Partial<CallTold>): Promise<void> {
    return this.#site.record({ name: this.#name, tool: this.#tool, asked: this.#asked, ...told });
  }
}
