/**
 * From the model to the IR, discipline `stages`. An input of the workflow is the variable of its name, an
 * output of a stage the variable `Stage.field`; a stage with `exec` is a tool node whose reads are its
 * arguments, any other a model node whose reads are its context. What the IR has no place for and an exact
 * print needs (reads that are no arguments, types of literals) stays in `raw`.
 */
import {
  type Body,
  capabilityOf,
  type Edge,
  type Expr,
  irVersion,
  type JsonObject,
  type JsonValue,
  type Node,
  type Policy,
  type Read,
  type ValueType,
  type WorkflowIr,
  type Write,
} from "@heddle/core";
import { createOrigins, type Origins, type OriginTable, type SourceText } from "../../diagnostics/index.ts";
import { bodiesOfFlow } from "./flow-graph.ts";
import type {
  FlowBody,
  FlowExpr,
  FlowGuard,
  FlowModel,
  FlowPolicy,
  FlowRead,
  FlowRef,
  FlowStage,
  FlowType,
  FlowWrite,
} from "./flow-model.ts";
import { literalTypes } from "./literal-types.ts";
import { lowerDoes, resultOfDoes, shapeOf } from "./lower-does.ts";
import { inPlainForm } from "./plain-form.ts";

/** Longest id of a policy in the IR; longer ones are cut, and kept whole in `raw`. */
const policyIdMax = 2_048;

export function lowerFlow(model: FlowModel, source: SourceText): WorkflowIr {
  const longIds = Object.fromEntries(
    model.policies.flatMap((policy, i) => (policy.id.length > policyIdMax ? [[String(i), policy.id]] : [])),
  );
  const policyTypes = Object.fromEntries(model.policies.flatMap((policy, i) => literalsOf(String(i), policy.condition)));
  const raw: JsonObject = {
    ...(Object.keys(longIds).length > 0 ? { policyIds: longIds } : {}),
    ...(Object.keys(policyTypes).length > 0 ? { policyLiterals: policyTypes } : {}),
  };
  const outputs = outputsOf(model);
  const ir: WorkflowIr = {
    ir: irVersion,
    id: model.id,
    source: { frontend: model.frontend, file: model.file },
    discipline: "stages",
    inputs: model.inputs.map((input) => ({ name: input.name, type: shapeOf(input) })),
    ...(outputs.length > 0 ? { outputs } : {}),
    entry: model.entry,
    ...lowerStages(model, source),
    ...(model.capabilities.length > 0 ? { capabilities: [...model.capabilities] } : {}),
    ...(model.policies.length > 0 ? { policies: model.policies.map(lowerPolicy) } : {}),
    ...(Object.keys(raw).length > 0 ? { raw } : {}),
  };
  return model.frontend === "heddle" ? inPlainForm(ir) : ir;
}

function lowerStages(model: FlowModel, source: SourceText): { readonly nodes: Node[]; readonly edges: Edge[] } {
  const types = new Map<string, ValueType>();
  for (const input of model.inputs) types.set(input.name, shapeOf(input));
  for (const stage of model.stages) for (const write of stage.writes) types.set(`${stage.id}.${write.name}`, shapeOf(write));
  const exits = new Set(model.exits);
  return {
    nodes: model.stages.map((stage) => lowerStage(stage, exits.has(stage.id), types, source)),
    edges: model.stages.flatMap(lowerEdges),
  };
}

function lowerBody({ inputs, model }: FlowBody, source: SourceText): Body {
  return {
    ...(inputs.length > 0
      ? { inputs: inputs.map((input) => ({ name: input.name, value: lowerExpr(input.value), type: shapeOf(input) })) }
      : {}),
    entry: model.entry,
    ...lowerStages(model, source),
  };
}

