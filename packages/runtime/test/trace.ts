/** A run of the machine as text: commands in, one line out for each, with its facts, the status and what became due. */
import type { Doing, Failure, JsonObject, JsonValue, Opened, RunEvent, RunId, SentMessage, Source, WorkflowIr } from "@heddle/core";
import { expect } from "vitest";
import type { RunCommand } from "../src/machine/commands.ts";
import {
  DraftRun,
  deadLettersOf,
  decide,
  dueEffects,
  evolve,
  inputOf,
  LiveRun,
  liveRunFrom,
  prepare,
  type RunEffect,
  type RunPlan,
  snapshotOf,
  statusOf,
} from "../src/machine/index.ts";

export const traceRun = `run_${"0".repeat(26)}` as RunId;
export const flaky: Failure = { code: "flaky", message: "it failed", class: "handler", retryable: true };

export class Trace {
  readonly lines: string[] = [];
  readonly journal: { readonly seq: number; readonly event: RunEvent; readonly atMs: number }[] = [];
  live = new LiveRun();
  incarnation = "inc";
  atMs = 0;
  readonly plan: RunPlan;

  constructor(ir: WorkflowIr) {
    this.plan = prepare(ir);
  }

  start(input: JsonObject = {}): this {
    return this.do({ kind: "start", run: traceRun, workflow: this.plan.ir.id, bundle: "sha256:0", input });
  }

  /** Decides, folds, and writes a line. */
  do(command: RunCommand): this {
    const draft = new DraftRun(this.live);
    const events: RunEvent[] = [];
    const refusal = decide(this.plan, draft, command, { atMs: this.atMs, random: 0 }, events);
    const atMs = Math.max(this.atMs, draft.head.lastAtMs);
    for (const event of events) {
      this.journal.push({ seq: this.journal.length + 1, event, atMs });
      evolve(this.live, event, atMs);
    }
    const due = dueEffects(this.live, this.incarnation).filter(({ kind }) => kind !== "release");
    const facts = events.map(shown).join("; ");
    const said = refusal === undefined ? "" : ` refused ${refusal.code}`;
    this.lines.push(
      `${wish(command)}${said} -> [${facts}] ${statusOf(this.live, true)}${due.length === 0 ? "" : ` due ${due.map(effect).join(", ")}`}`,
    );
    return this;
  }

  at(atMs: number): this {
    this.atMs = atMs;
    return this;
  }

  ok(activation: number, result: JsonValue = null, attempt = 1): this {
    return this.do({ kind: "settle-attempt", activation, attempt, outcome: { kind: "succeeded", result } });
  }

  fail(activation: number, failure: Partial<Failure> = {}, attempt = 1): this {
    return this.do({ kind: "settle-attempt", activation, attempt, outcome: { kind: "failed", failure: { ...flaky, ...failure } } });
  }

  aborted(activation: number): this {
    return this.do({ kind: "settle-attempt", activation, attempt: 1, outcome: { kind: "aborted" } });
  }

  /** A message from outside, or a signal. */
  send(name: string, value: JsonValue = null): this {
    return this.do({ kind: "signal", name, value });
  }

  /** Sends dead letters again, as the journal has them. */
  replay(...letters: readonly number[]): this {
    const known = deadLettersOf(this.journal);
    return this.do({
      kind: "replay-letters",
      letters: letters.map((number) => {
        const { message, node } = known.find(({ view }) => view.letter === number) ?? { message: lost, node: undefined };
        return { letter: number, message, ...(node === undefined ? {} : { node }) };
      }),
    });
  }

  /** What an attempt at an open activation is given. */
  input(activation: number): JsonObject {
    const open = this.live.activation(activation);
    const input = open === undefined ? undefined : inputOf(this.plan, this.live, open);
    return input?.kind === "input" ? (input.values as JsonObject) : {};
  }

  /** The dead letters of the run, one line for each. */
  letters(): readonly string[] {
    return deadLettersOf(this.journal).map(({ view }) => {
      const at = view.to === undefined ? "" : ` at ${view.to}`;
      return `${view.letter} ${view.code}${at}: ${view.messageType} ${JSON.stringify(view.body)}${view.replayedAtMs === undefined ? "" : " (replayed)"}`;
    });
  }

  /** The journal in JSON: what a fold of it alone gives. */
  refolded(): LiveRun {
    const live = new LiveRun();
    for (const { event, atMs } of this.journal) evolve(live, JSON.parse(JSON.stringify(event)) as RunEvent, atMs);
    return live;
  }

  timer(activation: number): this {
    return this.do({ kind: "fire-timer", activation });
  }

  /** The process is gone, and another has taken up the state. */
  restart(): this {
    this.live = liveRunFrom(JSON.parse(JSON.stringify(snapshotOf(this.live))) as JsonValue);
    this.incarnation = `${this.incarnation}+`;
    this.lines.push(`(restart) due ${dueEffects(this.live, this.incarnation).map(effect).join(", ")}`);
    return this;
  }
}

/** Stands for a message that no journal has. */
const lost: SentMessage = { message: 1, type: "lost", correlation: 1, to: [], body: null };

