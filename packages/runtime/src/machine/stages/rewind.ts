/**
 * Going back in a run that has ended: which activation is done again, and the state that stood there.
 *
 * A run can go on only from a state between two turns: within a turn, a frame may wait for a router
 * that no state remembers.
 */
import { type EventRecord, isJsonArray, isJsonObject, type JsonValue, type Opened, type RunEvent } from "@heddle/core";
import { evolve } from "../run/evolve.ts";
import { LiveRun } from "../run/state.ts";

/** An activation that is open in a state from which the run can go on. */
export interface Target {
  readonly activation: number;
  readonly node: string;
  readonly fold: LiveRun;
}

/** An activation, and the event that opened it. */
interface Opening {
  readonly seq: number;
  readonly activation: number;
  readonly node: string;
}

/** Events that one turn leaves behind a state to go on from, at most, where a limit stopped it. */
const turnEventsMax = 1_000;

/** @param from a node id (its last activation), an activation number, or undefined: what failed the run. */
export function rewindTarget(events: readonly EventRecord[], from: string | number | undefined): Target | undefined {
  if (from === undefined) return defaultTarget(events);
  const opening = openingOf(events, from);
  return opening === undefined ? undefined : restAfter(events, opening);
}

/** What failed a failed run, innermost; where a cancelled or limited one stood when it was stopped. */
function defaultTarget(events: readonly EventRecord[]): Target | undefined {
  const life = events.findLast(({ event }) => event.kind === "run-retried")?.seq ?? 0;
  const lived = events.filter(({ seq }) => seq > life);
  const stopped = lived.findLast(({ event }) => event.kind === "run-cancelling" || event.kind === "run-limited");
  const ended = lived.findLast(({ event }) => event.kind === "run-failed" || event.kind === "run-cancelled");
  if (ended === undefined) return undefined;
  if (stopped !== undefined) return restBefore(events, stopped.seq);
  const plain = plainActivations(events);
  const failed = lived.findLast(
    ({ event }) => event.kind === "activation-failed" && event.edge === undefined && plain.has(event.activation),
  );
  // A run can also fail after a success, when no edge is open, or as soon as a node is entered: what ended last is done again.
  const succeeded = lived.findLast(({ event }) => event.kind === "activation-succeeded" && plain.has(event.activation));
  for (const record of [failed, succeeded]) {
    if (record === undefined || !("activation" in record.event)) continue;
    const target = rewindTarget(events, record.event.activation);
    if (target !== undefined) return target;
  }
  return undefined;
}

/** The last opening of a node or an activation. */
function openingOf(events: readonly EventRecord[], from: string | number): Opening | undefined {
  let found: Opening | undefined;
  for (const { seq, event } of events) {
    for (const { activation, node } of openedBy(event)) {
      if (activation === from || node === from) found = { seq, activation, node };
    }
  }
  return found;
}

/** The first state at rest in which the opened activation goes on; undefined where it ended as soon as it began. */
function restAfter(events: readonly EventRecord[], { seq, activation: id, node }: Opening): Target | undefined {
  const fold = new LiveRun();
  for (const record of events) {
    evolve(fold, record.event, record.atMs);
    if (record.seq < seq) continue;
    const activation = fold.activation(id);
    if (activation === undefined || fold.head.ending !== undefined) return undefined;
    if (isAtRest(fold)) return fold.frame(activation.frame)?.closing === undefined ? { activation: id, node, fold } : undefined;
  }
  return undefined;
}

/** The last state at rest before an event, and an activation of it that is no region. */
function restBefore(events: readonly EventRecord[], seq: number): Target | undefined {
  const fold = new LiveRun();
  let last: { readonly seq: number; readonly activation: number; readonly node: string } | undefined;
  for (const record of events) {
    if (record.seq >= seq) break;
    evolve(fold, record.event, record.atMs);
    if (record.seq < seq - turnEventsMax || fold.head.ending !== undefined || !isAtRest(fold)) continue;
    for (const activation of fold.activations()) {
      if (activation.region !== undefined || fold.frame(activation.frame)?.closing !== undefined) continue;
      last = { seq: record.seq, activation: activation.id, node: activation.node };
      break;
    }
  }
  return last === undefined ? undefined : restAfter(events, last);
}

/** Between two turns: every frame has its token, and every region its frames. */
function isAtRest(fold: LiveRun): boolean {
  if (fold.head.phase !== "open") return false;
  for (const frame of fold.frames()) if (frame.token === 0) return false;
  for (const { region } of fold.activations()) if (region !== undefined && region.open === 0) return false;
  return true;
}

function plainActivations(events: readonly EventRecord[]): ReadonlySet<number> {
  const plain = new Set<number>();
  for (const { event } of events) for (const opened of openedBy(event)) if (opened.does?.kind !== "region") plain.add(opened.activation);
  return plain;
}

/** Every activation that an event opens. */
function openedBy(event: RunEvent): readonly Opened[] {
  switch (event.kind) {
    case "frames-opened":
      return event.frames.flatMap((frame) => frame.open ?? []);
    case "run-started":
    case "router-passed":
    case "activation-succeeded":
    case "activation-failed":
      return event.open === undefined ? [] : [event.open];
    case "run-retried":
      return restoredIn(event.state);
    default:
      return [];
  }
}

/** A retry opens the activations of the state that it restores. */
function restoredIn(state: JsonValue): readonly Opened[] {
  const activations = isJsonObject(state) ? state["activations"] : undefined;
  if (activations === undefined || !isJsonArray(activations)) return [];
  return activations.map((activation) => {
    const { id, node, does } = activation as unknown as { id: number; node: string; does?: Opened["does"] };
    return { activation: id, node, ...(does === undefined ? {} : { does }) };
  });
}
