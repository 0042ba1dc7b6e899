/** The declarations that a body may call: handlers, agents, models and workflows, wherever their source is. */
import { type JsonObject, type JsonValue, Node as NodeSchema, WorkflowIr } from "@heddle/core";
import type { CallExpression, Class, Expression, Node, ObjectExpression } from "oxc-parser";
import { nodeOptionNames } from "../../authoring/handler.ts";
import { agentNames, handlerOptionsFrom, nodeFieldsOf, workflowFieldsOf } from "../../authoring/options.ts";
import { isFunctionNode, unwrap } from "./ast.ts";
import { anyType, type Reader, report, type StaticType } from "./context.ts";
import { declaredType } from "./declared-types.ts";
import { authoringCall, type Found, type FunctionLike, resolveName, type SourceModule } from "./module.ts";
import { AgentOptions, StepOptions, WorkflowOptions } from "./option-shapes.ts";
import { memberOf, nameOf, objectOf, pick, readOptions, refuseOptions, refuseShape, refuseStatic } from "./read-options.ts";
import { readType } from "./read-types.ts";

/** A handler, a model or a tool, as its declaration says. */
export interface Step {
  readonly kind: "handler" | "model" | "tool";
  readonly name: string;
  readonly module: SourceModule;
  readonly local: string;
  /** Of an agent that is a method: the class is `local`. */
  readonly method?: string;
  /** Options that go into its nodes. */
  readonly node: JsonObject;
  readonly input: StaticType | undefined;
  readonly output: StaticType;
  /** Without parameters it is given null. */
  readonly takesInput: boolean;
  /** Its code is in a worker. */
  readonly served: boolean;
  /** Calling it gives a promise, which has to be awaited. */
  readonly promised: boolean;
  /** Of a model. */
  readonly prompt?: Expression | undefined;
}

/** A workflow as its source declares it. */
export interface DeclaredWorkflow {
  readonly module: SourceModule;
  readonly local: string;
  /** What declares it: a call, or a class. */
  readonly node: CallExpression | Class;
  /** Where its name is put into words. */
  readonly head: Pick<Node, "start" | "end">;
  readonly name: string;
  /** As they are written. */
  readonly options: JsonObject;
  readonly fn: FunctionLike;
  /** Of a class: its fields, and the classes that they hold. */
  readonly fields?: ReadonlyMap<string, Found<Class>>;
}

const workflowOptions: readonly string[] = [
  "name",
  "description",
  "limits",
  "type",
  "streamMode",
  "recoveryMode",
  "deployment",
  "schedule",
  "triggers",
  "services",
  "requiredServices",
  "policies",
  "backpressure",
  "includes",
  "excludes",
];

/** Options of an agent are those of a handler, some under its own names. */
const agentOptions: readonly string[] = nodeOptionNames.map(
  (name) => Object.keys(agentNames).find((other) => agentNames[other] === name) ?? name,
);
/** Options of a tool that its nodes have under the same names. */
const toolFields: readonly string[] = ["capability", "permission", "approval"];
const ownFields = { handler: [], agent: [], model: ["model", "tools"], tool: toolFields } as const;
const stepOptions = {
  handler: ["name", "input", "output", "worker", ...nodeOptionNames],
  agent: ["name", "input", "output", ...agentOptions],
  model: ["name", "prompt", "model", "output", "tools", ...nodeOptionNames],
  tool: ["name", "output", ...toolFields, ...nodeOptionNames],
} as const;

/** Options that are read as what they are, not as values. */
const unread: ReadonlySet<string> = new Set(["input", "output", "prompt"]);

interface StepSettings {
  readonly options: ObjectExpression;
  readonly name: string;
  readonly values: Readonly<Record<string, JsonValue>>;
  readonly node: JsonObject;
}

