/** One declared workflow, from its options and its function to an IR. */
import { jsonDepthMax, regionDepthMax, WorkflowIr } from "@heddle/core";
import type { Class, Node } from "oxc-parser";
import { workflowFieldsOf } from "../../authoring/options.ts";
import { depthOf, unwrap } from "./ast.ts";
import { bindInput, bindMessage } from "./bind-input.ts";
import { type Member, memberOfClass, readWorkflowClass } from "./classes.ts";
import { type Reader, report } from "./context.ts";
import { type DeclaredWorkflow, declarationOf, readStep, readWorkflow, type Step } from "./declarations.ts";
import { Draft } from "./draft.ts";
import { NamedInputs } from "./inputs.ts";
import { endNormally } from "./jumps.ts";
import { awaited, isStep } from "./lower-call.ts";
import { lowerCondition, lowerExpression } from "./lower-expression.ts";
import { readService } from "./lower-service.ts";
import { lowerStatements } from "./lower-statements.ts";
import { type Callee, codeDepthMax, type Lowering, type Place, refuse } from "./lowering.ts";
import type { Found, SourceModule } from "./module.ts";
import { bindPattern } from "./patterns.ts";
import { readType } from "./read-types.ts";
import { Scope } from "./scope.ts";
import { graphOfService } from "./service-graph.ts";

/** A workflow, and what its calls name: where a bundle finds the code behind its nodes. */
export interface LoweredWorkflow {
  readonly ir: WorkflowIr;
  readonly declared: DeclaredWorkflow;
  readonly steps: readonly Step[];
  readonly children: readonly DeclaredWorkflow[];
  /** Where the author wrote what the IR has no places for. */
  readonly written: Draft["written"];
}

/** What declarations were read already: each is read, and complained about, once. */
export type Known = Map<string, Callee>;

/** Deepest JSON of a workflow, less what a bundle puts around it. */
const irDepthMax = jsonDepthMax - 8;
const astDepthMax = 4 * codeDepthMax;

export function lowerWorkflow(reader: Reader, declared: DeclaredWorkflow, known: Known): LoweredWorkflow | undefined {
  const { module, fn, name } = declared;
  if (fn.body === null) return undefined;
  if (depthOf(fn, astDepthMax) >= astDepthMax) {
    tooDeep(reader, declared);
    return undefined;
  }
  const draft = new Draft(module.source.file, (offset) => module.source.position(offset));
  const block = draft.frame("function", undefined);
  const at: Place = { scope: new Scope(), block, inTry: false, targets: [] };
  const own: { named?: NamedInputs } = {};
  const ctx = loweringOf(reader, module, draft, fn, known, {
    isService: declared.options["type"] === "service",
    fields: declared.fields,
    input: (node) => own.named?.valueOf(module, node),
  });
  const { isService } = ctx;
  const message = isService ? bindMessage(ctx, declared, at) : undefined;
  const inputs = message?.inputs ?? bindInput(ctx, declared, at);
  const named = new NamedInputs(reader, module, fn.body, draft, block.frame, new Set(inputs.map((input) => input.name)));
  own.named = named;
  const { errors } = reader.diagnostics;
  let lowered: Pick<WorkflowIr, "entry" | "nodes" | "edges"> | undefined;
  if (message !== undefined) {
    const items = readService(ctx, fn.body, at, message, () => named.all().map((input) => input.name));
    if (items.length === 0 && reader.diagnostics.errors === errors) noSteps(ctx, declared);
    lowered = graphOfService(ctx, message.node, items, draft.lowered(block.frame).nodes);
  } else if (fn.body.type === "BlockStatement") {
    lowerStatements(ctx, fn.body.body, at);
    endNormally(draft, block, fn.body.end - 1);
  } else draft.end(block, ctx.returned(fn.body, at).expr, fn.body.start);
  const result =
    fn.returnType === null || fn.returnType === undefined ? undefined : readType(reader, module, fn.returnType.typeAnnotation).type;
  const ir = {
    ir: "heddle.ir/v1",
    id: name,
    source: { frontend: "typescript", file: module.source.file },
    discipline: isService ? "graph" : "stages",
    inputs: [...inputs, ...named.all()],
    ...(result?.kind === "object" && !isService ? { outputs: [...result.fields] } : {}),
    ...(lowered ?? draft.lowered(block.frame)),
    ...workflowFieldsOf(declared.options),
  } as WorkflowIr;
  if (draft.regionDepth > regionDepthMax || jsonDepthOf(ir) > irDepthMax) tooDeep(reader, declared);
  else checkShape(reader, declared, ir);
  return { ir, declared, steps: [...ctx.steps.values()], children: [...ctx.children.values()], written: draft.written };
}

/** Options of waits and people go into nodes as they are; what their schema refuses is found here, whatever it is. */
function checkShape(reader: Reader, { module, fn, name }: DeclaredWorkflow, ir: WorkflowIr): void {
  const misfit = reader.diagnostics.errors > 0 ? undefined : WorkflowIr.safeParse(ir).error?.issues[0];
  if (misfit === undefined) return;
  const option = misfit.path.findLast((step) => typeof step === "string") ?? name;
  report(
    reader,
    module,
    "HD3107",
    { start: fn.start, end: fn.start + 1 },
    {
      message: `\`${String(option)}\` of a step of workflow \`${name}\` has another shape: ${misfit.message}`,
      reason: "Options go into the workflow as they are, and are held to its schema.",
      help: "give it the shape that its type in `@heddle/compiler/authoring` has",
    },
  );
}

