/**
 * Random graphs from a seed: every rule, guards over bodies and states, cycles, windows, small queues,
 * services. What their handlers give is the seed's as well, and told when it is asked for.
 */
import { type Edge, type Expr, type Failure, irVersion, type JsonObject, type JsonValue, type Node, type WorkflowIr } from "@heddle/core";
import type { SeededRandom } from "@heddle/testkit/simulator";
import type { Outcome } from "./graph-reading.ts";

const literal = (value: JsonValue): Expr => ({ kind: "literal", value });
const variable = (name: string): Expr => ({ kind: "ref", scope: "var", name });
const field = (of: string, name: string): Expr => ({ kind: "field", of: variable(of), name });
const result: Expr = { kind: "ref", scope: "result" };

const types = ["a", "b", "result", "init"];

type Fires = NonNullable<Node["fires"]>;

/** @param whole unsafe calls occur too, which a death would leave unknown */
export function graphProgramOf(random: SeededRandom, whole: boolean): WorkflowIr {
  const count = random.pick([1, 2, 3, 4, 5, 6, 7, 9]);
  const ids = Array.from({ length: count }, (_, i) => `n${i}`);
  const nodes = ids.map((id) => nodeOf(random, id, whole));
  const restart = random.chance(0.2) ? { restart: windowOf(random) } : {};
  const reschedule = random.chance(0.1) ? { reschedule: windowOf(random) } : {};
  return {
    ir: irVersion,
    id: "graph",
    discipline: "graph",
    inputs: [
      { name: "n", type: { kind: "json" } },
      { name: "k", type: { kind: "json" } },
    ],
    entry: "n0",
    nodes,
    edges: edgesOf(random, nodes),
    ...(random.chance(0.75) ? { seeds: seedsOf(random, ids) } : {}),
    ...(random.chance(0.25) ? { type: "service" as const } : {}),
    ...(random.chance(0.3) ? { backpressure: boundsOf(random) } : {}),
    ...(random.chance(0.08) ? { limits: { stepsMax: random.integer(1, 25) } } : {}),
    ...restart,
    ...reschedule,
  };
}

function boundsOf(random: SeededRandom): JsonObject {
  const max = random.integer(1, random.pick([1, 5]));
  return {
    max_queue_depth: max,
    ...(random.chance(0.5) ? { high_watermark: Math.max(1, max - 1), low_watermark: random.integer(0, 1) } : {}),
  };
}

function windowOf(random: SeededRandom): JsonObject {
  return {
    attempts: random.integer(0, 3),
    unlimited: random.chance(0.1),
    intervalMs: random.pick([40, 3_000, 90_000]),
    delayMs: random.integer(0, 900),
    delayMaxMs: random.pick([1_000, 60_000]),
    delayFunction: random.pick(["constant", "exponential", "fibonacci"]),
    mode: random.pick(["fail", "fail", "delay"]),
  };
}

function seedsOf(random: SeededRandom, ids: readonly string[]): { node: string; bodies?: JsonValue[] }[] {
  return Array.from({ length: random.integer(1, 3) }, () => {
    const node = random.chance(0.7) ? "n0" : random.pick(ids);
    if (random.chance(0.2)) return { node };
    return { node, bodies: Array.from({ length: random.integer(0, random.pick([2, 6, 12])) }, () => seedOf(random)) };
  });
}

function seedOf(random: SeededRandom): JsonValue {
  const body = bodyOf(random);
  return random.chance(0.4) ? { body, type: random.pick(types), ...streamOf(random, 0.7) } : body;
}

export function bodyOf(random: SeededRandom): JsonValue {
  return random.chance(0.1)
    ? random.pick([null, 7, "text"])
    : { n: random.integer(0, 9), k: random.pick(["x", "x", "y", "y", "y", 7, "7"]) };
}

