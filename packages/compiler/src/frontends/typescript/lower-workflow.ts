/** One declared workflow, from its options and its function to an IR. */
import { type FieldType, jsonDepthMax, regionDepthMax, type WorkflowInput, WorkflowIr } from "@heddle/core";
import type { Node } from "oxc-parser";
import { variableRef } from "../../authoring/expressions.ts";
import { depthOf, keyOf, unwrap } from "./ast.ts";
import { type Reader, report } from "./context.ts";
import { type DeclaredWorkflow, declarationOf, readStep, readWorkflow, type Step } from "./declarations.ts";
import { Draft } from "./draft.ts";
import { endNormally } from "./jumps.ts";
import { awaited, isStep } from "./lower-call.ts";
import { lowerCondition, lowerExpression } from "./lower-expression.ts";
import { lowerStatements } from "./lower-statements.ts";
import { type Callee, codeDepthMax, type Lowering, type Place, refuse } from "./lowering.ts";
import type { SourceModule } from "./module.ts";
import { bindPattern } from "./patterns.ts";
import { readType } from "./read-types.ts";
import { type Binding, Scope } from "./scope.ts";

/** A workflow, and what its calls name: where a bundle finds the code behind its nodes. */
export interface LoweredWorkflow {
  readonly ir: WorkflowIr;
  readonly declared: DeclaredWorkflow;
  readonly steps: readonly Step[];
  readonly children: readonly DeclaredWorkflow[];
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
  const ctx = loweringOf(reader, module, draft, fn, known);
  const block = draft.frame("function", undefined);
  const at: Place = { scope: new Scope(), block, inTry: false, targets: [] };
  const inputs = bindInput(ctx, declared, at);
  if (fn.body.type === "BlockStatement") {
    lowerStatements(ctx, fn.body.body, at);
    endNormally(draft, block, fn.body.end - 1);
  } else draft.end(block, ctx.returned(fn.body, at).expr, fn.body.start);
  const { description, limits, type } = declared.options;
  const result =
    fn.returnType === null || fn.returnType === undefined ? undefined : readType(reader, module, fn.returnType.typeAnnotation).type;
  const ir = {
    ir: "heddle.ir/v1",
    id: name,
    ...(description === undefined ? {} : { description }),
    source: { frontend: "typescript", file: module.source.file },
    discipline: "stages",
    ...(type === undefined ? {} : { type }),
    inputs,
    ...(result?.kind === "object" ? { outputs: [...result.fields] } : {}),
    ...draft.lowered(block.frame),
    ...(limits === undefined ? {} : { limits }),
  } as WorkflowIr;
  if (draft.regionDepth > regionDepthMax || jsonDepthOf(ir) > irDepthMax) tooDeep(reader, declared);
  else checkShape(reader, declared, ir);
  return { ir, declared, steps: [...ctx.steps.values()], children: [...ctx.children.values()] };
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

function loweringOf(reader: Reader, module: SourceModule, draft: Draft, whole: Node, known: Known): Lowering {
  const ctx: Lowering = {
    ...reader,
    module,
    draft,
    mutable: new Set(),
    whole,
    steps: new Map(),
    children: new Map(),
    depth: 0,
    jumps: 0,
    callee: (name) => calleeOf(reader, ctx.module, name, known),
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
  if (found === undefined || !["handler", "model", "workflow"].includes(found.by)) return undefined;
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

/** The input of the function as inputs of the workflow: one for each field. */
function bindInput(ctx: Lowering, { module, fn, name }: DeclaredWorkflow, at: Place): readonly WorkflowInput[] {
  const [parameter] = fn.params;
  if (parameter === undefined) return [];
  const annotation = parameter.type === "TSParameterProperty" || parameter.type === "RestElement" ? undefined : parameter.typeAnnotation;
  const type = annotation === null || annotation === undefined ? undefined : readType(ctx, module, annotation.typeAnnotation).type;
  const sound = type?.kind === "object" && type.fields.every((field) => /^[A-Za-z_][A-Za-z0-9_]{0,99}$/.test(field.name));
  if (type?.kind !== "object" || !sound) {
    refuse(ctx, "HD3106", parameter, {
      message: `the input of workflow \`${name}\` has no fields with names`,
      reason: "Whoever starts a run gives its inputs by name, so the type of the parameter is an object whose fields are identifiers.",
      help: "annotate it: `async (input: { path: string; limit?: number }) => { … }`",
    });
  }
  const declared: readonly FieldType[] = type?.kind === "object" && sound ? type.fields : [];
  const fields = new Map<string, Binding>();
  for (const field of declared) {
    const variable = ctx.draft.declare(field.name, at.block.frame);
    const nullable = field.optional === true || field.type.kind === "json";
    fields.set(field.name, { expr: variableRef(variable), type: field.type, nullable, kind: "const", frame: at.block.frame });
  }
  const whole = { kind: "object" as const, fields: declared };
  if (parameter.type === "Identifier") {
    at.scope.set(parameter.name, {
      expr: { kind: "literal", value: null },
      type: whole,
      nullable: false,
      kind: "const",
      frame: at.block.frame,
      fields,
    });
  } else if (parameter.type === "ObjectPattern") {
    const object = { kind: "object" as const, fields: [...fields].map(([field, { expr }]) => ({ name: field, value: expr })) };
    for (const property of parameter.properties) {
      const key = property.type === "Property" ? keyOf(property.key, property.computed) : undefined;
      const binding = key === undefined ? undefined : fields.get(key);
      if (property.type === "Property" && binding !== undefined) ctx.bindPattern(property.value, binding, at, "const");
      else ctx.bindPattern(property, { expr: object, type: whole, nullable: false }, at, "const");
    }
  } else ctx.bindPattern(parameter, { expr: { kind: "literal", value: null }, type: whole, nullable: false }, at, "const");
  return declared.map((field) => ({ ...field, ...(field.type.kind === "json" ? { optional: true } : {}) }));
}