function wish(command: RunCommand): string {
  switch (command.kind) {
    case "settle-attempt":
      return `settle #${command.activation}.${command.attempt} ${command.outcome.kind}`;
    case "fire-timer":
      return `timer #${command.activation}`;
    case "signal":
      return `signal ${command.name} ${JSON.stringify(command.value)}`;
    case "answer":
      return `answer ${JSON.stringify(command.answer) ?? "nothing"}`;
    case "settle-call":
      return `settle-call #${command.activation} ${command.as}`;
    case "resume":
      return command.now ? "resume now" : "resume";
    case "replay-letters":
      return `replay ${command.letters.map(({ letter }) => letter).join(" ")}`;
    case "retry":
      return `retry from #${command.from} ${command.node}`;
    default:
      return "activation" in command ? `${command.kind} #${command.activation}.${command.attempt}` : command.kind;
  }
}

function shown(event: RunEvent): string {
  const parts: string[] = [event.kind];
  if ("activation" in event) parts.push(`#${event.activation}`);
  if ("region" in event && event.region !== undefined) parts.push(`#${event.region}`);
  if ("frame" in event) parts.push(`frame ${event.frame}`);
  if ("node" in event) parts.push(event.node);
  switch (event.kind) {
    case "frames-opened":
      parts.push(event.frames.map((frame) => `${frame.slot}[${frame.index}]${opened(frame.open)}`).join(" "));
      break;
    case "unwinding-started":
      parts.push(
        `${event.cause} frames ${event.frames.join(" ")}${event.closed.length === 0 ? "" : ` closes #${event.closed.join(" #")}`}`,
      );
      break;
    case "activation-failed":
      parts.push(`${event.on} ${event.failure.code}`);
      break;
    case "attempt-failed":
      parts.push(`${event.failure.code} again at ${event.retryAtMs}${event.counted ? "" : " uncounted"}`);
      break;
    case "frame-failed":
      parts.push(event.failure.code);
      break;
    case "run-failed":
    case "run-limited":
      parts.push(`${event.failure.code}${event.failure.node === undefined ? "" : ` at ${event.failure.node}`}`);
      break;
    case "activation-cancelled":
      parts.push(event.outcome ?? "region");
      break;
    case "run-succeeded":
      parts.push(JSON.stringify(event.output));
      break;
    case "waits-hastened":
      parts.push(`#${event.activations.join(" #")}`);
      break;
    case "outcome-settled":
      parts.push(event.as);
      break;
    case "node-fired":
    case "node-passed":
    case "messages-gathered":
      parts.push(`takes ${event.takes}${"dropped" in event ? " drops one" : ""}`);
      break;
    case "gathering-ended":
      parts.push(event.why, ...(event.does === undefined ? [] : [doing(event.does)]));
      break;
    case "node-restarted":
      parts.push(`${event.window} ${event.count} at ${event.restartAtMs}`);
      break;
    case "pressure-changed":
      parts.push(`${event.level} ${event.depth}`);
      break;
    case "messages-dead-lettered":
      parts.push(event.code);
      break;
    case "run-completing":
      parts.push(JSON.stringify(event.output));
      break;
    case "run-failing":
      parts.push(event.failure.code);
      break;
    case "activations-aborting":
      parts.push(`${event.cause} aborts [${event.activations.join(" ")}] closes [${event.closed.join(" ")}]`);
      break;
    default:
  }
  if ("forced" in event) parts.push("forced");
  if ("set" in event && event.set !== undefined)
    for (const [name, source] of Object.entries(event.set)) parts.push(`${name}=${from(source)}`);
  if ("late" in event && event.late !== undefined) parts.push(`late ${event.late}`);
  if ("sent" in event && event.sent !== undefined) parts.push(...event.sent.map(sentTo));
  if ("letters" in event && event.kind !== "letters-replayed")
    parts.push(...(event.letters ?? []).map(({ letter, message }) => `m${message}=letter ${letter}`));
  if ("nodeState" in event) parts.push(`state ${JSON.stringify(event.nodeState)}`);
  if ("sink" in event) parts.push("sink");
  if ("edge" in event && event.edge !== undefined) parts.push(`by ${event.edge}`);
  if ("open" in event) parts.push(`opens${opened(event.open)}`);
  if ("exit" in event && event.exit !== undefined) parts.push(`exits ${from(event.exit)}`);
  return parts.join(" ");
}

function sentTo({ message, type, to, letter }: SentMessage): string {
  const where = letter === undefined ? to.map(({ node }) => node).join("+") : `letter ${letter}`;
  return `m${message}:${type}>${where}`;
}

function from(source: Source): string {
  return "value" in source ? JSON.stringify(source.value) : JSON.stringify(source);
}

function opened(open: Opened | undefined): string {
  return open === undefined ? "" : ` #${open.activation} ${open.node}${open.does === undefined ? "" : `:${doing(open.does)}`}`;
}

function doing(does: Doing): string {
  const until = "deadlineMs" in does && does.deadlineMs !== undefined ? `@${does.deadlineMs}` : "";
  return `${does.kind === "sleep" ? `sleep@${does.untilMs}` : does.kind === "region" ? does.region : does.kind === "execute" ? "unsafe" : does.kind}${until}`;
}

function effect(due: RunEffect): string {
  switch (due.kind) {
    case "execute-attempt":
      return `execute #${due.activation}.${due.attempt}@${due.notBeforeMs}`;
    case "journal-attempt":
      return `journal #${due.activation}.${due.attempt}`;
    case "run-child":
      return `child #${due.activation}.${due.attempt} ${due.workflow}`;
    case "arm-timer":
      return `timer #${due.activation}@${due.atMs}`;
    default:
      return `${due.kind.replace("-attempt", "")} #${due.activation}`;
  }
}

expect.addSnapshotSerializer({
  test: (value) => value instanceof Trace,
  serialize: (value: Trace) => value.lines.join("\n"),
});
