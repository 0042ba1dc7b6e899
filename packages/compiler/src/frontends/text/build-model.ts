/** From the syntax of a workflow to its model: names resolved, types checked, what is left out filled in. */
import { capabilityOf } from "@heddle/core";
import { suggest } from "../../diagnostics/index.ts";
import { buildDoes } from "./build-does.ts";
import { checkDoes } from "./check-does.ts";
import { checkCondition, type ExprType } from "./expression-types.ts";
import { bodiesOfFlow } from "./flow-graph.ts";
import type { FlowExpr, FlowModel, FlowPolicy, FlowRead, FlowRef, FlowStage, FlowWrite } from "./flow-model.ts";
import { earlierReadersOf, type StageOrder, transitionsOf } from "./infer-transitions.ts";
import { valuesOfDoes } from "./lower-does.ts";
import { doesKeys } from "./parse-does.ts";
import { unescaped } from "./parse-expression.ts";
import { resolvePolicy, unknownName } from "./policies.ts";
import { promptOf } from "./prompt-text.ts";
import {
  type DeclaredInput,
  type DeclaredStage,
  declare,
  instead,
  knownCapability,
  type Names,
  outputNamed,
  stageNamed,
  twice,
} from "./resolve.ts";
import type { Scanner } from "./scanner.ts";
import type { ExecSyntax, ExecValueSyntax, ExprSyntax, StageSyntax, Stretch, Word, WorkflowSyntax } from "./syntax.ts";

/** What a model is built of: a workflow, or a region within one. */
export interface Building extends Omit<WorkflowSyntax, "start" | "end"> {
  readonly file: string;
  /** Inputs that are no part of the text: those of a region. */
  readonly given: ReadonlyMap<string, DeclaredInput>;
  /** Stages of the whole workflow, each once: their names are ids. */
  readonly everyStage: Map<string, Word>;
}

/** Undefined without any stage. What is wrong is left out of the model, and reported. */
export function buildModel(workflow: Building, scanner: Scanner): FlowModel | undefined {
  const { file } = workflow;
  const names = declare(workflow, scanner, workflow.given, workflow.everyStage);
  for (const { syntax } of names.order) {
    const known = workflow.everyStage.get(syntax.name.text);
    if (known === undefined) workflow.everyStage.set(syntax.name.text, syntax.name);
    else twice(scanner, "HD1101", "stage", syntax.name, known);
  }
  const entry = entryOf(workflow, names, scanner);
  const marked = new Set(workflow.stages.filter((stage) => stage.annotation?.kind === "exit").map((stage) => stage.name.text));
  const exits = marked.size > 0 ? marked : new Set(names.order.slice(-1).map((stage) => stage.syntax.name.text));
  const order: StageOrder = {
    names,
    scanner,
    isExit: (stage) => exits.has(stage.syntax.name.text),
    earlierReaders: earlierReadersOf(names),
    reading: (stage) => (name) => readingOf(name, stage, names),
    check: (condition, stage) => checkTransition(condition, stage, names, scanner),
  };
  const policies = workflow.policies.map((policy) => resolvePolicy(policy, names, scanner)).filter((policy) => policy !== undefined);
  const stages = names.order.map((stage) => buildStage(stage, stage === entry, order, workflow));
  if (entry === undefined) return undefined;
  return {
    id: workflow.name.text,
    frontend: scanner.dialect,
    file,
    entry: entry.syntax.name.text,
    exits: stages.filter((stage) => exits.has(stage.id)).map((stage) => stage.id),
    inputs: [...names.inputs].map(([name, { type, shape, at }]) => ({
      name,
      type: type ?? "json",
      ...(shape === undefined ? {} : { shape }),
      at,
    })),
    capabilities: capabilitiesOf(stages, policies),
    policies,
    stages,
    at: workflow.name,
  };
}

function entryOf(workflow: Building, names: Names, scanner: Scanner): DeclaredStage | undefined {
  const marked = names.order.filter((stage) => stage.syntax.annotation?.kind === "entry");
  const [entry, second] = marked;
  if (second !== undefined) {
    scanner.report("HD1302", second.syntax.annotation ?? second.syntax.name, {
      message: `${marked.length} stages are marked @entry`,
      reason: "A run starts at one stage.",
      help: "keep one @entry; without any, the first stage is the entry",
      related: marked
        .slice(0, 1)
        .map((stage) => ({ span: scanner.span(stage.syntax.annotation ?? stage.syntax.name), message: "the first" })),
    });
  }
  if (names.order.length === 0) {
    scanner.report("HD1301", workflow.name, {
      message: `workflow \`${workflow.name.text}\` has no stages`,
      reason: "A run starts at a stage.",
      help: 'add one: stage Start { prompt: "..." }',
    });
  }
  return entry ?? names.order[0];
}

