/**
 * What a stage of `.heddle` may do beside asking a model and calling a capability: handlers, tools, people, waits,
 * and the regions `map`, `parallel`, `loop` and `try`, each with stages of its own.
 */
import { regionDepthMax } from "@heddle/core";
import { parseExpression } from "./parse-expression.ts";
import type { Scanner } from "./scanner.ts";
import type { BodySyntax, DoesSyntax, ExecValueSyntax, OutcomeSyntax, StageSyntax, TypeSyntax, Word } from "./syntax.ts";

/** How the parts that stand elsewhere are read: a stage may hold stages. */
export interface Parts {
  readonly stage: (scanner: Scanner, start: number) => StageSyntax | undefined;
  readonly value: (scanner: Scanner) => ExecValueSyntax | undefined;
  readonly args: (scanner: Scanner, what: string) => { name: Word; args: { name: Word; value: ExecValueSyntax }[] } | undefined;
  readonly type: (scanner: Scanner) => TypeSyntax | undefined;
}

export const doesKeys = ["handler", "call", "approve", "ask", "wait", "map", "parallel", "loop", "try"] as const;
export type DoesKey = (typeof doesKeys)[number];

export function parseDoes(scanner: Scanner, key: DoesKey, start: number, parts: Parts): DoesSyntax | undefined {
  switch (key) {
    case "handler":
    case "call": {
      const called = parts.args(scanner, key === "handler" ? "the name of a handler" : "the name of a tool, as plugin.action");
      return called === undefined ? undefined : { kind: key, name: called.name, args: called.args, start, end: scanner.at };
    }
    case "approve":
    case "ask": {
      const text = scanner.takeText(true);
      if (text === undefined) scanner.expected("the text of the question");
      return text === undefined ? undefined : { kind: key, text, start, end: scanner.at };
    }
    case "wait":
      return parseWait(scanner, start);
    case "map":
      return parseMap(scanner, start, parts);
    case "parallel":
      return parseParallel(scanner, start, parts);
    case "loop":
      return parseLoop(scanner, start, parts);
    default: {
      const body = parseBody(scanner, parts);
      return body === undefined ? undefined : { kind: "try", body, start, end: scanner.at };
    }
  }
}

function parseWait(scanner: Scanner, start: number): DoesSyntax | undefined {
  if (scanner.seesKeyword("signal", false)) {
    scanner.takeKeyword("signal");
    const name = scanner.expectName("the name of the signal");
    return name === undefined ? undefined : { kind: "signal", name, start, end: scanner.at };
  }
  const ms = parseDurationMs(scanner);
  return ms === undefined ? undefined : { kind: "wait", ms, start, end: scanner.at };
}

const unitsMs: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };
/** The longest that the IR takes: a century. */
const durationMsMax = 3_155_760_000_000;

/** `30s`, `5m`, `1h30m`. */
export function parseDurationMs(scanner: Scanner): number | undefined {
  scanner.skip();
  const pattern = /(?:[0-9]{1,12}(?:ms|s|m|h|d))+/y;
  pattern.lastIndex = scanner.at;
  const text = pattern.exec(scanner.text)?.[0];
  const parts = [...(text ?? "").matchAll(/([0-9]+)([a-z]+)/g)];
  const ms = parts.reduce((sum, [, count, unit]) => sum + Number(count) * (unitsMs[unit ?? ""] ?? 0), 0);
  if (text === undefined || ms > durationMsMax) {
    scanner.expected("a duration, such as 30s, 5m or 1h");
    return undefined;
  }
  scanner.at += text.length;
  return ms;
}

/** A whole number from 1. */
export function parseCount(scanner: Scanner): number | undefined {
  const digits = scanner.takeNumber();
  const count = digits === undefined ? 0 : Number(digits.text);
  if (Number.isSafeInteger(count) && count >= 1 && count <= 1_000_000) return count;
  scanner.expected("a whole number from 1");
  return undefined;
}

function parseMap(scanner: Scanner, start: number, parts: Parts): DoesSyntax | undefined {
  const item = scanner.expectName("a name for the item");
  if (item === undefined) return undefined;
  if (!scanner.takeKeyword("in")) {
    scanner.expected("`in`, and the list");
    return undefined;
  }
  const over = parts.value(scanner);
  if (over === undefined) return undefined;
  let limit: number | undefined;
  if (scanner.seesKeyword("limit", false)) {
    scanner.takeKeyword("limit");
    limit = parseCount(scanner);
    if (limit === undefined) return undefined;
  }
  const body = parseBody(scanner, parts);
  return body === undefined ? undefined : { kind: "map", item, over, limit, body, start, end: scanner.at };
}

