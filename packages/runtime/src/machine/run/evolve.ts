/**
 * `evolve` folds one fact into the state of a run.
 *
 * Architecture invariant: it never refuses, never needs the plan, and reads no clock. It mutates the
 * fold it is given, which the caller owns alone.
 */
import { type Doing, type RunEvent, type RunEventOf, unreachable } from "@heddle/core";
import { cancelNode, evolveGraph, failNode, succeedNode } from "../graph/evolve-graph.ts";
import {
  cancelInFrame,
  closeFrame,
  failFrame,
  failInFrame,
  openFrames,
  passRouter,
  startFrames,
  startUnwinding,
  succeedInFrame,
} from "../stages/evolve-frames.ts";
import { editActivation, endRun, prepareAttempt, startHead, statusFor, touchAll } from "./activations.ts";
import { restoreInto } from "./snapshot.ts";
import type { Activation, CodeCalls, RunFold } from "./state.ts";

const signalKeysMax = 1_000;

/** What an activation does next, from now on. */
function goOn(activation: Activation, does: Doing | undefined, atMs: number): Activation {
  activation.does = does;
  activation.status = statusFor(does);
  activation.notBeforeMs = atMs;
  return activation;
}

/** Calls of code that later attempts must know of: those that began to change something, and results that are kept. */
function callsAfter(calls: CodeCalls | undefined, event: RunEventOf<"handler-called">): CodeCalls | undefined {
  const { name, asked, outcome, result, failure } = event;
  const { [name]: known, ...others } = calls ?? {};
  switch (outcome) {
    case "started":
      return { ...calls, [name]: { asked, outcome } };
    case "succeeded":
      return result === undefined ? calls : { ...calls, [name]: { asked, outcome, result } };
    case "failed":
      return known === undefined || failure === undefined ? calls : { ...calls, [name]: { asked, outcome, failure } };
    case "refused":
      return known === undefined ? calls : others;
    default:
      return unreachable(outcome);
  }
}

export function evolve(fold: RunFold, event: RunEvent, atMs: number): void {
  const { head } = fold;
  head.lastAtMs = atMs;
  switch (event.kind) {
    case "run-started":
      startHead(fold, event, atMs);
      startFrames(fold, event, atMs);
      return;
    case "router-passed":
      passRouter(fold, event, atMs);
      return;
    case "activation-succeeded":
      if (head.discipline === "graph") succeedNode(fold, event, atMs);
      else succeedInFrame(fold, event, atMs);
      return;
    case "activation-failed":
      if (head.discipline === "graph") failNode(fold, event);
      else failInFrame(fold, event, atMs);
      return;
    case "activation-cancelled":
      if (head.discipline === "graph") cancelNode(fold, event);
      else cancelInFrame(fold, event);
      return;
    case "call-prepared":
      goOn(editActivation(fold, event.activation), event.does, atMs).call = {
        prepared: event.prepared,
        hash: event.hash,
        approved: false,
        grant: event.grant,
        ...(event.args === undefined ? {} : { args: event.args }),
      };
      return;
    case "need-satisfied":
      head.satisfied = [...head.satisfied, event.key];
      goOn(editActivation(fold, event.activation), event.does, atMs);
      return;
    case "approval-given": {
      const activation = editActivation(fold, event.activation);
      activation.approvedBy = [...(activation.approvedBy ?? []), event.by];
      return;
    }
    case "call-approved": {
      const activation = goOn(editActivation(fold, event.activation), event.does, atMs);
      activation.approvedBy = undefined;
      if (activation.call !== undefined) activation.call = { ...activation.call, approved: true };
      return;
    }
    case "attempt-started": {
      const activation = editActivation(fold, event.activation);
      activation.status = "started";
      activation.startedIn = event.incarnation;
      activation.startedAtMs = atMs;
      return;
    }
    case "attempt-failed": {
      const activation = editActivation(fold, event.activation);
      if (event.counted) activation.counted++;
      prepareAttempt(activation, event.retryAtMs);
      return;
    }
    case "outcome-unknown":
      editActivation(fold, event.activation).status = "unknown";
      return;
    case "outcome-settled":
      if (event.as === "retry") prepareAttempt(editActivation(fold, event.activation), atMs);
      return;
    case "once-recorded": {
      const activation = editActivation(fold, event.activation);
      activation.once = { ...activation.once, [event.name]: event.value };
      return;
    }
    case "handler-called": {
      const activation = editActivation(fold, event.activation);
      activation.calls = callsAfter(activation.calls, event);
      return;
    }
    case "frames-opened":
      openFrames(fold, event, atMs);
      return;
    case "frame-failed":
      failFrame(fold, event.frame, event.failure);
      return;
    case "unwinding-started":
      startUnwinding(fold, event);
      return;
    case "frame-closed":
      closeFrame(fold, event.frame);
      return;
    case "signal-received":
      head.signals = [...head.signals, { id: event.signal, name: event.name, value: event.value }];
      head.nextSignal = event.signal + 1;
      if (event.key !== undefined) head.signalKeys = [...head.signalKeys, event.key].slice(-signalKeysMax);
      return;
    case "waits-hastened":
      for (const id of event.activations) editActivation(fold, id).notBeforeMs = atMs;
      return;
    case "run-paused":
      head.paused = true;
      return;
    case "run-resumed":
      head.paused = false;
      touchAll(fold);
      return;
    case "run-cancelling":
      head.ending = { cause: "cancel", reason: event.reason, failure: undefined, cleanupAtMs: event.cleanupAtMs };
      head.paused = false;
      touchAll(fold);
      return;
    case "run-limited":
      head.ending = { cause: "limit", reason: undefined, failure: event.failure, cleanupAtMs: event.cleanupAtMs };
      head.paused = false;
      touchAll(fold);
      return;
    case "run-succeeded":
      head.output = event.output;
      endRun(fold, "succeeded", atMs);
      return;
    case "run-failed":
      head.failure = event.failure;
      endRun(fold, "failed", atMs);
      return;
    case "run-cancelled":
      endRun(fold, "cancelled", atMs);
      return;
    case "run-retried":
      restoreInto(fold, event.state);
      head.lastAtMs = atMs;
      touchAll(fold);
      return;
    case "messages-sent":
    case "node-fired":
    case "node-passed":
    case "messages-gathered":
    case "gathering-ended":
    case "node-restarted":
    case "pressure-changed":
    case "messages-dead-lettered":
    case "letters-replayed":
    case "run-completing":
    case "run-failing":
    case "activations-aborting":
      evolveGraph(fold, event, atMs);
      return;
    default:
      unreachable(event);
  }
}
