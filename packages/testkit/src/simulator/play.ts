/**
 * One seed, played from the start of a run to its end: a process that dies where the seed says, the faults around it, and
 * the laws that hold all the same.
 */
import {
  type ContentHash,
  type Explanation,
  errorCodes,
  isTerminalEvent,
  type JsonObject,
  type JsonValue,
  jsonEquals,
  type RunId,
  type RuntimeApi,
} from "@heddle/core";
import type { Executor } from "@heddle/ports";
import { createMemoryStore, type MemoryDisk } from "@heddle/runtime";
import type { SimulationSpec } from "./define-simulation.ts";
import { type Fault, FaultPlan } from "./fault-plan.ts";
import { type Broken, Outside, type StoryLine, type Wish } from "./outside.ts";
import { People, visibleFaults } from "./people.ts";
import type { Death } from "./port-calls.ts";
import { RealCalls, realCallMsMax } from "./real-calls.ts";
import { type Incarnation, Simulation, simulatedPrincipal } from "./simulation.ts";
import type { BundleFunctions, StandIn } from "./stand-ins.ts";
import { createStubExecutor, type Life } from "./stub-executor.ts";
import { sweepOf } from "./sweep.ts";
import { isUsualRefusal, performed, toldOf } from "./wishes.ts";

const caller = { principal: simulatedPrincipal };
const turnsMax = 4_000;

/** Everything that all plays share. */
export interface Stage<World> {
  readonly spec: SimulationSpec<World>;
  readonly standIn: StandIn;
  readonly code: BundleFunctions;
  readonly input: JsonObject;
  /** Whether signals that the run waits for come by themselves. */
  readonly sendsAll: boolean;
  /** A disk that holds the bundle. It is copied, and never written to. */
  readonly disk: MemoryDisk;
  readonly bundle: ContentHash;
}

/** What an undisturbed play looks like. */
export interface Undisturbed {
  /** Port calls of its process. */
  readonly calls: number;
  readonly commits: number;
  readonly facts: string;
  readonly status: string;
  readonly output: JsonValue | undefined;
  /** Whether an output that differs is a fault. */
  readonly compare: boolean;
}

/** What became of one seed. */
export interface Played {
  readonly seed: number;
  readonly broken: Broken | undefined;
  readonly faults: readonly Fault[];
  readonly story: readonly StoryLine[];
  readonly remarks: ReadonlySet<string>;
  /** Every event of every run, in the order of their commits. */
  readonly history: readonly string[];
  readonly as: Omit<Undisturbed, "compare">;
}

/** Plays a seed. `only`: the faults that may happen. Without `undisturbed`, nothing goes wrong. */
export async function playSeed<World>(
  stage: Stage<World>,
  seed: number,
  undisturbed: Undisturbed | undefined,
  only?: ReadonlySet<string>,
): Promise<Played> {
  const play = new Play(stage, seed, undisturbed, only);
  return play.play();
}

class Play<World> {
  readonly #stage: Stage<World>;
  readonly #seed: number;
  readonly #undisturbed: Undisturbed | undefined;
  readonly #plan: FaultPlan;
  readonly #world: World;
  readonly #realCalls = new RealCalls();
  readonly #sweep: Death | undefined;
  readonly #simulation: Simulation;
  readonly #outside: Outside;
  readonly #people: People<World>;
  #run: RunId | undefined;
  #reasons: readonly Explanation[] = [];
  #gaveUp = false;

