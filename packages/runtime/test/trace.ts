/** A run of the machine as text: commands in, one line out for each, with its facts, the status and what became due. */
import type { Doing, Failure, JsonObject, JsonValue, Opened, RunEvent, RunId, Source, WorkflowIr } from "@heddle/core";
import { expect } from "vitest";
import type { RunCommand } from "../src/machine/commands.ts";
import {
  DraftRun,
  decide,
  dueEffects,
  evolve,
  LiveRun,
  liveRunFrom,
  prepareStages,
  type RunEffect,
  type StagesPlan,
  snapshotOf,
  statusOf,
} from "../src/machine/stages/index.ts";

export const traceRun = `run_${"0".repeat(26)}` as RunId;
export const flaky: Failure = { code: "flaky", message: "it failed", class: "handler", retryable: true };

export class Trace {
  readonly lines: string[] = [];
  readonly journal: { readonly seq: number; readonly event: RunEvent; readonly atMs: number }[] = [];
  live = new LiveRun();
  incarnation = "inc";
  atMs = 0;
  readonly plan: StagesPlan;

  constructor(ir: WorkflowIr) {
    this.plan = prepareStages(ir);
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
    default:
  }
  if ("forced" in event) parts.push("forced");
  if ("set" in event && event.set !== undefined)
    for (const [name, source] of Object.entries(event.set)) parts.push(`${name}=${from(source)}`);
  if ("edge" in event && event.edge !== undefined) parts.push(`by ${event.edge}`);
  if ("open" in event) parts.push(`opens${opened(event.open)}`);
  if ("exit" in event && event.exit !== undefined) parts.push(`exits ${from(event.exit)}`);
  return parts.join(" ");
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
