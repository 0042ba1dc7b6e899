/**
 * Why a run has not ended, from its state. An open run has at least one reason, and a run without
 * one cannot exist: the simulation checks that after every event.
 */
import { formatDuration, formatInstant, type Reason, type RunStatus } from "@heddle/core";
import { childRunId } from "./effects.ts";
import type { Activation, RunFold } from "./state.ts";

/** What the shell knows and the state does not. */
export interface Conditions {
  readonly nowMs: number;
  /** The run's bundle cannot be executed here, and why. */
  readonly bundleProblem?: string | undefined;
  /** The storage refused this run's last facts, and why. */
  readonly storageProblem?: string | undefined;
  /** What an attempt that was handed over still waits for. */
  readonly waitingFor?: (activation: number) => { readonly kind: "slot" | "executor-missing"; readonly message: string } | undefined;
}

export function reasonsOf(fold: RunFold, conditions: Conditions): readonly Reason[] {
  const { head } = fold;
  if (head.phase !== "open") return [];
  const reasons: Reason[] = [];
  if (conditions.storageProblem !== undefined)
    reasons.push({ kind: "storage-refused", message: `the storage refuses to write: ${conditions.storageProblem}` });
  if (conditions.bundleProblem !== undefined)
    reasons.push({ kind: "bundle-not-loaded", message: `its bundle is not loaded: ${conditions.bundleProblem}` });
  if (head.paused) reasons.push({ kind: "paused", message: "an operator paused it" });
  for (const activation of fold.activations()) {
    const reason = reasonOf(fold, activation, conditions);
    if (reason !== undefined) reasons.push(reason);
  }
  if (reasons.length === 0 && head.discipline === "graph") {
    reasons.push({ kind: "signal", message: "it is a service, and waits for messages: send one to a node", signal: "<node>" });
  }
  return reasons;
}

function reasonOf(fold: RunFold, activation: Activation, conditions: Conditions): Reason | undefined {
  const at = { activation: activation.id, node: activation.node };
  const { does } = activation;
  switch (activation.status) {
    case "unknown":
      return { kind: "outcome-unknown", message: `nobody knows how attempt ${activation.attempt} at ${activation.node} ended`, ...at };
    case "aborting":
      return { kind: "aborting", message: `${activation.node} is being aborted`, ...at };
    case "started":
      return inFlight(activation, conditions);
    case "ready": {
      if (fold.head.paused || conditions.bundleProblem !== undefined) return undefined;
      const untilMs = activation.notBeforeMs;
      if (untilMs > conditions.nowMs) {
        const wait = formatDuration(untilMs - conditions.nowMs);
        return { kind: "retry-backoff", message: `attempt ${activation.attempt} at ${activation.node} starts in ${wait}`, untilMs, ...at };
      }
      if (does?.kind !== "child") return inFlight(activation, conditions);
      const child = childRunId(fold, activation);
      return { kind: "child-run", message: `${activation.node} waits for run ${child} of ${does.workflow}`, child, ...at };
    }
    default:
      return waitReason(activation, at);
  }
}

function inFlight(activation: Activation, conditions: Conditions): Reason {
  const { id, node, attempt } = activation;
  const waits = conditions.waitingFor?.(id);
  if (waits !== undefined) return { kind: waits.kind, message: `${node} waits: ${waits.message}`, activation: id, node };
  return { kind: "effect-in-flight", message: `${node} is running (attempt ${attempt})`, activation: id, node };
}

function waitReason(activation: Activation, at: { activation: number; node: string }): Reason | undefined {
  const { does } = activation;
  switch (does?.kind) {
    case "sleep":
      return { kind: "timer", message: `${activation.node} waits until ${formatInstant(does.untilMs)}`, untilMs: does.untilMs, ...at };
    case "signal":
      return {
        kind: "signal",
        message: `${activation.node} waits for the signal ${does.name}`,
        signal: does.name,
        ...untilOf(does.deadlineMs),
        ...at,
      };
    case "gather": {
      const held = activation.held?.size ?? 0;
      const message = `${activation.node} collects messages and has ${held}`;
      return { kind: "signal", message, ...untilOf(does.deadlineMs), ...at };
    }
    case "ask":
      return { kind: "person", message: `${activation.node} asks: ${does.prompt}`, ...untilOf(does.deadlineMs), ...at };
    default:
      return undefined;
  }
}

function untilOf(deadlineMs: number | undefined): { untilMs?: number } {
  return deadlineMs === undefined ? {} : { untilMs: deadlineMs };
}

export function statusOf(fold: RunFold, isBundleLoaded: boolean): RunStatus {
  const { head } = fold;
  if (head.phase === "absent") return "queued";
  if (head.phase !== "open") return head.phase;
  if (head.ending !== undefined) return "cancelling";
  if (head.paused) return "paused";
  if (!isBundleLoaded) return "parked";
  if (head.discipline === "graph" && head.graph.working === 0) return "waiting";
  let executing = false;
  for (const activation of fold.activations()) {
    if (activation.status === "unknown") return "parked";
    if (activation.status === "waiting" || activation.does?.kind === "child") continue;
    executing = true;
  }
  return executing ? "running" : "waiting";
}
