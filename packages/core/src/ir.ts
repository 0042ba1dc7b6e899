/**
 * The IR, `heddle.ir/v1`: what every frontend lowers to and the runtime executes. Pure data.
 *
 * One schema, three disciplines. In `stages`, one token per frame moves along edges; region nodes
 * (`parallel`, `map`, `loop`, `try`) own a body with a frame of its own, name what goes in (`inputs`)
 * and what comes out (the body's exit output), and nothing else crosses. The format is unstable until
 * the first tagged release.
 */
import * as z from "zod";
import { Expr } from "./expression.ts";
import { Name, VariableName } from "./ids.ts";
import {
  ApprovalRule,
  Confinement,
  DurationMs,
  FireRule,
  FlowBounds,
  Permission,
  RemoteTarget,
  RetryPolicy,
  Template,
  ToolDeclaration,
} from "./ir-parts.ts";
import { JsonObjectSchema, JsonValueSchema } from "./json-schema.ts";
import { ProcessConfig } from "./process-config.ts";
import { DestinationScope, PathScope } from "./reach.ts";
import { FieldType, ValueType } from "./value-type.ts";

export const irVersion = "heddle.ir/v1";

/** Why control leaves a node. */
export const EdgeOutcome = z.enum(["success", "failure", "rejected", "timeout"]);
export type EdgeOutcome = z.infer<typeof EdgeOutcome>;

/** A named argument of a node, evaluated in its frame when an attempt starts. */
export const Read = z.strictObject({
  name: z
    .string()
    .min(1)
    .max(128)
    .refine((name) => name !== "__proto__", "__proto__ cannot be a name"),
  value: Expr,
  /** Held when an attempt starts: a value that does not fit fails the activation with `input-invalid`. */
  type: ValueType.exactOptional(),
  /** Null fits too, where a type is given. */
  optional: z.boolean().exactOptional(),
  /** Where the read comes from, in the words of the frontend that made it. */
  origin: z.string().max(64).exactOptional(),
});
export type Read = z.infer<typeof Read>;

/** A variable that the node sets in its frame when it ends with `on` (default `success`). */
export const Write = z.strictObject({
  name: VariableName,
  value: Expr,
  type: ValueType.exactOptional(),
  optional: z.boolean().exactOptional(),
  on: EdgeOutcome.exactOptional(),
});
export type Write = z.infer<typeof Write>;

const SourcePosition = z.strictObject({
  file: z.string().exactOptional(),
  line: z.number().int().min(1),
  column: z.number().int().min(1).exactOptional(),
});

const nodeBase = {
  id: Name,
  label: z.string().max(256).exactOptional(),
  description: z.string().exactOptional(),
  template: Template.exactOptional(),
  reads: z.array(Read).exactOptional(),
  writes: z.array(Write).exactOptional(),
  requires: z.array(z.string()).exactOptional(),
  retry: RetryPolicy.exactOptional(),
  /** Of one attempt; of the whole activation for waits, people, sub-workflows and regions. */
  timeoutMs: DurationMs.exactOptional(),
  pool: Name.exactOptional(),
  /** Slots of its pool that one attempt takes. Default 1. */
  slots: z.number().int().min(1).max(1_000_000).exactOptional(),
  backpressure: JsonObjectSchema.exactOptional(),
  resources: JsonObjectSchema.exactOptional(),
  services: z.array(JsonValueSchema).exactOptional(),
  environment: z.record(z.string(), z.string()).exactOptional(),
  passEnv: z.array(z.string()).exactOptional(),
  uploads: z.array(JsonValueSchema).exactOptional(),
  confinement: Confinement.exactOptional(),
  /** Restart and reschedule windows of this node alone, where they differ from the workflow's. */
  restart: JsonObjectSchema.exactOptional(),
  reschedule: JsonObjectSchema.exactOptional(),
  /** Why this node can be described and never run here; a start of the workflow is refused with it. */
  refusal: z.strictObject({ code: z.string().min(1).max(128), message: z.string().max(1_024) }).exactOptional(),
  /** Whether an attempt may be repeated when nobody knows how it ended. Default by kind. */
  safety: z.enum(["safe", "unsafe"]).exactOptional(),
  /** Graph discipline: when it fires. Default: for each message. */
  fires: FireRule.exactOptional(),
  /** Graph discipline: the type of what it sends when it succeeds; null: nothing but what its result asks for. Default by kind. */
  emits: z.union([z.string(), z.null()]).exactOptional(),
  /** Graph discipline: the type of what it sends when it fails for good, instead of failing the run. */
  emitsOnFailure: z.string().exactOptional(),
  /** Graph discipline: its success completes the run; a number: its n-th. */
  completes: z.union([z.literal(true), z.number().int().min(1)]).exactOptional(),
  /** Graph discipline: firings at the same time. Default 1: a node handles one message after the other. */
  concurrencyMax: z.number().int().min(1).max(10_000).exactOptional(),
  /** Bounds on its attempts over all runs of the workflow, by a key over its input (and `payload` in a graph). */
  flow: FlowBounds.exactOptional(),
  /** Higher goes first where nodes wait for the same slots. Default 0. */
  priority: z.number().int().min(-1_000_000).max(1_000_000).exactOptional(),
  /** Ends the body (at the top: the run) with this output once the node has succeeded. */
  exit: z.strictObject({ output: Expr }).exactOptional(),
  source: SourcePosition.exactOptional(),
  raw: JsonObjectSchema.exactOptional(),
};

