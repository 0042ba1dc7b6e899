/**
 * One random program in two interpreters: our fold, and xstate with the exported machine. Each outside
 * event goes to both, and after each both must have gone the same way and hold the same variables.
 *
 * Texts of failures are for people and are not compared. Unwound frames close in no promised order, so
 * facts are compared frame by frame, each frame's in their order.
 */
import type { Failure, JsonObject, JsonValue, Opened, RunEvent, RunId } from "@heddle/core";
import { SeededRandom } from "@heddle/testkit/simulator";
import * as xstate from "xstate";
import {
  type MachineContext,
  type MachineEvent,
  type XstateMachine,
  xstateImplementations,
  xstateOf,
} from "../../../packages/compiler/src/backends/xstate/index.ts";
import type { AttemptOutcome, RunCommand } from "../../../packages/runtime/src/machine/commands.ts";
import {
  type Activation,
  DraftRun,
  decide,
  evolve,
  LiveRun,
  type NodePlan,
  prepareStages,
  type StagesPlan,
} from "../../../packages/runtime/src/machine/stages/index.ts";
import { law } from "./laws.ts";
import type { Program } from "./program.ts";

/** The longest list that a random program goes over. */
export const mapItemsMax = 5;
const eventsMax = 3_000;

interface Told {
  readonly type: string;
  readonly params: JsonObject;
}

interface Move {
  readonly command: RunCommand;
  /** Not before: a timer's time. */
  readonly atMs?: number;
  /** What xstate is told, where the fold took it: the event's type before the place, and the rest. */
  readonly event: { readonly on: string; readonly activation?: Activation; readonly result?: JsonValue; readonly failure?: Failure };
}

/** @throws HeddleError `unimplemented` where the program has no machine */
export function exported(program: Program, statesMax: number): XstateMachine {
  return xstateOf(program.workflows[0] as Program["workflows"][0], { mapItemsMax, statesMax, cancel: true });
}

export class XstateWorld {
  readonly happened = new Set<string>();
  readonly #random: SeededRandom;
  readonly #plan: StagesPlan;
  readonly #live = new LiveRun();
  readonly #machine: xstate.AnyStateMachine;
  readonly #tables: XstateMachine["meta"]["heddle"];
  readonly #places = new Map<string, string>();
  #snapshot: xstate.AnyMachineSnapshot;
  #atMs = 1_735_689_600_000;
  /** Where frames stand, the same for both: `main/n3[b0:1]`. By number of the fold, by key of the machine. */
  readonly #foldFrames = new Map<number, string>([[0, "main"]]);
  readonly #machineFrames = new Map<string, string>([["main", "main"]]);
  readonly #activations = new Map<number, { readonly node: string; readonly frame: string }>();

