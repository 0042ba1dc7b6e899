/**
 * What follows a stage. What is written counts; where nothing is, the order of the stages and what they
 * read decide: back to the one earlier stage that reads this one, else past the next stage where what it
 * needs may be missing, else on to the next stage.
 */
import type { FlowExpr, FlowTransition } from "./flow-model.ts";
import { lowerExpr, type NameReading } from "./lower-expression.ts";
import { type DeclaredStage, type Names, stageNamed } from "./resolve.ts";
import type { Scanner } from "./scanner.ts";
import type { ExprSyntax, ReadSyntax } from "./syntax.ts";

export interface StageOrder {
  readonly names: Names;
  readonly scanner: Scanner;
  /** Whether a stage is an exit. */
  readonly isExit: (stage: DeclaredStage) => boolean;
  /** For each stage the earlier ones that read it with `input:`, each once. */
  readonly earlierReaders: ReadonlyMap<string, readonly DeclaredStage[]>;
  readonly reading: (stage: DeclaredStage) => NameReading;
  /** Checks a condition of a stage that is no exit. */
  readonly check: (condition: ExprSyntax, stage: DeclaredStage) => void;
}

/** The readers of each stage among those declared before it. */
export function earlierReadersOf(names: Names): ReadonlyMap<string, readonly DeclaredStage[]> {
  const readers = new Map<string, DeclaredStage[]>();
  for (const stage of names.order) {
    for (const read of new Set(stage.syntax.inputs.map((input) => input.stage.text))) {
      const target = names.stages.get(read);
      if (target === undefined || target.index <= stage.index) continue;
      const known = readers.get(read);
      if (known === undefined) readers.set(read, [stage]);
      else known.push(stage);
    }
  }
  return readers;
}

export function transitionsOf(stage: DeclaredStage, order: StageOrder): readonly FlowTransition[] {
  const written = writtenOf(stage, order);
  if (order.isExit(stage)) return [];
  return written ?? inferred(stage, order);
}

/** Undefined where nothing is written. */
function writtenOf(stage: DeclaredStage, order: StageOrder): readonly FlowTransition[] | undefined {
  const { scanner, names } = order;
  const { syntax } = stage;
  const branching = syntax.outputs.filter((output) => output.branches !== undefined);
  const exits = order.isExit(stage);
  if (exits && (branching.length > 0 || syntax.transitions.length > 0)) dropped(stage, order);
  if (branching.length > 1) {
    scanner.report("HD1304", syntax.name, {
      message: `${branching.length} outputs of stage \`${syntax.name.text}\` branch`,
      reason: "Each would say on its own what follows.",
      help: "branch on one output, or write transitions",
      related: branching.map((output) => ({ span: scanner.span(output), message: "branches" })),
    });
  }
  if (!exits && branching.length > 0 && syntax.transitions.length > 0) {
    scanner.report("HD1305", syntax.name, {
      message: `stage \`${syntax.name.text}\` has both branches and transitions`,
      reason: "Both say what follows.",
      help: "write the branches as transitions: `transition if flag => A transition else => B`",
    });
  }
  if (syntax.transitions.length > 0) return explicit(stage, order);
  const [output] = branching;
  if (output?.branches === undefined) return syntax.keys.has("transition") ? [] : undefined;
  const { yes, no } = output.branches;
  for (const target of branching.flatMap((each) => (each.branches === undefined ? [] : [each.branches.yes, each.branches.no]))) {
    stageNamed(scanner, names, target);
  }
  const flag: FlowExpr = { kind: "ref", ref: { kind: "output", stage: syntax.name.text, field: output.name.text } };
  const reason = "explicit_transition";
  const both: readonly FlowTransition[] = [
    { to: yes.text, reason, guard: { kind: "if", condition: flag }, at: output.branches },
    { to: no.text, reason, guard: { kind: "if", condition: { kind: "not", of: flag } }, at: output.branches },
  ];
  return both.filter(({ to }) => names.stages.has(to));
}

function dropped(stage: DeclaredStage, { scanner }: StageOrder): void {
  const { syntax } = stage;
  const at = syntax.transitions[0] ?? syntax.outputs.find((output) => output.branches !== undefined) ?? syntax.name;
  scanner.report("HD1503", at, {
    severity: scanner.dialect === "nemo" ? "warning" : "error",
    message: `stage \`${syntax.name.text}\` is an exit, and what should follow it is dropped`,
    reason: "The workflow ends with an exit, so nothing can follow it.",
    help: syntax.annotation === undefined ? "the last stage is the exit: mark another one @exit" : "remove the transitions, or @exit",
  });
}