export const Edge = z.strictObject({
  id: Name,
  from: Name,
  to: Name,
  /** Default `success`. */
  on: EdgeOutcome.exactOptional(),
  messageType: z.string().exactOptional(),
  guard: Expr.exactOptional(),
  /** Graph discipline. `first-match`: of these edges of a node, the first that matches alone. Default `broadcast`. */
  routing: z.enum(["broadcast", "first-match"]).exactOptional(),
  /** Lower goes first; ties keep the order of the list. Default 0. */
  priority: z.number().int().exactOptional(),
  reason: z.string().max(128).exactOptional(),
  raw: JsonObjectSchema.exactOptional(),
});
export type Edge = z.infer<typeof Edge>;

export interface BodyInput {
  readonly name: string;
  /** Evaluated in the frame around the region. */
  readonly value: Expr;
  readonly type?: ValueType;
}

/** What a region runs in a frame of its own. */
export interface Body {
  readonly inputs?: readonly BodyInput[];
  readonly entry: string;
  readonly nodes: readonly Node[];
  readonly edges: readonly Edge[];
}

export const Body: z.ZodType<Body> = z.lazy(() =>
  z.strictObject({
    inputs: z.array(z.strictObject({ name: VariableName, value: Expr, type: ValueType.exactOptional() })).exactOptional(),
    entry: Name,
    nodes: z.array(Node).min(1),
    edges: z.array(Edge),
  }),
) as z.ZodType<Body>;

