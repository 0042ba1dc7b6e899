/**
 * Flow: how a token goes on from a node. Writes are evaluated together over the frame as it was,
 * then edges and the exit over the frame as it becomes; the first true guard by priority wins.
 */
import {
  checkValue,
  type EdgeOutcome,
  type EvalScope,
  type Failure,
  FailureClass,
  failureOf,
  InvariantViolatedError,
  isJsonArray,
  isJsonObject,
  isOversized,
  type JsonValue,
  type Opened,
  pathOf,
  type RunEventOf,
  type Source,
  type Sources,
  textOf,
} from "@heddle/core";
import { expiryOf } from "../run/calls.ts";
import { type DoingOf, deadlineOf, toolDoing, waitDoing } from "../run/doing.ts";
import type { Activation, Frame } from "../run/state.ts";
import type { NodePlan, RouterFailure, WritePlan } from "./plan.ts";
import { sourceOr, type Turn, type Work } from "./turn.ts";

/** Routers entered in one decision, at most: a cycle of nodes that do nothing is a mistake. */
export const cascadeMax = 100_000;

interface Onward {
  set?: Sources;
  edge?: string;
  open?: Opened;
  exit?: Source;
}

/** How control goes on, and the work that this leaves; `undefined` where no edge takes it. */
interface Step {
  readonly onward: Onward;
  readonly then: readonly Work[];
}

const noVars: Readonly<Record<string, JsonValue>> = {};

export function scopeOf(frame: Frame, over: Readonly<Record<string, JsonValue>>, extra: Pick<EvalScope, "result" | "failure">): EvalScope {
  const { vars } = frame;
  const read = over === noVars ? (name: string) => vars[name] : (name: string) => (Object.hasOwn(over, name) ? over[name] : vars[name]);
  return { var: read, result: extra.result, failure: extra.failure };
}

/** Ends an activation with success and moves its token. */
export function succeed(
  turn: Turn,
  activation: Activation,
  result: JsonValue,
  given: { attempt?: number; collected?: true; signal?: number; by?: string },
): void {
  const node = planned(turn, activation.node);
  const frame = frameOf(turn, activation);
  const misfit = misfitOf(node, frame, result);
  if (misfit !== undefined) {
    turn.queue({ kind: "fail-activation", activation: activation.id, failure: misfit, on: "failure" });
    return;
  }
  const step = stepFrom(turn, frame, node, "success", { result });
  const carries = given.collected === undefined && given.signal === undefined && result !== null;
  const { set, edge, open, exit } = step.onward;
  const event: { -readonly [Key in keyof RunEventOf<"activation-succeeded">]: RunEventOf<"activation-succeeded">[Key] } = {
    kind: "activation-succeeded",
    activation: activation.id,
  };
  if (given.attempt !== undefined) event.attempt = given.attempt;
  if (given.collected !== undefined) event.collected = given.collected;
  if (given.signal !== undefined) event.signal = given.signal;
  if (given.by !== undefined) event.by = given.by;
  if (carries) event.result = result;
  if (set !== undefined) event.set = set;
  if (edge !== undefined) event.edge = edge;
  if (open !== undefined) event.open = open;
  if (exit !== undefined) event.exit = exit;
  turn.emit(event);
  follow(turn, frame, step);
}

/** Ends an activation with failure: along an edge of its own, or into its frame. */
export function failActivation(
  turn: Turn,
  activation: Activation,
  failure: Failure,
  on: "failure" | "timeout" | "rejected",
  by: string | undefined,
): void {
  const node = planned(turn, activation.node);
  const frame = frameOf(turn, activation);
  const named: Failure = failure.node === undefined ? { ...failure, node: node.id } : failure;
  const taken = node.edges[on].length > 0 ? on : "failure";
  const scope = { failure: named as unknown as JsonValue };
  const step = frame.closing === undefined && node.edges[taken].length > 0 ? stepFrom(turn, frame, node, taken, scope) : undefined;
  const goes = step !== undefined && step.onward.edge !== undefined;
  turn.emit({
    kind: "activation-failed",
    activation: activation.id,
    ...(activation.does === undefined || activation.does.kind === "execute" ? { attempt: activation.attempt } : {}),
    on,
    failure: named,
    ...(by === undefined ? {} : { by }),
    ...(goes ? step.onward : {}),
  });
  if (goes) follow(turn, frame, step);
  else turn.queue({ kind: "fail-frame", frame: frame.id, failure: named });
}