function readingOf(name: string, stage: DeclaredStage, names: Names): FlowRef | undefined {
  if (stage.outputs.has(name)) return { kind: "output", stage: stage.syntax.name.text, field: name };
  return names.inputs.has(name) ? { kind: "input", name } : undefined;
}

function checkTransition(condition: ExprSyntax, stage: DeclaredStage, names: Names, scanner: Scanner): void {
  const ofName = (name: string, at: Stretch): ExprType => {
    const output = stage.outputs.get(name);
    if (output !== undefined) return output.type ?? "unknown";
    const input = names.inputs.get(name);
    if (input !== undefined) return input.type ?? "unknown";
    unknownName(scanner, name, at, [...stage.outputs.keys(), ...names.inputs.keys()]);
    return "unknown";
  };
  checkCondition(condition, {
    scanner,
    place: "transition",
    ofName,
    ofArgument: ofName,
    ofField: (expr) => outputNamed(scanner, names, expr.stage, expr.field)?.type ?? "unknown",
  });
}

function buildStage(stage: DeclaredStage, isEntry: boolean, order: StageOrder, within: Building): FlowStage {
  const { scanner, names } = order;
  const { syntax } = stage;
  const reads: FlowRead[] = [];
  if (isEntry)
    for (const name of names.inputs.keys()) reads.push({ ref: { kind: "input", name }, optional: false, origin: "implicit_entry_input" });
  for (const read of syntax.inputs) {
    if (outputNamed(scanner, names, read.stage, read.field) === undefined) continue;
    const ref = { kind: "output", stage: read.stage.text, field: read.field.text } as const;
    reads.push({ ref, optional: read.optional, origin: "dsl_stage_input", at: read });
  }
  const requires = syntax.requires.filter((word) => knownCapability(scanner, word)).map((word) => word.text);
  const exec = syntax.exec === undefined ? undefined : buildExec(syntax.exec, names, scanner);
  if (exec !== undefined) {
    if (!requires.includes(exec.capability)) requires.push(exec.capability);
    for (const { value } of exec.args) {
      if (value.kind !== "ref" || value.ref.kind !== "output") continue;
      const { ref } = value;
      const known = reads.some((read) => read.ref.kind === "output" && read.ref.stage === ref.stage && read.ref.field === ref.field);
      if (!known) reads.push({ ref, optional: false, origin: "exec_arg", ...(value.at === undefined ? {} : { at: value.at }) });
    }
  }
  const does =
    syntax.does === undefined
      ? undefined
      : buildDoes(syntax, {
          names,
          scanner,
          valueOf: (value) => execValue(value, names, scanner),
          promptOf: (text) => promptOf(text, scanner),
          modelOf: (body, given) => buildModel({ ...within, ...body, name: syntax.name, inputs: [], policies: [], given }, scanner),
        });
  checkDoes(syntax, scanner);
  for (const value of does === undefined ? [] : valuesOfDoes(does)) {
    if (value.kind !== "ref" || value.ref.kind !== "output") continue;
    const { ref } = value;
    const known = reads.some((read) => read.ref.kind === "output" && read.ref.stage === ref.stage && read.ref.field === ref.field);
    if (!known) reads.push({ ref, optional: false, origin: "exec_arg", ...(value.at === undefined ? {} : { at: value.at }) });
  }
  if (!syntax.keys.has("prompt") && !syntax.keys.has("exec") && !hasDoes(syntax)) {
    scanner.report("HD1303", syntax.name, {
      message: `stage \`${syntax.name.text}\` has neither prompt nor exec`,
      reason: "A stage either asks a model, which needs a prompt, or makes one call.",
      help: 'add `prompt: "..."` or `exec: capability(...)`',
    });
  }
  const writes: FlowWrite[] = [...stage.outputs].map(([name, output]) => ({
    name,
    type: output.type ?? "json",
    ...(output.shape === undefined ? {} : { shape: output.shape }),
    optional: output.optional,
    at: output.syntax,
  }));
  return {
    id: syntax.name.text,
    prompt: syntax.prompt === undefined ? "" : promptOf(syntax.prompt, scanner),
    ...(syntax.prompt === undefined ? {} : { promptAt: syntax.prompt }),
    reads,
    writes,
    requires,
    transitions: transitionsOf(stage, order),
    ...(exec === undefined ? {} : { exec }),
    ...(does === undefined ? {} : { does }),
    ...(syntax.outcomes.length === 0 ? {} : { outcomes: outcomesOf(stage, order) }),
    ...(syntax.attempts === undefined ? {} : { attempts: syntax.attempts }),
    ...(syntax.timeoutMs === undefined ? {} : { timeoutMs: syntax.timeoutMs }),
    at: { start: syntax.start, end: syntax.end },
    nameAt: syntax.name,
  };
}