function parseParallel(scanner: Scanner, start: number, parts: Parts): DoesSyntax | undefined {
  if (!scanner.expect("{", "before the branches")) return undefined;
  const branches: { name: Word; body: BodySyntax }[] = [];
  while (!scanner.take("}")) {
    const name = scanner.expectName("the name of a branch or `}`");
    const body = name === undefined ? undefined : parseBody(scanner, parts);
    if (name === undefined || body === undefined) return undefined;
    branches.push({ name, body });
  }
  return { kind: "parallel", branches, start, end: scanner.at };
}

function parseLoop(scanner: Scanner, start: number, parts: Parts): DoesSyntax | undefined {
  if (!scanner.takeKeyword("while")) {
    scanner.expected("`while`, and the condition");
    return undefined;
  }
  const condition = parseExpression(scanner);
  if (!scanner.takeKeyword("max")) {
    scanner.expected("`max`, and how often at most", "a loop without a bound may cost without end");
    return undefined;
  }
  const max = parseCount(scanner);
  const body = max === undefined ? undefined : parseBody(scanner, parts);
  return max === undefined || body === undefined ? undefined : { kind: "loop", condition, max, body, start, end: scanner.at };
}

/** The stages of a region, after what is passed in (`with`) and what a loop carries (`carry`). */
export function parseBody(scanner: Scanner, parts: Parts): BodySyntax | undefined {
  scanner.skip();
  const start = scanner.at;
  if (!scanner.expect("{", "before the stages of the region")) return undefined;
  if (scanner.depth >= regionDepthMax) {
    scanner.report(
      "HD1004",
      { start, end: start + 1 },
      {
        message: `regions nest more than ${regionDepthMax} deep`,
        reason: "A workflow is JSON of bounded depth.",
        help: "make the inner part a workflow of its own",
      },
    );
    scanner.recover([]);
    scanner.take("}");
    return undefined;
  }
  scanner.depth++;
  const body = parseBodyParts(scanner, parts, start);
  scanner.depth--;
  return body;
}

function parseBodyParts(scanner: Scanner, parts: Parts, start: number): BodySyntax | undefined {
  const passed: { name: Word; value: ExecValueSyntax }[] = [];
  const carried: { name: Word; type: TypeSyntax; value: ExecValueSyntax }[] = [];
  const stages: StageSyntax[] = [];
  if (scanner.seesKeyword("carry", false)) {
    scanner.takeKeyword("carry");
    if (!scanner.expect("{", "before what is carried")) return undefined;
    while (!scanner.take("}")) {
      const name = scanner.expectName("the name of a carried variable or `}`");
      const type = name !== undefined && scanner.expect(":", "after the name") ? parts.type(scanner) : undefined;
      const value = type !== undefined && scanner.expect("=", "before the first value") ? parts.value(scanner) : undefined;
      if (name === undefined || type === undefined || value === undefined) return undefined;
      carried.push({ name, type, value });
    }
  }
  if (scanner.seesKeyword("with", false)) {
    scanner.takeKeyword("with");
    if (!scanner.expect("{", "before what is passed in")) return undefined;
    while (!scanner.take("}")) {
      const name = scanner.expectName("the name of an input of the region or `}`");
      const value = name !== undefined && scanner.expect(":", "after the name") ? parts.value(scanner) : undefined;
      if (name === undefined || value === undefined) return undefined;
      passed.push({ name, value });
    }
  }
  while (!scanner.take("}")) {
    if (scanner.ended) {
      scanner.expected("`}` at the end of the region");
      break;
    }
    const at = scanner.at;
    if (!scanner.takeKeyword("stage")) {
      scanner.expected("a stage", "a region holds `carry`, `with`, then stages");
      scanner.recover(["stage"]);
      continue;
    }
    const stage = parts.stage(scanner, at);
    if (stage !== undefined) stages.push(stage);
    else scanner.recover(["stage"]);
  }
  return { passed, carried, stages, start, end: scanner.at };
}

/** `on failure => Stage`; the keyword has been read. */
export function parseOutcome(scanner: Scanner, start: number): OutcomeSyntax | undefined {
  const outcome = scanner.expectName("failure, rejected or timeout");
  if (outcome === undefined) return undefined;
  const { text } = outcome;
  if (text !== "failure" && text !== "rejected" && text !== "timeout") {
    scanner.report("HD1001", outcome, {
      message: `expected failure, rejected or timeout, found \`${text}\``,
      reason: "A stage succeeds, or ends in one of these.",
    });
    return undefined;
  }
  if (!scanner.expect("=>", "before the stage that follows")) return undefined;
  const to = scanner.expectName("the name of a stage");
  return to === undefined ? undefined : { on: text, to, start, end: to.end };
}