function streamOf(random: SeededRandom, probability: number): { stream?: JsonObject } {
  if (!random.chance(probability)) return {};
  const end = random.chance(0.15) ? { [random.pick(["close", "eof"])]: true } : {};
  return { stream: { stream_id: random.pick(["s", "t"]), seq: random.integer(0, 4), ...end } };
}

function nodeOf(random: SeededRandom, id: string, whole: boolean): Node {
  const plain = {
    id,
    ...(random.chance(0.55) ? {} : { fires: firesOf(random) }),
    ...(random.chance(0.7) ? {} : { concurrencyMax: random.integer(1, 3) }),
    ...(random.chance(0.7) ? {} : { emits: random.pick(["a", "b", "b", null]) }),
    ...(random.chance(0.94) ? {} : { completes: random.pick<true | number>([true, 2, 3]) }),
    ...(random.chance(0.97) ? {} : { exit: { output: random.pick([result, field("state", "n"), field("payload", "n")]) } }),
    ...(random.chance(0.85) ? {} : { backpressure: boundsOf(random) }),
  };
  const kind = random.weighted({ handler: 56, router: 14, aggregate: 9, sensor: 6, human: 5, sleep: 5, signal: 4 });
  const after = random.chance(0.85) ? {} : { emitsOnFailure: random.pick(["a", "b"]) };
  switch (kind) {
    case "router":
    case "aggregate":
    case "sensor":
      return { kind, ...plain };
    case "human":
      return { kind, ...plain, ...after, mode: "approve", prompt: literal("may it?") };
    case "sleep":
      return { kind: "wait", ...plain, wait: { kind: "duration", ms: literal(random.integer(1, 5_000)) } };
    case "signal":
      return { kind: "wait", ...plain, wait: { kind: "signal", name: "go" } };
    default:
      return {
        kind,
        ...plain,
        ...after,
        handler: "act",
        reads: [{ name: "payload", value: variable("payload") }],
        ...(random.chance(0.75)
          ? {}
          : { retry: { attemptsMax: random.integer(1, 3), delayMs: random.integer(0, 900), factor: 2, jitter: 0 } }),
        ...(random.chance(0.85) ? {} : { restart: windowOf(random) }),
        ...(whole && random.chance(0.15) ? { safety: "unsafe" as const } : {}),
      };
  }
}

function firesOf(random: SeededRandom): Fires {
  switch (random.weighted({ stream: 4, join: 5, collect: 5 })) {
    case "join":
      return {
        kind: "join",
        need: random.pick<"all" | number>(["all", "all", 1, 2, 3]),
        ...(random.chance(0.4) ? { by: field("payload", "k") } : {}),
      };
    case "collect":
      return {
        kind: "collect",
        ...(random.chance(0.6) ? { count: random.integer(1, 4) } : {}),
        ...(random.chance(0.4) ? { key: field("payload", "k") } : {}),
        ...(random.chance(0.3) ? { endType: random.pick(types) } : {}),
        ...(random.chance(0.3) ? { afterMs: random.integer(1, 5_000) } : {}),
        ...(random.chance(0.2) ? { quietMs: random.integer(1, 2_000) } : {}),
        ...(random.chance(0.4) ? { partial: random.chance(0.5) } : {}),
      };
    default:
      return { kind: "stream" };
  }
}

