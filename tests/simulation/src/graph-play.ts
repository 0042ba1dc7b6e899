/**
 * One random graph, told the same story twice: to the reference and to what is tested. The story is
 * the seed's; after every step both must have the same work in hand, and in the end the same outcome.
 */
import type { Failure, JsonObject, JsonValue, WorkflowIr } from "@heddle/core";
import { SeededRandom } from "@heddle/testkit/simulator";
import { graphProgramOf, outcomeOf, bodyOf as randomBody } from "./graph-program.ts";
import { bodyOf, type Letter, type Outcome, signalOf, type Work } from "./graph-reading.ts";
import { GraphReference } from "./graph-reference.ts";
import { law } from "./laws.ts";

/** What is tested. It names work by activation and attempt. */
export interface GraphSubject {
  readonly nowMs: number;
  start(input: JsonObject): Promise<void>;
  settle(work: Work, outcome: Outcome): Promise<void>;
  /** The answer of a person: yes, or no. */
  answer(work: Work, yes: boolean): Promise<void>;
  settleCall(work: Work, outcome: Outcome | undefined): Promise<void>;
  /** False where it was refused; undefined where a death kept that from being told. */
  message(node: string, body: JsonValue): Promise<boolean | undefined>;
  signal(name: string, value: JsonValue): Promise<void>;
  replay(letters: readonly number[]): Promise<boolean | undefined>;
  cancel(): Promise<void>;
  pass(ms: number): Promise<void>;
  /** Time goes on to this instant, and what waits for it happens. */
  time(atMs: number): Promise<void>;
  /** What is in hand, one line for each. */
  inHand(): Promise<readonly string[]>;
  end(): Promise<GraphEnd>;
}

export interface GraphEnd {
  readonly status: string;
  readonly output: JsonValue;
  readonly failure: string | undefined;
  readonly letters: readonly string[];
}

/** Who answers and settles. */
export const person = "simulation";

export interface Story {
  readonly seed: number;
  readonly ir: WorkflowIr;
  readonly reference: GraphReference;
  readonly steps: string[];
  /** What happened, for the histogram. */
  readonly happened: Set<string>;
}

const kindsOfWork = { runs: 14, asks: 5, unknown: 5 } as const;

/** @param whole also what only the machine alone can be told: every class of failure, lost processes, unsafe calls */
export function storyOf(seed: number, whole: boolean): { story: Story; random: SeededRandom } {
  const random = new SeededRandom(seed);
  const ir = graphProgramOf(random.fork(), whole);
  return { story: { seed, ir, reference: new GraphReference(ir), steps: [], happened: new Set() }, random };
}

export async function play(story: Story, random: SeededRandom, subject: GraphSubject, whole: boolean): Promise<void> {
  const { reference, steps } = story;
  const input = { n: random.integer(0, 9), k: "x" };
  reference.start(input, subject.nowMs);
  await subject.start(input);
  const stepsMax = random.integer(5, 60);
  for (let step = 0; reference.status === "open"; step++) {
    await compareInHand(reference, subject, steps.at(-1) ?? "start");
    const passMs = Math.min(random.integer(0, 9), reference.nextMs - subject.nowMs - 1);
    if (passMs > 0) await subject.pass(passMs);
    if (step < stepsMax) await takeStep(story, random, subject, whole);
    else {
      steps.push("cancel");
      reference.end("cancelled");
      await subject.cancel();
    }
  }
  const end = await subject.end();
  const name = `at the end, after ${steps.at(-1) ?? "start"}`;
  same(end.status, reference.status, `${name}: the status`);
  same(end.failure, reference.failure, `${name}: the failure`);
  same(plainOf(end.output), plainOf(reference.output), `${name}: the output`);
  same(end.letters.join("\n"), reference.mail.letters.map(textOfLetter).join("\n"), `${name}: the dead letters`);
  story.happened.add(`ends-${reference.failure ?? reference.status}`);
  for (const { code, node } of reference.mail.letters) story.happened.add(`letter-${node === undefined ? "unroutable" : code}`);
}