function hasDoes(syntax: StageSyntax): boolean {
  return doesKeys.some((key) => syntax.keys.has(key));
}

function outcomesOf(stage: DeclaredStage, { names, scanner }: StageOrder): NonNullable<FlowStage["outcomes"]> {
  return stage.syntax.outcomes.flatMap(({ on, to, start, end }) =>
    stageNamed(scanner, names, to) === undefined ? [] : [{ on, to: to.text, at: { start, end } }],
  );
}

function buildExec(exec: ExecSyntax, names: Names, scanner: Scanner): FlowStage["exec"] {
  const { capability } = exec;
  if (!knownCapability(scanner, capability)) return undefined;
  const parameters = capabilityOf(capability.text)?.parameters ?? [];
  const args = new Map<string, { name: string; value: FlowExpr; at: { start: number; end: number } }>();
  const given = new Set<string>();
  for (const { name, value } of exec.args) {
    const lowered = execValue(value, names, scanner);
    if (given.has(name.text)) {
      scanner.report("HD1110", name, {
        message: `argument \`${name.text}\` is given twice`,
        reason: "Only one of the two could be passed on.",
        help: "remove one of them",
      });
    } else if (!parameters.some((parameter) => parameter.name === name.text)) {
      const known = parameters.map((parameter) => parameter.name);
      scanner.report("HD1109", name, {
        message: `capability \`${capability.text}\` has no parameter \`${name.text}\``,
        reason: `Its parameters are ${known.join(", ")}.`,
        ...instead(scanner, name, suggest(name.text, known)),
      });
    } else if (lowered !== undefined) args.set(name.text, { name: name.text, value: lowered, at: { start: value.start, end: value.end } });
    given.add(name.text);
  }
  for (const parameter of parameters) {
    if (!parameter.required || given.has(parameter.name)) continue;
    scanner.report("HD1111", capability, {
      message: `capability \`${capability.text}\` needs the argument \`${parameter.name}\``,
      reason: "Every tool behind the capability requires it.",
      help: `add \`${parameter.name}: ...\` (a ${parameter.type})`,
    });
  }
  return { capability: capability.text, args: [...args.values()] };
}

export function execValue(value: ExecValueSyntax, names: Names, scanner: Scanner): FlowExpr | undefined {
  const at = { at: { start: value.start, end: value.end } };
  switch (value.kind) {
    case "text":
      return { kind: "literal", type: "string", value: value.text.multiLine ? value.text.raw : unescaped(scanner, value.text), ...at };
    case "json":
      return { kind: "literal", type: "json", value: value.value, ...at };
    case "name":
      if (names.inputs.has(value.name.text)) return { kind: "ref", ref: { kind: "input", name: value.name.text }, ...at };
      unknownName(scanner, value.name.text, value.name, [...names.inputs.keys()]);
      return undefined;
    default:
      if (outputNamed(scanner, names, value.stage, value.field) === undefined) return undefined;
      return { kind: "ref", ref: { kind: "output", stage: value.stage.text, field: value.field.text }, ...at };
  }
}

/** Of the stages in order, then of the policies in order; each once. */
export function capabilitiesOf(
  stages: readonly Pick<FlowStage, "requires" | "does">[],
  policies: readonly FlowPolicy[],
): readonly string[] {
  const all = new Set<string>();
  for (const stage of stages) {
    for (const capability of stage.requires) all.add(capability);
    for (const body of stage.does === undefined ? [] : bodiesOfFlow(stage.does)) {
      for (const capability of body.model.capabilities) all.add(capability);
    }
  }
  for (const policy of policies) {
    all.add(policy.capability);
    for (const need of policy.requires) all.add(need.capability);
  }
  return [...all];
}