function tooDeep(reader: Reader, { module, fn, name }: DeclaredWorkflow): void {
  report(
    reader,
    module,
    "HD3004",
    { start: fn.start, end: fn.start + 1 },
    {
      message: `workflow \`${name}\` nests too deep`,
      reason: `Regions nest at most ${regionDepthMax} deep, and a workflow is JSON of at most ${irDepthMax} levels.`,
      help: "make an inner part a workflow of its own, or give parts of long expressions names",
    },
  );
}

function jsonDepthOf(value: unknown): number {
  let depth = 0;
  let level: readonly unknown[] = [value];
  while (level.length > 0 && depth <= irDepthMax) {
    depth++;
    level = level.flatMap((one) => (typeof one === "object" && one !== null ? Object.values(one) : []));
  }
  return depth;
}

/** What only the body of the workflow itself may use. */
interface Own {
  readonly isService: boolean;
  readonly fields: DeclaredWorkflow["fields"];
  readonly input: Lowering["input"];
}

function loweringOf(reader: Reader, module: SourceModule, draft: Draft, whole: Node, known: Known, own?: Own): Lowering {
  const ctx: Lowering = {
    ...reader,
    module,
    draft,
    mutable: new Set(),
    isService: own?.isService === true,
    whole,
    steps: new Map(),
    children: new Map(),
    depth: 0,
    jumps: 0,
    callee: (name) => calleeOf(reader, ctx.module, name, known),
    member: (field, method, node) => (own?.fields === undefined ? undefined : memberOf(ctx, own.fields, field, method, node, known)),
    input: (node) => own?.input(node),
    expression: (node, at) => lowerExpression(ctx, node, at),
    condition: (node, at) => lowerCondition(ctx, node, at),
    statements: (list, at) => lowerStatements(ctx, list, at),
    returned: (node, at) =>
      !at.inTry && (isStep(ctx, node, at) || isCombined(node)) ? awaited(ctx, node, at) : lowerExpression(ctx, node, at),
    bindPattern: (pattern, value, at, kind) => bindPattern(ctx, pattern, value, at, kind),
    within(other, read) {
      const inner = loweringOf(reader, other, new Draft(other.source.file, (offset) => other.source.position(offset)), whole, known);
      return read(inner, { scope: new Scope(), block: inner.draft.frame("function", undefined), inTry: false, targets: [] });
    },
  };
  return ctx;
}

function isCombined(node: Node): boolean {
  const inner = "expression" in node && node.type !== "ArrowFunctionExpression" ? unwrap(node as Parameters<typeof unwrap>[0]) : node;
  if (inner.type !== "CallExpression" || inner.callee.type !== "MemberExpression") return false;
  return inner.callee.object.type === "Identifier" && inner.callee.object.name === "Promise";
}

function calleeOf(reader: Reader, module: SourceModule, name: string, known: Known): Callee | undefined {
  const found = declarationOf(reader, module, name);
  if (found === undefined || !["handler", "agent", "model", "tool", "workflow"].includes(found.by)) return undefined;
  const key = `${found.module.source.file} ${found.local}`;
  const before = known.get(key);
  if (before !== undefined) return before;
  let callee: Callee = { kind: "unreadable" };
  if (found.by === "workflow") {
    const workflow = readWorkflow(reader, found.module, found.local, found.call);
    if (workflow !== undefined) callee = { kind: "workflow", workflow };
  } else {
    const step = readStep(reader, found.module, found.local, found.call);
    if (step !== undefined) callee = { kind: "step", step };
  }
  known.set(key, callee);
  return callee;
}

/** The workflow that a class declares, which is read once. */
function workflowOfClass(reader: Reader, { module, local, node }: Found<Class>, known: Known): Callee {
  const key = `${module.source.file} ${local}`;
  const before = known.get(key);
  if (before !== undefined) return before;
  const workflow = readWorkflowClass(reader, module, local, node);
  const callee: Callee = workflow === undefined ? { kind: "unreadable" } : { kind: "workflow", workflow };
  known.set(key, callee);
  return callee;
}

/** What `this.field.method(…)` calls; said once where it calls nothing. */
function memberOf(
  ctx: Lowering,
  fields: NonNullable<DeclaredWorkflow["fields"]>,
  field: string,
  method: string,
  node: Node,
  known: Known,
): Callee | undefined {
  const owner = fields.get(field);
  const key = owner === undefined ? `this.${field}.${method}` : `${owner.module.source.file} ${owner.local}.${method}`;
  const before = owner === undefined ? undefined : known.get(key);
  if (before !== undefined) return before;
  const member: Member =
    owner === undefined
      ? { kind: "nothing", reason: `No field \`${field}\` of the class holds a class of agents.` }
      : memberOfClass(ctx, owner, method);
  let callee: Callee = { kind: "unreadable" };
  if (member.kind === "agent") callee = { kind: "step", step: member.step };
  else if (member.kind === "workflow" && owner !== undefined) callee = workflowOfClass(ctx, owner, known);
  if (owner !== undefined) known.set(key, callee);
  if (member.kind !== "nothing") return callee;
  refuse(ctx, "HD3507", node, {
    message: `\`this.${field}.${method}\` is no agent`,
    reason: member.reason,
    help: 'hold the class of the agents in a field, `agents = new Agents()`, and put `@agent.defn({ name: "…" })` before the method',
  });
  return callee;
}

function noSteps(ctx: Lowering, { fn, name }: DeclaredWorkflow): void {
  refuse(
    ctx,
    "HD3609",
    { start: fn.start, end: fn.start + 1 },
    {
      message: `service \`${name}\` calls nothing`,
      reason: "The calls of its body are what messages go to.",
      help: "call a handler with the message: `await ingest(message);`",
    },
  );
}
