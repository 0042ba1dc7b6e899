/** The mail of a graph, as docs/graph.md has it under "Messages": queues, edges, and letters that nobody takes. */
import {
  type Edge,
  type EdgeOutcome,
  type Expr,
  evaluate,
  type JsonObject,
  type JsonValue,
  type Node,
  type WorkflowIr,
} from "@heddle/core";
import { firesOneByOne, type Letter, type Message } from "./graph-reading.ts";

/** What a node says that it sends. */
export interface Said {
  readonly type: string;
  readonly body: JsonValue;
  readonly to?: string;
  readonly stream?: JsonObject;
}

export class GraphMail {
  input: JsonObject = {};
  /** The run is complete: nothing goes anywhere any more. */
  isClosed = false;
  readonly letters: Letter[] = [];
  readonly states = new Map<string, JsonValue>();
  /** Nodes that something happened to, in the order in which they act. */
  readonly line: string[] = [];
  readonly #ir: WorkflowIr;
  readonly #queues = new Map<string, Message[]>();
  #lineages = 0;

  constructor(ir: WorkflowIr) {
    this.#ir = ir;
    for (const { id } of ir.nodes) this.#queues.set(id, []);
  }

  queue(id: string): Message[] {
    return this.#queues.get(id) as Message[];
  }

  node(id: string): Node {
    return this.#ir.nodes.find((node) => node.id === id) as Node;
  }

  isFull(id: string): boolean {
    const node = this.node(id);
    const bounds = node.backpressure ?? this.#ir.backpressure;
    return firesOneByOne(node) && this.queue(id).length >= Number(bounds?.["max_queue_depth"] ?? 100);
  }

  edges(node: string | undefined, outcome: EdgeOutcome): readonly Edge[] {
    const edges = this.#ir.edges.filter(({ from, on = "success" }) => from === node && on === outcome);
    return edges.sort((a, b) => (a.priority ?? 0) - (b.priority ?? 0));
  }

  value(expr: Expr, payload: JsonValue, node: string | undefined, result: JsonValue = null): JsonValue {
    const names: JsonObject = { payload, state: this.states.get(node ?? "") ?? {}, input: this.input };
    return evaluate(expr, { var: (name) => names[name], result });
  }

  bury(messages: readonly Message[], code: string, node: string | undefined): void {
    for (const message of messages) this.letters.push({ code, node, message, replayed: false });
  }

  /** From outside: a lineage of its own. */
  post(node: string, message: Omit<Message, "lineage">): void {
    this.#deliver({ ...message, lineage: ++this.#lineages }, [node]);
  }

  /** @param edges those to go along; default: the success edges of the sender */
  send(from: string, taken: readonly Message[], { type, body, to, ...said }: Said, edges = this.edges(from, "success")): void {
    const stream = said.stream ?? taken[0]?.stream;
    const message: Message = { type, body, from, lineage: taken[0]?.lineage ?? ++this.#lineages, ...(stream && { stream }) };
    const known = to === undefined ? this.#targets(message, edges) : this.#ir.nodes.map(({ id }) => id).filter((id) => id === to);
    this.#deliver(message, this.isClosed ? [] : known);
  }

  sendAgain(letter: Letter): void {
    letter.replayed = true;
    const message: Message = { ...letter.message, replayed: true };
    this.#deliver(message, letter.node === undefined ? this.#targets(message, this.edges(message.from, "success")) : [letter.node]);
  }

  #targets(message: Message, edges: readonly Edge[]): readonly string[] {
    const matching = edges.filter(
      ({ messageType = "*", guard }) =>
        ["*", message.type].includes(messageType) && (guard === undefined || this.value(guard, message.body, message.from) === true),
    );
    const first = matching.find(({ routing }) => routing === "first-match");
    return matching.filter((edge) => edge.routing !== "first-match" || edge === first).map(({ to }) => to);
  }

  #deliver(message: Message, to: readonly string[]): void {
    if (to.length === 0) this.bury([message], "unroutable", undefined);
    for (const id of to) {
      this.queue(id).push(message);
      this.line.push(id);
    }
  }
}
