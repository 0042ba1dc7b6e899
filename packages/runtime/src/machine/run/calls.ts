/** The life of a call in its run: prepared and judged, its needs satisfied one by one, approved, executed. Pure. */
import { type ApprovalRule, type CallNeed, type Doing, isOversized, type JsonObject, type Node, type PreparedCall } from "@heddle/core";
import type { RunCommand } from "../commands.ts";
import { current, type Endings } from "./attempts.ts";
import type { Activation, PreparedOf } from "./state.ts";
import { optional, type RunTurn } from "./turn.ts";

type AnyTurn = RunTurn<unknown, unknown>;
type Command<Kind extends RunCommand["kind"]> = Extract<RunCommand, { kind: Kind }>;

/** What the gate found out about the call of an attempt. */
export function settleGate<Turn extends AnyTurn>(
  turn: Turn,
  command: Command<"prepare-call"> | Command<"satisfy-need">,
  endings: Pick<Endings<Turn>, "nodeOf">,
): void {
  const activation = current(turn, command.activation, command.attempt);
  if (activation?.status !== "ready" || activation.does?.kind !== "call") return;
  const node = endings.nodeOf(turn, activation.node);
  if (command.kind === "prepare-call") prepareCall(turn, activation, command, node);
  else satisfyNeed(turn, activation, command, node);
}

function prepareCall(turn: AnyTurn, activation: Activation, command: Command<"prepare-call">, node: Node): void {
  const { prepared, hash, verdict } = command;
  const needs = verdict.kind === "needs" ? verdict.needs : [];
  const does = nextOf(turn, { prepared, hash, approved: false, grant: undefined }, needs, node);
  turn.emit({
    kind: "call-prepared",
    activation: activation.id,
    attempt: activation.attempt,
    prepared,
    hash,
    ...optional("grant", command.grant),
    ...optional("hooks", command.hooks),
    ...optional("args", command.args),
    ...optional("does", does),
  });
}

function satisfyNeed(turn: AnyTurn, activation: Activation, command: Command<"satisfy-need">, node: Node): void {
  const { does, call } = activation;
  if (does?.kind !== "call" || call === undefined) return;
  const [need, ...rest] = does.needs ?? [];
  if (need?.kind !== "call" || need.key !== command.key) return;
  const next = nextOf(turn, call, rest, node, command.key);
  turn.emit({ kind: "need-satisfied", activation: activation.id, key: command.key, ...optional("does", next) });
}

/** What a call does next, with these needs left. Undefined: it executes, and may be repeated. */
export function nextOf(turn: AnyTurn, call: PreparedOf, needs: readonly CallNeed[], node: Node, satisfied?: string): Doing | undefined {
  const held = turn.fold.head.satisfied;
  const open = needs.filter((need) => need.kind === "approval" || (need.key !== satisfied && !held.includes(need.key)));
  const [need, ...rest] = open;
  if (need === undefined)
    return call.prepared.person === undefined
      ? executing(node, call.prepared)
      : asking(call.prepared, call.prepared.person, turn.atMs, node);
  if (need.kind === "call") return { kind: "call", needs: open };
  const rule = node.kind === "tool" ? node.approval : undefined;
  return {
    kind: "ask",
    mode: "approve",
    call: call.hash,
    prompt: need.message,
    details: detailsOf(call.prepared, need),
    ...optional("rule", rule),
    ...expiryOf(rule, turn.atMs),
    ...(rest.length === 0 ? {} : { needs: rest }),
  };
}

function executing(node: Node, prepared: PreparedCall): Doing | undefined {
  return isUnsafe(node, prepared) ? { kind: "execute", unsafe: true } : undefined;
}

/** A call that a person answers: what they say is its result. */
function asking({ args }: PreparedCall, mode: "confirm" | "elicit", atMs: number, node: Node): Doing {
  const text = args[mode === "confirm" ? "message" : "question"];
  const rule = node.kind === "tool" ? node.approval : undefined;
  const prompt = typeof text === "string" ? text : JSON.stringify(text ?? null);
  return {
    kind: "ask",
    mode: "answer",
    prompt,
    answers: mode === "confirm" ? "boolean" : "string",
    ...optional("rule", rule),
    ...expiryOf(rule, atMs),
  };
}

/** When a question ends by itself. */
export function expiryOf(rule: ApprovalRule | undefined, atMs: number): { deadlineMs?: number } {
  return rule?.expiresMs === undefined ? {} : { deadlineMs: atMs + rule.expiresMs };
}

/** A call that may change something is not repeated when nobody knows how it ended, unless its author says that it may be. */
function isUnsafe(node: Node, prepared: PreparedCall): boolean {
  return node.safety === undefined ? prepared.permission !== "read" : node.safety === "unsafe";
}

/** What a person is shown: the call word for word, and what it touches. */
function detailsOf(prepared: PreparedCall, need: Extract<CallNeed, { kind: "approval" }>): JsonObject {
  const { tool, capability, permission, args, paths, destinations, argv } = prepared;
  return {
    tool,
    capability,
    permission,
    ...(isOversized(args) ? {} : { input: args }),
    why: need.why,
    ...(need.policy === undefined ? {} : { policy: need.policy }),
    ...(paths.length === 0 ? {} : { paths: paths.map(({ root, relative }) => `${root}:${relative}`) }),
    ...(destinations.length === 0 ? {} : { destinations: destinations.map(({ host, port }) => `${host}:${port}`) }),
    ...(argv === undefined ? {} : { command: argv }),
  };
}
