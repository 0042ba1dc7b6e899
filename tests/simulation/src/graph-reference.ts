/** docs/graph.md, carried out literally: plain lists, nothing kept that can be looked up, only expressions shared with the machine. */
import { type EdgeOutcome, type Failure, isOversized, type JsonObject, type JsonValue, type Node, type WorkflowIr } from "@heddle/core";
import { GraphMail } from "./graph-mail.ts";
import type { Gathering, Letter, Message, Outcome, Work } from "./graph-reading.ts";
import * as read from "./graph-reading.ts";

export class GraphReference {
  status: "open" | "succeeded" | "failed" | "cancelled" = "open";
  output: JsonValue = null;
  failure: string | undefined;
  work: Work[] = [];
  readonly ir: WorkflowIr;
  readonly mail: GraphMail;
  readonly #outputs = new Map<string, JsonValue>();
  readonly #successes: string[] = [];
  readonly #streams = new Map<string, number>();
  readonly #late: string[] = [];
  readonly #restarts: read.Restart[] = [];
  #signals: { readonly name: string; readonly value: JsonValue }[] = [];
  #opened = 0;
  #nowMs = 0;

  constructor(ir: WorkflowIr) {
    this.ir = ir;
    this.mail = new GraphMail(ir);
  }

  start(input: JsonObject, nowMs: number): void {
    this.#nowMs = nowMs;
    this.mail.input = input;
    for (const { node, bodies } of this.ir.seeds ?? [{ node: this.ir.entry, bodies: undefined }]) {
      const messages = bodies === undefined ? [{ type: "init", body: input }] : bodies.map(read.seedMessage);
      for (const message of messages) this.mail.post(node, message);
    }
    this.#follow();
  }

  /** An attempt has ended, a person has answered, or has said how a call of unknown outcome ended. No outcome: it is tried again. */
  settle(work: Work, outcome: Outcome | undefined, nowMs: number): void {
    this.#nowMs = nowMs;
    if (outcome === undefined) this.#tryAgain(work, nowMs);
    else if (outcome.kind === "succeeded") this.#succeed(work, outcome.result);
    else if (work.does === "runs") this.#failAttempt(work, outcome.failure, outcome.counted ?? true);
    else this.#fail(work, outcome.failure, work.does === "asks" ? "rejected" : "failure");
    this.#follow();
  }

  /** A message from outside; false where it is refused. */
  message(node: string, body: JsonValue, nowMs: number): boolean {
    this.#nowMs = nowMs;
    if (this.mail.isClosed || this.mail.isFull(node)) return false;
    this.mail.post(node, { type: "command", body });
    this.#follow();
    return true;
  }

  signal(name: string, value: JsonValue, nowMs: number): void {
    this.#nowMs = nowMs;
    const waits = this.work.find(({ does, node }) => does === "awaits" && read.signalOf(node) === name);
    if (waits === undefined) this.#signals.push({ name, value });
    else this.#succeed(waits, value);
    this.#follow();
  }

  /** Sends dead letters again; false where that is refused. */
  replay(letters: readonly Letter[], nowMs: number): boolean {
    this.#nowMs = nowMs;
    if (this.mail.isClosed) return false;
    for (const letter of letters) this.mail.sendAgain(letter);
    this.#follow();
    return true;
  }