/** What the exits give; with several exits nothing is sure to be there. */
function outputsOf(model: FlowModel): { name: string; type: ValueType; optional?: boolean }[] {
  const found = new Map<string, { type: ValueType; written: FlowType; optional: boolean; mixed: boolean }>();
  const exits = new Set(model.exits);
  for (const stage of model.stages) {
    if (!exits.has(stage.id)) continue;
    for (const write of stage.writes) {
      const { name, optional } = write;
      const known = found.get(name);
      const mixed = known !== undefined && (known.written !== write.type || write.shape !== undefined);
      if (known === undefined) found.set(name, { type: shapeOf(write), written: write.type, optional, mixed });
      else found.set(name, { ...known, mixed: known.mixed || mixed });
    }
  }
  return [...found].map(([name, { type, optional, mixed }]) => ({
    name,
    type: mixed ? { kind: "json" } : type,
    ...(optional || exits.size > 1 ? { optional: true } : {}),
  }));
}

function lowerStage(stage: FlowStage, isExit: boolean, types: ReadonlyMap<string, ValueType>, source: SourceText): Node {
  const start = source.position(stage.at.start);
  const { exec, does } = stage;
  const base = {
    id: stage.id,
    ...(stage.writes.length > 0 ? { writes: stage.writes.map((write) => lowerWrite(stage, write)) } : {}),
    ...(stage.requires.length > 0 ? { requires: [...stage.requires] } : {}),
    ...(isExit ? { exit: { output: exitOf(stage) } } : {}),
    source: { line: start.line, column: start.column },
    ...(stage.attempts === undefined ? {} : { retry: { attemptsMax: stage.attempts } }),
    ...(stage.timeoutMs === undefined ? {} : { timeoutMs: stage.timeoutMs }),
  };
  if (does !== undefined) {
    const described = stage.prompt === "" ? base : { ...base, description: stage.prompt };
    return lowerDoes(stage, does, described, {
      expr: (expr) => lowerExpr(expr),
      body: (body) => lowerBody(body, source),
      argumentType: (value) => literalType(value) ?? argumentType(value, stage, types),
    });
  }
  if (exec === undefined) {
    const reads = contextReads(stage.reads, types);
    return {
      kind: "model",
      ...base,
      prompt: { kind: "literal", value: stage.prompt },
      ...(reads.length > 0 ? { reads } : {}),
      ...(stage.writes.length > 0 ? { output: resultType(stage) } : {}),
    };
  }
  const permission = capabilityOf(exec.capability)?.permission;
  const reads = exec.args.map(({ name, value }): Read => ({ name, value: lowerExpr(value), ...argumentType(value, stage, types) }));
  const literals = Object.fromEntries(exec.args.flatMap(({ name, value }) => literalsOf(name, value)));
  return {
    kind: "tool",
    ...base,
    capability: exec.capability,
    ...(permission === undefined ? {} : { permission }),
    ...(stage.prompt === "" ? {} : { description: stage.prompt }),
    ...(reads.length > 0 ? { reads } : {}),
    raw: {
      ...(stage.reads.length > 0
        ? { reads: stage.reads.map(({ ref, optional, origin }) => ({ of: variableOf(ref), optional, origin })) }
        : {}),
      ...(Object.keys(literals).length > 0 ? { literals } : {}),
    },
  };
}

/** The types of the literals of an expression, where they are not what their values say. */
function literalsOf(key: string, expr: FlowExpr | undefined): readonly (readonly [string, JsonValue])[] {
  const types = expr === undefined ? undefined : literalTypes(expr);
  return types === undefined ? [] : [[key, types]];
}

/** Context by the names of what is read; a second read of the same is numbered. */
function contextReads(reads: readonly FlowRead[], types: ReadonlyMap<string, ValueType>): Read[] {
  const seen = new Map<string, number>();
  return reads.map((read) => {
    const variable = variableOf(read.ref);
    const count = (seen.get(variable) ?? 0) + 1;
    seen.set(variable, count);
    const type = types.get(variable);
    return {
      name: count === 1 ? variable : `${variable}#${count}`,
      value: { kind: "ref", scope: "var", name: variable },
      ...(type === undefined ? {} : { type }),
      ...(read.optional ? { optional: true } : {}),
      origin: read.origin,
    };
  });
}

/** What an argument is read as: required, unless the stage says that it may be missing. */
function argumentType(value: FlowExpr, stage: FlowStage, types: ReadonlyMap<string, ValueType>) {
  if (value.kind !== "ref") return {};
  const variable = variableOf(value.ref);
  const type = types.get(variable);
  if (type === undefined) return {};
  const reads = stage.reads.filter((read) => variableOf(read.ref) === variable);
  const optional = reads.length > 0 && reads.every((read) => read.optional);
  return { type, ...(optional ? { optional: true } : {}) };
}

