/**
 * One body, run twice in lockstep: as JavaScript with stubs, and compiled on the machine. Whatever is under way is told,
 * one of it is answered, and so on. Two runs that tell the same at every step make the same calls with the same
 * arguments, and each waits for the same others.
 */
import { stripTypeScriptTypes } from "node:module";
import { setImmediate as settled } from "node:timers/promises";
import {
  canonicalJson,
  type Failure,
  hashJson,
  type JsonObject,
  type JsonValue,
  type RunEvent,
  type RunId,
  type WorkflowIr,
} from "@heddle/core";
import type { RunCommand } from "../../../packages/runtime/src/machine/commands.ts";
import {
  type Activation,
  DraftRun,
  decide,
  dueEffects,
  evolve,
  inputOf,
  LiveRun,
  prepareStages,
} from "../../../packages/runtime/src/machine/stages/index.ts";
import type { TypeScriptProgram } from "./typescript-program.ts";

/** What both worlds have to agree on. */
export interface Told {
  /** What was under way at each step, and last the end. */
  readonly steps: readonly string[];
  readonly end: string;
  /** Of the workflow: everything that was journalled. */
  readonly events?: readonly RunEvent[];
}

type Answer = { readonly value: JsonValue } | { readonly failure: { readonly code: string; readonly message: string } };

/** Beyond this many steps, a run is taken not to end. */
const stepsMax = 400;

function wordOf(seed: number, key: string): number {
  return Number.parseInt(hashJson(`${seed} ${key}`).slice(-8), 16);
}

function answerTo(seed: number, name: string, key: string): Answer {
  const word = wordOf(seed, key);
  const n = word % 10;
  const list = Array.from({ length: word % 4 }, (_, i) => i * 10 + ((word >> i) % 10));
  switch (name) {
    case "risky":
      if (word % 3 !== 0) return { value: n };
      return { failure: { code: "risky", message: `risky ${n}` } };
    case "text":
      return { value: `t${n}` };
    case "flag":
      return { value: word % 2 === 0 };
    case "list":
      return { value: list };
    case "obj": {
      const opt = word % 5 < 2 ? {} : { opt: n + 1 };
      return {
        value: {
          n,
          s: `v${n}`,
          kind: ["a", "b", "c"][word % 3] ?? "a",
          flag: word % 4 < 2,
          list,
          ...opt,
          inner: { v: word % 7 < 3 ? null : n },
        },
      };
    }
    case "approval":
      return { value: { approved: word % 2 === 0, timedOut: false } };
    default:
      return { value: n };
  }
}

function inputOfSeed(seed: number): JsonObject {
  const o = (answerTo(seed, "obj", "input") as { value: JsonValue }).value;
  const word = wordOf(seed, "whole");
  return { n: word % 6, s: `s${word % 3}`, list: [1, 2, 3].slice(0, word % 4), flag: word % 2 === 0, o };
}

/** What is missing and what is null are one thing in a workflow. */
function plain(value: unknown): JsonValue {
  if (value === undefined || value === null) return null;
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== "object") return value as JsonValue;
  return Object.fromEntries(Object.entries(value).flatMap(([name, member]) => (plain(member) === null ? [] : [[name, plain(member)]])));
}

function keyOf(name: string, given: unknown): string {
  return `${name} ${canonicalJson(plain(given))}`;
}

interface Pending {
  readonly name: string;
  readonly key: string;
}

/** The one that is answered next, the first of equal ones. */
function chosen<One extends Pending>(seed: number, pending: readonly One[]): One | undefined {
  let best: One | undefined;
  for (const one of pending) if (best === undefined || wordOf(seed, `order ${one.key}`) < wordOf(seed, `order ${best.key}`)) best = one;
  return best;
}

function tell(pending: readonly Pending[], next: Pending): string {
  return `${pending
    .map(({ key }) => key)
    .sort()
    .join(" | ")} => ${next.key}`;
}

function succeeded(output: unknown): string {
  return `gave ${canonicalJson(plain(output))}`;
}

function failed({ code, message }: { readonly code?: string | undefined; readonly message: string }): string {
  // Its message names the node of the loop, which JavaScript does not know.
  if (code === "iterations-exceeded") return `failed ${code}`;
  return `failed ${code ?? "thrown"}: ${message}`;
}

