/** What a stage of `.heddle` does beside prompts and capabilities, resolved: arguments, people, waits, regions. */
import type { JsonValue, ValueType } from "@heddle/core";
import { checkCondition, type ExprType } from "./expression-types.ts";
import type { FlowArgument, FlowBase, FlowBody, FlowCarried, FlowDoes, FlowExpr, FlowType } from "./flow-model.ts";
import { literalTypeOf } from "./literal-types.ts";
import { lowerExpr } from "./lower-expression.ts";
import { unknownName } from "./policies.ts";
import { type DeclaredInput, type Names, reserved, shapeOf, twice, typeOf } from "./resolve.ts";
import type { Scanner } from "./scanner.ts";
import type { BodySyntax, ExecValueSyntax, StageSyntax, Stretch, Word } from "./syntax.ts";

/** What building a region needs of the rest: values outside it, prompts, and a model of its stages. */
export interface Around {
  readonly names: Names;
  readonly scanner: Scanner;
  readonly valueOf: (value: ExecValueSyntax) => FlowExpr | undefined;
  readonly promptOf: (text: Extract<NonNullable<StageSyntax["does"]>, { readonly kind: "ask" | "approve" }>["text"]) => string;
  readonly modelOf: (body: BodySyntax, given: ReadonlyMap<string, DeclaredInput>) => FlowBody["model"] | undefined;
}

/** Undefined where something in it is wrong. */
export function buildDoes(stage: StageSyntax, around: Around): FlowDoes | undefined {
  const { does } = stage;
  if (does === undefined) return undefined;
  if (does.kind !== "try" && (stage.catches !== undefined || stage.cleanup !== undefined)) {
    around.scanner.report("HD1305", stage.catches ?? stage.cleanup ?? stage, {
      message: "catch and finally belong to a try",
      reason: "They say what follows the body of one.",
      help: "put what may fail into `try: { ... }`",
    });
  }
  switch (does.kind) {
    case "handler":
    case "call": {
      const args = does.args.map(({ name, value }) => argument(name, value, around));
      const sound = args.filter((arg) => arg !== undefined);
      return sound.length < args.length ? undefined : { kind: does.kind, name: does.name.text, args: sound };
    }
    case "approve":
    case "ask":
      return { kind: does.kind, prompt: around.promptOf(does.text) };
    case "wait":
      return { kind: "wait", ms: does.ms };
    case "signal":
      return { kind: "signal", name: does.name.text };
    case "map": {
      const over = around.valueOf(does.over);
      if (over === undefined) return undefined;
      const list = over.kind === "ref" ? typeOfRef(over, around.names) : undefined;
      if (over.kind !== "ref" || (list?.type !== undefined && !list.type.endsWith("[]") && list.type !== "json")) {
        around.scanner.report("HD1207", does.over, {
          message: "`map` goes over a list",
          reason: `This is ${over.kind === "ref" ? `a ${list?.type}` : "a literal"}.`,
          help: "name an input or an output that is a list",
        });
        return undefined;
      }
      reserved(around.scanner, does.item);
      const items = list?.shape?.kind === "array" ? list.shape.items : undefined;
      const type = list?.type?.endsWith("[]") === true ? (list.type.slice(0, -2) as FlowBase) : "json";
      const body = buildBody(does.body, new Map([[does.item.text, { at: does.item, type, shape: items }]]), around);
      if (body === undefined) return undefined;
      return { kind: "map", item: does.item.text, over: over.ref, ...(does.limit === undefined ? {} : { limit: does.limit }), body };
    }
    case "parallel": {
      const bodies = does.branches.map(({ name, body }) => ({ name: name.text, body: buildBody(body, new Map(), around) }));
      const branches = bodies.flatMap(({ name, body }) => (body === undefined ? [] : [{ name, body }]));
      distinct(
        does.branches.map((branch) => branch.name),
        around.scanner,
      );
      return branches.length < bodies.length || branches.length === 0 ? undefined : { kind: "parallel", branches };
    }
    case "loop":
      return buildLoop(does, around);
    default: {
      const body = buildBody(does.body, new Map(), around);
      const failure = new Map([["failure", { at: stage.name, type: "json", shape: undefined } as DeclaredInput]]);
      const catches = stage.catches === undefined ? undefined : buildBody(stage.catches, failure, around);
      const cleanup = stage.cleanup === undefined ? undefined : buildBody(stage.cleanup, new Map(), around);
      if (body === undefined) return undefined;
      return { kind: "try", body, ...(catches === undefined ? {} : { catches }), ...(cleanup === undefined ? {} : { cleanup }) };
    }
  }
}