/** A router: evaluates its writes and goes on at once. */
export function passRouter(turn: Turn, frameId: number, node: NodePlan): void {
  const frame = turn.fold.frame(frameId);
  if (frame === undefined) return;
  if (frame.closing !== undefined) {
    turn.queue({ kind: "close-frame", frame: frame.id });
    return;
  }
  if (node.fail !== undefined) {
    const said = node.fail.computed ? node.exit?.eval(scopeOf(frame, noVars, {})) : undefined;
    turn.emit({ kind: "router-passed", frame: frame.id, node: node.id });
    turn.queue({ kind: "fail-frame", frame: frame.id, failure: thrownFailure(node.id, node.fail, said) });
    return;
  }
  if (++turn.done > cascadeMax) {
    const failure = failureOf(
      "cascade-exceeded",
      `more than ${cascadeMax} routers were entered in one go; a cycle of nodes that do nothing`,
      "control",
      { node: node.id },
    );
    turn.emit({ kind: "router-passed", frame: frame.id, node: node.id });
    turn.queue({ kind: "fail-frame", frame: frame.id, failure });
    return;
  }
  const step = stepFrom(turn, frame, node, "success", {});
  turn.emit({ kind: "router-passed", frame: frame.id, node: node.id, ...step.onward });
  follow(turn, frame, step);
}

const failureCharsMax = { code: 128, message: 16_384 } as const;

/** The failure that a router throws: what it computes, as far as that is a failure, over what is written out. */
function thrownFailure(node: string, { code, message }: RouterFailure, said: JsonValue | undefined): Failure {
  const written: Failure = { code, message, class: "control", retryable: false, node };
  if (!isJsonObject(said)) return written;
  const { code: ownCode, message: ownMessage, class: ownClass, node: ownNode, retryable, details } = said;
  const known = FailureClass.options.find((one) => one === ownClass);
  return {
    ...written,
    ...(typeof ownCode === "string" && ownCode !== "" ? { code: ownCode.slice(0, failureCharsMax.code) } : {}),
    ...(typeof ownMessage === "string" ? { message: ownMessage.slice(0, failureCharsMax.message) } : {}),
    ...(known === undefined ? {} : { class: known }),
    ...(typeof retryable === "boolean" ? { retryable } : {}),
    ...(typeof ownNode === "string" ? { node: ownNode } : {}),
    ...(details === undefined || details === null ? {} : { details }),
  };
}

function follow(turn: Turn, before: Frame, step: Step): void {
  const { exit, open } = step.onward;
  for (const work of step.then) turn.queue(work);
  if (open !== undefined) turn.queue({ kind: "look-after", activation: open.activation });
  if (exit === undefined) return;
  if (before.region === 0) turn.queue({ kind: "end-run", output: turn.fold.head.output });
  else turn.queue({ kind: "advance-region", activation: before.region, slot: before.slot, failed: false });
}

/** Evaluates writes, exit and edges of a node that ended with `outcome`. */
function stepFrom(turn: Turn, frame: Frame, node: NodePlan, outcome: EdgeOutcome, extra: Pick<EvalScope, "result" | "failure">): Step {
  const onward: Onward = {};
  const written = evaluateWrites(node.writes[outcome], frame, extra);
  if (written !== undefined) onward.set = written.set;
  const grown = node.writes[outcome].find((write) => write.value.builds && isOversized(written?.values[write.name] ?? null));
  if (grown !== undefined) return { onward: {}, then: [oversized(frame, node, grown.name)] };
  const scope = scopeOf(frame, written?.values ?? noVars, extra);
  if (outcome === "success" && node.exit !== undefined) {
    const output = node.exit.eval(scope);
    if (node.exit.builds && isOversized(output)) return { onward, then: [oversized(frame, node, "its output")] };
    onward.exit = sourceOr(pathOf(node.exit.expr), output);
    return { onward, then: [] };
  }
  for (const edge of node.edges[outcome]) {
    if (edge.guard !== undefined && edge.guard(scope) !== true) continue;
    onward.edge = edge.id;
    return enter(turn, frame, edge.to, onward, scope);
  }
  if (outcome !== "success") return { onward, then: [] };
  const failure = failureOf("no-transition", `no edge of ${node.id} is open: every guard is false`, "control", { node: node.id });
  return { onward, then: [{ kind: "fail-frame", frame: frame.id, failure }] };
}

/** A value that grew past what a value may be: its frame fails, since repeating the node would change nothing. */
function oversized(frame: Frame, node: NodePlan, what: string): Work {
  const failure = failureOf("value-too-large", `${what}, which ${node.id} sets, is too large or nested too deep to be a value`, "control", {
    node: node.id,
  });
  return { kind: "fail-frame", frame: frame.id, failure };
}

function evaluateWrites(
  writes: readonly WritePlan[],
  frame: Frame,
  extra: Pick<EvalScope, "result" | "failure">,
): { set: Record<string, Source>; values: Record<string, JsonValue> } | undefined {
  if (writes.length === 0) return undefined;
  const before = scopeOf(frame, noVars, extra);
  const set: Record<string, Source> = {};
  const values: Record<string, JsonValue> = {};
  for (const write of writes) {
    const value = write.value.eval(before);
    values[write.name] = value;
    set[write.name] = sourceOr(pathOf(write.value.expr), value);
  }
  return { set, values };
}

