/**
 * The machine alone as what a story is told to: a loop without promises, stores or processes. It holds
 * the laws after every event and every commit, restarts from snapshots, and repeats what is late.
 */
import { type JsonObject, type JsonValue, RunEvent, type RunId, type WorkflowIr } from "@heddle/core";
import type { SeededRandom } from "@heddle/testkit/simulator";
import type { AttemptOutcome, RunCommand } from "../../../packages/runtime/src/machine/commands.ts";
import { bodyOf } from "../../../packages/runtime/src/machine/graph/messages.ts";
import { type GraphPlan, prepareGraph } from "../../../packages/runtime/src/machine/graph/plan.ts";
import { messagesOf } from "../../../packages/runtime/src/machine/graph/turn.ts";
import {
  DraftRun,
  deadLettersOf,
  decide,
  dueEffects,
  evolve,
  LiveRun,
  liveRunFrom,
  snapshotOf,
} from "../../../packages/runtime/src/machine/index.ts";
import { checkGraph, checkGraphAtRest, textOfGraph } from "./graph-laws.ts";
import { type GraphEnd, type GraphSubject, person, textOf } from "./graph-play.ts";
import type { Outcome, Work } from "./graph-reading.ts";
import { law } from "./laws.ts";

export class GraphMachine implements GraphSubject {
  readonly journal: { readonly seq: number; readonly event: RunEvent; readonly atMs: number }[] = [];
  nowMs = 1_000;
  readonly #plan: GraphPlan;
  readonly #random: SeededRandom;
  readonly #timers = new Map<number, number>();
  /** Attempts that were handed to an executor, by activation. */
  readonly #executing = new Map<number, number>();
  #live = new LiveRun();
  #shadow = new LiveRun();
  #incarnation = 1;
  #late: RunCommand[] = [];

  constructor(ir: WorkflowIr, random: SeededRandom) {
    this.#plan = prepareGraph(ir);
    this.#random = random;
  }

  async start(input: JsonObject): Promise<void> {
    const run = `run_${"0".repeat(26)}` as RunId;
    this.#do({ kind: "start", run, workflow: "graph", bundle: `sha256:${"0".repeat(64)}`, input });
  }

