/**
 * Names: what a source declares, and whether each name in it stands for something. Everything that is wrong
 * is said, each thing once; what follows goes on with what is right.
 */
import { capabilityCatalog, capabilityOf, type ValueType } from "@heddle/core";
import type { DiagnosticId } from "../../diagnostics/index.ts";
import { suggest } from "../../diagnostics/index.ts";
import { type FlowBase, type FlowType, flowBases } from "./flow-model.ts";
import type { Scanner } from "./scanner.ts";
import type { OutputSyntax, StageSyntax, Stretch, TypeSyntax, Word, WorkflowSyntax } from "./syntax.ts";

export interface DeclaredOutput {
  readonly syntax: OutputSyntax;
  readonly type: FlowType | undefined;
  readonly shape: ValueType | undefined;
  readonly optional: boolean;
}

export interface DeclaredInput {
  readonly at: Stretch;
  readonly type: FlowType | undefined;
  readonly shape: ValueType | undefined;
}

export interface DeclaredStage {
  readonly syntax: StageSyntax;
  /** In the order of the source, from 0. */
  readonly index: number;
  readonly outputs: ReadonlyMap<string, DeclaredOutput>;
}

/** The parts of a workflow, or of a region, that declare names. */
export type Declaring = Pick<WorkflowSyntax, "inputs" | "stages">;

export interface Names {
  readonly inputs: ReadonlyMap<string, DeclaredInput>;
  readonly stages: ReadonlyMap<string, DeclaredStage>;
  readonly order: readonly DeclaredStage[];
  /** Stages of the workflow that are not of this region. */
  readonly elsewhere: ReadonlyMap<string, Word>;
}

/** What a source declares, beside the inputs that are given. Of two things with one name the first counts. */
export function declare(
  workflow: Declaring,
  scanner: Scanner,
  given: ReadonlyMap<string, DeclaredInput>,
  elsewhere: ReadonlyMap<string, Word>,
): Names {
  const inputs = new Map<string, DeclaredInput>(given);
  for (const input of workflow.inputs) {
    const before = inputs.get(input.name.text);
    if (before !== undefined) twice(scanner, "HD1102", "input", input.name, before.at);
    reserved(scanner, input.name);
    const type = typeOf(scanner, input.type, `input \`${input.name.text}\``);
    if (input.type.optional) {
      scanner.report("HD1202", input.type, {
        message: `input \`${input.name.text}\` cannot be optional`,
        reason: "The entry stage reads every input of the workflow, and a run starts with all of them.",
        help: "remove the `?`, and give an empty value where there is none",
        fix: { title: "remove the `?`", edits: [{ span: scanner.span({ start: input.type.end - 1, end: input.type.end }), text: "" }] },
      });
    }
    if (before === undefined) inputs.set(input.name.text, { at: input.name, type, shape: shapeOf(scanner, input.type) });
  }
  const stages = new Map<string, DeclaredStage>();
  const order: DeclaredStage[] = [];
  for (const stage of workflow.stages) {
    const before = stages.get(stage.name.text);
    const declared = { syntax: stage, index: order.length, outputs: outputsOf(scanner, stage) };
    reserved(scanner, stage.name);
    if (before !== undefined) twice(scanner, "HD1101", "stage", stage.name, before.syntax.name);
    else {
      stages.set(stage.name.text, declared);
      order.push(declared);
    }
  }
  return { inputs, stages, order, elsewhere };
}

function outputsOf(scanner: Scanner, stage: StageSyntax): ReadonlyMap<string, DeclaredOutput> {
  const outputs = new Map<string, DeclaredOutput>();
  for (const output of stage.outputs) {
    const before = outputs.get(output.name.text);
    if (before !== undefined) twice(scanner, "HD1105", "output", output.name, before.syntax.name);
    reserved(scanner, output.name);
    const type = typeOf(scanner, output.type, `output \`${output.name.text}\``);
    const { optional, list } = output.type;
    if (output.branches !== undefined && (type !== "bool" || optional)) {
      scanner.report("HD1203", output.type, {
        message: `output \`${output.name.text}\` cannot branch: it is ${optional ? "optional" : list ? "a list" : `a ${output.type.base.text}`}`,
        reason: "Branches say what follows true and what follows false, and nothing for anything else.",
        help: "branch on a required `bool`, or write transitions",
      });
    }
    if (before === undefined) outputs.set(output.name.text, { syntax: output, type, shape: shapeOf(scanner, output.type), optional });
  }
  return outputs;
}

export function twice(scanner: Scanner, id: DiagnosticId, what: string, again: Word, before: Stretch): void {
  scanner.report(id, again, {
    message: `there are two ${what}s \`${again.text}\``,
    reason: `A name stands for one ${what}, so that everything that uses it means the same.`,
    help: "rename one of them",
    related: [{ span: scanner.span(before), message: "declared first here" }],
  });
}

export function typeOf(scanner: Scanner, syntax: TypeSyntax, of: string): FlowType | undefined {
  const base = flowBases.find((each) => each === syntax.base.text);
  if (base !== undefined) return listed(base, syntax.list);
  const meant = synonyms[syntax.base.text.toLowerCase()] ?? suggest(syntax.base.text, flowBases);
  scanner.report("HD1201", syntax.base, {
    message: `unknown type \`${syntax.base.text}\` of ${of}`,
    reason: `The types are ${flowBases.join(", ")}, each also as a list (\`string[]\`).`,
    ...instead(scanner, syntax.base, meant),
  });
  return undefined;
}