/** The type of an argument that is written out, where its value says it. */
function literalType(value: FlowExpr): { readonly type: ValueType } | undefined {
  const type = value.kind === "literal" ? typeOfLiteral(value.value) : undefined;
  return type === undefined ? undefined : { type };
}

function typeOfLiteral(value: JsonValue): ValueType | undefined {
  if (Array.isArray(value)) {
    const [first, ...others] = value.map(typeOfLiteral);
    return first !== undefined && others.every((type) => type?.kind === first.kind) && first.kind !== "array"
      ? { kind: "array", items: first }
      : undefined;
  }
  if (typeof value === "string") return { kind: "string" };
  if (typeof value === "number") return { kind: "number" };
  return typeof value === "boolean" ? { kind: "boolean" } : undefined;
}

function lowerWrite(stage: FlowStage, write: FlowWrite): Write {
  const result = resultOf(stage, write);
  // An empty list counts as no value where none is needed: that is how models say so.
  const value: Expr =
    write.optional && write.type.endsWith("[]")
      ? {
          kind: "if",
          test: { kind: "eq", left: { kind: "length", of: result }, right: { kind: "literal", value: 0 } },
          then: { kind: "literal", value: null },
          else: result,
        }
      : result;
  return { name: `${stage.id}.${write.name}`, value, type: shapeOf(write), ...(write.optional ? { optional: true } : {}) };
}

/** A field of the result. A call that gives one plain value gives the one output. */
function resultOf(stage: FlowStage, write: FlowWrite): Expr {
  if (stage.does !== undefined) return resultOfDoes(stage, stage.does, write.name);
  const field: Expr = { kind: "ref", scope: "result", name: write.name };
  const plain = stage.exec !== undefined && stage.writes.length === 1 && !write.optional && write.type !== "json";
  return plain ? { kind: "coalesce", left: field, right: { kind: "ref", scope: "result" } } : field;
}

function exitOf(stage: FlowStage): Expr {
  return { kind: "object", fields: stage.writes.map((write) => ({ name: write.name, value: resultOf(stage, write) })) };
}

function resultType(stage: FlowStage): ValueType {
  return {
    kind: "object",
    fields: stage.writes.map((write) => ({ name: write.name, type: shapeOf(write), ...(write.optional ? { optional: true } : {}) })),
  };
}

function lowerEdges(stage: FlowStage): Edge[] {
  const outcomes = (stage.outcomes ?? []).map(({ on, to }, i): Edge => ({ id: `${stage.id}.${on}.${i}`, from: stage.id, to, on }));
  const transitions = stage.transitions.map(({ to, reason, guard }, priority): Edge => {
    const literals =
      guard.kind === "if" ? literalTypes(guard.condition) : guard.kind === "eq" ? literalTypes(guard.left, guard.right) : undefined;
    // Whether a value is missing and whether it equals null are one question to the IR.
    const raw: JsonObject = { ...(guard.kind === "eq" ? { guard: "eq" } : {}), ...(literals === undefined ? {} : { literals }) };
    return {
      id: `${stage.id}.${priority}`,
      from: stage.id,
      to,
      priority,
      ...(guard.kind === "always" ? {} : { guard: lowerGuard(guard) }),
      reason,
      ...(Object.keys(raw).length > 0 ? { raw } : {}),
    };
  });
  return [...transitions, ...outcomes];
}

function lowerGuard(guard: Exclude<FlowGuard, { readonly kind: "always" }>): Expr {
  switch (guard.kind) {
    case "if":
      return lowerExpr(guard.condition);
    case "eq":
      return { kind: "eq", left: lowerExpr(guard.left), right: lowerExpr(guard.right) };
    default: {
      const missing: Expr = { kind: "eq", left: lowerRef(guard.ref), right: { kind: "literal", value: null } };
      return guard.kind === "missing" ? missing : { kind: "not", of: missing };
    }
  }
}

