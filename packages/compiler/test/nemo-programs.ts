/**
 * Random `.nemo` programs, made from the grammar: mostly sound, written in every way that the grammar allows.
 * A program is a list of tokens, so that a mutation stays near to what somebody might write.
 */
import { capabilityCatalog } from "@heddle/core";
import { type Choices, createChoices } from "./random-source.ts";

const bases = ["string", "bool", "path", "number", "json"];
const inputNames = ["task", "root", "limit", "notx", "android", "orb", "path", "content", "command", "trueish", "x", "in1"];
const fieldNames = ["text", "ok", "score", "items", "note", "iffy", "x", "input", "no_te", "A1"];
const stageNames = ["Plan", "Draft", "Review", "Fix", "Done", "notStage", "stageB", "input", "orB", "z_9", "Check", "If1"];

interface Field {
  readonly name: string;
  readonly type: string;
  readonly optional: boolean;
}

interface Stage {
  readonly name: string;
  readonly outputs: readonly Field[];
}

interface Context {
  readonly choose: Choices;
  readonly inputs: readonly Field[];
  readonly stages: readonly Stage[];
}

export function nemoTokens(seed: number): readonly string[] {
  const choose = createChoices(seed);
  const inputs = names(choose, inputNames, choose.below(5)).map((name) => ({ name, type: typeOf(choose), optional: false }));
  const stages = names(choose, stageNames, 1 + choose.below(choose.chance(0.2) ? 9 : 5)).map((name) => ({
    name,
    outputs: names(choose, fieldNames, choose.below(5)).map((field) => ({
      name: field,
      type: typeOf(choose),
      optional: choose.chance(0.25),
    })),
  }));
  const context: Context = { choose, inputs, stages };
  const out = ["workflow", choose.pick(["W", "CodingAgent", "stage", "workflowX"]), "{"];
  if (inputs.length > 0 || choose.chance(0.1)) {
    out.push("input", "{");
    for (const input of inputs) out.push(input.name, ":", ...typeTokens(input));
    out.push("}");
  }
  if (choose.chance(0.5)) {
    out.push("policy", "{");
    for (let i = choose.below(4); i > 0; i--) out.push(...policy(context));
    out.push("}");
  }
  const lastExit = choose.chance(0.5);
  const otherExit = lastExit && stages.length > 2 && choose.chance(0.3) ? 1 + choose.below(stages.length - 2) : -1;
  const backTo = stages.length > 3 && choose.chance(0.25) ? choose.below(stages.length - 3) : -1;
  for (const [i, stage] of stages.entries()) out.push(...stageTokens(context, stage, i, { lastExit, otherExit, backTo }));
  out.push("}");
  return out;
}

interface Shape {
  readonly lastExit: boolean;
  readonly otherExit: number;
  readonly backTo: number;
}

