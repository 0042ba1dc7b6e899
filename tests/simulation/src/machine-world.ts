/**
 * The machine alone, driven by a loop that is as simple as a driver can be: no promise, no store. It
 * checks the laws of `decide` and `evolve` at every step, and tries what a real driver does rarely:
 * several commands over one draft, late and repeated outcomes, a clock that jumps, a restart anywhere.
 */
import { InvariantViolatedError, type JsonValue, RunEvent, type RunId } from "@heddle/core";
import { SeededRandom, VirtualClock } from "@heddle/testkit/simulator";
import type { AttemptOutcome, RunCommand } from "../../../packages/runtime/src/machine/commands.ts";
import {
  DraftRun,
  decide,
  dueEffects,
  evolve,
  inputOf,
  LiveRun,
  liveRunFrom,
  prepareStages,
  type RunEffect,
  reasonsOf,
  rewindTarget,
  rewoundSnapshot,
  type StagesPlan,
  snapshotOf,
} from "../../../packages/runtime/src/machine/stages/index.ts";
import { checkAtRest, checkConsistent, checkSame, law, textOf } from "./laws.ts";
import { answerFor, type OutsideEvent, outsideOf, settlementFor, signalFor } from "./outside.ts";
import type { Program } from "./program.ts";
import { scriptOf } from "./script.ts";

const run = `run_${"0".repeat(26)}` as RunId;
const bundle = `sha256:${"0".repeat(64)}`;
const stepsMax = 20_000;

interface Running {
  readonly attempt: number;
  readonly settle: (outcome: AttemptOutcome) => void;
  readonly onAbort: () => void;
}

export class MachineWorld {
  readonly journal: { readonly event: RunEvent; readonly atMs: number }[] = [];
  readonly refusals = new Set<string>();
  readonly #program: Program;
  readonly #plan: StagesPlan;
  readonly #random: SeededRandom;
  readonly #clock = new VirtualClock();
  readonly #timers = new Map<number, () => void>();
  readonly #running = new Map<number, Running>();
  readonly #matured = new Set<number>();
  #live = new LiveRun();
  #shadow = new LiveRun();
  #incarnation = 1;
  #pending: { readonly command: RunCommand; readonly atMs: number }[] = [];
  #late: RunCommand[] = [];

  constructor(program: Program) {
    this.#program = program;
    this.#plan = prepareStages(program.workflows[0] as Program["workflows"][0]);
    this.#random = new SeededRandom(program.seed).fork();
  }

