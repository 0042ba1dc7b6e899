/** Calls: of handlers, models and workflows, of what waits, and of the few methods that values have. */
import type { Expr, Read } from "@heddle/core";
import type { CallExpression, Expression } from "oxc-parser";
import { mapRefs, resultRef, variableRef } from "../../authoring/expressions.ts";
import { isFunctionNode, memberCall, unwrap } from "./ast.ts";
import { anyType, booleanType, nullValue, type StaticType, type Typed } from "./context.ts";
import { type DeclaredWorkflow, functionOf, type Step } from "./declarations.ts";
import type { Block, NodeDraft } from "./draft.ts";
import { lowerAll } from "./lower-concurrent.ts";
import { isWait, lowerWait } from "./lower-wait.ts";
import { type Callee, isText, isUnknown, type Lowering, type Place, refuse, textAt } from "./lowering.ts";
import { authoringCall } from "./module.ts";
import { readType } from "./read-types.ts";

/** What `await` stands before. */
export function awaited(ctx: Lowering, argument: Expression, at: Place): Typed {
  const node = unwrap(argument);
  if (node.type === "CallExpression") {
    const value = lowerStep(ctx, node, at);
    if (value !== undefined) return value;
    const combined = combinator(node);
    if (combined === "all") return lowerAll(ctx, node, at, (one, there) => awaited(ctx, one, there));
    if (combined !== undefined) {
      return refuse(ctx, "HD3218", node, {
        message: `\`Promise.${combined}\` is not one of a workflow`,
        reason: "Things that happen at the same time are joined: all of them, and the first failure ends the others.",
        help: "use `await Promise.all([…])`; for the first of several, let a handler decide",
      });
    }
    const reported = refuseForeign(ctx, node, at);
    if (reported !== undefined) return reported;
  }
  return refuse(ctx, "HD3212", argument, {
    message: `\`await\` stands before \`${textAt(ctx, argument)}\`, which is no step`,
    reason: "Handlers, models, workflows, waits and `Promise.all` of them are awaited.",
    help: "take `await` out, or call a step here",
  });
}

/** A call that nothing waits for: a method of a value, or a mistake. */
export function callWithoutAwait(ctx: Lowering, node: CallExpression, at: Place): Typed {
  const input = ctx.input(node);
  if (input !== undefined) return input;
  const step = calleeOf(ctx, node, at);
  if (memberCall(node) !== undefined && step !== undefined && !isPromised(step)) return lowerStep(ctx, node, at) ?? nullValue;
  if (step !== undefined || isWait(ctx, node) || combinator(node) !== undefined) {
    return refuse(ctx, "HD3211", node, {
      message: `\`${textAt(ctx, node)}\` is not awaited`,
      reason: "A step that nobody waits for would have no place in the order of the run.",
      help:
        memberCall(node) === undefined
          ? "write `await` before it; to do several things at the same time, `await Promise.all([…])`"
          : "write `await` before it, in an `async` method; an agent that is not `async` needs none",
    });
  }
  const { callee } = node;
  const [argument] = node.arguments;
  if (callee.type === "MemberExpression" && !callee.computed && callee.property.type === "Identifier") {
    const { name } = callee.property;
    if (
      (name === "startsWith" || name === "includes") &&
      node.arguments.length === 1 &&
      argument !== undefined &&
      argument.type !== "SpreadElement"
    ) {
      if (!isForeign(callee.object, at)) return lowerMethod(ctx, name, callee.object, argument, at);
    }
  }
  return (
    refuseForeign(ctx, node, at) ??
    refuse(ctx, "HD3214", node, {
      message: `\`${textAt(ctx, node)}\` calls something that is no step`,
      reason:
        "A body is read and never run, so it can call handlers, models, workflows and waits, and of methods `startsWith` and `includes`.",
      help: 'make it a handler: `export const work = handler({ name: "work" }, async (input: Input) => …)`',
    })
  );
}

/** Awaited, or returned where that comes to the same. */
export function isStep(ctx: Lowering, node: Expression, at: Place): boolean {
  const inner = unwrap(node);
  if (inner.type !== "CallExpression") return false;
  return (isWait(ctx, inner) && isFree(inner, at)) || calleeOf(ctx, inner, at) !== undefined;
}

/** What a call calls, where that is a step: a name of the module, or an agent that the class holds. */
function calleeOf(ctx: Lowering, node: CallExpression, at: Place): Callee | undefined {
  if (node.callee.type === "Identifier") return isFree(node, at) ? ctx.callee(node.callee.name) : undefined;
  const member = memberCall(node);
  return member === undefined ? undefined : ctx.member(member.field, member.method, node);
}

