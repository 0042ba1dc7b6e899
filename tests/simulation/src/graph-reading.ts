/** What a graph says of itself, read from its IR where it is asked for, and the shapes that its reference works on. */
import { type Expr, evaluate, type Failure, isJsonObject, type JsonObject, type JsonValue, type Node, type WorkflowIr } from "@heddle/core";

export type Outcome =
  | { readonly kind: "succeeded"; readonly result: JsonValue }
  /** `counted` false: its process was lost, and that is nobody's fault. */
  | { readonly kind: "failed"; readonly failure: Failure; readonly counted?: boolean };

export type Gathering = Extract<Node["fires"], { kind: "join" | "collect" }>;

export interface Message {
  readonly type: string;
  readonly body: JsonValue;
  readonly from?: string;
  readonly lineage: number;
  readonly stream?: JsonObject;
  readonly replayed?: true;
}

export interface Letter {
  readonly code: string;
  /** The node that it was for; undefined where no edge took it. */
  readonly node: string | undefined;
  readonly message: Message;
  replayed: boolean;
}

/** What a node does with what it took; a group that is not whole yet as well. */
export interface Work {
  /** Counted in the order of opening, as activations are. */
  readonly id: number;
  readonly node: Node;
  readonly group: string | undefined;
  readonly taken: Message[];
  readonly openedMs: number;
  does: "gathers" | "runs" | "asks" | "sleeps" | "awaits" | "unknown";
  attempt: number;
  counted: number;
  /** The time that it waits for. */
  untilMs: number | undefined;
}

interface Window {
  readonly attempts: number;
  readonly unlimited: boolean;
  readonly intervalMs: number;
  readonly delayMs: number;
  readonly delayMaxMs: number;
  readonly delayFunction: "constant" | "exponential" | "fibonacci";
  readonly mode: "fail" | "delay";
}

/** A seed as the message that it is. */
export function seedMessage(seed: JsonValue): { readonly type: string; readonly body: JsonValue; readonly stream?: JsonObject } {
  const isMessage = isJsonObject(seed) && "body" in seed && Object.keys(seed).every((name) => ["type", "body", "stream"].includes(name));
  return isMessage ? { type: "init", body: null, ...seed } : { type: "init", body: seed };
}

export function sendersOf(ir: WorkflowIr, id: string): readonly string[] {
  return [...new Set(ir.edges.filter(({ from, to }) => to === id && from !== id).map(({ from }) => from))];
}

/** Senders before receivers: a walk along the edges, depth first from the seeds, puts each node before those that it leads to. */
export function orderOf(ir: WorkflowIr): readonly Node[] {
  const order: Node[] = [];
  const seen = new Set<string>();
  const visit = (id: string): void => {
    if (seen.has(id)) return;
    seen.add(id);
    for (const { from, to } of ir.edges) if (from === id) visit(to);
    order.unshift(...ir.nodes.filter((node) => node.id === id));
  };
  const roots = new Set([...(ir.seeds ?? []).map(({ node }) => node), ir.entry, ...ir.nodes.map(({ id }) => id)]);
  for (const root of [...roots].reverse()) visit(root);
  return order;
}

/** Executes nothing. */
export function isInstant({ kind }: Node): boolean {
  return kind === "router" || kind === "aggregate" || kind === "sensor";
}

export function firesOneByOne({ fires }: Node): boolean {
  return fires === undefined || fires.kind === "each" || fires.kind === "stream";
}

export function mayBePartial({ fires }: Node): boolean {
  if (fires?.kind !== "collect") return false;
  return fires.partial ?? (fires.count === undefined || fires.afterMs !== undefined || fires.quietMs !== undefined);
}

export function endsStream({ stream }: Message): boolean {
  return stream?.["close"] === true || stream?.["eof"] === true;
}

/** The signal that a node waits for. */
export function signalOf(node: Node): string | undefined {
  return node.kind === "wait" && node.wait.kind === "signal" ? node.wait.name : undefined;
}

export function newWork(id: number, node: Node, taken: Message[], group: string | undefined, openedMs: number): Work {
  return { id, node, taken, group, openedMs, does: "gathers", attempt: 1, counted: 0, untilMs: undefined };
}

/** When a group fires that gets no other message. */
export function groupUntil({ node: { fires }, openedMs }: Work, nowMs: number): number {
  const { afterMs = Number.POSITIVE_INFINITY, quietMs = Number.POSITIVE_INFINITY } = fires?.kind === "collect" ? fires : {};
  return Math.min(openedMs + afterMs, nowMs + quietMs);
}