function edgesOf(random: SeededRandom, nodes: readonly Node[]): Edge[] {
  const edges: Edge[] = [];
  const add = (from: string, to: string, extra: Partial<Edge> = {}): void => {
    edges.push({ id: `e${edges.length}`, from, to, ...extra });
  };
  for (const [i, node] of nodes.entries()) {
    const later = nodes.slice(i + 1).map(({ id }) => id);
    const earlier = nodes.slice(0, i + 1).map(({ id }) => id);
    const executes = !["router", "aggregate", "sensor"].includes(node.kind);
    if (later.length > 0) {
      for (let left = random.pick([0, 1, 1, 1, 2, 3]); left > 0; left--) add(node.id, random.pick(later), selectionOf(random));
      if (executes && random.chance(0.15))
        add(node.id, random.pick(later), { on: "failure", ...(random.chance(0.3) ? { guard: literal(false) } : {}) });
      if (executes && random.chance(0.06)) add(node.id, random.pick(later), { on: random.pick(["timeout", "rejected"]) });
    }
    // Only what executes leads back: a cycle of the others would never end.
    if (executes && random.chance(0.2)) add(node.id, random.pick(earlier), { ...selectionOf(random), guard: guardOf(random) });
  }
  // A ring, in which small queues may hold each other back.
  const [first, last] = [nodes[0], nodes.at(-1)];
  if (first !== undefined && last?.kind === "handler" && random.chance(0.15)) add(last.id, first.id);
  return edges;
}

function selectionOf(random: SeededRandom): Partial<Edge> {
  return {
    ...(random.chance(0.6) ? {} : { messageType: random.pick([...types, "*", "executor_result", "sensor_ready"]) }),
    ...(random.chance(0.7) ? {} : { guard: guardOf(random) }),
    ...(random.chance(0.7) ? {} : { routing: "first-match" as const }),
    ...(random.chance(0.8) ? {} : { priority: random.integer(-2, 2) }),
  };
}

function guardOf(random: SeededRandom): Expr {
  const left = random.pick([field("payload", "n"), field("payload", "n"), field("state", "n"), field("input", "n")]);
  if (random.chance(0.2)) return { kind: "eq", left: field("payload", "k"), right: literal("x") };
  return { kind: "compare", op: random.pick(["lt", "gte"]), left, right: literal(random.integer(1, 8)) };
}

/** Of a process that died while it handled something. */
const lost: Failure = { code: "executor-lost", message: "its process died", class: "executor-lost", retryable: true };

/** What a handler gives. @param whole every class of failure, and lost processes */
export function outcomeOf(random: SeededRandom, ids: readonly string[], whole: boolean): Outcome {
  if (random.chance(0.18)) return { kind: "failed", failure: failureOf(random, whole) };
  if (whole && random.chance(0.03)) return { kind: "failed", failure: lost, counted: random.chance(0.5) };
  return { kind: "succeeded", result: resultOf(random, ids) };
}

function failureOf(random: SeededRandom, whole: boolean): Failure {
  const message = "it was told to fail";
  const code = random.pick(["flaky", "odd"]);
  const simple = {
    handler: { code, message, class: "handler", retryable: true },
    transient: { code, message, class: "transient", retryable: true },
  } as const;
  const kind = random.weighted({ handler: 4, transient: 4, final: 2, timeout: whole ? 1 : 0, invalid: whole ? 1 : 0 });
  if (kind === "final") return { ...simple.handler, retryable: false };
  return kind === "timeout" || kind === "invalid" ? { code: kind, message, class: kind, retryable: kind === "timeout" } : simple[kind];
}

function resultOf(random: SeededRandom, ids: readonly string[]): JsonValue {
  const body = bodyOf(random);
  if (random.chance(0.6) || body === null || typeof body !== "object") return body;
  return {
    ...(body as JsonObject),
    ...(random.chance(0.5) ? { next_state: { n: random.integer(0, 9) } } : {}),
    ...(random.chance(0.5) ? { emit_messages: Array.from({ length: random.integer(0, 3) }, () => messageOf(random, ids)) } : {}),
    ...(random.chance(0.08) ? { complete_job: { done: random.integer(0, 9) } } : {}),
    ...(random.chance(0.1) ? { events: [{ type: "seen", payload: 1 }] } : {}),
  };
}

function messageOf(random: SeededRandom, ids: readonly string[]): JsonObject {
  return {
    type: random.pick(types),
    body: bodyOf(random),
    ...(random.chance(0.2) ? { to: random.pick([...ids, "nobody"]) } : {}),
    ...streamOf(random, 0.2),
  };
}