/** The bounds of loops as JavaScript would write them: a count from the start of the loop on. */
function withBounds(body: string): string {
  const lines = body.split("\n");
  return lines
    .map((line, i) => {
      const own = /^(\s*)bound\((\d+)\);$/.exec(line);
      if (own !== null) return `${own[1]}if (++rounds${i} > ${own[2]}) throw failure("iterations-exceeded", "");`;
      return /^\s*bound\(/.test(lines[i + 1] ?? "") ? `let rounds${i + 1} = 0;\n${line}` : line;
    })
    .join("\n");
}

/** The body as JavaScript. */
export async function runAsJavaScript({ seed, body }: TypeScriptProgram): Promise<Told> {
  const open: (Pending & { readonly settle: (answer: Answer) => void })[] = [];
  const stub =
    (name: string) =>
    (given: unknown): Promise<unknown> =>
      new Promise((resolve, reject) => {
        const settle = (answer: Answer): void => {
          if ("value" in answer) resolve(answer.value);
          else reject(Object.assign(new TypeError(answer.failure.message), { code: answer.failure.code }));
        };
        open.push({ name, key: keyOf(name, given), settle });
      });
  const failure = (code: string, message: string): Error => Object.assign(new TypeError(message), { code });
  const code = stripTypeScriptTypes(`const run = async (input) => { const LIMIT = 4;\n${withBounds(body)}\n};`);
  const names = ["num", "text", "obj", "list", "flag", "risky", "child", "sleep", "signal", "approval"];
  const waits: Readonly<Record<string, (given: unknown) => Promise<unknown>>> = {
    sleep: (given) => stub("sleep")(given === "5s" ? 5_000 : given),
    approval: (given) => stub("approval")((given as { prompt: string }).prompt),
  };
  const make = new Function(...names, "failure", `${code}\nreturn run;`) as (...given: unknown[]) => (input: JsonValue) => Promise<unknown>;
  const run = make(...names.map((name) => waits[name] ?? stub(name)), failure);
  let end: string | undefined;
  run(structuredClone(inputOfSeed(seed))).then(
    (output) => {
      end = succeeded(output);
    },
    (error: { code?: string; message: string }) => {
      end = failed(error);
    },
  );
  const steps: string[] = [];
  for (;;) {
    await settled();
    const next = end === undefined ? chosen(seed, open) : undefined;
    if (next === undefined || steps.length > stepsMax) return { steps, end: end ?? "does not end" };
    steps.push(tell(open, next));
    open.splice(open.indexOf(next), 1);
    next.settle(answerTo(seed, next.name, next.key));
  }
}

interface OpenActivation extends Pending {
  readonly activation: Activation;
}

/** The body as a workflow. */
export function runOnMachine({ seed }: TypeScriptProgram, ir: WorkflowIr): Told {
  const plan = prepareStages(ir);
  const live = new LiveRun();
  const all: RunEvent[] = [];
  let atMs = 0;
  const submit = (command: RunCommand): void => {
    const events: RunEvent[] = [];
    const refusal = decide(plan, new DraftRun(live), command, { atMs, random: 0.5 }, events);
    if (refusal !== undefined) throw new TypeError(`${command.kind} was refused: ${refusal.message}`);
    for (const event of events) {
      evolve(live, event, atMs);
      all.push(event);
    }
    dueEffects(live, "inc_1");
  };
  const pendingOf = (activation: Activation): OpenActivation[] => {
    const { node } = plan.nodes.get(activation.node) ?? {};
    if (node === undefined || activation.region !== undefined) return [];
    const reads = (): Readonly<Record<string, JsonValue>> => {
      const planned = plan.nodes.get(activation.node);
      const input = planned === undefined ? undefined : inputOf(live, activation.frame, planned);
      if (input?.kind !== "input") throw new TypeError(`the input of ${activation.node} is refused: ${input?.failure.message}`);
      return input.values;
    };
    const { does } = activation;
    if (node.kind === "handler") {
      const given = reads();
      return [{ name: node.handler, key: keyOf(node.handler, node.arguments === "positional" ? given["input"] : given), activation }];
    }
    if (node.kind === "workflow") return [{ name: node.workflow, key: keyOf(node.workflow, reads()), activation }];
    if (does?.kind === "ask") return [{ name: "approval", key: keyOf("approval", does.prompt), activation }];
    if (node.kind === "wait" && node.wait.kind === "signal") return [{ name: "signal", key: keyOf("signal", node.wait.name), activation }];
    if (does?.kind === "sleep") return [{ name: "sleep", key: keyOf("sleep", does.untilMs - activation.openedAtMs), activation }];
    return [];
  };
  const settle = ({ name, key, activation }: OpenActivation): void => {
    const answer = answerTo(seed, name, key);
    const { id, attempt, node } = activation;
    if (name === "sleep") {
      atMs = Math.max(atMs, (activation.does as { untilMs: number }).untilMs);
      submit({ kind: "fire-timer", activation: id });
    } else if (name === "signal") {
      const wait = plan.nodes.get(node)?.node;
      const signal = wait?.kind === "wait" && wait.wait.kind === "signal" ? wait.wait.name : "";
      submit({ kind: "signal", name: signal, value: (answer as { value: JsonValue }).value });
    } else if (name === "approval")
      submit({ kind: "answer", activation: id, answer: (answer as { value: { approved: boolean } }).value.approved });
    else {
      const failure = (given: { code: string; message: string }): Failure => ({ ...given, class: "handler", retryable: true });
      const outcome =
        "value" in answer
          ? { kind: "succeeded" as const, result: answer.value }
          : { kind: "failed" as const, failure: failure(answer.failure) };
      submit({ kind: "settle-attempt", activation: id, attempt, outcome });
    }
  };
  submit({
    kind: "start",
    run: `run_${"0".repeat(26)}` as RunId,
    workflow: ir.id,
    bundle: `sha256:${"0".repeat(64)}`,
    input: inputOfSeed(seed),
  });
  const steps: string[] = [];
  while (live.head.phase === "open" && steps.length <= stepsMax) {
    const open = [...live.activations()].sort((a, b) => a.id - b.id).flatMap(pendingOf);
    const next = chosen(seed, open);
    if (next === undefined) return { steps, end: "waits for nothing", events: all };
    steps.push(tell(open, next));
    settle(next);
  }
  const last = all.at(-1);
  if (last?.kind === "run-succeeded") return { steps, end: succeeded(last.output), events: all };
  return { steps, end: last?.kind === "run-failed" ? failed(last.failure) : "does not end", events: all };
}