function lowerPolicy(policy: FlowPolicy): Policy {
  const { id, kind, capability, bind, requires, condition } = policy;
  return {
    id: id.length > policyIdMax ? `${id.slice(0, policyIdMax - 1)}…` : id,
    kind,
    trigger: { capability, ...(bind.length > 0 ? { bind: Object.fromEntries(bind.map((each) => [each.name, each.parameter])) } : {}) },
    ...(kind === "before"
      ? {
          requires: requires.map((need) => ({
            capability: need.capability,
            ...(need.args.length > 0 ? { args: Object.fromEntries(need.args.map(({ name, ref }) => [name, policyRef(ref)])) } : {}),
          })),
        }
      : {}),
    ...(condition === undefined ? {} : { condition: lowerExpr(condition, policyRef) }),
  };
}

/** Policies read inputs of the run, not variables: they judge calls of regions and of models alike. */
function policyRef(ref: FlowRef): Expr {
  return ref.kind === "bound" ? { kind: "ref", scope: "bound", name: ref.name } : { kind: "ref", scope: "input", name: variableOf(ref) };
}

function lowerRef(ref: FlowRef): Expr {
  return { kind: "ref", scope: "var", name: variableOf(ref) };
}

function variableOf(ref: FlowRef): string {
  return ref.kind === "output" ? `${ref.stage}.${ref.field}` : ref.name;
}

function lowerExpr(expr: FlowExpr, refOf: (ref: FlowRef) => Expr = lowerRef): Expr {
  const lower = (each: FlowExpr): Expr => lowerExpr(each, refOf);
  switch (expr.kind) {
    case "ref":
      return refOf(expr.ref);
    case "literal":
      return { kind: "literal", value: expr.value };
    case "not":
      return { kind: "not", of: lower(expr.of) };
    case "and":
    case "or":
      return { kind: expr.kind, of: expr.of.map(lower) };
    case "compare":
      return { kind: "compare", op: expr.op, left: lower(expr.left), right: lower(expr.right) };
    case "arithmetic":
      return { kind: "arithmetic", op: expr.op, left: lower(expr.left), right: lower(expr.right) };
    default:
      return { kind: expr.method === "starts_with" ? "starts-with" : expr.method, left: lower(expr.receiver), right: lower(expr.arg) };
  }
}

/** Where the parts of a lowered workflow come from. */
export function originsOfFlow(model: FlowModel, source: SourceText): Origins {
  return createOrigins(source, (table) => setOrigins(model, table));
}

function setOrigins(model: FlowModel, origins: OriginTable): void {
  origins.set({ of: "workflow" }, model.at.start, model.at.end);
  for (const { name, at } of model.inputs) if (at !== undefined) origins.set({ of: "input", name }, at.start, at.end);
  for (const [index, { at }] of model.policies.entries()) origins.set({ of: "policy", index }, at.start, at.end);
  setStageOrigins(model, origins);
}

function setStageOrigins(model: FlowModel, origins: OriginTable): void {
  for (const stage of model.stages) {
    for (const body of stage.does === undefined ? [] : bodiesOfFlow(stage.does)) setStageOrigins(body.model, origins);
    const node = stage.id;
    origins.set({ of: "node", node }, stage.nameAt.start, stage.nameAt.end);
    if (stage.promptAt !== undefined) origins.set({ of: "prompt", node }, stage.promptAt.start, stage.promptAt.end);
    for (const { name, at } of stage.exec?.args ?? []) if (at !== undefined) origins.set({ of: "argument", node, name }, at.start, at.end);
    const reads = stage.exec === undefined ? stage.reads : stage.exec.args;
    for (const [index, { at }] of reads.entries()) if (at !== undefined) origins.set({ of: "read", node, index }, at.start, at.end);
    for (const [index, { at }] of stage.writes.entries()) if (at !== undefined) origins.set({ of: "write", node, index }, at.start, at.end);
    for (const [i, { at, guard }] of stage.transitions.entries()) {
      const edge = `${node}.${i}`;
      if (at !== undefined) origins.set({ of: "edge", edge }, at.start, at.end);
      const condition = guard.kind === "if" ? guard.condition.at : undefined;
      if (condition !== undefined) origins.set({ of: "guard", edge }, condition.start, condition.end);
    }
  }
}
