/** The xstate backend: a workflow as a machine, and what its names mean. */
export { toldActions, type XstateImplementations, type XstateModule, xstateImplementations } from "./implementations.ts";
export type { XstateMachine, XstateNamed, XstateState, XstateTables, XstateTransition } from "./machine-config.ts";
export type { MachineContext, MachineEvent } from "./machine-context.ts";
export { type XstateOptions, xstateOf } from "./xstate-of.ts";
