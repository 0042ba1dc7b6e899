/** Where messages go: along every edge whose type and guard they fit; to nobody, as a dead letter, where none does. */
import type { EvalScope, JsonValue, SentMessage } from "@heddle/core";
import { optional } from "../run/turn.ts";
import { type Draft, envelopeOf, scopeOf } from "./messages.ts";
import type { GraphEdge, GraphNodePlan } from "./plan.ts";
import type { GraphTurn } from "./turn.ts";

type Target = SentMessage["to"][number];

/** What messages come from. */
export interface Origin {
  readonly plan: GraphNodePlan;
  /** What the node handled when it sent them. */
  readonly taken: readonly SentMessage[];
  /** Its state after that. */
  readonly state: JsonValue | undefined;
}

export interface Sent {
  readonly sent: SentMessage[];
  /** The message that a node without edges gives is its part of the run's output. */
  readonly sink: boolean;
}

/** Numbers of messages and dead letters that one event hands out. */
class Numbers {
  message: number;
  letter: number;

  constructor(turn: GraphTurn) {
    this.message = turn.fold.head.graph.nextMessage;
    this.letter = turn.fold.head.graph.nextLetter;
  }
}

/** @param byDefault what it sends besides its own messages, because it succeeded */
export function sendFrom(turn: GraphTurn, origin: Origin, own: readonly Draft[], byDefault: Draft | undefined): Sent {
  const numbers = new Numbers(turn);
  const sent = own.map((draft) => routed(turn, numbers, origin, draft, origin.plan.edges, false));
  if (byDefault === undefined) return { sent, sink: false };
  const message = routed(turn, numbers, origin, byDefault, origin.plan.edges, true);
  return { sent: [...sent, message], sink: message.to.length === 0 && message.letter === undefined };
}

/** Messages of a failure: along these edges whatever their type, or as any other message. */
export function sendFailure(
  turn: GraphTurn,
  origin: Origin,
  draft: Draft,
  edges: readonly GraphEdge[] | undefined,
): readonly SentMessage[] {
  const whatever = edges?.map((edge) => ({ ...edge, type: undefined }));
  return [routed(turn, new Numbers(turn), origin, draft, whatever ?? origin.plan.edges, false)];
}

/** Messages that come from outside, each to one node. */
export function sendTo(turn: GraphTurn, drafts: readonly { readonly node: string; readonly draft: Draft }[]): readonly SentMessage[] {
  const numbers = new Numbers(turn);
  return drafts.map(({ node, draft }) => {
    const message = numbers.message++;
    return { ...membersOf(draft), message, correlation: message, to: [{ node }] };
  });
}

/** Dead letters that are sent again: to the node they were for, or along the edges of the one that sent them. */
export function sendAgain(
  turn: GraphTurn,
  letters: readonly { readonly message: SentMessage; readonly node?: string }[],
): readonly SentMessage[] {
  const numbers = new Numbers(turn);
  return letters.map(({ message: old, node }) => {
    const message = numbers.message++;
    const { letter: _, ...rest } = old;
    const again = { ...rest, message, causation: old.message };
    if (node !== undefined) return { ...again, to: [{ node }] };
    const plan = old.from === undefined ? undefined : turn.plan.nodes.get(old.from);
    const state = old.from === undefined ? undefined : turn.fold.record(old.from)?.state;
    const to = plan === undefined ? [] : targets(turn, plan.edges, again, state);
    return to.length > 0 ? { ...again, to } : { ...again, to, letter: numbers.letter++ };
  });
}

function routed(
  turn: GraphTurn,
  numbers: Numbers,
  { plan, taken, state }: Origin,
  draft: Draft,
  edges: readonly GraphEdge[],
  isDefault: boolean,
): SentMessage {
  const message = numbers.message++;
  const first = taken[0];
  const cause = taken.at(-1);
  const sent = {
    ...membersOf(draft),
    message,
    from: plan.id,
    correlation: first?.correlation ?? message,
    ...(cause === undefined ? {} : { causation: cause.message }),
  };
  if (turn.fold.head.graph.completion !== undefined) return { ...sent, to: [], letter: numbers.letter++ };
  const to = draft.to === undefined ? targets(turn, edges, { ...sent, to: [] }, state) : direct(turn, draft.to);
  if (to.length > 0) return { ...sent, to };
  // A node that nothing follows gives part of the run's output: that went nowhere on purpose.
  if (isDefault && plan.edges.length === 0) return { ...sent, to };
  return { ...sent, to, letter: numbers.letter++ };
}

function direct(turn: GraphTurn, node: string): Target[] {
  return turn.plan.nodes.has(node) ? [{ node }] : [];
}

function targets(turn: GraphTurn, edges: readonly GraphEdge[], message: SentMessage, state: JsonValue | undefined): Target[] {
  const to: Target[] = [];
  let scope: EvalScope | undefined;
  let receiver = "";
  let matched = false;
  for (const edge of edges) {
    if (edge.type !== undefined && edge.type !== message.type) continue;
    if (edge.firstMatch && matched) continue;
    if (edge.guard !== undefined) {
      receiver = edge.to;
      scope ??= scopeOf(message.body, state, turn.fold.head.input, () => envelopeOf(message, turn.fold.head.run, receiver, turn.atMs));
      if (edge.guard(scope) !== true) continue;
    }
    if (edge.firstMatch) matched = true;
    to.push({ node: edge.to, edge: edge.id });
  }
  return to;
}

function membersOf(draft: Draft): Pick<SentMessage, "type" | "body"> & Partial<SentMessage> {
  return {
    type: draft.type,
    body: draft.body,
    ...optional("class", draft.class),
    ...optional("bodyBase64", draft.bodyBase64),
    ...optional("headers", draft.headers),
    ...(draft.artifacts === undefined ? {} : { artifacts: [...draft.artifacts] }),
    ...optional("stream", draft.stream),
    ...optional("contentType", draft.contentType),
    ...optional("contentEncoding", draft.contentEncoding),
  };
}

/** What a message leaves unsaid, it has from the one that its sender handled. */
export function inherit(draft: Draft, taken: readonly SentMessage[], all: boolean): Draft {
  const [from] = taken;
  if (from === undefined) return draft;
  const headers = from.headers === undefined && draft.headers === undefined ? undefined : { ...from.headers, ...draft.headers };
  return {
    ...draft,
    ...optional("headers", headers),
    ...optional("artifacts", draft.artifacts ?? from.artifacts),
    ...optional("stream", draft.stream ?? from.stream),
    ...(all ? optional("contentType", draft.contentType ?? from.contentType) : {}),
    ...(all ? optional("contentEncoding", draft.contentEncoding ?? from.contentEncoding) : {}),
  };
}