  constructor(stage: Stage<World>, seed: number, undisturbed: Undisturbed | undefined, only: ReadonlySet<string> | undefined) {
    this.#stage = stage;
    this.#seed = seed;
    this.#undisturbed = undisturbed;
    this.#sweep = undisturbed === undefined ? undefined : sweepOf(seed, undisturbed.calls);
    this.#plan = new FaultPlan(seed, only, undisturbed === undefined || this.#sweep !== undefined);
    this.#world = stage.spec.world();
    this.#simulation = new Simulation({
      seed,
      store: createMemoryStore(copyOf(stage.disk)),
      handlers: () => functionsOf(stage),
      elsewhere: unused,
      wrapExecutor: (_executor, incarnation) => this.#executorOf(incarnation),
      onAppended: (items) => this.#outside.appended(items),
    });
    this.#outside = new Outside(this.#plan, this.#simulation.clock);
    this.#people = new People(this.#outside, stage.spec, this.#world, stage.standIn.nodes, stage.sendsAll);
    this.#planOperator();
  }

  async play(): Promise<Played> {
    const outside = this.#outside;
    this.#simulation.start(this.#deathOf(1));
    for (let turns = 0; outside.broken === undefined && !this.#hasEnded(); turns++) {
      if (turns > turnsMax) outside.break("ends", `it has not ended after ${turnsMax} turns; ${this.#told()}`);
      else await this.#turn();
    }
    if (outside.broken === undefined) await this.#afterwards();
    const { history, story, remarks, commits } = outside;
    const run = this.#runView(true);
    const as = { calls: this.#simulation.incarnation.calls.count, commits, facts: this.#facts(), status: run.status, output: run.output };
    return { seed: this.#seed, broken: outside.broken, faults: this.#plan.faults, story, remarks, history, as };
  }

  async #turn(): Promise<void> {
    const outside = this.#outside;
    await this.#settle();
    if (this.#simulation.incarnation.calls.alive) {
      if (outside.broken === undefined && !this.#hasEnded()) await this.#act();
      return;
    }
    this.#noteDeath();
    this.#people.lookAgain();
    this.#check(false);
    this.#jumpClock();
    this.#simulation.start(this.#deathOf(this.#simulation.incarnation.number + 1));
    outside.moved = true;
  }

  /** What happens next: a wish from outside, or time passes. */
  async #act(): Promise<void> {
    const outside = this.#outside;
    if (this.#run === undefined) {
      const { spec, bundle, input, standIn } = this.#stage;
      const workflow = spec.workflow === undefined ? {} : { workflow: standIn.workflow.id };
      const started = await this.#ask((api) => api.runs.start({ bundle, ...workflow, input, idempotencyKey: "simulated" }, caller));
      this.#run = started?.runId;
      if (started !== undefined) this.#people.begin(started.runId);
      return;
    }
    const [wish] = outside.wishes;
    if (wish !== undefined) {
      if (await this.#grant(wish)) outside.wishes.shift();
      return;
    }
    if (outside.moved) await this.#look(this.#run);
    else if (!this.#simulation.clock.advance()) this.#giveUp();
  }

  async #look(runId: RunId): Promise<void> {
    const reasons = await this.#ask((api) => api.runs.why({ runId }, caller));
    if (reasons === undefined) return;
    this.#outside.moved = false;
    this.#reasons = reasons;
    if (this.#hasEnded()) return;
    if (reasons.length === 0) this.#outside.break("reason", "it is open, and has no reason not to end");
    for (const reason of reasons) this.#people.look(reason);
  }

  /** Nothing moves, and nothing ever will: an operator ends it, or it hangs. */
  #giveUp(): void {
    const outside = this.#outside;
    const waits = this.#reasons.some(({ kind }) => kind === "person" || kind === "signal");
    const isService = this.#stage.standIn.workflow.type === "service";
    const abandoned = this.#plan.faults.some(({ kind }) => visibleFaults.has(kind));
    if (this.#gaveUp || !waits || (!abandoned && !isService)) {
      const help = waits ? "; name what is sent in signals of the simulation" : "";
      outside.break("ends", `it stands still: ${this.#told()}${help}`);
      return;
    }
    this.#gaveUp = true;
    outside.tell("an operator cancels what nobody answers");
    outside.wishes.push({ kind: "cancel" });
  }

  /** True once the wish was answered, also by a refusal: whoever has it need not repeat it. */
  async #grant(wish: Wish): Promise<boolean> {
    const runId = this.#run ?? "";
    let refusal: unknown;
    this.#outside.tell(toldOf(wish));
    const answered = await this.#ask(async (api) => {
      try {
        await performed(api, wish, runId);
      } catch (error) {
        refusal = error;
      }
      return true;
    });
    if (answered === undefined) return false;
    this.#outside.moved = true;
    if (refusal !== undefined) this.#outside.tell(`${toldOf(wish)}, in vain`);
    if (wish.kind === "answer") this.#people.heard(wish.run, wish.activation);
    if (refusal !== undefined && !isUsualRefusal(refusal)) {
      this.#outside.break("answers", `${wish.kind} was refused: ${refusal instanceof Error ? refusal.message : String(refusal)}`);
    }
    return true;
  }

  /** An answer of the API; undefined where the process died before it gave one. */
  async #ask<Answer>(asked: (api: RuntimeApi) => Promise<Answer>): Promise<Answer | undefined> {
    let answer: { readonly value: Answer } | undefined;
    let error: unknown;
    asked(this.#simulation.api).then(
      (value) => {
        answer = { value };
      },
      (thrown: unknown) => {
        error = thrown;
      },
    );
    await this.#settle();
    if (error !== undefined) throw error;
    if (answer === undefined && this.#simulation.incarnation.calls.alive)
      this.#outside.break("answers", "a call of the API is never answered");
    return answer?.value;
  }

  async #settle(): Promise<void> {
    const simulation = this.#simulation;
    await simulation.settle();
    while (this.#realCalls.open) {
      await this.#realCalls.ended();
      await simulation.settle();
    }
    const { late } = this.#realCalls;
    if (late !== undefined) this.#outside.break("ends", `${late} did not end within ${realCallMsMax} ms; give it a stub`);
    const bug = simulation.bugs[0] ?? simulation.fatals[0];
    if (bug !== undefined) this.#outside.break("sound", `the runtime has a bug: ${bug instanceof Error ? bug.message : String(bug)}`);
  }

  /** The run has ended: what is still under way arrives, and then everything is held to what should be. */
  async #afterwards(): Promise<void> {
    const outside = this.#outside;
    for (let waits = 0; outside.underWay > 0 && waits < turnsMax && this.#simulation.clock.advance(); waits++) await this.#settle();
    // The author's own words say more than ours.
    this.#check(true);
    if (outside.broken === undefined) this.#judge();
  }

  #judge(): void {
    const outside = this.#outside;
    const { status, output, failure } = this.#runView(true);
    const code = failure?.code ?? "";
    if (status === "failed" && (code === "" || (Object.hasOwn(errorCodes, code) && (code === "internal" || code === "invariant-violated"))))
      outside.break("failure-code", `it failed without a code that says why: ${failure?.message ?? ""}`);
    const usual = this.#undisturbed;
    if (usual === undefined || !usual.compare || this.#stage.spec.sameOutput === false) return;
    if (this.#plan.faults.some(({ kind }) => visibleFaults.has(kind)) || this.#facts() !== usual.facts) return;
    if (status === usual.status && jsonEquals(output ?? null, usual.output ?? null)) return;
    const [is, was] = [output, usual.output].map((value) => JSON.stringify(value ?? null));
    outside.break("same-output", `nothing failed for good, and it ${status} with ${is}; undisturbed it ${usual.status} with ${was}`);
  }

  #check(ended: boolean): void {
    const { check } = this.#stage.spec;
    if (check === undefined || this.#outside.broken !== undefined || this.#run === undefined) return;
    try {
      const said: unknown = check.call(this.#stage.spec, this.#world, this.#runView(ended));
      const texts = (Array.isArray(said) ? said : [said]).filter((text): text is string => typeof text === "string" && text !== "");
      if (texts.length > 0) this.#outside.break("check", texts.join("; "));
    } catch (thrown) {
      this.#outside.break("check", thrown instanceof Error ? thrown.message : String(thrown));
    }
  }

  /** What failed for good, was limited or was cut short: where this is as ever, the output is as ever. */
  #facts(): string {
    const facts: string[] = [];
    for (const events of this.#outside.runs.values()) {
      for (const event of events) {
        if (event.kind === "activation-failed") facts.push(`failed ${event.failure.node ?? ""} ${event.on} ${event.failure.code}`);
        else if (event.kind === "run-limited" || event.kind === "run-cancelling" || event.kind === "outcome-unknown")
          facts.push(event.kind);
      }
    }
    return facts.sort().join("\n");
  }

  #hasEnded(): boolean {
    if (this.#run === undefined) return false;
    const last = this.#outside.runs.get(this.#run)?.at(-1);
    return last !== undefined && isTerminalEvent(last.kind);
  }

  #runView(ended: boolean): ReturnType<Outside["runOf"]> {
    return this.#outside.runOf(this.#seed, this.#run ?? "", this.#stage.input, ended);
  }

  #told(): string {
    return this.#reasons.map(({ message }) => message).join("; ") || "nobody knows why";
  }

  #executorOf(incarnation: Incarnation): Executor {
    const life: Life = {
      number: incarnation.number,
      clock: incarnation.clock,
      isAlive: () => incarnation.calls.alive,
      kill: () => incarnation.calls.kill(),
    };
    const { spec, code } = this.#stage;
    return createStubExecutor({
      outside: this.#outside,
      world: this.#world,
      spec,
      code,
      realCalls: this.#realCalls,
      life,
      sendSignal: (...sent) => this.#people.sendLater(...sent),
    });
  }

  /** Where a life of the process ends before its time. */
  #deathOf(life: number): Death | undefined {
    if (this.#sweep !== undefined) return life === 1 && this.#plan.allows(`life ${life}`, "dies") ? this.#sweep : undefined;
    const drawn = this.#plan.draw("crash", `life ${life}`, { dies: 1 }, life === 1 ? 0.7 : 0.4);
    const callsMax = this.#undisturbed?.calls ?? 1;
    return drawn === undefined ? undefined : { n: drawn.dice.integer(1, callsMax), mode: drawn.dice.pick(["before", "after"] as const) };
  }

  #noteDeath(): void {
    const { calls, number } = this.#simulation.incarnation;
    // One that was killed by a request has been told of.
    if (calls.diedAt === undefined) return;
    const text = `life ${number}: the daemon dies at its port call ${calls.count}, ${calls.diedAt}`;
    this.#outside.fault(`life ${number}`, "dies", text);
  }

  /** The next process may run on a machine whose clock is wrong. */
  #jumpClock(): void {
    const site = `clock of life ${this.#simulation.incarnation.number + 1}`;
    const jump = this.#plan.draw("clock", site, { "clock-behind": 2, "clock-ahead": 1 }, 0.5);
    if (jump === undefined) return;
    const ms = jump.dice.pick([2_000, 3_600_000]) * (jump.kind === "clock-behind" ? -1 : 1);
    this.#outside.fault(site, jump.kind, `${site}: it is ${Math.abs(ms)} ms ${ms < 0 ? "behind" : "ahead"}`);
    this.#simulation.clock.jump(ms);
  }

  /** Operators come after some commit, so that every stretch of a run is as likely as any other. */
  #planOperator(): void {
    const commitsMax = this.#undisturbed?.commits ?? 1;
    const drawn = this.#plan.draw("operator", "operator", { cancels: 2, pauses: 1 }, 0.5);
    if (drawn === undefined) return;
    const at = drawn.dice.integer(1, commitsMax);
    const pauseMs = drawn.dice.pick([1, 5_000]);
    this.#outside.onCommit = (commits) => {
      if (commits !== at || this.#run === undefined) return;
      this.#outside.fault("operator", drawn.kind, `an operator ${drawn.kind} the run after commit ${at}`);
      if (drawn.kind === "cancels") this.#outside.wishes.push({ kind: "cancel" });
      else {
        this.#outside.wishes.push({ kind: "pause" });
        this.#simulation.clock.setTimer(pauseMs, () => this.#outside.wishes.push({ kind: "resume" }));
      }
    };
  }
}

function copyOf(disk: MemoryDisk): MemoryDisk {
  return { ...disk, streams: new Map(disk.streams), blobs: new Map(disk.blobs), events: [...disk.events] };
}

const unused: Executor = { execute: () => new Promise(() => undefined), close: () => Promise.resolve() };

function functionsOf<World>({ standIn }: Stage<World>): Readonly<Record<string, () => null>> {
  return Object.fromEntries(standIn.manifest.handlers.map(({ name }) => [name, () => null]));
}
