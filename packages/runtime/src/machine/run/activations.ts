/** Folding what is the same in every discipline: activations that open, are tried again, and end. */
import { invariant, type JsonObject, type Opened } from "@heddle/core";
import { type Activation, type ActivationStatus, newGraphHead, type RegionState, type RunFold } from "./state.ts";

export function openActivation(
  fold: RunFold,
  frame: number,
  opened: Opened,
  atMs: number,
  region: RegionState | undefined,
  held: Activation["held"],
): Activation {
  const { head } = fold;
  const { does } = opened;
  const activation: Activation = {
    id: opened.activation,
    node: opened.node,
    frame,
    does,
    openedAtMs: atMs,
    status: statusFor(does),
    attempt: 1,
    counted: 0,
    notBeforeMs: atMs,
    startedIn: undefined,
    startedAtMs: 0,
    once: undefined,
    calls: undefined,
    region,
    held,
    call: undefined,
    approvedBy: undefined,
  };
  fold.putActivation(activation);
  head.steps++;
  head.nextActivation = Math.max(head.nextActivation, activation.id + 1);
  fold.touch(activation.id);
  return activation;
}

/** The status of an activation that is to do this: ready where an executor does it. */
export function statusFor(does: Opened["does"]): ActivationStatus {
  return does === undefined || does.kind === "execute" || does.kind === "child" || does.kind === "call" ? "ready" : "waiting";
}

/** The next attempt, not before a time. */
export function prepareAttempt(activation: Activation, notBeforeMs: number): void {
  activation.attempt++;
  activation.status = "ready";
  activation.notBeforeMs = notBeforeMs;
  activation.startedIn = undefined;
  // What a call that may be repeated looks at may have changed since; one that a person let start again is the one that they saw.
  if (activation.call !== undefined && activation.does === undefined) {
    activation.does = { kind: "call" };
    activation.call = undefined;
  }
}

export function editActivation(fold: RunFold, id: number): Activation {
  const activation = fold.editActivation(id);
  invariant(activation !== undefined, `activation ${id} is open`);
  fold.touch(id);
  return activation;
}

export function takeActivation(fold: RunFold, id: number): Activation {
  const activation = editActivation(fold, id);
  fold.dropActivation(id);
  return activation;
}

export function touchAll(fold: RunFold): void {
  for (const activation of fold.activations()) fold.touch(activation.id);
  fold.touch(0);
}

/** The head of a run that starts. */
export function startHead(
  fold: RunFold,
  event: {
    readonly run: string;
    readonly workflow: string;
    readonly bundle: string;
    readonly input: JsonObject;
    readonly key?: string;
    readonly parent?: { readonly run: string; readonly activation: number };
    readonly deadlineMs?: number;
    readonly discipline?: "graph";
    readonly by?: string;
  },
  atMs: number,
): void {
  const { head } = fold;
  head.run = event.run;
  head.workflow = event.workflow;
  head.bundle = event.bundle;
  head.discipline = event.discipline ?? "stages";
  if (event.discipline === "graph") head.graph = newGraphHead();
  head.input = event.input;
  head.key = event.key;
  head.parent = event.parent;
  head.by = event.by;
  head.phase = "open";
  head.startedAtMs = atMs;
  head.deadlineMs = event.deadlineMs;
  fold.touch(0);
}

export function endRun(fold: RunFold, phase: "succeeded" | "failed" | "cancelled", atMs: number): void {
  const { head } = fold;
  head.phase = phase;
  head.endedAtMs = atMs;
  head.ending = undefined;
  head.paused = false;
  head.signals = [];
  for (const activation of [...fold.activations()]) {
    fold.dropActivation(activation.id);
    fold.touch(activation.id);
  }
  for (const frame of [...fold.frames()]) fold.dropFrame(frame.id);
  fold.touch(0);
}
