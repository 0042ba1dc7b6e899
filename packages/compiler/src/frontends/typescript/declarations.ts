/** The declarations that a body may call: handlers, models and workflows, wherever their source is. */
import { type JsonObject, type JsonValue, Node as NodeSchema, WorkflowIr } from "@heddle/core";
import type { CallExpression, Expression, ObjectExpression } from "oxc-parser";
import { isFunctionNode, keyOf, unwrap } from "./ast.ts";
import { anyType, type Reader, report, type StaticType } from "./context.ts";
import { declaredType } from "./declared-types.ts";
import { authoringCall, type FunctionLike, resolveName, type SourceModule } from "./module.ts";
import { readType } from "./read-types.ts";
import { staticValue } from "./static-values.ts";

/** A handler or a model, as its declaration says. */
export interface Step {
  readonly kind: "handler" | "model";
  readonly name: string;
  readonly module: SourceModule;
  readonly local: string;
  /** Options that go into its nodes. */
  readonly node: JsonObject;
  readonly input: StaticType | undefined;
  readonly output: StaticType;
  /** Without parameters it is given null. */
  readonly takesInput: boolean;
  /** Its code is in a worker. */
  readonly served: boolean;
  /** Of a model. */
  readonly prompt?: Expression | undefined;
}

/** A workflow as its source declares it. */
export interface DeclaredWorkflow {
  readonly module: SourceModule;
  readonly local: string;
  readonly call: CallExpression;
  readonly name: string;
  readonly options: JsonObject;
  readonly fn: FunctionLike;
}

const nodeOptions: readonly string[] = [
  "label",
  "description",
  "retry",
  "timeoutMs",
  "safety",
  "confinement",
  "environment",
  "passEnv",
  "pool",
  "template",
  "requires",
  "resources",
  "services",
  "uploads",
  "backpressure",
];
const workflowOptions: readonly string[] = ["name", "description", "limits", "type"];
const stepOptions = { handler: ["name", "input", "output", "worker"], model: ["name", "prompt", "model", "output", "tools"] } as const;

/** What a call to one of the declaring functions declares; undefined, with a diagnostic, where it cannot be read. */
export function readStep(reader: Reader, module: SourceModule, local: string, call: CallExpression): Step | undefined {
  const kind = authoringCall(module, call);
  if (kind !== "handler" && kind !== "model") return undefined;
  const [given, second] = call.arguments;
  const options = given === undefined ? undefined : objectOf(given);
  if (options === undefined) return refuseOptions(reader, module, call, kind);
  const own = stepOptions[kind];
  const values = readOptions(reader, module, options, kind, [...own, ...nodeOptions], new Set(["input", "output", "prompt"]));
  if (values === undefined) return undefined;
  const name = nameOf(reader, module, options, kind, values["name"]);
  if (name === undefined) return undefined;
  const fn = second === undefined || second.type === "SpreadElement" ? undefined : functionOf(second);
  const node = pick(values, kind === "model" ? [...nodeOptions, "model", "tools"] : nodeOptions);
  const drafted = kind === "handler" ? { kind, handler: name } : { kind, prompt: { kind: "literal", value: "" } };
  const misfit = NodeSchema.safeParse({ id: "step", ...drafted, ...node }).error?.issues[0];
  if (misfit !== undefined) return refuseShape(reader, module, options, `${kind} \`${name}\``, misfit);
  const written = (option: string): StaticType | undefined => {
    const node = memberOf(options, option);
    const type = node === undefined ? undefined : declaredType(reader.modules, module, node);
    if (node !== undefined && type === undefined) refuseStatic(reader, module, node, `\`${option}\` of ${kind} \`${name}\``);
    return type;
  };
  const prompt = kind === "model" ? memberOf(options, "prompt") : undefined;
  const promptFn = prompt === undefined ? undefined : functionOf(prompt);
  const taker = fn ?? promptFn;
  const served = values["worker"] === true;
  return {
    kind,
    name,
    module,
    local,
    node,
    input: written("input") ?? parameterType(reader, module, taker),
    output: written("output") ?? (served || kind === "model" ? anyType : resultType(reader, module, fn, name, call)),
    takesInput: memberOf(options, "input") !== undefined || (taker === undefined ? served : taker.params.length > 0),
    served,
    prompt,
  };
}

