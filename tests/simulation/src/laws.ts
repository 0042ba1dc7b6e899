/** What holds for the state of any run: after every event, and after every commit. */
import { strict as assert } from "node:assert";
import { type LiveRun, type RunFold, reasonsOf, snapshotOf, statusOf } from "../../../packages/runtime/src/machine/stages/index.ts";

/** A broken law, named. */
export class BrokenLawError extends TypeError {}

export function law(holds: boolean, name: string): asserts holds {
  if (!holds) throw new BrokenLawError(name);
}

/** After every event: frames, activations and regions name each other. */
export function checkConsistent(fold: RunFold): void {
  const open = new Map<number, number>();
  for (const frame of fold.frames()) {
    if (frame.id !== 0) {
      open.set(frame.region, (open.get(frame.region) ?? 0) + 1);
      law(fold.activation(frame.region)?.region !== undefined, `frame ${frame.id} belongs to an open region`);
    }
    const token = frame.token === 0 ? undefined : fold.activation(frame.token);
    law(frame.token === 0 || token?.frame === frame.id, `the token of frame ${frame.id} is an open activation of it`);
  }
  for (const activation of fold.activations()) {
    law(fold.frame(activation.frame)?.token === activation.id, `activation ${activation.id} is the token of its frame`);
    if (activation.region !== undefined) {
      law(activation.region.open === (open.get(activation.id) ?? 0), `region ${activation.id} knows how many frames it has open`);
    }
  }
  if (fold.head.phase !== "open")
    law([...fold.frames()].length + [...fold.activations()].length === 0, "a run that ended has nothing open");
}

/** After every commit: something is going on in every frame, and the run can say what it waits for. */
export function checkAtRest(fold: LiveRun, nowMs: number): void {
  if (fold.head.phase !== "open") return;
  for (const frame of fold.frames()) law(frame.token !== 0, `frame ${frame.id} has a token`);
  for (const activation of fold.activations()) {
    const { status, region } = activation;
    const closing = fold.frame(activation.frame)?.closing !== undefined;
    law(region === undefined || region.open > 0, `region ${activation.id} has a frame that will end`);
    law(!closing || region !== undefined || status === "aborting", `activation ${activation.id} in a closing frame is being aborted`);
    law(status !== "aborting" || closing, `activation ${activation.id} is aborted because its frame closes`);
  }
  checkReasons(fold, nowMs);
}

/** An open run has a reason, and its status is what its reasons say. */
export function checkReasons(fold: LiveRun, nowMs: number): void {
  const kinds = new Set<string>(reasonsOf(fold, { nowMs }).map((reason) => reason.kind));
  law(kinds.size > 0, "an open run has a reason");
  const status = statusOf(fold, true);
  const works = ["effect-in-flight", "retry-backoff", "aborting"].some((kind) => kinds.has(kind));
  switch (status) {
    case "paused":
      law(kinds.has("paused"), "a paused run says that it is paused");
      break;
    case "parked":
      law(kinds.has("outcome-unknown"), "a parked run says what nobody knows");
      break;
    case "running":
      law(works, `a running run does something: ${[...kinds].join(", ")}`);
      break;
    case "waiting":
      law(!kinds.has("effect-in-flight"), `a waiting run executes nothing: ${[...kinds].join(", ")}`);
      break;
    default:
      law(status === "cancelling", `an open run is not ${status}`);
  }
}

/** The state as text with sorted parts: equal texts, equal states. */
export function textOf(fold: RunFold): string {
  const { head, frames, activations } = snapshotOf(fold) as unknown as {
    head: object;
    frames: { id: number }[];
    activations: { id: number }[];
  };
  const byId = (a: { id: number }, b: { id: number }): number => a.id - b.id;
  return JSON.stringify(sorted({ head, frames: frames.sort(byId), activations: activations.sort(byId) }));
}

/** Members in the order of their names, all the way down. */
export function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, member]) => [key, sorted(member)]),
  );
}

export function checkSame(one: RunFold, other: RunFold, name: string): void {
  const [left, right] = [textOf(one), textOf(other)];
  if (left !== right) assert.deepEqual(JSON.parse(left), JSON.parse(right), name);
  law(left === right, name);
}