function explicit(stage: DeclaredStage, order: StageOrder): readonly FlowTransition[] {
  const { scanner, names } = order;
  const { syntax } = stage;
  const others = syntax.transitions.filter((transition) => transition.condition === undefined);
  if (!order.isExit(stage) && others.length > 1) {
    scanner.report("HD1310", others[1] ?? syntax, {
      message: `stage \`${syntax.name.text}\` has ${others.length} \`transition else\``,
      reason: "Only one could ever be taken.",
      help: "keep one of them",
      related: others.slice(0, 1).map((other) => ({ span: scanner.span(other), message: "the first" })),
    });
  }
  const reading = order.reading(stage);
  const made: FlowTransition[] = [];
  const last: FlowTransition[] = [];
  for (const { condition, to, start, end } of syntax.transitions) {
    const known = stageNamed(scanner, names, to) !== undefined;
    const base = { to: to.text, reason: "explicit_transition", at: { start, end } };
    if (condition !== undefined && !order.isExit(stage)) order.check(condition, stage);
    if (!known) continue;
    if (condition === undefined) last.push({ ...base, guard: { kind: "always" } });
    else {
      const lowered = lowerExpr(condition, reading);
      if (lowered !== undefined) made.push({ ...base, guard: { kind: "if", condition: lowered } });
    }
  }
  return [...made, ...last];
}

function inferred(stage: DeclaredStage, order: StageOrder): readonly FlowTransition[] {
  const { scanner, names } = order;
  const { syntax, index } = stage;
  const at = { at: syntax.name };
  const readers = order.earlierReaders.get(syntax.name.text) ?? [];
  const [reader] = readers;
  if (readers.length > 1) {
    scanner.report("HD1306", syntax.name, {
      message: `several earlier stages read \`${syntax.name.text}\``,
      reason: "A stage without transitions goes back to the one earlier stage that reads it; here there is no one.",
      help: "write where it goes, as `transition else => Stage`",
      related: readers.slice(0, 4).map((each) => ({ span: scanner.span(each.syntax.name), message: "reads it" })),
    });
    return [];
  }
  if (reader !== undefined) return [{ to: reader.syntax.name.text, reason: "backward_ref_loop", guard: { kind: "always" }, ...at }];
  const next = names.order[index + 1];
  const needs = next === undefined ? [] : next.syntax.inputs.filter((read) => mayBeMissing(read, index, names));
  const [need] = needs;
  if (next !== undefined && need !== undefined) return skipping(stage, next, needs, need, order);
  if (next !== undefined) return [{ to: next.syntax.name.text, reason: "fallthrough", guard: { kind: "always" }, ...at }];
  scanner.report("HD1309", syntax.name, {
    message: `nothing follows stage \`${syntax.name.text}\`, and it is no exit`,
    reason: "It is the last stage, another one is marked @exit, and a stage without transitions goes on to the next.",
    help: "mark it @exit, or write where it goes",
  });
  return [];
}

/** A required read of an optional output of a stage up to `index`. */
function mayBeMissing(read: ReadSyntax, index: number, names: Names): boolean {
  if (read.optional) return false;
  const producer = names.stages.get(read.stage.text);
  return producer !== undefined && producer.index <= index && producer.outputs.get(read.field.text)?.optional === true;
}

function skipping(
  stage: DeclaredStage,
  next: DeclaredStage,
  needs: readonly ReadSyntax[],
  need: ReadSyntax,
  { scanner, names }: StageOrder,
): readonly FlowTransition[] {
  const name = stage.syntax.name;
  if (needs.length > 1) {
    scanner.report("HD1307", next.syntax.name, {
      message: `stage \`${next.syntax.name.text}\` needs ${needs.length} values that may be missing`,
      reason: `After \`${name.text}\` it would be skipped when one of them is missing, and a guard asks about one value.`,
      help: "mark reads optional with `?`, or write transitions",
      related: needs.slice(0, 4).map((each) => ({ span: scanner.span(each), message: "may be missing" })),
    });
    return [];
  }
  const after = names.order[stage.index + 2];
  if (after === undefined) {
    scanner.report("HD1308", name, {
      message: `there is no stage after \`${next.syntax.name.text}\` to go to when it is skipped`,
      reason: `It needs \`${need.stage.text}.${need.field.text}\`, which may be missing after \`${name.text}\`.`,
      help: "add a stage after it, or mark the read optional with `?`",
      related: [{ span: scanner.span(need), message: "may be missing" }],
    });
    return [];
  }
  const ref = { kind: "output", stage: need.stage.text, field: need.field.text } as const;
  const at = { at: name };
  return [
    { to: next.syntax.name.text, reason: "next_stage_required_input_available", guard: { kind: "has-value", ref }, ...at },
    { to: after.syntax.name.text, reason: "skip_next_stage_required_input_missing", guard: { kind: "missing", ref }, ...at },
  ];
}