  async settle({ id, attempt, node }: Work, outcome: Outcome): Promise<void> {
    law(this.#executing.get(id) === attempt, `attempt ${attempt} at ${node.id} is being executed`);
    const { counted } = { counted: undefined, ...outcome };
    const said: AttemptOutcome = counted === undefined ? outcome : { kind: "lost", counted, message: "its process died" };
    this.#do({ kind: "settle-attempt", activation: id, attempt, outcome: said });
  }

  async answer({ id }: Work, yes: boolean): Promise<void> {
    this.#do({ kind: "answer", activation: id, answer: yes, by: person });
  }

  async settleCall({ id }: Work, outcome: Outcome | undefined): Promise<void> {
    const as = outcome === undefined ? "retry" : outcome.kind === "succeeded" ? "succeeded" : "failed";
    this.#do({ kind: "settle-call", activation: id, as, ...(outcome?.kind === "succeeded" ? { result: outcome.result } : {}) });
  }

  async message(node: string, body: JsonValue): Promise<boolean> {
    return this.#do({ kind: "signal", name: node, value: body }) === undefined;
  }

  async signal(name: string, value: JsonValue): Promise<void> {
    this.#do({ kind: "signal", name, value });
  }

  async replay(letters: readonly number[]): Promise<boolean> {
    const known = deadLettersOf(this.journal);
    const wanted = letters.map((number) => {
      const letter = known.find(({ view }) => view.letter === number);
      law(letter !== undefined && letter.view.replayedAtMs === undefined, `dead letter ${number} is there`);
      return { letter: number, message: letter.message, ...(letter.node === undefined ? {} : { node: letter.node }) };
    });
    return this.#do({ kind: "replay-letters", letters: wanted }) === undefined;
  }

  async cancel(): Promise<void> {
    this.#do({ kind: "cancel" });
  }

  async pass(ms: number): Promise<void> {
    this.nowMs += ms;
    if (this.#random.chance(0.1)) this.#restart();
  }

  async time(atMs: number): Promise<void> {
    this.nowMs = atMs;
    const due = [...this.#timers].filter(([, untilMs]) => untilMs <= atMs).sort(([a, x], [b, y]) => x - y || a - b);
    for (const [activation] of due) {
      const open = this.#live.activation(activation);
      this.#timers.delete(activation);
      if (open?.status === "waiting") this.#do({ kind: "fire-timer", activation });
      else this.#live.touch(activation);
    }
    this.#startEffects();
  }

  async inHand(): Promise<readonly string[]> {
    return [...this.#live.activations()].map((activation) => {
      const { id, attempt, node, does, status } = activation;
      const taken = messagesOf(activation);
      if (does?.kind === "gather") return `#${id} ${node} gathers ${taken.length}`;
      if (status === "unknown") return `#${id} ${node} unknown`;
      if (does?.kind === "ask") return `#${id} ${node} asks`;
      if (does?.kind === "sleep") return `#${id} ${node} sleeps`;
      if (does?.kind === "signal") return `#${id} ${node} awaits`;
      if (this.#executing.get(id) !== attempt) return `#${id} ${node} is delayed`;
      const rule = this.#plan.nodes.get(node)?.rule ?? { kind: "each" as const };
      return `#${id}.${attempt} ${node} runs with ${textOf(bodyOf(rule, taken))}`;
    });
  }

  async end(): Promise<GraphEnd> {
    for (let rounds = 0; this.#live.head.phase === "open"; rounds++) {
      law(rounds < 1_000, "a run that is to end ends");
      const aborting = [...this.#live.activations()].find(({ status }) => status === "aborting");
      law(aborting !== undefined, "a run that is to end waits for what is aborted alone");
      this.#do({ kind: "settle-attempt", activation: aborting.id, attempt: aborting.attempt, outcome: { kind: "aborted" } });
    }
    for (const { event } of this.journal) RunEvent.parse(JSON.parse(JSON.stringify(event)));
    const { phase, output, failure } = this.#live.head;
    const letters = deadLettersOf(this.journal).map(
      ({ view }) => `${view.code} ${view.to ?? "nobody"} ${view.messageType} ${textOf(view.body)}`,
    );
    return { status: phase, output, failure: failure?.code, letters };
  }

  #do(command: RunCommand): string | undefined {
    const draft = new DraftRun(this.#live);
    const before = this.#random.chance(0.1) ? textOfGraph(this.#live) : undefined;
    const events: RunEvent[] = [];
    const refusal = decide(this.#plan, draft, command, { atMs: this.nowMs, random: this.#random.unit() }, events);
    law(refusal === undefined || events.length === 0, `a refused ${command.kind} has no facts`);
    if (this.#random.chance(0.1)) {
      // What is late or repeated changes nothing, whatever is decided with it.
      const known = events.length;
      const stray = this.#late.length === 0 ? undefined : this.#random.pick(this.#late);
      if (stray !== undefined) decide(this.#plan, draft, stray, { atMs: this.nowMs, random: 0 }, events);
      law(events.length === known, `a late ${stray?.kind} has no facts`);
    }
    if (command.kind === "settle-attempt") this.#late.push(command);
    law(before === undefined || before === textOfGraph(this.#live), `decide leaves the state untouched: ${command.kind}`);
    for (const event of events) this.#fold(event);
    if (events.length > 0) {
      checkGraphAtRest(this.#plan, this.#live, this.nowMs);
      law(textOfGraph(this.#live) === textOfGraph(draft), "the draft saw what the state became");
    }
    this.#startEffects();
    return refusal?.code;
  }

  #fold(event: RunEvent): void {
    this.journal.push({ seq: this.journal.length + 1, event, atMs: this.nowMs });
    evolve(this.#live, event, this.nowMs);
    evolve(this.#shadow, JSON.parse(JSON.stringify(event)) as RunEvent, this.nowMs);
    checkGraph(this.#live);
    if (!this.#random.chance(0.2)) return;
    const text = textOfGraph(this.#live);
    law(text === textOfGraph(this.#shadow), "folding the journal gives the live state");
    law(
      text === textOfGraph(liveRunFrom(JSON.parse(JSON.stringify(snapshotOf(this.#live))) as JsonValue)),
      "a snapshot restores the state",
    );
  }

  #startEffects(): void {
    for (const effect of dueEffects(this.#live, `inc_${this.#incarnation}`)) {
      const { activation } = effect;
      switch (effect.kind) {
        case "execute-attempt":
          if (effect.notBeforeMs > this.nowMs) this.#timers.set(activation, effect.notBeforeMs);
          else this.#executing.set(activation, effect.attempt);
          break;
        case "journal-attempt":
          if (effect.notBeforeMs > this.nowMs) this.#timers.set(activation, effect.notBeforeMs);
          else this.#do({ kind: "start-attempt", activation, attempt: effect.attempt, incarnation: `inc_${this.#incarnation}` });
          break;
        case "arm-timer":
          if (activation !== 0) this.#timers.set(activation, effect.atMs);
          break;
        case "release":
          this.#timers.delete(activation);
          this.#executing.delete(activation);
          break;
        default:
      }
    }
  }

  /** The process is gone; another one has its state from a snapshot. What is unsafe is said to have been taken up again. */
  #restart(): void {
    if ([...this.#live.activations()].some(({ status }) => status === "started")) return;
    this.#incarnation++;
    this.#timers.clear();
    this.#executing.clear();
    this.#live = liveRunFrom(JSON.parse(JSON.stringify(snapshotOf(this.#live))) as JsonValue);
    this.#startEffects();
  }
}