  /** The next time at which something happens by itself. */
  get nextMs(): number {
    return Math.min(...this.work.map(({ untilMs = 0 }) => (untilMs > this.#nowMs ? untilMs : Number.POSITIVE_INFINITY)));
  }

  /** Time passes, and what was waiting for it goes on. */
  time(nowMs: number): void {
    const due = this.work.filter(({ untilMs = 0 }) => untilMs > this.#nowMs && untilMs <= nowMs).sort((a, b) => a.id - b.id);
    this.#nowMs = nowMs;
    for (const work of due) {
      if (!this.work.includes(work)) continue;
      if (work.does === "gathers") this.#handle(work);
      else if (work.does === "sleeps") this.#succeed(work, read.bodyOf(work.node, work.taken));
      this.#follow();
    }
  }

  /** What a node sends because it succeeded: the run's output, where nothing follows it. */
  #sendDefault(node: Node, taken: readonly Message[], body: JsonValue): void {
    const type = read.typeOf(node, taken);
    if (type === null) return;
    const isLast = !this.mail.isClosed && this.mail.edges(node.id, "success").length === 0;
    if (isLast) this.#outputs.set(node.id, body);
    else this.mail.send(node.id, node.kind === "aggregate" ? taken.map(({ stream: _, ...message }) => message) : taken, { type, body });
  }

  /** Lets the nodes in the line act, one after the other; then sees whether the run goes on. */
  #follow(): void {
    while (this.status === "open") {
      const first = this.mail.line.shift();
      if (first !== undefined) this.#act(this.mail.node(first));
      else if (!this.#goOn()) return;
    }
  }

  /** The line is empty. What is held back goes on, where nothing runs, then what collects, or the run ends. False where it waits. */
  #goOn(): boolean {
    if (this.mail.isClosed) this.#windUp();
    if (this.mail.isClosed || this.work.some(({ does }) => does !== "gathers")) return false;
    const order = read.orderOf(this.ir);
    const heldBack = order.find(({ id }) => this.mail.queue(id).length > 0);
    const partial = order.filter(read.mayBePartial).flatMap((node) => this.work.filter((work) => work.node === node))[0];
    if (heldBack !== undefined) {
      this.#takeOne(heldBack);
      this.mail.line.push(heldBack.id);
    } else if (this.ir.type === "service") return false;
    else if (partial !== undefined) this.#handle(partial);
    else if (this.work.length > 0) {
      for (const { node, taken } of this.work) this.mail.bury(taken, "graph-incomplete", node.id);
      this.end("failed", "graph-incomplete");
    } else {
      this.output = read.outputOf(this.ir, this.#outputs);
      this.end("succeeded");
    }
    return true;
  }

  /** The run is complete: what waits is dropped, and what runs comes to its end. */
  #windUp(): void {
    for (const { id } of read.orderOf(this.ir)) this.mail.bury(this.mail.queue(id).splice(0), "run-completed", id);
    for (const { does, node, taken } of this.work) if (does === "gathers") this.mail.bury(taken, "run-completed", node.id);
    this.work = this.work.filter(({ does }) => does === "runs" || does === "unknown");
    if (this.work.length === 0) this.end("succeeded");
  }

  end(status: "succeeded" | "failed" | "cancelled", failure?: string): void {
    Object.assign(this, { status, failure, work: [], output: status === "succeeded" ? this.output : null });
  }

  #act(node: Node): void {
    while (this.status === "open" && !this.mail.isClosed && this.mail.queue(node.id).length > 0) {
      const working = this.work.filter((work) => work.node === node && work.does !== "gathers").length;
      if (!read.firesOneByOne(node)) this.#gather(node, node.fires as Gathering);
      else if (!read.isInstant(node) && working >= (node.concurrencyMax ?? 1)) return;
      else if (this.ir.edges.some(({ from, to }) => from === node.id && to !== from && this.mail.isFull(to))) return;
      else this.#takeOne(node);
    }
  }

  #takeOne(node: Node): void {
    const wasFull = this.mail.isFull(node.id);
    const message = this.mail.queue(node.id).shift() as Message;
    const { stream_id: stream, seq } = message.stream ?? {};
    const name = `${node.id} ${stream}`;
    const expected = this.#streams.get(name) ?? 0;
    const isItem = node.fires?.kind === "stream" && stream !== undefined;
    if (isItem && Number(seq) < expected && message.replayed === undefined) this.mail.bury([message], "stream-repeated", node.id);
    else {
      if (isItem) this.#streams.set(name, read.endsStream(message) ? 0 : Math.max(expected, Number(seq) + 1));
      if (read.isInstant(node)) this.#pass(node, [message]);
      else this.#open(node, [message], undefined);
    }
    if (wasFull && !this.mail.isFull(node.id)) this.mail.line.push(...read.sendersOf(this.ir, node.id));
  }

  /** Opens what a node will do; undefined where the run has no steps left. */
  #open(node: Node, taken: Message[], group: string | undefined): Work | undefined {
    if (this.#opened >= (this.ir.limits?.stepsMax ?? Number.POSITIVE_INFINITY)) {
      this.end("failed", "limit-exceeded");
      return undefined;
    }
    const work = read.newWork(++this.#opened, node, taken, group, this.#nowMs);
    this.work.push(work);
    if (group === undefined) this.#handle(work);
    return work;
  }

  #gather(node: Node, fires: Gathering): void {
    const message = this.mail.queue(node.id).shift() as Message;
    const key = fires.kind === "join" ? fires.by : fires.key;
    const byDefault = fires.kind === "join" ? message.lineage : null;
    const group = JSON.stringify(key === undefined ? byDefault : this.mail.value(key, message.body, node.id));
    const known = this.work.find((work) => work.node === node && work.does === "gathers" && work.group === group);
    const late = this.#late.indexOf(`${node.id} ${group}`);
    if (late >= 0) {
      this.#late.splice(late, 1);
      this.mail.bury([message], "join-late", node.id);
    } else if (fires.kind === "join" && known?.taken.some(({ from }) => from === message.from))
      this.mail.bury([message], "join-repeated", node.id);
    else {
      const work = known ?? this.#open(node, [], group);
      if (work === undefined) return;
      work.untilMs = read.groupUntil(work, this.#nowMs);
      const isEnd = fires.kind === "collect" && fires.endType === message.type;
      if (!isEnd) work.taken.push(message);
      if (this.#isWhole(work, fires, isEnd || read.endsStream(message))) this.#handle(work);
    }
  }

  #isWhole({ node, group, taken }: Work, fires: Gathering, isEnd: boolean): boolean {
    if (fires.kind === "collect") return isEnd || taken.length >= (fires.count ?? Number.POSITIVE_INFINITY);
    const missing = read.missingOf(this.ir, node, taken);
    if (fires.need === "all") return missing.length === 0;
    if (taken.length < fires.need && taken.length < Math.max(1, read.sendersOf(this.ir, node.id).length)) return false;
    for (const _ of missing) this.#late.push(`${node.id} ${group}`);
    return true;
  }