function distinct(words: readonly Word[], scanner: Scanner): void {
  const seen = new Set<string>();
  for (const word of words) {
    reserved(scanner, word);
    if (seen.has(word.text)) {
      scanner.report("HD1104", word, {
        message: `\`${word.text}\` is there twice`,
        reason: "The result has one member for each name.",
        help: "rename one of them",
      });
    }
    seen.add(word.text);
  }
}

function argument(name: Word, value: ExecValueSyntax, around: Around): FlowArgument | undefined {
  const lowered = around.valueOf(value);
  return lowered === undefined ? undefined : { name: name.text, value: lowered };
}

function buildLoop(does: Extract<NonNullable<StageSyntax["does"]>, { readonly kind: "loop" }>, around: Around): FlowDoes | undefined {
  const { scanner } = around;
  const carried: FlowCarried[] = [];
  const given = new Map<string, DeclaredInput>();
  distinct(
    does.body.carried.map(({ name }) => name),
    scanner,
  );
  for (const { name, type: syntax, value } of does.body.carried) {
    const type = typeOf(scanner, syntax, `\`${name.text}\``) ?? "json";
    const shape = shapeOf(scanner, syntax);
    const initial = around.valueOf(value);
    given.set(name.text, { at: name, type, shape });
    if (initial !== undefined) carried.push({ name: name.text, type, ...(shape === undefined ? {} : { shape }), value: initial });
  }
  const ofName = (name: string, at: Stretch): ExprType => {
    const known = given.get(name);
    if (known === undefined) unknownName(scanner, name, at, [...given.keys()]);
    return known?.type ?? "unknown";
  };
  checkCondition(does.condition, {
    scanner,
    place: "transition",
    ofName,
    ofArgument: ofName,
    ofField: (expr) => {
      unknownName(scanner, `${expr.stage.text}.${expr.field.text}`, expr, [...given.keys()]);
      return "unknown";
    },
  });
  const condition = lowerExpr(does.condition, (name) => (given.has(name) ? { kind: "input", name } : undefined));
  const body = buildBody(does.body, given, around);
  if (body === undefined || condition === undefined || carried.length < does.body.carried.length) return undefined;
  return { kind: "loop", condition, max: does.max, carried, body };
}

function buildBody(body: BodySyntax, given: ReadonlyMap<string, DeclaredInput>, around: Around): FlowBody | undefined {
  const inputs: FlowCarried[] = [];
  const all = new Map(given);
  distinct(
    body.passed.map(({ name }) => name),
    around.scanner,
  );
  for (const { name, value } of body.passed) {
    const lowered = around.valueOf(value);
    const hidden = all.get(name.text);
    if (hidden !== undefined) twice(around.scanner, "HD1102", "input", name, hidden.at);
    if (lowered === undefined) continue;
    const { type = "json", shape } =
      lowered.kind === "ref" ? typeOfRef(lowered, around.names) : { type: typeOfLiteral(lowered), shape: undefined };
    all.set(name.text, { at: name, type, shape });
    inputs.push({ name: name.text, type, ...(shape === undefined ? {} : { shape }), value: lowered });
  }
  const model = around.modelOf(body, all);
  return model === undefined ? undefined : { inputs, model };
}

function typeOfLiteral(expr: FlowExpr): FlowType {
  return expr.kind === "literal" ? literalTypeOf(expr.value as JsonValue) : "json";
}

function typeOfRef(
  expr: Extract<FlowExpr, { readonly kind: "ref" }>,
  names: Names,
): { readonly type: FlowType | undefined; readonly shape: ValueType | undefined } {
  const { ref } = expr;
  const declared = ref.kind === "output" ? names.stages.get(ref.stage)?.outputs.get(ref.field) : names.inputs.get(ref.name);
  return { type: declared?.type, shape: declared?.shape };
}