export function readWorkflow(reader: Reader, module: SourceModule, local: string, call: CallExpression): DeclaredWorkflow | undefined {
  const [given, second] = call.arguments;
  const options = given === undefined ? undefined : objectOf(given);
  if (options === undefined) return refuseOptions(reader, module, call, "workflow");
  const values = readOptions(reader, module, options, "workflow", workflowOptions, new Set());
  const name = values === undefined ? undefined : nameOf(reader, module, options, "workflow", values["name"]);
  const fn = second === undefined || second.type === "SpreadElement" ? undefined : functionOf(second);
  if (values === undefined || name === undefined) return undefined;
  const { name: _, ...rest } = values;
  const misfit = WorkflowIr.partial().safeParse(rest).error?.issues[0];
  if (misfit !== undefined) return refuseShape(reader, module, options, `workflow \`${name}\``, misfit);
  if (fn?.body === null || fn === undefined || !fn.async || fn.generator || fn.params.length > 1) {
    report(reader, module, "HD3105", second ?? call, {
      message: `workflow \`${name}\` has no async function of one input`,
      reason: "Its second argument is read as the body of the workflow.",
      help: "write `workflow({ name }, async (input: Input) => { … })`",
    });
    return undefined;
  }
  return { module, local, call, name, options: values, fn };
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

export function objectOf(node: CallExpression["arguments"][number]): ObjectExpression | undefined {
  if (node.type === "SpreadElement") return undefined;
  const inner = unwrap(node);
  return inner.type === "ObjectExpression" ? inner : undefined;
}

export function memberOf(object: ObjectExpression, name: string): Expression | undefined {
  for (const property of object.properties) {
    if (property.type === "Property" && keyOf(property.key, property.computed) === name) return property.value;
  }
  return undefined;
}

/** The options that are known without running anything; those in `unread` are read elsewhere. */
export function readOptions(
  reader: Reader,
  module: SourceModule,
  options: ObjectExpression,
  what: string,
  known: readonly string[],
  unread: ReadonlySet<string>,
): Record<string, JsonValue> | undefined {
  const values = new Map<string, JsonValue>();
  let sound = true;
  for (const property of options.properties) {
    const name = property.type === "Property" ? keyOf(property.key, property.computed) : undefined;
    if (name === undefined || property.type !== "Property") {
      refuseStatic(reader, module, property, `an option of ${what}`);
      sound = false;
    } else if (!known.includes(name)) {
      report(reader, module, "HD3102", property, {
        message: `${what} has the option \`${name}\`, which does not exist`,
        reason: `There are ${known.join(", ")}.`,
        help: "take it out, or mend its name",
      });
      sound = false;
    } else if (!unread.has(name)) {
      const value = staticValue(reader.modules, module, property.value);
      if (value === undefined) {
        refuseStatic(reader, module, property.value, `\`${name}\` of ${what}`);
        sound = false;
      } else values.set(name, value);
    }
  }
  return sound ? Object.fromEntries(values) : undefined;
}

function refuseStatic(reader: Reader, module: SourceModule, node: Parameters<typeof report>[3], what: string): void {
  report(reader, module, "HD3101", node, {
    message: `${what} is not known without running the file`,
    reason: "Workflows are read, never run, so options are literals and constants of them.",
    help: "write the value out, or name a `const` of it",
  });
}

function refuseShape(
  reader: Reader,
  module: SourceModule,
  options: ObjectExpression,
  what: string,
  misfit: { readonly path: readonly PropertyKey[]; readonly message: string },
): undefined {
  const [option] = misfit.path;
  report(reader, module, "HD3107", (typeof option === "string" ? memberOf(options, option) : undefined) ?? options, {
    message: `\`${misfit.path.map(String).join(".")}\` of ${what} has another shape: ${misfit.message}`,
    reason: "Options go into the workflow as they are, and are held to its schema.",
    help: "give it the shape that its type in `@heddle/compiler/authoring` has",
  });
  return undefined;
}

function refuseOptions(reader: Reader, module: SourceModule, call: CallExpression, what: string): undefined {
  report(reader, module, "HD3101", call.arguments[0] ?? call, {
    message: `the options of this ${what} are not written out`,
    reason: "Workflows are read, never run, so options are an object literal.",
    help: `write \`${what}({ name: "…" }, …)\``,
  });
  return undefined;
}

function nameOf(reader: Reader, module: SourceModule, at: ObjectExpression, what: string, name: JsonValue | undefined): string | undefined {
  if (typeof name === "string" && /^[A-Za-z_][A-Za-z0-9_.-]{0,99}$/.test(name)) return name;
  report(reader, module, "HD3103", memberOf(at, "name") ?? at, {
    message: name === undefined ? `this ${what} has no name` : `the name of this ${what} is ${JSON.stringify(name)}`,
    reason: "Names go into journals, commands and addresses.",
    help: "give it a name of a letter or `_`, then up to 99 of A-Z a-z 0-9 _ . -",
  });
  return undefined;
}

function pick(values: Readonly<Record<string, JsonValue>>, names: readonly string[]): JsonObject {
  return Object.fromEntries(Object.entries(values).filter(([name]) => names.includes(name)));
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