function stageTokens({ choose, inputs, stages }: Context, stage: Stage, i: number, shape: Shape): readonly string[] {
  const out = ["stage"];
  const last = i === stages.length - 1;
  const exit = (last && shape.lastExit) || i === shape.otherExit;
  if (exit) out.push("@exit");
  else if (i === 0 && choose.chance(0.3)) out.push("@entry");
  out.push(stage.name, "{");
  const items: string[][] = [];
  const exec = choose.chance(0.25);
  if (!exec || choose.chance(0.3)) items.push(["prompt", ":", choose.chance(0.3) ? multiLine(choose) : singleLine(choose)]);
  const before = stages
    .slice(0, i)
    .flatMap((each, at) => (at === shape.otherExit ? [] : each.outputs.map((output) => ({ stage: each, output }))));
  const reads = before.length === 0 ? [] : Array.from({ length: choose.below(4) }, () => choose.pick(before));
  const later = i === shape.backTo ? (stages[i + 2]?.outputs ?? []) : [];
  const inputTokens = [
    ...reads.map(({ stage: from, output }) => [from.name, ".", output.name, ...(choose.chance(output.optional ? 0.85 : 0.2) ? ["?"] : [])]),
    ...later.slice(0, 1).map((output) => [stages[i + 2]?.name ?? "", ".", output.name, "?"]),
  ];
  if (inputTokens.length > 0) items.push(["input", ":", ...commas(inputTokens)]);
  const bool = stage.outputs.find((output) => output.type === "bool" && !output.optional);
  const next = stages[i + 1]?.name;
  const any = (): string => choose.pick(stages.slice(Math.max(0, i - 1))).name;
  const branches = bool !== undefined && next !== undefined && choose.chance(0.25);
  if (stage.outputs.length > 0 || choose.chance(0.1)) {
    const fields = stage.outputs.flatMap((output) => [
      output.name,
      ":",
      ...typeTokens(output),
      ...(branches && output === bool ? ["{", "true", "=>", next, "false", "=>", any(), "}"] : []),
    ]);
    items.push(["output", ":", "{", ...fields, "}"]);
  }
  if (choose.chance(0.3))
    items.push(["requires", ":", ...commas(Array.from({ length: 1 + choose.below(3) }, () => [choose.pick(capabilityCatalog).name]))]);
  if (exec) items.push(execTokens(choose, inputs, reads));
  if (
    !branches &&
    next !== undefined &&
    i !== shape.otherExit &&
    (choose.chance(0.35) || i === shape.backTo || i + 1 === shape.otherExit)
  ) {
    const transitions: string[][] = Array.from({ length: choose.below(3) }, () => [
      "transition",
      "if",
      ...condition(choose, [...stage.outputs, ...inputs], stages.slice(0, i + 1), 3),
      "=>",
      any(),
    ]);
    const following = i + 1 === shape.otherExit && stages[i + 2] !== undefined ? stages[i + 2]?.name : undefined;
    if (following !== undefined) transitions.unshift(["transition", "if", "1", "<", "2", "=>", following]);
    transitions.splice(choose.below(transitions.length + 1), 0, ["transition", "else", "=>", next]);
    items.push(transitions.flatMap((transition) => (choose.chance(0.2) ? [...transition, ","] : transition)));
  }
  while (items.length > 0) out.push(...(items.splice(choose.chance(0.7) ? 0 : choose.below(items.length), 1)[0] ?? []));
  out.push("}");
  return out;
}

function execTokens(
  choose: Choices,
  inputs: readonly Field[],
  reads: readonly { readonly stage: Stage; readonly output: Field }[],
): string[] {
  const capability = choose.pick(capabilityCatalog);
  const args = capability.parameters
    .filter((parameter) => parameter.required || choose.chance(0.3))
    .map(({ name }) => {
      const read = reads.length > 0 && choose.chance(0.4) ? choose.pick(reads) : undefined;
      const usable = inputs.filter((input) => !/^(true|false|null)/.test(input.name));
      if (read !== undefined) return [name, ":", read.stage.name, ".", read.output.name];
      if (usable.length > 0 && choose.chance(0.4)) return [name, ":", choose.pick(usable).name];
      return [name, ":", choose.chance(0.3) ? multiLine(choose) : singleLine(choose)];
    });
  return ["exec", ":", capability.name, "(", ...commas(args), ")"];
}