/** What a node does once it has fired. */
export function doingOf(node: Node): Work["does"] {
  if (node.kind === "human") return "asks";
  return node.kind === "wait" ? (node.wait.kind === "signal" ? "awaits" : "sleeps") : "runs";
}

export function collected(taken: readonly Message[]): JsonObject {
  return { messages: taken.map(({ body }) => body), count: taken.length, last_message: taken.at(-1)?.body ?? null };
}

/** What a node handles. */
export function bodyOf({ fires }: Node, taken: readonly Message[]): JsonValue {
  if (fires?.kind === "join") return Object.fromEntries(taken.map(({ from = "", body }) => [from, body]));
  return fires?.kind === "collect" ? collected(taken) : (taken[0]?.body ?? null);
}

/** The type of what a node sends by default; null: nothing. */
export function typeOf({ kind, emits }: Node, taken: readonly Message[]): string | null {
  if (emits !== undefined) return emits;
  return kind === "router" ? (taken[0]?.type ?? "message") : kind === "sensor" ? "sensor_ready" : "result";
}

/** What a handler says besides its value. */
export function saidBy(node: Node, result: JsonValue) {
  const says =
    node.kind === "handler" &&
    isJsonObject(result) &&
    ["next_state", "emit_messages", "complete_job", "events"].some((name) => name in result);
  if (!says) return { body: result, state: undefined, messages: [], output: undefined };
  const { next_state: state, emit_messages: messages = [], complete_job: output, events: _, ...body } = result as JsonObject;
  return {
    body,
    state,
    messages: messages as unknown as readonly { type: string; body: JsonValue; to?: string; stream?: JsonObject }[],
    output,
  };
}

/** What the nodes that nothing follows gave last: by node, or the value itself where there is one such node. */
export function outputOf(ir: WorkflowIr, outputs: ReadonlyMap<string, JsonValue>): JsonValue {
  const isFollowed = (id: string): boolean => ir.edges.some(({ from, on = "success" }) => from === id && on === "success");
  const given = ir.nodes.filter(({ id }) => !isFollowed(id)).map(({ id }): [string, JsonValue] => [id, outputs.get(id) ?? null]);
  return given.length === 1 ? (given[0]?.[1] ?? null) : Object.fromEntries(given);
}

/** Nodes with an edge to this one that none of these messages is from. */
export function missingOf(ir: WorkflowIr, { id }: Node, taken: readonly Message[]): readonly string[] {
  return sendersOf(ir, id).filter((sender) => !taken.some(({ from }) => from === sender));
}

/** Of a wait for a time that the program says. */
export function lengthOf(ms: Expr): number {
  return Number(evaluate(ms, { var: () => null }));
}

/** A restart that was decided, and the time it was set for. */
export interface Restart {
  readonly window: "restart" | "reschedule";
  readonly node: Node;
  readonly atMs: number;
}

export function nextRestart(ir: WorkflowIr, node: Node, restarts: readonly Restart[], nowMs: number): Restart | undefined {
  for (const window of ["restart", "reschedule"] as const) {
    const rules = (node[window] ?? ir[window]) as unknown as Window | undefined;
    const before = restarts.filter((restart) => restart.window === window && restart.node === node).map(({ atMs }) => atMs);
    const atMs = rules === undefined ? undefined : restartAt(rules, before, nowMs);
    if (atMs !== undefined) return { window, node, atMs };
  }
  return undefined;
}

/** When a window lets a node go on; undefined: not any more. @param before the restarts that it remembers */
function restartAt(window: Window, before: readonly number[], nowMs: number): number | undefined {
  const recent = before.filter((atMs) => atMs > nowMs - window.intervalMs);
  const isUsedUp = !window.unlimited && recent.length >= window.attempts;
  if (isUsedUp && (window.mode === "fail" || window.attempts === 0)) return undefined;
  const nth = isUsedUp ? window.attempts : recent.length + 1;
  const factors = { constant: 1, exponential: 2 ** (nth - 1), fibonacci: fibonacci(Math.min(nth, 25)) };
  const delayedMs = nowMs + Math.min(window.delayMs * factors[window.delayFunction], window.delayMaxMs);
  return isUsedUp ? Math.max(delayedMs, (recent.at(-window.attempts) as number) + window.intervalMs) : delayedMs;
}

function fibonacci(n: number): number {
  return n < 3 ? 1 : fibonacci(n - 1) + fibonacci(n - 2);
}
