/**
 * Everybody who speaks to a simulated run from outside: people who answer, senders of signals, and operators. What
 * each does, and when, follows from the seed.
 */
import type { Explanation, JsonValue, Node, RunId } from "@heddle/core";
import type { Task } from "@heddle/ports";
import type { SimulationSpec } from "./define-simulation.ts";
import type { Outside, Wish } from "./outside.ts";
import { exampleOf } from "./stand-ins.ts";

const answerMs = 1_000;
/** People whom one question is put to, where it takes several. */
const peopleMax = 20;
const signalMs = 10;
const settleMs = 1_000;
const lateMs = [1, 1_000, 3_600_000] as const;
const veryLateMs = [3_600_000, 604_800_000] as const;

/** Faults after which a run may rightly end otherwise than an undisturbed one. */
export const visibleFaults: ReadonlySet<string> = new Set([
  "rejects",
  "never-answers",
  "answers-late",
  "changes-mind",
  "signal-early",
  "signal-late",
  "signal-lost",
  "signal-twice",
  "cancels",
]);

export class People<World> {
  readonly #outside: Outside;
  readonly #spec: SimulationSpec<World>;
  readonly #world: World;
  readonly #nodes: ReadonlyMap<string, Node>;
  /** Without stubs nobody else sends what the run waits for. */
  readonly #sendsAll: boolean;
  readonly #seen = new Set<string>();
  /** How many people were asked one question, and whether the last of them was heard. */
  readonly #asked = new Map<string, { readonly person: number; readonly heard: boolean }>();
  /** Calls of unknown outcome that an operator has seen in this life of the process. */
  #calls = new Set<string>();
  #sent = 0;

  constructor(outside: Outside, spec: SimulationSpec<World>, world: World, nodes: ReadonlyMap<string, Node>, sendsAll: boolean) {
    this.#outside = outside;
    this.#spec = spec;
    this.#world = world;
    this.#nodes = nodes;
    this.#sendsAll = sendsAll;
  }