/** The name that is called is none of the body's own. */
function isFree({ callee }: CallExpression, at: Place): boolean {
  return callee.type === "Identifier" && at.scope.get(callee.name) === undefined;
}

/** Whether calling it as JavaScript gives a promise. */
function isPromised(callee: Callee): boolean {
  if (callee.kind === "step") return callee.step.promised;
  return callee.kind === "workflow" && callee.workflow.fn.async;
}

function combinator(node: CallExpression): string | undefined {
  const { callee } = node;
  if (callee.type !== "MemberExpression" || callee.computed || callee.object.type !== "Identifier" || callee.object.name !== "Promise")
    return undefined;
  return callee.property.name;
}

function lowerMethod(ctx: Lowering, name: string, object: Expression, argument: Expression, at: Place): Typed {
  const of = ctx.expression(object, at);
  const value = ctx.expression(argument, at);
  const fits = isUnknown(of) || isText(of) || (name === "includes" && of.type.kind === "array");
  const scalar = value.type.kind !== "object" && value.type.kind !== "array";
  if (fits && scalar)
    return { expr: { kind: name === "includes" ? "contains" : "starts-with", left: of.expr, right: value.expr }, ...booleanType };
  return refuse(ctx, "HD3203", object, {
    message: `\`${name}\` is asked of \`${textAt(ctx, object)}\`, which cannot answer it`,
    reason: "A text starts with a text and includes one; a list includes a scalar.",
    help: "ask it of a text or a list, or do it in a handler",
  });
}

function lowerStep(ctx: Lowering, node: CallExpression, at: Place): Typed | undefined {
  if (isWait(ctx, node) && isFree(node, at)) return lowerWait(ctx, node, at);
  const found = calleeOf(ctx, node, at);
  if (found === undefined) return undefined;
  if (found.kind === "unreadable") {
    for (const argument of node.arguments) if (argument.type !== "SpreadElement") ctx.expression(argument, at);
    return nullValue;
  }
  if (node.optional) {
    refuse(ctx, "HD3217", node, {
      message: `\`${textAt(ctx, node)}\` calls a step that is always there`,
      reason: "What a workflow calls is known before a run.",
      help: "take `?.` out",
    });
  }
  return found.kind === "step" ? callStep(ctx, found.step, node, at) : callWorkflow(ctx, found.workflow, node, at);
}

function argumentOf(ctx: Lowering, node: CallExpression, name: string, takes: boolean, at: Place): Typed {
  const [first, second] = node.arguments;
  if (second !== undefined || first?.type === "SpreadElement" || (first !== undefined && !takes)) {
    return refuse(ctx, "HD3216", second ?? first ?? node, {
      message: `\`${name}\` takes ${takes ? "one input" : "no input"}`,
      reason: "A step has one input, which is a value of any shape.",
      help: takes ? "put what it needs into one object" : "give its function a parameter, or take the argument out",
    });
  }
  return first === undefined
    ? { expr: { kind: "literal", value: null }, type: { kind: "enum", values: [null] }, nullable: true }
    : ctx.expression(first, at);
}

function callStep(ctx: Lowering, step: Step, node: CallExpression, at: Place): Typed {
  const other = ctx.steps.get(step.name);
  if (other !== undefined && (other.local !== step.local || other.module !== step.module || other.method !== step.method)) {
    refuse(ctx, "HD3104", node, {
      message: `two steps are named \`${step.name}\``,
      reason: "A handler is found by its name.",
      help: "give one of them another name",
    });
  }
  ctx.steps.set(step.name, step);
  const astray = ctx.isService ? undefined : ["fires", "concurrencyMax"].find((name) => Object.hasOwn(step.node, name));
  if (astray !== undefined) {
    refuse(ctx, "HD3607", node, {
      message: `\`${step.name}\` has the option \`${astray}\`, and \`${textAt(ctx, node)}\` calls it in a workflow that is no service`,
      reason: "It says how messages are handled that come again and again. Here each call is one step.",
      help: 'take the option out, or make the workflow a service: `workflow({ name: "…", type: "service" }, …)`',
    });
  }
  const input = argumentOf(ctx, node, step.name, step.takesInput, at);
  const { draft } = ctx;
  const { frame } = at.block;
  const value = draft.bind(input.expr, frame);
  const named = namedReads(step, input, value);
  if (step.kind === "tool") return callTool(ctx, step, node, node.arguments.length === 0 ? [] : named, at);
  const reads = named ?? [wholeRead(step, input, value)];
  const fields =
    step.kind === "handler"
      ? { kind: "handler", ...step.node, handler: step.name, ...(named === undefined ? { arguments: "positional" } : {}), reads }
      : { kind: "model", ...step.node, prompt: draft.bind(promptOf(ctx, step, value), frame), reads, ...outputOf(step.output) };
  return resultOf(ctx, at.block, draft.add(at.block, draft.claimId(step.name), fields, node.start), step.name, step.output);
}

