/**
 * What goes on in a run, told from its events: which activations are open, and what each event changed.
 * Pure: the same events tell the same story on a terminal, in a pipe and in a test.
 */
import { type Doing, type EventRecord, type Failure, isJsonArray, isJsonObject, type Opened, type RunEvent } from "@heddle/core";

export interface OpenActivation {
  readonly activation: number;
  readonly node: string;
  readonly does: Doing | undefined;
  readonly openedAtMs: number;
}

/** How an activation ended. `taken-back`: its run unwinds, or goes on from elsewhere. */
export type Outcome = "succeeded" | "failed" | "timeout" | "rejected" | "taken-back";

export type Change =
  | { readonly kind: "opened"; readonly of: OpenActivation }
  | {
      readonly kind: "ended";
      readonly of: OpenActivation;
      readonly outcome: Outcome;
      readonly tookMs: number;
      readonly failure?: Failure;
      readonly by?: string;
    }
  | { readonly kind: "retrying"; readonly of: OpenActivation; readonly attempt: number; readonly failure: Failure; readonly inMs: number }
  | { readonly kind: "parked"; readonly of: OpenActivation; readonly attempt: number }
  /** It does something else now: its call asks, or starts. */
  | { readonly kind: "turned"; readonly of: OpenActivation }
  /** A person said yes to its call, which now starts. */
  | { readonly kind: "approved"; readonly of: OpenActivation; readonly by?: string }
  | { readonly kind: "told"; readonly text: string };

export class Activity {
  readonly #open = new Map<number, OpenActivation>();

  /** Open activations, oldest first. */
  get open(): readonly OpenActivation[] {
    return [...this.#open.values()];
  }

  /** Takes the next event, and says what it changed. */
  apply({ event, atMs }: EventRecord): readonly Change[] {
    const changes: Change[] = [];
    const open = (opened: Opened | undefined) => {
      if (opened === undefined) return;
      const of = { activation: opened.activation, node: opened.node, does: opened.does, openedAtMs: atMs };
      this.#open.set(of.activation, of);
      changes.push({ kind: "opened", of });
    };
    const end = (activation: number, outcome: Outcome, more: { failure?: Failure; by?: string | undefined } = {}) => {
      const of = this.#open.get(activation);
      if (of === undefined) return;
      this.#open.delete(activation);
      const { failure, by } = more;
      const tookMs = Math.max(0, atMs - of.openedAtMs);
      changes.push({
        kind: "ended",
        of,
        outcome,
        tookMs,
        ...(failure === undefined ? {} : { failure }),
        ...(by === undefined ? {} : { by }),
      });
    };
    switch (event.kind) {
      case "run-started":
      case "router-passed":
        open(event.open);
        break;
      case "activation-succeeded":
        end(event.activation, "succeeded", { by: event.by });
        open(event.open);
        break;
      case "activation-failed":
        end(event.activation, event.on === "success" ? "failed" : outcomes[event.on], { failure: event.failure, by: event.by });
        open(event.open);
        break;
      case "call-prepared":
      case "need-satisfied":
      case "call-approved": {
        const before = this.#open.get(event.activation);
        if (before === undefined) break;
        const of = { ...before, does: event.does };
        this.#open.set(of.activation, of);
        if (event.kind === "call-approved")
          changes.push({ kind: "approved", of: before, ...(event.by === undefined ? {} : { by: event.by }) });
        changes.push({ kind: "turned", of });
        break;
      }
      case "activation-cancelled":
        end(event.activation, "taken-back");
        break;
      case "unwinding-started":
        for (const activation of event.closed) end(activation, "taken-back");
        break;
      case "frames-opened":
        for (const frame of event.frames) open(frame.open);
        break;
      case "attempt-failed":
      case "outcome-unknown": {
        const of = this.#open.get(event.activation);
        if (of === undefined) break;
        const { attempt } = event;
        if (event.kind === "outcome-unknown") changes.push({ kind: "parked", of, attempt });
        else changes.push({ kind: "retrying", of, attempt, failure: event.failure, inMs: Math.max(0, event.retryAtMs - atMs) });
        break;
      }
      case "run-retried":
        this.#open.clear();
        changes.push({ kind: "told", text: `goes on from ${event.node}, as activation ${event.from}` });
        for (const opened of openIn(event)) open(opened);
        break;
      default: {
        const text = toldOf(event);
        if (text !== undefined) changes.push({ kind: "told", text });
      }
    }
    return changes;
  }
}

const outcomes = { failure: "failed", timeout: "timeout", rejected: "rejected" } as const;

function toldOf(event: RunEvent): string | undefined {
  switch (event.kind) {
    case "run-paused":
      return event.reason === undefined ? "paused" : `paused: ${event.reason}`;
    case "run-resumed":
      return "resumed";
    case "run-cancelling":
      return event.reason === undefined ? "is being cancelled" : `is being cancelled: ${event.reason}`;
    case "run-limited":
      return `reached a limit: ${event.failure.message}`;
    case "signal-received":
      return `received the signal ${event.name}`;
    default:
      return undefined;
  }
}

/** The activations in the state that a retried run goes on from, as far as it shows them. */
function openIn(event: RunEvent & { kind: "run-retried" }): readonly Opened[] {
  const state = event.state;
  const list = isJsonObject(state) ? state["activations"] : undefined;
  if (list === undefined || !isJsonArray(list)) return [];
  return list.flatMap((each): Opened[] => {
    if (!isJsonObject(each)) return [];
    const { id, node, does } = each;
    if (typeof id !== "number" || typeof node !== "string") return [];
    return [{ activation: id, node, ...(isJsonObject(does) ? { does: does as unknown as Doing } : {}) }];
  });
}
