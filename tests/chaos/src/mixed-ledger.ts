/**
 * The logs of the peers, read as an operator would: what was executed, and what of it counts.
 *
 * A log decides by its order. A `done` that stands before any `void` of the same attempt was executed; an
 * attempt that was voided first was not, whatever its process still writes. So nobody has to know
 * whether a process is really gone before a call is repeated.
 */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type LogLine, note } from "./mixed-act.ts";
import { steps } from "./mixed-flow.ts";

/** Who runs which step. */
export const placeOf: Readonly<Record<string, string>> = {
  weigh: "handlers",
  seal: "handlers",
  close: "handlers",
  rate: "worker",
  charge: "worker",
  tip: "worker",
  stamp: "programs",
  sketch: "programs",
  look: "plugin",
  post: "plugin",
  blend: "nodes",
  tint: "nodes",
};
export const places: readonly string[] = [...new Set(Object.values(placeOf))];

/** Steps that may not be repeated without somebody's word. */
export const unsafeSteps: ReadonlySet<string> = new Set(["seal", "stamp", "charge", "blend", "post", "tip"]);

/** The lines of a log; a last one that was cut off is not there yet. */
export function linesOf(logs: string, place: string): readonly LogLine[] {
  const path = join(logs, `${place}.log`);
  if (!existsSync(path)) return [];
  const whole = readFileSync(path, "utf8").split("\n").slice(0, -1);
  return whole.map((line) => JSON.parse(line) as LogLine);
}

/** The `done` of an attempt that counts. */
export function doneOf(lines: readonly LogLine[], key: string, attempt: number): LogLine | undefined {
  const first = lines.find((line) => line.key === key && line.attempt === attempt && line.at !== "begin");
  return first?.at === "done" ? first : undefined;
}

/** What a call gave, in the form that its place gives it. */
export function resultIn(place: string, value: number): number | object {
  if (place === "plugin") return { value };
  if (place === "nodes") return { value: [value] };
  return place === "programs" ? { output: { value } } : value;
}

/** Decides how a call of unknown outcome ended: what it gave, or that its attempt does not count. */
export function decide(logs: string, step: string, key: string, attempt: number): number | "not-executed" {
  const place = placeOf[step] ?? "";
  // The node server joins what is asked for again to what it still runs, so there is nothing to void.
  const known = place === "nodes" ? 0 : attempt;
  const done = doneOf(linesOf(logs, place), key, known);
  if (done?.result !== undefined) return done.result;
  if (place === "nodes") return "not-executed";
  note(logs, place, { at: "void", step, key, attempt, pid: process.pid });
  return doneOf(linesOf(logs, place), key, known)?.result ?? "not-executed";
}

export interface LedgerFindings {
  readonly executions: Readonly<Record<string, number>>;
  readonly repeated: number;
  /** Attempts that were voided and whose process wrote its line all the same. */
  readonly late: number;
  /** Calls of the node server that were asked for again, and executed once all the same. */
  readonly joined: number;
  readonly problems: readonly string[];
}

/** Holds the logs against the runs and the settlements. `retries`: attempts that were decided to be repeated, by key. */
export function checkLedger(logs: string, runs: number, retries: ReadonlyMap<string, number>): LedgerFindings {
  const problems: string[] = [];
  const executions: Record<string, number> = {};
  let repeated = 0;
  let late = 0;
  let joined = 0;
  for (const place of places) {
    const lines = linesOf(logs, place);
    const byKey = new Map<string, LogLine[]>();
    for (const line of lines) byKey.set(line.key, [...(byKey.get(line.key) ?? []), line]);
    executions[place] = lines.filter(({ at }) => at === "done").length;
    for (const [key, own] of byKey) {
      const { step } = own[0] as LogLine;
      const done = own.filter(({ at }) => at === "done");
      const what = `${step} of ${key}`;
      if (done.length === 0) problems.push(`${what} was never executed`);
      repeated += Math.max(0, done.length - 1);
      if (!unsafeSteps.has(step)) continue;
      const allowed = 1 + (retries.get(key) ?? 0);
      if (done.length > allowed) problems.push(`${what} was executed ${done.length} times, and ${allowed} were allowed`);
      const counting = place === "nodes" ? done : done.filter((line) => doneOf(own, key, line.attempt) === line);
      late += done.length - counting.length;
      if (counting.length !== 1) problems.push(`${what} was executed ${counting.length} times: ${JSON.stringify(own)}`);
      const begun = own.filter(({ at }) => at === "begin");
      if (place === "nodes" && begun.length < allowed) joined++;
      const attempts = new Set(begun.map(({ attempt }) => attempt));
      if (attempts.size > allowed) problems.push(`${what} had ${attempts.size} attempts, and ${allowed} were allowed`);
      if (place !== "nodes" && begun.length !== attempts.size)
        problems.push(`one attempt at ${what} was begun twice: ${JSON.stringify(own)}`);
    }
    for (const step of [...steps.outer, ...steps.inner].filter((one) => placeOf[one] === place)) {
      const keys = new Set(lines.filter((line) => line.step === step).map(({ key }) => key));
      if (keys.size !== runs) problems.push(`${step} was called in ${keys.size} of ${runs} runs`);
    }
  }
  return { executions, repeated, late, joined, problems };
}