/** Whether what a node gave fits the types of what it writes. */
export function misfitOf(node: NodePlan, frame: Frame, result: JsonValue): Failure | undefined {
  for (const write of node.writes.success) {
    if (write.type === undefined) continue;
    const value = write.value.eval(scopeOf(frame, noVars, { result }));
    if (value === null && write.optional) continue;
    const [problem] = checkValue(write.type, value, write.name);
    if (problem !== undefined) {
      return failureOf("result-invalid", `${node.id} gave a value that does not fit: ${problem.path} ${problem.message}`, "invalid", {
        retryable: true,
      });
    }
  }
  return undefined;
}

/**
 * Opens a node in a frame whose variables read as `scope` says; a router is entered as work.
 *
 * @param ahead activations that the same event opens before this one
 */
export function enter(turn: Turn, frame: Frame, node: NodePlan, onward: Onward, scope: EvalScope, ahead = 0): Step {
  if (node.node.kind === "router") return { onward, then: [{ kind: "enter-router", frame: frame.id, node }] };
  const { head } = turn.fold;
  const then: Work[] = [];
  if (head.steps + ahead >= turn.plan.stepsMax && head.ending === undefined) {
    const message = `the run may take ${turn.plan.stepsMax} steps, and has taken them`;
    then.push({ kind: "limit-run", failure: failureOf("limit-exceeded", message, "control", { node: node.id }) });
    // A finally body that runs goes on, also past the limit: it is the cleanup.
    if (!isCleanup(turn, frame)) return { onward, then };
  }
  const { does, failure } = doingOf(turn, node, scope);
  const activation = head.nextActivation + ahead;
  onward.open = { activation, node: node.id, ...(does === undefined ? {} : { does }) };
  if (failure !== undefined) then.push({ kind: "fail-activation", activation, failure, on: "failure" });
  return { onward, then };
}

/** Whether a frame is a finally body, or stands in one. */
function isCleanup(turn: Turn, frame: Frame): boolean {
  for (let at: Frame | undefined = frame; at !== undefined && at.id !== 0; ) {
    const owner = turn.fold.activation(at.region);
    if (owner?.region?.kind === "try" && at.slot === "finally") return true;
    at = owner === undefined ? undefined : turn.fold.frame(owner.frame);
  }
  return false;
}

function doingOf(turn: Turn, node: NodePlan, scope: EvalScope): DoingOf {
  const ir = node.node;
  const deadline = deadlineOf(ir.timeoutMs, turn.atMs);
  switch (ir.kind) {
    case "wait":
      return waitDoing(ir, (node.own["ms"] ?? node.own["at"])?.eval(scope) ?? null, turn.atMs);
    case "human":
      return {
        does: {
          kind: "ask",
          mode: ir.mode,
          prompt: textOf(node.own["prompt"]?.eval(scope) ?? null),
          ...(node.own["details"] === undefined ? {} : { details: node.own["details"].eval(scope) }),
          ...(ir.approval === undefined ? {} : { rule: ir.approval, ...expiryOf(ir.approval, turn.atMs) }),
          ...deadline,
        },
      };
    case "tool":
      return { does: toolDoing };
    case "workflow":
      return { does: { kind: "child", workflow: ir.workflow, ...deadline } };
    case "parallel":
      return { does: { kind: "region", region: "parallel", total: node.bodies.length, ...deadline } };
    case "map": {
      const list = node.own["over"]?.eval(scope) ?? null;
      if (!isJsonArray(list)) {
        const failure = failureOf(
          "map-input-invalid",
          `${node.id} goes over a list, and was given ${list === null ? "nothing" : `a ${typeof list}`}`,
          "invalid",
        );
        return { does: { kind: "region", region: "map", total: 0 }, failure };
      }
      const items = sourceOr(node.own["over"] === undefined ? undefined : pathOf(node.own["over"].expr), list);
      return {
        does: {
          kind: "region",
          region: "map",
          total: list.length,
          items,
          ...(ir.collect === "collect" ? { collect: true as const } : {}),
          ...deadline,
        },
      };
    }
    case "loop": {
      const carried: Record<string, Source> = {};
      for (const { name } of ir.carried) {
        const initial = node.own[`carried.${name}`];
        if (initial !== undefined) carried[name] = sourceOr(pathOf(initial.expr), initial.eval(scope));
      }
      return { does: { kind: "region", region: "loop", carried, ...deadline } };
    }
    case "try":
      return { does: { kind: "region", region: "try", ...deadline } };
    default:
      return { does: node.safe ? undefined : { kind: "execute", unsafe: true } };
  }
}

export function planned(turn: Turn, id: string): NodePlan {
  const node = turn.plan.nodes.get(id);
  if (node === undefined) throw new InvariantViolatedError(`the plan has no node ${id}`);
  return node;
}

export function frameOf(turn: Turn, activation: Activation): Frame {
  const frame = turn.fold.frame(activation.frame);
  if (frame === undefined) throw new InvariantViolatedError(`frame ${activation.frame} is not open`);
  return frame;
}