const ModelNode = z.strictObject({
  kind: z.literal("model"),
  ...nodeBase,
  prompt: Expr,
  model: z.string().exactOptional(),
  output: ValueType.exactOptional(),
  tools: z.array(Name).exactOptional(),
});
const ToolNode = z.strictObject({
  kind: z.literal("tool"),
  ...nodeBase,
  capability: z.string(),
  /** Its name; of a plugin's action `<plugin>.<action>`. */
  tool: Name.exactOptional(),
  /** What the call may do. `modify` (the default) and `admin` wait for a person before each call. */
  permission: Permission.exactOptional(),
  /** Bounds of this call, within those of its tool: where its paths and destinations lie. Default: what its arguments say, or anywhere. */
  paths: z.array(PathScope).exactOptional(),
  destinations: z.array(DestinationScope).exactOptional(),
  /** Of the people whom its call has to ask. */
  approval: ApprovalRule.exactOptional(),
});
const HandlerNode = z.strictObject({
  kind: z.literal("handler"),
  ...nodeBase,
  handler: Name,
  /** `named`: one object of the reads by name; `positional`: the reads in order. Default `named`. */
  arguments: z.enum(["named", "positional"]).exactOptional(),
});
const ProcessNode = z.strictObject({ kind: z.literal("process"), ...nodeBase, config: ProcessConfig });
const AgentNode = z.strictObject({ kind: z.literal("agent"), ...nodeBase, agent: Name });
const RemoteNode = z.strictObject({ kind: z.literal("remote"), ...nodeBase, remote: RemoteTarget });
const RouterNode = z.strictObject({ kind: z.literal("router"), ...nodeBase, config: JsonObjectSchema.exactOptional() });
const AggregateNode = z.strictObject({ kind: z.literal("aggregate"), ...nodeBase, config: JsonObjectSchema.exactOptional() });
const SensorNode = z.strictObject({ kind: z.literal("sensor"), ...nodeBase, config: JsonObjectSchema.exactOptional() });
const HumanNode = z.strictObject({
  kind: z.literal("human"),
  ...nodeBase,
  /** `approve`: yes succeeds, no is `rejected`. `answer`: a value of type `answer`; declining is `rejected`. */
  mode: z.enum(["approve", "answer"]),
  prompt: Expr,
  details: Expr.exactOptional(),
  answer: ValueType.exactOptional(),
  approval: ApprovalRule.exactOptional(),
});
const WaitNode = z.strictObject({
  kind: z.literal("wait"),
  ...nodeBase,
  wait: z.discriminatedUnion("kind", [
    /** Milliseconds from the moment the node is entered. */
    z.strictObject({ kind: z.literal("duration"), ms: Expr }),
    /** Milliseconds since the epoch, or an RFC 3339 text. */
    z.strictObject({ kind: z.literal("until"), at: Expr }),
    z.strictObject({ kind: z.literal("signal"), name: Name, type: ValueType.exactOptional() }),
  ]),
});
const WorkflowNode = z.strictObject({ kind: z.literal("workflow"), ...nodeBase, workflow: Name });
const ParallelNode = z.strictObject({
  kind: z.literal("parallel"),
  ...nodeBase,
  branches: z.array(z.strictObject({ name: Name, body: Body })).min(1),
});
const MapNode = z.strictObject({
  kind: z.literal("map"),
  ...nodeBase,
  over: Expr,
  item: VariableName,
  index: VariableName.exactOptional(),
  concurrencyMax: z.number().int().min(1).exactOptional(),
  /** `fail-fast`: the first failure fails the region. `collect`: each result is `{ ok, value | failure }`. */
  collect: z.enum(["fail-fast", "collect"]).exactOptional(),
  body: Body,
});
const LoopNode = z.strictObject({
  kind: z.literal("loop"),
  ...nodeBase,
  /** The loop's variables. The body's exit output names their next values; those it leaves out are kept. */
  carried: z.array(z.strictObject({ name: VariableName, initial: Expr, type: ValueType.exactOptional() })),
  /** Evaluated over the carried variables before each iteration (`after`: not before the first). */
  while: Expr,
  test: z.enum(["before", "after"]).exactOptional(),
  iterationsMax: z.number().int().min(0).exactOptional(),
  body: Body,
});
const TryNode = z.strictObject({
  kind: z.literal("try"),
  ...nodeBase,
  body: Body,
  catch: Body.exactOptional(),
  /** The variable of the catch body that holds the failure. Default `failure`. */
  failureName: VariableName.exactOptional(),
  finally: Body.exactOptional(),
});

export type HandlerNode = z.infer<typeof HandlerNode>;
export type ProcessNode = z.infer<typeof ProcessNode>;
export type ToolNode = z.infer<typeof ToolNode>;
export type RemoteNode = z.infer<typeof RemoteNode>;
export type HumanNode = z.infer<typeof HumanNode>;
export type WaitNode = z.infer<typeof WaitNode>;
export type WorkflowNode = z.infer<typeof WorkflowNode>;
export type ParallelNode = z.infer<typeof ParallelNode>;
export type MapNode = z.infer<typeof MapNode>;
export type LoopNode = z.infer<typeof LoopNode>;
export type TryNode = z.infer<typeof TryNode>;

export type Node =
  | z.infer<typeof ModelNode>
  | ToolNode
  | HandlerNode
  | ProcessNode
  | z.infer<typeof AgentNode>
  | RemoteNode
  | z.infer<typeof RouterNode>
  | z.infer<typeof AggregateNode>
  | z.infer<typeof SensorNode>
  | HumanNode
  | WaitNode
  | WorkflowNode
  | ParallelNode
  | MapNode
  | LoopNode
  | TryNode;

export type NodeKind = Node["kind"];

export const Node: z.ZodType<Node> = z.lazy(() =>
  z.discriminatedUnion("kind", [
    ModelNode,
    ToolNode,
    HandlerNode,
    ProcessNode,
    AgentNode,
    RemoteNode,
    RouterNode,
    AggregateNode,
    SensorNode,
    HumanNode,
    WaitNode,
    WorkflowNode,
    ParallelNode,
    MapNode,
    LoopNode,
    TryNode,
  ]),
) as z.ZodType<Node>;

