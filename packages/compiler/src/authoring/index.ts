/** What the author of a workflow imports. Loads nothing but itself: bundles carry a copy. */

export type { HandlerContext } from "@heddle/core";
export { AuthoringError, type CallSite } from "./authoring-error.ts";
export { buildWorkflow, isWorkflow, type Workflow, type WorkflowOptions } from "./build-workflow.ts";
export type {
  Answer,
  Approval,
  Builder,
  CallOptions,
  CarriedNext,
  CarriedValues,
  ChildOptions,
  Collected,
  LoopOptions,
  MapOptions,
  NamedInput,
  OnFailure,
  OnRejected,
  PersonOptions,
  ProcessOptions,
  ProgramResult,
  RemoteOptions,
  SignalOptions,
  StepId,
  ToolOptions,
  TryOptions,
  WorkflowReference,
} from "./builder.ts";
export { type Handler, type HandlerOptions, handler, handlerOptionsOf, type NodeOptions, type WorkerHandlerOptions } from "./handler.ts";
export {
  add,
  and,
  at,
  coalesce,
  cond,
  contains,
  div,
  eq,
  field,
  gt,
  gte,
  isIn,
  length,
  lt,
  lte,
  mod,
  mul,
  ne,
  not,
  or,
  startsWith,
  sub,
  text,
  value,
} from "./operators.ts";
export { type Fields, type GivenFields, type Infer, type InferFields, type OptionalType, type Type, t } from "./types.ts";
export type { FailureInfo, Given, Plain, Symbolic, Value } from "./value.ts";