  /** Signals that come before anybody waits for them. */
  begin(run: RunId): void {
    for (const [name, value] of Object.entries(this.#spec.signals ?? {})) {
      const site = `signal ${name}`;
      if (this.#outside.plan.draw("signal", site, { "signal-early": 1 }) === undefined) continue;
      this.#outside.fault(site, "signal-early", `${name} is sent before the run waits for it`);
      this.#seen.add(`early ${name}`);
      this.#send(run, name, value);
    }
  }

  /** Takes care of one reason why a run is open. Each question, wait and call once. */
  look(reason: Explanation): void {
    const { kind, run, activation } = reason;
    if (kind !== "person" && kind !== "signal" && kind !== "outcome-unknown") return;
    if (activation === undefined) return;
    if (kind === "person") {
      const place = `${run}/${activation}`;
      const asked = this.#asked.get(place) ?? { person: 0, heard: true };
      // One who was heard, and did not end the question, is not the only one who has to be asked.
      if (!asked.heard || asked.person >= peopleMax) return;
      this.#asked.set(place, { person: asked.person + 1, heard: false });
      this.#answer({ run, activation, node: reason.node ?? "", untilMs: reason.untilMs }, asked.person + 1);
      return;
    }
    const attempt = kind === "outcome-unknown" ? this.#attemptUnknown(run, activation) : 0;
    const place = `${kind} ${run}/${activation}#${attempt}`;
    const seen = kind === "outcome-unknown" ? this.#calls : this.#seen;
    if (seen.has(place)) return;
    seen.add(place);
    const at = { run, activation, node: reason.node ?? "", untilMs: reason.untilMs };
    if (kind === "signal") this.#signal(at, reason.signal ?? "");
    else this.#settle(at, attempt);
  }

  /**
   * A process has died. Whoever was about to say how a call ended, or said so and heard nothing, looks again: by now it may
   * be another attempt whose outcome is unknown.
   */
  lookAgain(): void {
    this.#calls = new Set();
    const { wishes } = this.#outside;
    wishes.splice(0, wishes.length, ...wishes.filter(({ kind }) => kind !== "settle"));
  }

  /** A signal that the world sends because a stub asked it to. */
  sendLater(task: Task, site: string, name: string, value: JsonValue, afterMs: number): void {
    this.#deliver(site, { run: task.run, name, value, untilMs: undefined }, afterMs);
  }

  /** An answer was taken, or refused: if the question is still open, it is for somebody else. */
  heard(run: RunId, activation: number): void {
    const place = `${run}/${activation}`;
    const asked = this.#asked.get(place);
    if (asked !== undefined) this.#asked.set(place, { ...asked, heard: true });
  }

  #answer({ run, activation, node, untilMs }: Waiting, person: number): void {
    const { plan, clock } = this.#outside;
    const asks = this.#nodes.get(node);
    const given = this.#spec.people?.[node];
    const usual = asks?.kind === "human" && asks.mode === "answer" ? exampleOf(asks.answer) : true;
    const answer = given === undefined ? usual : typeof given === "function" ? given(this.#world) : given;
    const isYes = asks?.kind !== "human" || asks.mode === "approve";
    const say = (value: JsonValue | undefined, afterMs: number): void => {
      const wish: Wish = { kind: "answer", run, activation, node, person, ...(value === undefined ? {} : { answer: value }) };
      clock.setTimer(afterMs, () => this.#outside.wishes.push(wish));
    };
    const site = `question ${this.#outside.prefixOf(run)}${node}#${activation}${person === 1 ? "" : ` to person ${person}`}`;
    const inTimeMs = untilMs === undefined ? answerMs : Math.max(0, Math.min(answerMs, (untilMs - clock.nowMs()) / 2));
    const wrong = plan.draw("person", site, { "answers-late": 3, "never-answers": 2, rejects: 3, "answers-twice": 2, "changes-mind": 2 });
    const tell = (text: string): void => this.#outside.fault(site, wrong?.kind ?? "", `${site}: ${text}`);
    if (wrong === undefined) {
      say(answer, inTimeMs);
      return;
    }
    switch (wrong.kind) {
      case "never-answers":
        tell("nobody answers");
        return;
      case "answers-late": {
        const ms = untilMs === undefined ? wrong.dice.pick(veryLateMs) : untilMs - clock.nowMs() + wrong.dice.pick(lateMs);
        tell(`the answer comes after ${ms} ms${untilMs === undefined ? "" : ", when its time is over"}`);
        say(answer, ms);
        return;
      }
      case "rejects":
        tell("the answer is no");
        say(isYes ? false : undefined, inTimeMs);
        return;
      case "answers-twice":
        tell("it is answered twice");
        say(answer, inTimeMs);
        say(answer, inTimeMs + wrong.dice.pick([0, 1, 500]));
        return;
      default:
        tell("it is answered, and then answered otherwise");
        say(answer, inTimeMs);
        say(isYes ? answer !== true : undefined, inTimeMs + wrong.dice.pick([0, 1, 500]));
    }
  }

  #signal({ run, activation, untilMs }: Waiting, name: string): void {
    const { signals } = this.#spec;
    const known = signals !== undefined && Object.hasOwn(signals, name);
    if (!known && !this.#sendsAll) return;
    // What was sent early is what this wait is for.
    if (this.#seen.delete(`early ${name}`)) return;
    const value = known ? (signals[name] ?? null) : this.#exampleOf(name);
    this.#deliver(`signal ${name} for ${this.#outside.prefixOf(run)}#${activation}`, { run, name, value, untilMs }, signalMs);
  }

  #exampleOf(name: string): JsonValue {
    for (const node of this.#nodes.values())
      if (node.kind === "wait" && node.wait.kind === "signal" && node.wait.name === name) return exampleOf(node.wait.type);
    return null;
  }

  #deliver(
    site: string,
    {
      run,
      name,
      value,
      untilMs,
    }: { readonly run: RunId; readonly name: string; readonly value: JsonValue; readonly untilMs: number | undefined },
    afterMs: number,
  ): void {
    const { plan, clock } = this.#outside;
    const send = (ms: number): void => void clock.setTimer(ms, () => this.#send(run, name, value));
    const wrong = plan.draw("signal", site, { "signal-late": 4, "signal-lost": 2, "signal-twice": 3 });
    const tell = (text: string): void => this.#outside.fault(site, wrong?.kind ?? "", `${site}: ${text}`);
    if (wrong === undefined) {
      send(afterMs);
      return;
    }
    switch (wrong.kind) {
      case "signal-lost":
        tell("it is never sent");
        return;
      case "signal-late": {
        const ms =
          untilMs === undefined ? afterMs + wrong.dice.pick([500, 30_000, 3_600_000]) : untilMs - clock.nowMs() + wrong.dice.pick(lateMs);
        tell(`it is sent after ${ms} ms`);
        send(ms);
        return;
      }
      default:
        tell("it is sent twice, by a sender without an idempotency key");
        send(afterMs);
        send(afterMs + wrong.dice.pick([0, 1, 500]));
    }
  }

  #send(run: RunId, name: string, value: JsonValue): void {
    this.#outside.wishes.push({ kind: "signal", run, name, value, key: `sent-${++this.#sent}` });
  }

  #attemptUnknown(run: RunId, activation: number): number {
    const events = this.#outside.runs.get(run) ?? [];
    return events.reduce((last, event) => (event.kind === "outcome-unknown" && event.activation === activation ? event.attempt : last), 1);
  }

  /** An operator looks at the world before saying how a call ended: done, not begun, or begun and not done. */
  #settle({ run, activation, node }: Waiting, attempt: number): void {
    const key = `${run}/${activation}`;
    const outside = this.#outside;
    const calls = this.#calls;
    const settle = (): void => {
      if (calls !== this.#calls) return;
      // Requests that are under way are waited for first.
      if (outside.underWay > 0) {
        outside.clock.setTimer(settleMs, settle);
        return;
      }
      const { effects, outcome } = outside.executedAs(key, attempt);
      const as = outcome !== undefined ? "succeeded" : effects === 0 ? "retry" : "failed";
      outside.tell(`an operator looks how ${outside.prefixOf(run)}${node}#${activation} ended`);
      outside.wishes.push({ kind: "settle", call: key, as, ...(outcome === undefined ? {} : { result: outcome }) });
    };
    outside.clock.setTimer(settleMs, settle);
  }
}

interface Waiting {
  readonly run: RunId;
  readonly activation: number;
  readonly node: string;
  readonly untilMs: number | undefined;
}