  /** Drives the run to its end, and perhaps takes it up again. */
  play(): void {
    const random = this.#random;
    for (const { atMs, event } of outsideOf(this.#program, random)) this.#clock.setTimer(atMs, () => this.#outside(event));
    this.#submit({
      kind: "start",
      run,
      workflow: "main",
      bundle,
      input: { x: random.pick<JsonValue>([1, "text", null]), list: random.pick([[1, 2], [], [4, 5, 6, 7]]) },
    });
    this.#turn();
    let retries = random.weighted({ 0: 6, 1: 3, 2: 1 } as Record<string, number>);
    for (let steps = 0; ; steps++) {
      law(steps < stepsMax, "a run ends");
      if (this.#live.head.phase !== "open") {
        const left = Number(retries);
        if (left === 0 || !this.#goBack()) break;
        retries = String(left - 1);
      } else if (!this.#clock.advance()) this.#unblock();
      if (random.chance(0.02)) this.#clock.jump(random.integer(-5_000, 5_000));
      if (this.#pending.length > 0 && random.chance(0.8)) this.#turn();
    }
    this.#turn();
  }

  #now(): number {
    return Math.max(this.#clock.nowMs(), this.#live.head.lastAtMs);
  }

  #submit(command: RunCommand, notBeforeMs = 0): void {
    this.#pending.push({ command, atMs: Math.max(this.#clock.nowMs(), notBeforeMs) });
    if (this.#random.chance(0.1)) this.#late.push(command);
  }

  /** One turn: all pending commands over one draft, then their facts into the state. */
  #turn(): void {
    while (this.#pending.length > 0) {
      const commands = this.#pending.splice(0);
      const stray = this.#late.length > 0 && this.#random.chance(0.2) ? this.#random.pick(this.#late) : undefined;
      if (stray !== undefined && stray.kind !== "retry" && stray.kind !== "start")
        commands.push({ command: stray, atMs: this.#clock.nowMs() });
      const before = this.#random.chance(0.1) ? textOf(this.#live) : undefined;
      const draft = new DraftRun(this.#live);
      const events: RunEvent[] = [];
      const times: number[] = [];
      for (const { command, atMs } of commands) {
        const known = events.length;
        const refusal = decide(this.#plan, draft, command, { atMs, random: this.#random.unit() }, events);
        while (times.length < events.length) times.push(Math.max(atMs, draft.head.lastAtMs));
        if (refusal === undefined) continue;
        this.refusals.add(refusal.code);
        law(events.length === known, `a refused ${command.kind} has no facts (${refusal.code})`);
      }
      if (before !== undefined)
        law(before === textOf(this.#live), `decide leaves the state untouched: ${commands.map(({ command }) => command.kind).join(", ")}`);
      this.#commit(events, times);
    }
  }

  #commit(events: readonly RunEvent[], times: readonly number[]): void {
    for (const [i, event] of events.entries()) {
      const atMs = times[i] as number;
      law(atMs >= this.#live.head.lastAtMs, "time does not run backwards in a journal");
      this.journal.push({ event, atMs });
      evolve(this.#live, event, atMs);
      evolve(this.#shadow, JSON.parse(JSON.stringify(event)) as RunEvent, atMs);
      checkConsistent(this.#live);
    }
    if (events.length > 0) {
      checkAtRest(this.#live, this.#now());
      checkSame(this.#live, this.#shadow, "folding the journal gives the live state");
    }
    if (this.#live.head.phase !== "open") for (const running of this.#running.values()) running.onAbort();
    for (const effect of dueEffects(this.#live, `inc_${this.#incarnation}`)) this.#start(effect);
  }

  #start(effect: RunEffect): void {
    const { activation } = effect;
    switch (effect.kind) {
      case "execute-attempt":
      case "run-child":
      case "journal-attempt":
        if (this.#running.has(activation)) return;
        if (effect.notBeforeMs > this.#now() && !this.#matured.delete(activation)) {
          this.#arm(activation, effect.notBeforeMs, () => {
            this.#matured.add(activation);
            this.#live.touch(activation);
            for (const due of dueEffects(this.#live, `inc_${this.#incarnation}`)) this.#start(due);
          });
        } else if (effect.kind === "journal-attempt")
          this.#submit({ kind: "start-attempt", activation, attempt: effect.attempt, incarnation: `inc_${this.#incarnation}` });
        else this.#execute(effect);
        return;
      case "forget-attempt":
        this.#submit({ kind: "forget-attempt", activation, attempt: effect.attempt });
        return;
      case "abort-attempt": {
        const running = this.#running.get(activation);
        if (running === undefined)
          this.#submit({ kind: "settle-attempt", activation, attempt: effect.attempt, outcome: { kind: "aborted" } });
        else running.onAbort();
        return;
      }
      case "arm-timer":
        this.#arm(activation, effect.atMs, () => this.#submit({ kind: "fire-timer", activation }, effect.atMs));
        return;
      case "release":
        this.#timers.get(activation)?.();
        this.#running.get(activation)?.onAbort();
        return;
      default:
    }
  }

  #arm(activation: number, atMs: number, fire: () => void): void {
    this.#timers.get(activation)?.();
    this.#timers.set(activation, this.#clock.setTimer(Math.max(0, atMs - this.#now()), fire));
  }

  #execute(effect: Extract<RunEffect, { kind: "execute-attempt" | "run-child" }>): void {
    const { activation, attempt } = effect;
    const open = this.#live.activation(activation);
    const node = this.#plan.nodes.get(effect.node);
    if (open === undefined || node === undefined) throw new InvariantViolatedError("an effect names what is open");
    const incarnation = this.#incarnation;
    let settled = false;
    const settle = (outcome: AttemptOutcome): void => {
      if (settled || incarnation !== this.#incarnation) return;
      settled = true;
      if (this.#running.get(activation)?.attempt === attempt) this.#running.delete(activation);
      this.#submit({ kind: "settle-attempt", activation, attempt, outcome });
    };
    const input = inputOf(this.#live, open.frame, node);
    if (input.kind === "refused") {
      settle({ kind: "failed", failure: input.failure });
      return;
    }
    const script = scriptOf(this.#program.seed, effect.node, activation, attempt);
    const onAbort = (): void => {
      if (script.kind !== "ignores-abort") this.#clock.setTimer(0, () => settle({ kind: "aborted" }));
    };
    this.#running.set(activation, { attempt, settle, onAbort });
    const failure = { code: "handler-failed", message: "it failed", class: "handler" as const, retryable: true };
    const end = (): void => {
      if (script.kind === "throws")
        settle({ kind: "failed", failure: { ...failure, code: script.code ?? failure.code, retryable: script.retryable ?? true } });
      else if (script.kind !== "hangs") settle({ kind: "succeeded", result: script.value });
    };
    if (script.kind === "hangs") {
      const lost: AttemptOutcome = { kind: "lost", message: "its process died", counted: true };
      this.#clock.setTimer(700, () =>
        settle(this.#random.chance(0.5) ? lost : { kind: "failed", failure: { ...failure, code: "timeout", class: "timeout" } }),
      );
    } else this.#clock.setTimer(script.afterMs, end);
  }

  #outside(event: OutsideEvent): void {
    switch (event.kind) {
      case "resume":
      case "resume-now":
        this.#submit({ kind: "resume", now: event.kind === "resume-now" });
        return;
      case "settle": {
        const unknown = [...this.#live.activations()].find((activation) => activation.status === "unknown");
        this.#submit({ kind: "settle-call", activation: unknown?.id ?? 1, as: event.as, result: event.result });
        return;
      }
      case "restart":
        this.#restart();
        return;
      case "signal":
      case "answer":
        this.#submit(event);
        return;
      default:
        this.#submit({ kind: event.kind });
    }
  }

  /** The process is gone; what it knew is in the journal. */
  #restart(): void {
    this.#incarnation++;
    this.#pending = [];
    for (const disarm of this.#timers.values()) disarm();
    this.#timers.clear();
    this.#running.clear();
    const again = liveRunFrom(JSON.parse(JSON.stringify(snapshotOf(this.#live))) as JsonValue);
    checkSame(again, this.#live, "a snapshot restores the state");
    this.#live = again;
    for (const effect of dueEffects(this.#live, `inc_${this.#incarnation}`)) this.#start(effect);
  }

  /** Nothing moves by itself: do what the reasons ask for, or complain. */
  #unblock(): void {
    if (this.#pending.length > 0) {
      this.#turn();
      return;
    }
    const reasons = reasonsOf(this.#live, { nowMs: this.#now() });
    const [reason] = reasons;
    const blocked = reasons.map(({ kind }) => kind).join(", ");
    switch (reason?.kind) {
      case "paused":
        this.#submit({ kind: "resume", now: this.#random.chance(0.3) });
        return;
      case "person":
        this.#submit({
          ...(answerFor(this.#random) as Extract<OutsideEvent, { kind: "answer" }>),
          activation: reason.activation as number,
        });
        return;
      case "signal":
        this.#submit({
          ...(signalFor(reason.signal as string, this.#random) as Extract<OutsideEvent, { kind: "signal" }>),
          key: `u${this.journal.length}`,
        });
        if (this.#random.chance(0.05)) this.#submit({ kind: "cancel" });
        return;
      case "outcome-unknown": {
        const { as, result } = settlementFor(this.#random) as Extract<OutsideEvent, { kind: "settle" }>;
        this.#submit({ kind: "settle-call", activation: reason.activation as number, as, result });
        return;
      }
      default:
        law(false, `nothing moves, and the run waits for: ${blocked}`);
    }
  }

  /** Takes the ended run up again at a random activation. */
  #goBack(): boolean {
    const records = this.journal.map((record, i) => ({ ...record, seq: i + 1 }));
    const { head } = this.#live;
    const from = this.#random.chance(0.3) ? undefined : this.#random.integer(1, head.nextActivation - 1);
    const target = rewindTarget(records, from);
    if (target === undefined) return false;
    const { state, from: renumbered } = rewoundSnapshot({
      fold: target.fold,
      from: target.activation,
      nextActivation: head.nextActivation,
      nextFrame: head.nextFrame,
      nextSignal: head.nextSignal,
      deadlineMs: undefined,
      signalKeys: head.signalKeys,
    });
    this.#running.clear();
    this.#submit({ kind: "retry", from: renumbered, node: target.node, state });
    this.#turn();
    return true;
  }

  /** Every event by its schema. */
  parseAll(): void {
    for (const { event } of this.journal) RunEvent.parse(JSON.parse(JSON.stringify(event)));
  }
}