/** Ceilings of one run. Reaching one cannot be caught; `finally` bodies still run. */
export const RunLimits = z.strictObject({
  /** Activations opened, routers not counted. */
  stepsMax: z.number().int().min(1).exactOptional(),
  timeMs: DurationMs.exactOptional(),
  tokensMax: z.number().int().min(0).exactOptional(),
  moneyMax: z.strictObject({ amount: z.number().min(0), currency: z.string().length(3) }).exactOptional(),
  /** How long `finally` bodies and aborted attempts may take after a cancel or a limit. Default 30 s. */
  cleanupTimeoutMs: DurationMs.exactOptional(),
});
export type RunLimits = z.infer<typeof RunLimits>;

export const cleanupTimeoutMsDefault = 30_000;

/** An input of the workflow. */
export const WorkflowInput = z.strictObject({
  name: VariableName,
  type: ValueType,
  optional: z.boolean().exactOptional(),
  default: JsonValueSchema.exactOptional(),
  description: z.string().exactOptional(),
});
export type WorkflowInput = z.infer<typeof WorkflowInput>;

export const Policy = z.strictObject({
  id: z.string().min(1).max(2_048),
  kind: z.enum(["deny", "before"]),
  trigger: z.strictObject({ capability: z.string(), bind: z.record(z.string(), z.string()).exactOptional() }),
  requires: z.array(z.strictObject({ capability: z.string(), args: z.record(z.string(), Expr).exactOptional() })).exactOptional(),
  condition: Expr.exactOptional(),
});
export type Policy = z.infer<typeof Policy>;

export const WorkflowIr = z.strictObject({
  ir: z.literal(irVersion),
  id: Name,
  description: z.string().exactOptional(),
  source: z.strictObject({ frontend: z.string(), file: z.string().exactOptional(), hash: z.string().exactOptional() }).exactOptional(),
  discipline: z.enum(["stages", "graph", "agent"]),
  /** Graph discipline: what nodes are sent first, in order. Without `bodies` a node is sent the input of the run. Default: the entry is. */
  seeds: z.array(z.strictObject({ node: Name, bodies: z.array(JsonValueSchema).exactOptional() })).exactOptional(),
  /** `batch` (default) ends; `service` is kept running. */
  type: z.enum(["batch", "service"]).exactOptional(),
  inputs: z.array(WorkflowInput),
  outputs: z.array(FieldType).exactOptional(),
  entry: Name,
  nodes: z.array(Node).min(1),
  edges: z.array(Edge),
  /** Named reads of a run's state: expressions over the variables of its root frame. */
  queries: z.array(z.strictObject({ name: Name, value: Expr })).exactOptional(),
  capabilities: z.array(z.string()).exactOptional(),
  /** The tools that models may be given, and bounds of those that nodes call. */
  tools: z.array(ToolDeclaration).exactOptional(),
  policies: z.array(Policy).exactOptional(),
  limits: RunLimits.exactOptional(),
  restart: JsonObjectSchema.exactOptional(),
  reschedule: JsonObjectSchema.exactOptional(),
  recovery: z.string().exactOptional(),
  backpressure: JsonObjectSchema.exactOptional(),
  schedules: z.array(JsonValueSchema).exactOptional(),
  triggers: z.array(JsonValueSchema).exactOptional(),
  services: z.array(JsonValueSchema).exactOptional(),
  deployment: JsonObjectSchema.exactOptional(),
  raw: JsonObjectSchema.exactOptional(),
});
export type WorkflowIr = z.infer<typeof WorkflowIr>;

/** The bodies that a node owns, each with the slot that names its frames; none for plain nodes. */
export function bodiesOf(node: Node): readonly { readonly slot: string; readonly body: Body }[] {
  switch (node.kind) {
    case "parallel":
      return node.branches.map((branch) => ({ slot: branch.name, body: branch.body }));
    case "map":
    case "loop":
      return [{ slot: "body", body: node.body }];
    case "try":
      return [
        { slot: "body", body: node.body },
        ...(node.catch === undefined ? [] : [{ slot: "catch", body: node.catch }]),
        ...(node.finally === undefined ? [] : [{ slot: "finally", body: node.finally }]),
      ];
    default:
      return [];
  }
}

/** Whether an attempt at this node may be repeated without asking when its outcome is unknown. */
export function isSafeToRepeat(node: Node): boolean {
  if (node.safety !== undefined) return node.safety === "safe";
  if (node.kind === "tool") return node.permission === "read";
  return node.kind !== "process" && node.kind !== "remote";
}
