/**
 * The meaning of an exported machine's guards and actions, for xstate v5's `provide`. It needs nothing but
 * the machine's own JSON and the caller's xstate, which this package does not depend on.
 */
import { actions as acts, type Params } from "./actions.ts";
import { Draft, openFrames } from "./draft.ts";
import { isClosing, isOpen, misfitOf, statusOf } from "./evaluation.ts";
import type { XstateMachine } from "./machine-config.ts";
import type { MachineContext, MachineEvent } from "./machine-context.ts";
import { own, type Program, programOf, rootFrameKey } from "./program.ts";

type Guard = (program: Program, context: MachineContext, event: MachineEvent, params: Params) => boolean;

const text = (params: Params, name: string): string => String(params[name] ?? "");

const guards: Readonly<Record<string, Guard>> = {
  edge: (program, context, event, params) => isOpen(context, program.place(text(params, "at")), text(params, "edge"), event),
  misfit: (program, context, event, params) => misfitOf(context, program.place(text(params, "at")), event) !== undefined,
  region: (program, context, event, params) => statusOf(context, program.place(text(params, "at")), event) === params["status"],
  lane: (program, context, event, params) => {
    const place = program.place(text(params, "at"));
    if (statusOf(context, place, event) !== "more") return false;
    const region = own(context.regions, place.key);
    const idle = place.frames.filter((frame) => !Object.hasOwn(context.frames, frame));
    return region !== undefined && idle.indexOf(text(params, "frame")) < region.total - region.next;
  },
  last: (program, context, _, params) => openFrames(context, program.place(text(params, "at")).frames).length === 1,
  "last-closing": (program, context, _, params) => {
    const place = program.place(text(params, "at"));
    return openFrames(context, place.frames).length === 1 && isClosing(context, place.frame);
  },
  closing: (_, context, __, params) => isClosing(context, text(params, "frame")),
  stale: (program, context, event, params) => {
    const region = own(context.regions, program.place(text(params, "at")).key);
    return region === undefined || region.activation !== event.of;
  },
  "stale-frame": (_, context, event, params) => own(context.frames, text(params, "frame"))?.number !== event.of,
  expires: (program, context, _, params) => {
    const place = program.place(text(params, "at"));
    return own(context.regions, place.key)?.ending === null && !isClosing(context, place.frame);
  },
  refused: (_, context, __, params) => own(context.frames, text(params, "frame"))?.token === 0,
  running: (_, context) => Object.hasOwn(context.frames, rootFrameKey) && context.ending === null,
  started: (_, context) => Object.hasOwn(context.frames, rootFrameKey) && context.ending?.cause !== "cancel",
  limited: (_, context) => context.ending?.cause === "limit",
};

/** Actions that a driver may replace with its own: each is told what happened, and does nothing here. */
export const toldActions = ["heddle.opened", "heddle.aborting", "heddle.moved", "heddle.frame-opened", "heddle.frame-ended"] as const;

interface Enqueue {
  (action: { readonly type: string; readonly params: unknown }): void;
  assign(context: () => MachineContext): void;
  raise(event: MachineEvent): void;
}

interface Enqueued {
  readonly context: MachineContext;
  readonly event: MachineEvent;
  readonly enqueue: Enqueue;
}

/** The one function of xstate that this needs: pass the module itself. */
export interface XstateModule {
  readonly enqueueActions: (collect: never) => unknown;
}

/** What `provide` takes. */
export interface XstateImplementations {
  readonly guards: Readonly<Record<string, (args: { context: MachineContext; event: unknown }, params: unknown) => boolean>>;
  readonly actions: Readonly<Record<string, (args: unknown, params: unknown) => void>>;
}

/**
 * Guards and actions of a machine that `xstateOf` made.
 *
 * @param xstate the caller's own `import * as xstate from "xstate"`
 * @throws HeddleError `value-invalid` when the machine is of another format
 */
export function xstateImplementations(machine: XstateMachine, xstate: XstateModule): XstateImplementations {
  const program = programOf(machine.meta.heddle);
  // xstate's own type speaks of the machine that the actions are for, which nobody knows here.
  const enqueueActions = xstate.enqueueActions as (
    collect: (args: Enqueued, params: Params) => void,
  ) => XstateImplementations["actions"][string];
  return {
    guards: Object.fromEntries(
      Object.entries(guards).map(([name, guard]) => [
        `heddle.${name}`,
        ({ context, event }: { context: MachineContext; event: unknown }, params: unknown) =>
          guard(program, context, event as MachineEvent, (params ?? {}) as Params),
      ]),
    ),
    actions: {
      ...Object.fromEntries(toldActions.map((name) => [name, () => undefined])),
      ...Object.fromEntries(
        Object.entries(acts).map(([name, act]) => [
          `heddle.${name}`,
          enqueueActions(({ context, event, enqueue }, params) => {
            const draft = new Draft(program, context);
            act(draft, params ?? {}, event);
            enqueue.assign(() => draft.context());
            for (const told of draft.told) enqueue(told);
            for (const raised of draft.raised) enqueue.raise(raised);
          }),
        ]),
      ),
    },
  };
}