/** What narrows a type, in `.heddle`: listed texts, or named fields; whole, with its list. */
export function shapeOf(scanner: Scanner, syntax: TypeSyntax): ValueType | undefined {
  const { shape } = syntax;
  if (shape === undefined) return undefined;
  const one: ValueType =
    shape.kind === "enum"
      ? { kind: "enum", values: shape.values }
      : {
          kind: "object",
          fields: shape.fields.map(({ name, type }) => {
            const base = typeOf(scanner, type, `field \`${name.text}\``);
            return {
              name: name.text,
              type: shapeOf(scanner, type) ?? (base === undefined ? { kind: "json" } : valueTypeOf(base)),
              ...(type.optional ? { optional: true } : {}),
            };
          }),
        };
  return syntax.list ? { kind: "array", items: one } : one;
}

/** A type of the language as a type of the IR. */
export function valueTypeOf(type: FlowType): ValueType {
  if (type.endsWith("[]")) return { kind: "array", items: valueTypeOf(type.slice(0, -2) as FlowType) };
  return { kind: type === "bool" ? "boolean" : (type as "string" | "path" | "number" | "json") };
}

const reservedWords: ReadonlySet<string> = new Set(
  "workflow stage input output policy prompt requires exec transition if else not and or in true false null before deny"
    .split(" ")
    .concat(
      "handler call approve ask wait signal map parallel loop while max limit try catch finally on retry timeout with carry".split(" "),
    ),
);

/** In `.heddle` a keyword is no name. */
export function reserved(scanner: Scanner, name: Word): void {
  if (scanner.dialect !== "heddle" || !reservedWords.has(name.text)) return;
  scanner.report("HD1505", name, {
    message: `\`${name.text}\` is a word of the language`,
    reason: "A name that is also a keyword makes two readings of one line.",
    help: "choose another name",
  });
}

const synonyms: Readonly<Record<string, FlowBase>> = {
  int: "number",
  integer: "number",
  float: "number",
  double: "number",
  boolean: "bool",
  str: "string",
  text: "string",
  file: "path",
  object: "json",
  any: "json",
};

export function listed(base: FlowBase, list: boolean): FlowType {
  return list ? `${base}[]` : base;
}

/** The help and the fix of a wrong name, where a right one is near. */
export function instead(scanner: Scanner, at: Stretch, meant: string | undefined) {
  if (meant === undefined) return {};
  const title = `replace it by \`${meant}\``;
  return { help: `did you mean \`${meant}\`?`, fix: { title, edits: [{ span: scanner.span(at), text: meant }] } };
}

/** The stage of that name; says so where there is none. */
export function stageNamed(scanner: Scanner, names: Names, word: Word): DeclaredStage | undefined {
  const stage = names.stages.get(word.text);
  if (stage === undefined) {
    const outside = names.elsewhere.get(word.text);
    scanner.report("HD1106", word, {
      message: `there is no stage \`${word.text}\`${outside === undefined ? "" : " in this region"}`,
      reason:
        outside === undefined
          ? "A stage is named as it is declared, upper and lower case included."
          : "A region sees its own stages alone; what crosses into it is passed in.",
      ...(outside === undefined
        ? {}
        : {
            help: `pass its outputs in: \`with { name: ${word.text}.output }\``,
            related: [{ span: scanner.span(outside), message: "stands outside, or in another region" }],
          }),
      ...instead(scanner, word, suggest(word.text, names.stages.keys())),
    });
  }
  return stage;
}

/** An output as Stage.field; says so where there is none. */
export function outputNamed(scanner: Scanner, names: Names, stage: Word, field: Word): DeclaredOutput | undefined {
  const declared = stageNamed(scanner, names, stage);
  if (declared === undefined) return undefined;
  const output = declared.outputs.get(field.text);
  if (output !== undefined) return output;
  const known = [...declared.outputs.keys()];
  scanner.report("HD1107", field, {
    message: `stage \`${stage.text}\` has no output \`${field.text}\``,
    reason: known.length === 0 ? "It has no outputs." : `Its outputs are ${known.slice(0, 8).join(", ")}${known.length > 8 ? ", …" : ""}.`,
    ...instead(scanner, field, suggest(field.text, known)),
    related: [{ span: scanner.span(declared.syntax.name), message: "the stage" }],
  });
  return undefined;
}

/** Whether a capability is in the catalog; says so where it is not. */
export function knownCapability(scanner: Scanner, word: Word): boolean {
  if (capabilityOf(word.text) !== undefined) return true;
  const known = capabilityCatalog.map(({ name }) => name);
  scanner.report("HD1108", word, {
    message: `unknown capability \`${word.text}\``,
    reason: `Capabilities are a closed list: ${known.join(", ")}.`,
    ...instead(scanner, word, suggest(word.text, known) ?? known.find((name) => name.endsWith(`.${word.text}`))),
  });
  return false;
}