function policy({ choose, inputs }: Context): readonly string[] {
  const capability = choose.pick(capabilityCatalog);
  const required = capability.parameters.filter((parameter) => parameter.required);
  const bound = names(
    choose,
    required.map((parameter) => parameter.name),
    1 + choose.below(required.length),
  );
  const trigger = [capability.name, "(", ...commas(bound.map((name) => [name])), ")"];
  if (choose.chance(0.4)) {
    const needs = Array.from({ length: 1 + choose.below(2) }, () => {
      const need = choose.pick(capabilityCatalog);
      const shared = need.parameters.filter((parameter) => parameter.required && bound.includes(parameter.name));
      if (shared.length === 0 || choose.chance(0.3)) return [need.name];
      return [need.name, "(", ...commas(shared.map((parameter) => [parameter.name])), ")"];
    });
    return ["before", ...trigger, "requires", ...commas(needs)];
  }
  const fields = [
    ...inputs.filter((input) => !bound.includes(input.name)),
    ...required
      .filter((parameter) => bound.includes(parameter.name))
      .map((parameter) => ({ name: parameter.name, type: parameter.type, optional: false })),
  ];
  return ["deny", ...trigger, "if", ...condition(choose, fields, undefined, 3)];
}

/** A condition over names of given types; with `stages` of a transition, without of a policy. */
function condition(choose: Choices, fields: readonly Field[], stages: readonly Stage[] | undefined, depth: number): string[] {
  const bools = fields.filter((field) => field.type === "bool");
  const texts = fields.filter((field) => field.type === "string" || field.type === "path");
  const roll = choose.below(10);
  if (depth > 0 && roll < 2) {
    const word = choose.pick(["and", "or"]);
    const parts = Array.from({ length: 2 + choose.below(2) }, () => condition(choose, fields, stages, depth - 1));
    return parts.flatMap((part, i) => (i === 0 ? part : [word, ...part]));
  }
  if (depth > 0 && roll < 3) return ["(", ...condition(choose, fields, stages, depth - 1), ")"];
  if (roll < 4) return ["not", ...(depth > 0 ? condition(choose, fields, stages, depth - 1) : ["1", "<", "2"])];
  if (bools.length > 0 && roll < 6) return [choose.pick(bools).name];
  if (stages === undefined && texts.length > 0 && roll < 9) return predicate(choose, texts);
  if (stages !== undefined && roll < 7) {
    const far = stages.flatMap((stage) =>
      stage.outputs.filter((output) => output.type === "bool").map((output) => [stage.name, ".", output.name]),
    );
    if (far.length > 0) return choose.pick(far);
  }
  return [...sum(choose, fields, depth), choose.pick([">", ">=", "<", "<="]), ...sum(choose, fields, depth)];
}

function predicate(choose: Choices, texts: readonly Field[]): string[] {
  const receiver = choose.pick(texts);
  const others = texts.filter((text) => receiver.type === "path" || text.type === "string");
  const arg = (): string => (others.length > 0 && choose.chance(0.4) ? choose.pick(others).name : singleLine(choose));
  if (choose.chance(0.3)) return [receiver.name, "in", "[", ...commas(Array.from({ length: 1 + choose.below(3) }, () => [arg()])), "]"];
  const method = choose.pick(receiver.type === "path" ? ["contains", "eq"] : ["contains", "eq", "starts_with"]);
  const word = method === "starts_with" && receiver.type === "string" ? texts.filter((text) => text.type === "string") : others;
  return [receiver.name, ".", method, "(", word.length > 0 && choose.chance(0.3) ? choose.pick(word).name : singleLine(choose), ")"];
}

function sum(choose: Choices, fields: readonly Field[], depth: number): string[] {
  const numbers = fields.filter((field) => field.type === "number");
  const value = (): string => (numbers.length > 0 && choose.chance(0.5) ? choose.pick(numbers).name : number(choose));
  const out: string[] = [];
  for (let i = choose.chance(0.2) ? choose.below(4) : 0; i > 0; i--) out.push("-");
  if (depth > 0 && choose.chance(0.25))
    out.push("(", ...sum(choose, fields, depth - 1), choose.pick(["+", "-", "*", "/"]), ...sum(choose, fields, depth - 1), ")");
  else out.push(value());
  if (depth > 0 && choose.chance(0.3)) out.push(choose.pick(["+", "-", "*", "/"]), ...sum(choose, fields, depth - 1));
  return out;
}