/** A tool is given its arguments by name, so that everything that judges the call sees each of them. */
function callTool(ctx: Lowering, step: Step, node: CallExpression, reads: readonly Read[] | undefined, at: Place): Typed {
  if (reads === undefined) {
    return refuse(ctx, "HD3216", node.arguments[0] ?? node, {
      message: `\`${step.name}\` is given something else than arguments by name`,
      reason: "What a call does is judged by its arguments, each under its name.",
      help: `write them out: \`await ${textAt(ctx, node.callee)}({ name: value })\``,
    });
  }
  const { draft } = ctx;
  const id = draft.claimId(step.name.split(".").at(-1) || step.name);
  const added = draft.add(at.block, id, { kind: "tool", ...step.node, tool: step.name, reads }, node.start);
  return resultOf(ctx, at.block, added, step.name, step.output);
}

function wholeRead(step: Step, input: Typed, value: Expr): Read {
  const typed = step.input === undefined || step.input.type.kind === "json" ? undefined : step.input;
  const optional = typed === undefined ? input.nullable : typed.nullable;
  return { name: "input", value, ...(typed === undefined ? {} : { type: typed.type }), ...(optional ? { optional: true } : {}) };
}

/**
 * An object that is written out, as one read for each of its fields: the step is given the same object. Undefined where
 * that would hold it to less: fields that its type wants are not there.
 */
function namedReads(step: Step, { type }: Typed, value: Expr): readonly Read[] | undefined {
  if (value.kind !== "object" || value.fields.length === 0 || type.kind !== "object") return undefined;
  const names = new Set(value.fields.map(({ name }) => name));
  const sound = [...names].every((name) => name !== "" && name !== "__proto__" && name.length <= 128);
  if (!sound || names.size < value.fields.length) return undefined;
  const wanted = step.input?.type;
  if (wanted !== undefined && wanted.kind !== "object" && wanted.kind !== "json") return undefined;
  const declared = wanted?.kind === "object" ? wanted.fields : undefined;
  if (declared?.some(({ name, optional }) => optional !== true && !names.has(name)) === true) return undefined;
  return value.fields.map(({ name, value: part }) => {
    // What no type is declared for is held to what is known of it.
    const field = (declared ?? (step.kind === "model" ? type.fields : [])).find((one) => one.name === name);
    const known = field === undefined || field.type.kind === "json" ? undefined : field;
    return {
      name,
      value: folded(part),
      ...(known === undefined ? {} : { type: known.type }),
      ...(known?.optional === true ? { optional: true } : {}),
    };
  });
}

/** A list or an object of values that are all written out, as one value. */
function folded(expr: Expr): Expr {
  if (expr.kind === "array") {
    const items = expr.items.map(folded);
    const values = items.flatMap((item) => (item.kind === "literal" ? [item.value] : []));
    return values.length === items.length ? { kind: "literal", value: values } : expr;
  }
  if (expr.kind !== "object") return expr;
  const fields = expr.fields.map(({ name, value }) => [name, folded(value)] as const);
  const values = fields.flatMap(([name, value]) => (value.kind === "literal" ? [[name, value.value] as const] : []));
  return values.length === fields.length ? { kind: "literal", value: Object.fromEntries(values) } : expr;
}

function outputOf({ type }: StaticType): object {
  return type.kind === "json" ? {} : { output: type };
}

/** The prompt of a model: a text, or a function from its input to one, read with the input in its place. */
function promptOf(ctx: Lowering, step: Step, input: Expr): Expr {
  const { prompt } = step;
  const fn = prompt === undefined ? undefined : functionOf(prompt);
  const [parameter] = fn?.params ?? [];
  const body = fn === undefined ? prompt : fn.body?.type === "BlockStatement" ? undefined : (fn.body ?? undefined);
  const inline = ctx.within(step.module, (there, at) => {
    if (body === undefined || isFunctionNode(body)) return undefined;
    if (parameter !== undefined && parameter.type !== "RestElement" && parameter.type !== "TSParameterProperty") {
      there.bindPattern(parameter, { expr: variableRef("*input*"), ...(step.input ?? anyType) }, at, "const");
    }
    return there.expression(body as Expression, at).expr;
  });
  if (inline !== undefined) return mapRefs(inline, (ref) => (ref.name === "*input*" ? input : ref));
  return refuse(ctx, "HD3101", prompt ?? ctx.whole, {
    message: `the prompt of model \`${step.name}\` is not written out`,
    reason: "Prompts are read, never run.",
    help: "give a text, or a function from its input to a template text",
  }).expr;
}