  constructor(program: Program, config: XstateMachine) {
    this.#random = new SeededRandom(program.seed).fork();
    this.#plan = prepareStages(program.workflows[0] as Program["workflows"][0]);
    this.#tables = config.meta.heddle;
    for (const [key, place] of Object.entries(this.#tables.places)) this.#places.set(`${place.frame} ${place.node}`, key);
    this.#machine = xstate.createMachine(config as never).provide(xstateImplementations(config, xstate) as never);
    [this.#snapshot] = xstate.initialTransition(this.#machine);
  }

  /** Drives both to their end; false where only a signal that nobody can take would go on. */
  play(): boolean {
    const random = this.#random;
    const input = { x: random.pick<JsonValue>([1, "text", null]), list: random.pick([[1, 2], [], [4, 5, 6]]) };
    const run = `run_${"0".repeat(26)}` as RunId;
    const start = { kind: "start", run, workflow: "main", bundle: `sha256:${"0".repeat(64)}`, input } as const;
    this.#both(start, { type: "start", input });
    for (let events = 0; this.#live.head.phase === "open"; events++) {
      law(events < eventsMax, "a run ends");
      const moves = [...this.#live.activations()].flatMap((activation) => this.#movesOf(activation));
      const stop = this.#stopOf();
      if (moves.length === 0 && stop === undefined) return false;
      this.#make(moves.length === 0 || (stop !== undefined && random.chance(0.02)) ? (stop as Move) : random.pick(moves));
    }
    this.#compareEnds();
    return true;
  }

  #make(move: Move): void {
    this.#atMs = Math.max(this.#atMs, move.atMs ?? 0);
    const { on, activation, result, failure } = move.event;
    const place = activation === undefined ? "" : `.${this.#placeOf(activation)}`;
    this.happened.add(on);
    this.#both(move.command, {
      type: `${on}${place}`,
      ...(result === undefined ? {} : { result }),
      ...(failure === undefined ? {} : { failure }),
    });
  }

  /** One event to both. An attempt that is repeated is none of the machine's business. */
  #both(command: RunCommand, event: MachineEvent): void {
    const events: RunEvent[] = [];
    const refusal = decide(this.#plan, new DraftRun(this.#live), command, { atMs: this.#atMs, random: 0 }, events);
    law(refusal === undefined, `the fold takes ${command.kind}: ${refusal?.message}`);
    const facts = events.flatMap((each) => this.#foldFacts(each));
    for (const each of events) {
      evolve(this.#live, each, this.#atMs);
      this.happened.add(each.kind);
    }
    if (events.some((each) => each.kind === "attempt-failed")) return;
    const [next, told] = xstate.transition(this.#machine, this.#snapshot, event as never);
    this.#snapshot = next;
    const moved = (told as unknown as readonly Told[]).flatMap((each) => this.#machineFacts(each));
    same(byFrame(moved), byFrame(facts), `after ${event.type} the machine went as the fold did`);
    if (this.#live.head.phase === "open") same(this.#machineVars(), this.#foldVars(), `after ${event.type} the variables are the same`);
  }

  #foldFacts(event: RunEvent): readonly string[] {
    const opened = (frame: string, open: Opened | undefined): string[] => {
      if (open === undefined) return [];
      this.#activations.set(open.activation, { node: open.node, frame });
      return [`${frame} opens ${open.node}`];
    };
    switch (event.kind) {
      case "run-started":
        return opened("main", event.open);
      case "router-passed": {
        const frame = this.#foldFrames.get(event.frame) ?? "";
        return [`${frame} passes ${event.node} ${event.edge ?? "-"}`, ...left(frame, event), ...opened(frame, event.open)];
      }
      case "activation-succeeded":
      case "activation-failed": {
        const { node, frame } = this.#activation(event.activation);
        const on = event.kind === "activation-succeeded" ? "success" : event.on;
        return [`${frame} ends ${node} ${event.edge ?? on}`, ...left(frame, event), ...opened(frame, event.open)];
      }
      case "activation-cancelled":
        return [this.#cancelled(event.activation)];
      case "unwinding-started":
        this.happened.add(`unwinding-${event.cause}`);
        return event.closed.map((id) => this.#cancelled(id));
      case "frames-opened": {
        const { node, frame } = this.#activation(event.region);
        return event.frames.flatMap(({ frame: id, slot, index, open }) => {
          const place = `${frame}/${node}[${slot}:${index}]`;
          this.#foldFrames.set(id, place);
          return [`${place} begins`, ...opened(place, open)];
        });
      }
      case "frame-failed":
        return [`${this.#foldFrames.get(event.frame)} is over: failed`];
      case "frame-closed":
        return [`${this.#foldFrames.get(event.frame)} is over: closed`];
      default:
        return [];
    }
  }

  #cancelled(id: number): string {
    const { node, frame } = this.#activation(id);
    return `${frame} ends ${node} cancelled`;
  }

  #activation(id: number): { readonly node: string; readonly frame: string } {
    return this.#activations.get(id) ?? { node: "", frame: "" };
  }

  #machineFacts({ type, params }: Told): readonly string[] {
    const key = String(params["frame"]);
    const frame = this.#machineFrames.get(key) ?? "";
    switch (type) {
      case "heddle.opened":
        return [`${frame} opens ${String(params["node"])}`];
      case "heddle.moved": {
        const isRouter = this.#tables.nodes[String(params["node"])]?.kind === "router";
        const how = params["edge"] ?? (isRouter ? "-" : params["on"]);
        return [`${frame} ${isRouter ? "passes" : "ends"} ${String(params["node"])} ${String(how)}`];
      }
      case "heddle.frame-opened": {
        const { region, slot } = this.#tables.frames[key] as { region: string; slot: string };
        const around = this.#tables.places[region] as { node: string; frame: string };
        const place = `${this.#machineFrames.get(around.frame)}/${around.node}[${slot}:${String(params["index"])}]`;
        this.#machineFrames.set(key, place);
        return [`${place} begins`];
      }
      case "heddle.frame-ended":
        return [`${frame} is over: ${String(params["how"])}`];
      default:
        return [];
    }
  }

  #machineVars(): JsonValue {
    const { frames } = this.#snapshot.context as MachineContext;
    return withoutTexts(
      Object.fromEntries(
        Object.entries(frames)
          .map(([key, frame]) => [this.#machineFrames.get(key) ?? key, frame.vars] as const)
          .sort(byKey),
      ),
    );
  }

  #foldVars(): JsonValue {
    return withoutTexts(
      Object.fromEntries(
        [...this.#live.frames()].map((frame) => [this.#foldFrames.get(frame.id) ?? "", { ...frame.vars }] as const).sort(byKey),
      ),
    );
  }

  #compareEnds(): void {
    const { head } = this.#live;
    const { output, failure } = this.#snapshot.context as MachineContext;
    const value = String(this.#snapshot.value);
    same(value, `$${head.phase}`, "both end in the same way");
    same(this.#snapshot.status, "done", "the machine is done");
    if (head.phase === "succeeded") same(withoutTexts(output), withoutTexts(head.output), "both give the same output");
    if (head.phase === "failed")
      same(withoutTexts(failure as unknown as JsonValue), withoutTexts(head.failure as unknown as JsonValue), "both give the same failure");
    this.happened.add(`run-${head.phase}`);
  }

  #placeOf(activation: Activation): string {
    const place = this.#foldFrames.get(activation.frame);
    const { frames } = this.#snapshot.context as MachineContext;
    const key = Object.keys(frames).find((each) => this.#machineFrames.get(each) === place);
    law(key !== undefined, `frame ${place} is open in the machine too`);
    return this.#places.get(`${key} ${activation.node}`) ?? "";
  }

  /** What the world may do to an activation. */
  #movesOf(activation: Activation): readonly Move[] {
    const { does, status, id, attempt, node } = activation;
    const random = this.#random;
    const settle = (outcome: AttemptOutcome): RunCommand => ({ kind: "settle-attempt", activation: id, attempt, outcome });
    if (status === "aborting") return [{ command: settle({ kind: "aborted" }), event: { on: "aborted", activation } }];
    if (does === undefined || does.kind === "execute" || does.kind === "child") {
      const outcome = this.#outcome(node);
      const on = outcome.kind === "succeeded" ? "success" : outcome.failure.class === "timeout" ? "timeout" : "failure";
      const how = outcome.kind === "succeeded" ? { result: outcome.result } : { failure: outcome.failure };
      return [{ command: settle(outcome), event: { on, activation, ...how } }];
    }
    const fire: RunCommand = { kind: "fire-timer", activation: id };
    const late: Failure = { code: "timeout", message: "", class: "timeout", retryable: false, node };
    const deadline = "deadlineMs" in does ? does.deadlineMs : undefined;
    const timeout: Move[] =
      deadline === undefined || !random.chance(does.kind === "region" ? 0.1 : 0.3)
        ? []
        : [{ command: fire, atMs: deadline, event: { on: "timeout", activation, failure: late } }];
    switch (does.kind) {
      case "sleep":
        return [{ command: fire, atMs: does.untilMs, event: { on: "success", activation, result: null } }];
      case "signal":
        return timeout.length > 0 ? timeout : this.#signal(activation, does.name);
      case "ask":
        return timeout.length > 0 ? timeout : [this.#answer(activation)];
      default:
        return timeout;
    }
  }

  /** The fold gives a signal to the first that waits for it, and keeps one that does not fit; keeping is no part of the machine. */
  #signal(activation: Activation, name: string): readonly Move[] {
    const { node } = this.#plan.nodes.get(activation.node) as NodePlan;
    if ([...this.#live.activations()].some((each) => each.does?.kind === "signal" && each.does.name === name && each.id < activation.id))
      return [];
    const isNumber = node.kind === "wait" && node.wait.kind === "signal" && node.wait.type !== undefined;
    if (isNumber && (node.writes ?? []).some((write) => write.type !== undefined && write.optional !== true)) return [];
    const result: JsonValue = isNumber ? 7 : { n: 3, s: "signalled", list: [1] };
    return [{ command: { kind: "signal", name, value: result }, event: { on: "success", activation, result } }];
  }

  #answer(activation: Activation): Move {
    const { id, node, does } = activation;
    const approves = does?.kind === "ask" && does.mode === "approve";
    if (this.#random.chance(0.35)) {
      const failure: Failure = { code: "rejected", message: "", class: "rejected", retryable: false, node, details: {} };
      return { command: { kind: "answer", activation: id }, event: { on: "rejected", activation, failure } };
    }
    const result = approves ? { approved: true } : { answer: 4 };
    return { command: { kind: "answer", activation: id, answer: approves ? true : 4 }, event: { on: "success", activation, result } };
  }

  #outcome(node: string): Extract<AttemptOutcome, { kind: "succeeded" | "failed" }> {
    const random = this.#random;
    const kind = random.weighted({ gives: 74, misfits: 5, null: 3, throws: 13, late: 5 });
    const failure = {
      code: random.pick(["handler-failed", "flaky", "odd"]),
      message: "it failed",
      class: "handler" as const,
      retryable: random.chance(0.5),
    };
    const list = Array.from({ length: random.integer(0, 4) }, () => random.integer(0, 9));
    const result = { n: random.integer(0, 9), s: `of ${node}`, list, flag: random.chance(0.5) };
    if (kind === "throws") return { kind: "failed", failure };
    if (kind === "late") return { kind: "failed", failure: { ...failure, code: "timeout", class: "timeout" } };
    return {
      kind: "succeeded",
      result: kind === "gives" ? result : kind === "null" ? null : { ...result, n: "no number", list: "no list" },
    };
  }

  /** What may end the run from outside. */
  #stopOf(): Move | undefined {
    const { deadlineMs, ending } = this.#live.head;
    if (ending !== undefined) return undefined;
    const limit: Move[] =
      deadlineMs === undefined ? [] : [{ command: { kind: "fire-timer", activation: 0 }, atMs: deadlineMs, event: { on: "limit" } }];
    return this.#random.pick<Move>([...limit, { command: { kind: "cancel" }, event: { on: "cancel" } }]);
  }
}

function left(frame: string, event: { readonly exit?: unknown }): string[] {
  return event.exit === undefined || frame === "main" ? [] : [`${frame} is over: left`];
}

function byKey([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Facts grouped by frame; within one, in their order. */
function byFrame(facts: readonly string[]): readonly string[] {
  return facts
    .map((fact) => [fact.slice(0, fact.indexOf(" ")), fact] as const)
    .sort(byKey)
    .map(([, fact]) => fact);
}

function withoutTexts(value: JsonValue): JsonValue {
  return JSON.parse(JSON.stringify(value, (key, member: unknown) => (key === "message" ? "" : member))) as JsonValue;
}

function same(actual: unknown, expected: unknown, what: string): void {
  const [a, b] = [JSON.stringify(sorted(actual)), JSON.stringify(sorted(expected))];
  law(a === b, `${what}\n  machine: ${a}\n  fold:    ${b}`);
}

/** Members in the order of their names: what sets a variable first is not compared. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .map(([name, member]) => [name, sorted(member)] as const)
      .sort(byKey),
  );
}