async function takeStep(story: Story, random: SeededRandom, subject: GraphSubject, whole: boolean): Promise<void> {
  const { reference, ir, steps, happened } = story;
  const say = (text: string): void => {
    steps.push(text);
    happened.add(text.split(" ")[0] as string);
  };
  const { nextMs } = reference;
  const nowMs = subject.nowMs;
  const open = reference.work.filter(({ does, untilMs = 0 }) => does in kindsOfWork && untilMs <= nowMs);
  const ids = ir.nodes.map(({ id }) => id);
  const isService = ir.type === "service";
  const letters = reference.mail.letters.flatMap(({ replayed }, i) => (replayed ? [] : [i + 1]));
  const kind = random.weighted({
    work: open.length > 0 ? 30 : 0,
    time: Number.isFinite(nextMs) ? 12 : 0,
    message: isService ? 6 : 1,
    signal: reference.work.some(({ does }) => does === "awaits") ? 8 : ir.nodes.some(signalOf) ? 0.5 : 0,
    replay: letters.length > 0 ? 3 : 0,
    cancel: 0.2,
  });
  switch (kind) {
    case "work":
      await workOn(random.pick(open), story, random, subject, whole, say);
      return;
    case "time":
      if (!whole && isAmbiguous(reference)) {
        say("cancel");
        reference.end("cancelled");
        await subject.cancel();
        return;
      }
      say(`time ${nextMs}`);
      reference.time(nextMs);
      await subject.time(nextMs);
      return;
    case "message": {
      const node = random.pick(ids);
      const body = randomBody(random);
      say(`message ${node} ${JSON.stringify(body)}`);
      const taken = reference.message(node, body, nowMs);
      if (!taken) happened.add("message-refused");
      same((await subject.message(node, body)) ?? taken, taken, `whether the message is taken: ${steps.at(-1)}`);
      return;
    }
    case "signal":
      say("signal go");
      reference.signal("go", { n: 3 }, nowMs);
      await subject.signal("go", { n: 3 });
      return;
    case "replay": {
      const wanted = random.chance(0.5) ? letters : [random.pick(letters)];
      say(`replay ${wanted.join(" ")}`);
      const replayed = reference.replay(
        wanted.map((letter) => reference.mail.letters[letter - 1] as Letter),
        nowMs,
      );
      same((await subject.replay(wanted)) ?? replayed, replayed, `whether letters are replayed: ${steps.at(-1)}`);
      return;
    }
    default:
      say("cancel");
      reference.end("cancelled");
      await subject.cancel();
  }
}

async function workOn(
  work: Work,
  { reference, ir }: Story,
  random: SeededRandom,
  subject: GraphSubject,
  whole: boolean,
  say: (text: string) => void,
): Promise<void> {
  const { nowMs } = subject;
  const name = `#${work.id}.${work.attempt} ${work.node.id}`;
  // The reference changes the work: what is tested is told of it as it was.
  const before = { ...work };
  if (work.does === "asks") {
    const yes = random.chance(0.7);
    say(`answer ${name} ${yes}`);
    const no: Failure = { code: "rejected", message: "", class: "rejected", retryable: false };
    reference.settle(work, yes ? { kind: "succeeded", result: { approved: true, by: person } } : { kind: "failed", failure: no }, nowMs);
    await subject.answer(before, yes);
    return;
  }
  const outcome = outcomeOf(
    random,
    ir.nodes.map(({ id }) => id),
    whole,
  );
  if (work.does === "unknown") {
    const said = outcome.kind === "succeeded" ? outcome : random.chance(0.5) ? undefined : outcome;
    const failed: Failure = { code: "outcome-unknown", message: "", class: "handler", retryable: false };
    say(`settle-call ${name} ${said?.kind ?? "retry"}`);
    reference.settle(work, said === undefined || said.kind === "succeeded" ? said : { kind: "failed", failure: failed }, nowMs);
    await subject.settleCall(before, said);
    return;
  }
  say(`settle ${name} ${JSON.stringify(outcome)}`);
  reference.settle(work, outcome, nowMs);
  await subject.settle(before, outcome);
}

/** Whether groups are due at one instant with something else: no document tells who is first, and it may differ once a process has died. */
function isAmbiguous({ work, nextMs }: GraphReference): boolean {
  const due = work.filter(({ untilMs }) => untilMs === nextMs);
  return due.length > 1 && due.some(({ does, group }) => does !== "runs" && group !== undefined);
}

/** What is in hand, as the reference has it. */
export function linesOf(reference: GraphReference, nowMs: number): readonly string[] {
  return reference.work.map((work) => lineOf(work, work.does === "runs" && (work.untilMs ?? 0) > nowMs)).sort();
}

function lineOf({ id, attempt, node, does, taken }: Work, isDelayed: boolean): string {
  if (does === "runs" && !isDelayed) return `#${id}.${attempt} ${node.id} runs with ${textOf(bodyOf(node, taken))}`;
  return does === "gathers" ? `#${id} ${node.id} gathers ${taken.length}` : `#${id} ${node.id} ${isDelayed ? "is delayed" : does}`;
}

export function textOfLetter({ code, node, message: { type, body } }: Letter): string {
  return `${code} ${node ?? "nobody"} ${type} ${textOf(body)}`;
}

export function textOf(value: JsonValue): string {
  return JSON.stringify(plainOf(value));
}

/** Without what only says more of a failure than its code. */
export function plainOf(value: JsonValue): JsonValue {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map(plainOf);
  const members = Object.entries(value as JsonObject).map(([name, member]): [string, JsonValue] => [
    name,
    name === "failure" ? ((member as JsonObject)["code"] ?? null) : plainOf(member),
  ]);
  return Object.fromEntries(members.sort(([a], [b]) => (a < b ? -1 : 1)));
}

async function compareInHand(reference: GraphReference, subject: GraphSubject, after: string): Promise<void> {
  const [is, shall] = [[...(await subject.inHand())].sort(), linesOf(reference, subject.nowMs)];
  same(is.join("\n"), shall.join("\n"), `what is in hand after ${after}`);
}

function same(is: unknown, shall: unknown, name: string): void {
  const [left, right] = [JSON.stringify(is), JSON.stringify(shall)];
  law(left === right, `${name}\n  is:    ${left}\n  shall: ${right}`);
}