function callWorkflow(ctx: Lowering, workflow: DeclaredWorkflow, node: CallExpression, at: Place): Typed {
  ctx.children.set(workflow.name, workflow);
  const input = argumentOf(ctx, node, workflow.name, workflow.fn.params.length > 0, at);
  const { draft } = ctx;
  const [parameter] = workflow.fn.params;
  const annotation = parameter === undefined || parameter.type === "TSParameterProperty" ? undefined : parameter.typeAnnotation;
  const type =
    annotation === null || annotation === undefined ? undefined : readType(quiet(ctx), workflow.module, annotation.typeAnnotation).type;
  const fields = type?.kind === "object" ? type.fields : [];
  const { expr } = input;
  const given = expr.kind === "object" ? new Map(expr.fields.map(({ name, value }) => [name, value])) : undefined;
  const reads = fields
    .filter(({ name }) => given === undefined || given.has(name))
    .map(({ name, optional }) => ({
      name,
      value: draft.bind(given?.get(name) ?? { kind: "field", of: expr, name }, at.block.frame),
      ...(optional === true ? { optional: true } : {}),
    }));
  const result = workflow.fn.returnType;
  const output = result === null || result === undefined ? anyType : readType(quiet(ctx), workflow.module, result.typeAnnotation);
  const added = draft.add(at.block, draft.claimId(workflow.name), { kind: "workflow", workflow: workflow.name, reads }, node.start);
  return resultOf(ctx, at.block, added, workflow.name, output);
}

/** What a type cannot say is told once, where its workflow is read. */
function quiet(ctx: Lowering): Lowering {
  return { ...ctx, diagnostics: { ...ctx.diagnostics, report: () => undefined } };
}

/** The variable that a node's result is written to; held to its type. */
function resultOf(ctx: Lowering, block: Block, node: NodeDraft, base: string, output: StaticType): Typed {
  const variable = ctx.draft.declare(base, block.frame);
  const known = output.type.kind === "json" || (output.type.kind === "enum" && output.type.values.every((value) => value === null));
  node.writes.push({ variable, value: resultRef, on: "success", ...(known ? {} : { type: output.type, optional: output.nullable }) });
  if (!known && !output.nullable) ctx.draft.held.set(variable, output.type);
  return { expr: variableRef(variable), ...output };
}

const clocks: ReadonlySet<string> = new Set(["Date", "Math", "crypto", "performance", "process", "Temporal"]);

function isForeign(node: Expression, at: Place): boolean {
  const inner = unwrap(node);
  return inner.type === "Identifier" && (clocks.has(inner.name) || inner.name === "console") && at.scope.get(inner.name) === undefined;
}

/** Calls that are refused for what they would do, not for what they are. */
function refuseForeign(ctx: Lowering, node: CallExpression, at: Place): Typed | undefined {
  const { callee } = node;
  const object = callee.type === "MemberExpression" ? unwrap(callee.object) : callee;
  if (object.type !== "Identifier" || at.scope.get(object.name) !== undefined) return undefined;
  if (clocks.has(object.name)) {
    return refuse(ctx, "HD3213", node, {
      message: `\`${textAt(ctx, node)}\` asks the machine that runs it`,
      reason: "What a body computes depends on its values alone; times, dice and settings of the machine are none.",
      help: "ask in a handler, whose answer is kept; to wait, `await sleep(…)`",
    });
  }
  if (object.name === "console") {
    return refuse(ctx, "HD3214", node, {
      message: `\`${textAt(ctx, node)}\` would print nothing`,
      reason: "A body is read and never run.",
      help: "log in a handler: `async (input, ctx) => { ctx.log(…); … }`",
    });
  }
  const by = authoringCall(ctx.module, node);
  if (by === undefined) return undefined;
  return refuse(ctx, "HD3214", node, {
    message: `\`${textAt(ctx, node)}\` declares something in the middle of a workflow`,
    reason: "What a workflow calls is declared at the top of a module, where it can be found.",
    help: "move it to the top of the module",
  });
}