  /** A node does its work with what it took. */
  #handle(work: Work): void {
    const { node, taken } = work;
    if (read.isInstant(node)) {
      this.work = this.work.filter((each) => each !== work);
      this.#pass(node, taken);
      return;
    }
    work.does = read.doingOf(node);
    work.untilMs = node.kind === "wait" && node.wait.kind === "duration" ? this.#nowMs + read.lengthOf(node.wait.ms) : undefined;
    const kept = this.#signals.find(({ name }) => name === read.signalOf(node));
    this.#signals = this.#signals.filter((signal) => signal !== kept);
    if (kept !== undefined) this.#succeed(work, kept.value);
  }

  #pass(node: Node, taken: readonly Message[]): void {
    const body = node.kind === "aggregate" ? read.collected(taken) : read.bodyOf(node, taken);
    if (isOversized(body)) this.#giveUp(node, taken, "value-too-large");
    else this.#sendDefault(node, taken, body);
    if (!isOversized(body)) this.#count(node, taken, body, body, undefined);
  }

  #succeed(work: Work, result: JsonValue): void {
    const { node, taken } = work;
    this.work = this.work.filter((each) => each !== work);
    const { body, state, messages, output } = read.saidBy(node, result);
    if (state !== undefined) this.mail.states.set(node.id, state);
    this.mail.line.push(node.id);
    for (const message of messages) this.mail.send(node.id, taken, message);
    this.#sendDefault(node, taken, body);
    this.#count(node, taken, result, body, output);
  }

  /** A success counts, and may complete the run. */
  #count(node: Node, taken: readonly Message[], result: JsonValue, body: JsonValue, said: JsonValue | undefined): void {
    this.#successes.push(node.id);
    const count = this.#successes.filter((id) => id === node.id).length;
    const isEnough = count >= Number(node.completes ?? Number.POSITIVE_INFINITY);
    if (this.mail.isClosed || (said === undefined && node.exit === undefined && !isEnough)) return;
    const given = node.kind === "sensor" ? { count, last_message: body } : body;
    const { output: exit } = node.exit ?? {};
    this.output = said ?? (exit === undefined ? given : this.mail.value(exit, read.bodyOf(node, taken), node.id, result));
    this.mail.isClosed = true;
  }

  #failAttempt(work: Work, failure: Failure, counted: boolean): void {
    const { retry, safety } = work.node;
    const mayHelp = failure.retryable && ["handler", "transient", "timeout", "executor-lost"].includes(failure.class);
    if (safety === "unsafe" && ["timeout", "executor-lost"].includes(failure.class)) work.does = "unknown";
    else if (!counted) this.#tryAgain(work, this.#nowMs);
    else if (retry !== undefined && mayHelp && work.counted + 1 < retry.attemptsMax) {
      this.#tryAgain(work, this.#nowMs + Number(retry.delayMs) * Number(retry.factor) ** work.counted++);
    } else this.#fail(work, failure, failure.class === "timeout" ? "timeout" : "failure");
  }

  #tryAgain(work: Work, atMs: number): void {
    Object.assign(work, { does: "runs", attempt: work.attempt + 1, untilMs: atMs });
  }

  #fail(work: Work, failure: Failure, on: EdgeOutcome): void {
    const { node, taken } = work;
    const own = this.mail.edges(node.id, on);
    const edges = (own.length > 0 ? own : this.mail.edges(node.id, "failure")).map(({ messageType: _, ...edge }) => edge);
    const type = edges.length > 0 ? "failure" : node.emitsOnFailure;
    if (type === undefined && !this.mail.isClosed && this.#isRestarted(work, failure)) return;
    this.work = this.work.filter((each) => each !== work);
    this.mail.line.push(node.id);
    const given = read.bodyOf(node, taken);
    const body = { failure: failure as unknown as JsonValue, input: isOversized([[given]]) ? null : given };
    if (type !== undefined) this.mail.send(node.id, taken, { type, body }, edges.length > 0 ? edges : undefined);
    else this.#giveUp(node, taken, failure.code);
  }

  #giveUp(node: Node, taken: readonly Message[], code: string): void {
    this.mail.bury(taken, code, node.id);
    if (this.ir.type !== "service" && !this.mail.isClosed) this.end("failed", code);
  }

  #isRestarted(work: Work, failure: Failure): boolean {
    const { node, does } = work;
    const mayHelp = ["transient", "timeout", "executor-lost"].includes(failure.class) || node.safety !== "unsafe";
    if (does !== "runs" || !failure.retryable || !mayHelp) return false;
    const next = read.nextRestart(this.ir, node, this.#restarts, this.#nowMs);
    if (next === undefined) return false;
    this.#restarts.push(next);
    this.#tryAgain(work, next.atMs);
    return true;
  }
}