/** What the options of a step say; undefined, with a diagnostic, where they cannot be read. */
function readSettings(reader: Reader, module: SourceModule, call: CallExpression, by: keyof typeof stepOptions): StepSettings | undefined {
  const [given] = call.arguments;
  const options = given === undefined ? undefined : objectOf(given);
  if (options === undefined) return refuseOptions(reader, module, call, by);
  const values = readOptions(reader, module, options, by, stepOptions[by], unread);
  if (values === undefined) return undefined;
  const name = nameOf(reader, module, options, by, values["name"]);
  if (name === undefined) return undefined;
  const shape = (by === "agent" ? AgentOptions : StepOptions).safeParse(values).error?.issues[0];
  if (shape !== undefined) return refuseShape(reader, module, options, `${by} \`${name}\``, shape);
  const own = by === "agent" ? handlerOptionsFrom(values) : values;
  const fields = pick(own as JsonObject, [...nodeOptionNames, ...ownFields[by]]);
  // What is no action of a plugin says its capability; an action is one of its own.
  const node = { ...(by === "tool" ? { capability: name } : {}), ...(nodeFieldsOf(fields) as JsonObject) };
  const kind = kindOf(by, name);
  const misfit = NodeSchema.safeParse({ id: "step", ...kind, ...node }).error?.issues[0];
  return misfit === undefined ? { options, name, values, node } : refuseShape(reader, module, options, `${by} \`${name}\``, misfit);
}

function kindOf(by: keyof typeof stepOptions, name: string): object {
  if (by === "model") return { kind: by, prompt: { kind: "literal", value: "" } };
  return by === "tool" ? { kind: by, tool: name } : { kind: "handler", handler: name };
}

/** The type that an option writes as a value; undefined where there is none. */
function writtenType(
  reader: Reader,
  module: SourceModule,
  { options }: StepSettings,
  option: string,
  what: string,
): StaticType | undefined {
  const node = memberOf(options, option);
  const type = node === undefined ? undefined : declaredType(reader, module, node);
  if (node !== undefined && type === undefined) refuseStatic(reader, module, node, `\`${option}\` of ${what}`);
  return type;
}

/** What a call to one of the declaring functions declares; undefined, with a diagnostic, where it cannot be read. */
export function readStep(reader: Reader, module: SourceModule, local: string, call: CallExpression): Step | undefined {
  const by = authoringCall(module, call);
  if (by !== "handler" && by !== "agent" && by !== "model" && by !== "tool") return undefined;
  const settings = readSettings(reader, module, call, by);
  if (settings === undefined) return undefined;
  const { name, options, values, node } = settings;
  const [, second] = call.arguments;
  const fn = second === undefined || second.type === "SpreadElement" ? undefined : functionOf(second);
  const what = `${by} \`${name}\``;
  const prompt = by === "model" ? memberOf(options, "prompt") : undefined;
  const promptFn = prompt === undefined ? undefined : functionOf(prompt);
  const taker = fn ?? promptFn;
  const served = values["worker"] === true;
  return {
    kind: by === "agent" ? "handler" : by,
    name,
    module,
    local,
    node,
    input: writtenType(reader, module, settings, "input", what) ?? parameterType(reader, module, taker),
    output:
      writtenType(reader, module, settings, "output", what) ??
      (served || by === "model" || by === "tool" ? anyType : resultType(reader, module, fn, name, call)),
    // A prompt that is a text leaves its input to be what the model is shown besides.
    takesInput:
      by === "tool" ||
      memberOf(options, "input") !== undefined ||
      (taker === undefined ? served || by === "model" : taker.params.length > 0),
    served,
    promised: true,
    prompt,
  };
}

/** A method with `@agent.defn` before it. `call` is that of the decorator. */
export function readAgent(owner: Found<Class>, reader: Reader, method: string, fn: FunctionLike, call: CallExpression): Step | undefined {
  const { module, local } = owner;
  const settings = readSettings(reader, module, call, "agent");
  if (settings === undefined) return undefined;
  const { name, options, node } = settings;
  const what = `agent \`${name}\``;
  const returns = fn.returnType?.typeAnnotation;
  return {
    kind: "handler",
    name,
    module,
    local,
    method,
    node,
    input: writtenType(reader, module, settings, "input", what) ?? parameterType(reader, module, fn),
    output: writtenType(reader, module, settings, "output", what) ?? resultType(reader, module, fn, name, call),
    takesInput: memberOf(options, "input") !== undefined || fn.params.length > 0,
    served: false,
    promised:
      fn.async || (returns?.type === "TSTypeReference" && returns.typeName.type === "Identifier" && returns.typeName.name === "Promise"),
  };
}