function number(choose: Choices): string {
  return choose.pick([
    "0",
    "1",
    "2",
    "10",
    "007",
    "0.5",
    "1.0",
    "3.140",
    "0.0000001",
    "123456.789",
    "9007199254740991",
    String(choose.below(1000)),
  ]);
}

function singleLine(choose: Choices): string {
  return choose.pick([
    '""',
    '"x"',
    '"a \\"b\\" c"',
    '"  padded "',
    '"back\\n"',
    '"// no comment"',
    '"é \u{1f600} \t"',
    '"{ } workflow"',
    '"it\'s"',
    `"${choose.below(99)}"`,
  ]);
}

function multiLine(choose: Choices): string {
  return choose.pick([
    '""""""',
    '"""one"""',
    '"""\n  two\n    lines\n  """',
    '"""a "quoted" \\" word"""',
    '"""\r\n x\r\n\r\n y \n"""',
    '"""\n\n"""',
    '"""// x\n// y"""',
  ]);
}

function typeOf(choose: Choices): string {
  return choose.chance(0.75) ? choose.pick(bases) : `${choose.pick(bases)}[]`;
}

function typeTokens({ type, optional }: Field): string[] {
  return [...(type.endsWith("[]") ? [type.slice(0, -2), "[]"] : [type]), ...(optional ? ["?"] : [])];
}

function names(choose: Choices, from: readonly string[], count: number): string[] {
  const left = [...from];
  return Array.from({ length: Math.min(count, left.length) }, () => left.splice(choose.below(left.length), 1)[0] as string);
}

function commas(lists: readonly (readonly string[])[]): string[] {
  return lists.flatMap((list, i) => (i === 0 ? list : [",", ...list]));
}

const keywords = new Set(["workflow", "stage", "before", "deny", "requires", "if", "else", "transition", "and", "or"]);
const isName = /[A-Za-z0-9_]/;

/** Tokens as a text: spaces where they must be, and here and there where they may be. */
export function writeTokens(tokens: readonly string[], seed: number): string {
  const choose = createChoices(seed ^ 0x5bd1e995);
  const dense = choose.chance(0.3);
  const glue = choose.chance(0.1);
  let text = "";
  for (const [i, token] of tokens.entries()) {
    const before = tokens[i - 1] ?? "";
    const touches = isName.test(before.slice(-1)) && isName.test(token.charAt(0));
    const glued = glue && keywords.has(before) && /^[A-Za-z]/.test(token) && choose.chance(0.3);
    if (i > 0 && (touches ? !glued : !dense && choose.chance(0.6))) text += gap(choose);
    text += token;
  }
  return text;
}

function gap(choose: Choices): string {
  return choose.pick([" ", " ", " ", "\n", "\n  ", "\t", "\r\n", ' // note { "\n', "  "]);
}

/** A few tokens removed, repeated, swapped or replaced: seldom still a program. */
export function mutate(tokens: readonly string[], seed: number): readonly string[] {
  const choose = createChoices(seed ^ 0x1b873593);
  const out = [...tokens];
  for (let i = 1 + choose.below(2); i > 0; i--) {
    const at = choose.below(out.length);
    const other = choose.below(out.length);
    switch (choose.below(5)) {
      case 0:
        out.splice(at, 1);
        break;
      case 1:
        out.splice(at, 0, out[at] ?? "");
        break;
      case 2:
        [out[at], out[other]] = [out[other] ?? "", out[at] ?? ""];
        break;
      case 3:
        out[at] = out[other] ?? "";
        break;
      default:
        out[at] = choose.pick([
          "{",
          "}",
          "(",
          ")",
          "[",
          "]",
          ",",
          ":",
          ".",
          "?",
          "=>",
          "==",
          "@entry",
          "@exit",
          '"',
          '"""',
          "not",
          "in",
          "stage",
          "1.5",
          "Nowhere",
          "é",
          "transition",
          "else",
        ]);
    }
  }
  return out;
}