/** The name of a workflow and its options; undefined, with a diagnostic, where they cannot be read. */
export function readWorkflowOptions(
  reader: Reader,
  module: SourceModule,
  call: CallExpression,
): { readonly name: string; readonly options: JsonObject } | undefined {
  const [given] = call.arguments;
  const options = given === undefined ? undefined : objectOf(given);
  if (options === undefined) return refuseOptions(reader, module, call, "workflow");
  const values = readOptions(reader, module, options, "workflow", workflowOptions, new Set());
  const name = values === undefined ? undefined : nameOf(reader, module, options, "workflow", values["name"]);
  if (values === undefined || name === undefined) return undefined;
  const misfit =
    WorkflowOptions.safeParse(values).error?.issues[0] ?? WorkflowIr.partial().safeParse(workflowFieldsOf(values)).error?.issues[0];
  return misfit === undefined ? { name, options: values } : refuseShape(reader, module, options, `workflow \`${name}\``, misfit);
}

export function readWorkflow(reader: Reader, module: SourceModule, local: string, call: CallExpression): DeclaredWorkflow | undefined {
  const declared = readWorkflowOptions(reader, module, call);
  if (declared === undefined) return undefined;
  const [, second] = call.arguments;
  const fn = second === undefined || second.type === "SpreadElement" ? undefined : functionOf(second);
  if (fn?.body === null || fn === undefined || !fn.async || fn.generator || fn.params.length > 1) {
    report(reader, module, "HD3105", second ?? call, {
      message: `workflow \`${declared.name}\` has no async function of one input`,
      reason: "Its second argument is read as the body of the workflow.",
      help: "write `workflow({ name }, async (input: Input) => { … })`",
    });
    return undefined;
  }
  return { module, local, node: call, head: { start: call.start, end: call.callee.end }, ...declared, fn };
}

/** What a name of a module declares. Reading the same declaration again reports nothing again: see the cache of the caller. */
export function declarationOf(
  reader: Reader,
  module: SourceModule,
  name: string,
): { readonly module: SourceModule; readonly local: string; readonly call: CallExpression; readonly by: string } | undefined {
  const found = resolveName(reader.modules, module, name, ({ values }) => values);
  if (found === undefined || found.node.type !== "CallExpression") return undefined;
  const by = authoringCall(found.module, found.node);
  return by === undefined ? undefined : { module: found.module, local: found.local, call: found.node, by };
}

export function functionOf(node: Expression): FunctionLike | undefined {
  const inner = unwrap(node);
  return isFunctionNode(inner) && (inner.type === "ArrowFunctionExpression" || inner.type === "FunctionExpression") ? inner : undefined;
}

function parameterType(reader: Reader, module: SourceModule, fn: FunctionLike | undefined): StaticType | undefined {
  const [parameter] = fn?.params ?? [];
  if (parameter === undefined || parameter.type === "TSParameterProperty" || parameter.type === "RestElement") return undefined;
  const annotation = parameter.typeAnnotation;
  if (annotation === null || annotation === undefined) return undefined;
  const type = readType(reader, module, annotation.typeAnnotation);
  // The parser's types leave `?` out of some patterns.
  const { optional } = parameter as { readonly optional?: boolean };
  return optional === true ? { ...type, nullable: true } : type;
}

function resultType(reader: Reader, module: SourceModule, fn: FunctionLike | undefined, name: string, call: CallExpression): StaticType {
  const annotation = fn?.returnType;
  if (annotation !== null && annotation !== undefined) return readType(reader, module, annotation.typeAnnotation);
  report(reader, module, "HD3402", fn === undefined ? call : { start: fn.start, end: Math.min(fn.end, fn.start + 1) }, {
    message: `what \`${name}\` gives has no type, so any value fits`,
    reason: "Types are read from what is written; no type checker runs.",
    help: "annotate what its function returns: `async (input: Input): Promise<Output> => …`",
  });
  return anyType;
}
