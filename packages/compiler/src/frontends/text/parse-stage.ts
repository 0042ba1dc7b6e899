/** Reads one stage: its keys in any order, each once, its transitions all together. */
import { doesKeys, type Parts, parseBody, parseCount, parseDoes, parseDurationMs, parseOutcome } from "./parse-does.ts";
import { parseExpression } from "./parse-expression.ts";
import { takeLiteral } from "./parse-literal.ts";
import { parseType } from "./parse-type.ts";
import type { Scanner } from "./scanner.ts";
import type {
  BodySyntax,
  DoesSyntax,
  ExecSyntax,
  ExecValueSyntax,
  OutcomeSyntax,
  OutputSyntax,
  ReadSyntax,
  StageSyntax,
  TextSyntax,
  TransitionSyntax,
  Word,
} from "./syntax.ts";

const nemoKeys = ["prompt", "input", "output", "requires", "exec", "transition"] as const;
const heddleKeys = [...nemoKeys, ...doesKeys, "catch", "finally", "on", "retry", "timeout"] as const;
type StageKey = (typeof heddleKeys)[number];

/** Where reading goes on after an error in a stage. */
const stops: readonly string[] = [...nemoKeys, "stage"];

interface Draft {
  prompt: TextSyntax | undefined;
  exec: ExecSyntax | undefined;
  does: DoesSyntax | undefined;
  catches: BodySyntax | undefined;
  cleanup: BodySyntax | undefined;
  attempts: number | undefined;
  timeoutMs: number | undefined;
  readonly outcomes: OutcomeSyntax[];
  readonly inputs: ReadSyntax[];
  readonly outputs: OutputSyntax[];
  readonly requires: Word[];
  readonly transitions: TransitionSyntax[];
}

/** Reads a stage whose keyword begins at `start` and has been read. */
export function parseStage(scanner: Scanner, start: number): StageSyntax | undefined {
  const annotation = parseAnnotation(scanner);
  const name = scanner.expectName("the name of the stage");
  if (name === undefined) return undefined;
  const seen = new Map<StageKey, number>();
  const draft = scratch();
  const done = (): StageSyntax => ({ ...draft, name, annotation, start, end: scanner.at, keys: new Set(seen.keys()) });
  if (!scanner.expect("{", "after the name of the stage")) return done();
  while (!scanner.take("}")) {
    const key = takeKey(scanner);
    if (key === undefined) {
      if (scanner.ended || scanner.seesKeyword("stage", false)) {
        scanner.expected("`}` at the end of the stage");
        return done();
      }
      scanner.expected("prompt, input, output, requires, exec or transition", "each key but transition is followed by a colon");
      scanner.recover(stops);
      continue;
    }
    const at = scanner.tokenStart;
    const before = seen.get(key);
    const again = before !== undefined && key !== "on";
    if (again) repeated(scanner, key, at, before, name);
    else seen.set(key, at);
    if (!readKey(scanner, key, again ? scratch() : draft, at)) scanner.recover(stops);
  }
  return done();
}

/** A stage of which nothing has been read. What is said twice is read into one of its own, and thrown away. */
function scratch(): Draft {
  return {
    prompt: undefined,
    exec: undefined,
    does: undefined,
    catches: undefined,
    cleanup: undefined,
    attempts: undefined,
    timeoutMs: undefined,
    outcomes: [],
    inputs: [],
    outputs: [],
    requires: [],
    transitions: [],
  };
}

function repeated(scanner: Scanner, key: StageKey, at: number, before: number, stage: Word): void {
  scanner.report(
    "HD1104",
    { start: at, end: at + key.length },
    {
      message: `stage \`${stage.text}\` says \`${key}\` twice`,
      reason: "A stage has each key once; only one of the two could hold.",
      help: key === "transition" ? "put all transitions of a stage together" : `join them into one \`${key}:\``,
      related: [{ span: scanner.span({ start: before, end: before + key.length }), message: "first said here" }],
    },
  );
}

function parseAnnotation(scanner: Scanner): StageSyntax["annotation"] {
  let first: StageSyntax["annotation"];
  while (scanner.sees("@")) {
    const start = scanner.at++;
    // Directly after the sign: `@ entry` is no annotation.
    const word = /^[A-Za-z]/.test(scanner.text.charAt(scanner.at)) ? scanner.takeName() : undefined;
    const at = { start, end: scanner.at };
    const kind = word?.text;
    if ((kind === "entry" || kind === "exit") && first === undefined) {
      first = { kind, ...at };
      continue;
    }
    const near = first === undefined ? nearAnnotation(scanner, word) : undefined;
    if (near !== undefined) {
      first = { kind: near, start, end: scanner.at };
      scanner.report("HD1010", first, {
        message: `the annotation \`@${near}\` is not written as one`,
        reason: "It stands directly after its sign, and apart from the name.",
        help: `write \`@${near}\`, then a space, then the name`,
      });
      continue;
    }
    const twice = kind === "entry" || kind === "exit";
    scanner.report("HD1010", at, {
      message: twice ? "a stage has one annotation" : `unknown annotation \`${scanner.text.slice(start, scanner.at)}\``,
      reason: twice ? "The only stage of a workflow is its entry and its exit anyway." : "Stages are annotated @entry or @exit.",
      help: twice
        ? "keep @exit where the first stage also ends the workflow: the first stage is the entry"
        : "write @entry or @exit, or remove it",
    });
  }
  return first;
}

/** `@ entry`, or `@entryName`: read as it is meant. */
function nearAnnotation(scanner: Scanner, word: Word | undefined): "entry" | "exit" | undefined {
  for (const kind of ["entry", "exit"] as const) {
    if (word === undefined && scanner.seesKeyword(kind, false)) {
      scanner.at += kind.length;
      return kind;
    }
    if (word?.text.startsWith(kind) === true && word.text.length > kind.length) {
      scanner.at = word.start + kind.length;
      return kind;
    }
  }
  return undefined;
}

/** The keyword of a key and its colon; transitions have none. */
function takeKey(scanner: Scanner): StageKey | undefined {
  for (const key of scanner.dialect === "heddle" ? heddleKeys : nemoKeys) {
    if (!scanner.sees(key)) continue;
    const start = scanner.at;
    if (key === "on") {
      if (!scanner.seesKeyword("on", false)) continue;
      scanner.at += key.length;
      scanner.tokenStart = start;
      return key;
    }
    if (key === "transition") {
      scanner.at += key.length;
      if (scanner.sees("if") || scanner.sees("else")) {
        scanner.at = start;
        scanner.tokenStart = start;
        return key;
      }
    } else {
      scanner.at += key.length;
      if (scanner.take(":") || takesNoColon(scanner)) {
        scanner.tokenStart = start;
        return key;
      }
    }
    scanner.at = start;
  }
  return undefined;
}

/** A value straight after a key: the colon is missing, and nothing else is. */
function takesNoColon(scanner: Scanner): boolean {
  if (!scanner.sees('"') && !scanner.sees("{") && !scanner.sees("=")) return false;
  scanner.expected("`:` after the key");
  scanner.take("=");
  return true;
}

/** False where something in it could not be read. */
function readKey(scanner: Scanner, key: StageKey, draft: Draft, at: number): boolean {
  switch (key) {
    case "prompt": {
      const text = scanner.takeText(true);
      if (text === undefined) scanner.expected("the text of the prompt");
      draft.prompt = text;
      return text !== undefined;
    }
    case "input":
      return readList(scanner, draft.inputs, () => parseRead(scanner));
    case "requires":
      return readList(scanner, draft.requires, () => parseCapability(scanner));
    case "output":
      return readOutputs(scanner, draft.outputs);
    case "exec":
      draft.exec = parseExec(scanner, at);
      return draft.exec !== undefined;
    case "transition":
      return readTransitions(scanner, draft.transitions);
    case "on": {
      const outcome = parseOutcome(scanner, at);
      if (outcome !== undefined) draft.outcomes.push(outcome);
      return outcome !== undefined;
    }
    case "retry":
      draft.attempts = parseCount(scanner);
      return draft.attempts !== undefined;
    case "timeout":
      draft.timeoutMs = parseDurationMs(scanner);
      return draft.timeoutMs !== undefined;
    case "catch":
      draft.catches = parseBody(scanner, parts);
      return draft.catches !== undefined;
    case "finally":
      draft.cleanup = parseBody(scanner, parts);
      return draft.cleanup !== undefined;
    default:
      if (draft.does !== undefined) {
        scanner.report(
          "HD1104",
          { start: at, end: at + key.length },
          {
            message: `the stage says \`${key}\` beside something else to do`,
            reason: "A stage does one thing.",
            help: "make it two stages",
          },
        );
      }
      draft.does = parseDoes(scanner, key, at, parts);
      return draft.does !== undefined;
  }
}

/** One or more, with commas between and none at the end. */
function readList<T>(scanner: Scanner, into: T[], read: () => T | undefined): boolean {
  do {
    const item = read();
    if (item === undefined) return false;
    into.push(item);
  } while (scanner.take(","));
  return true;
}

export function parseCapability(scanner: Scanner): Word | undefined {
  const name = scanner.takeDottedName();
  if (name === undefined) scanner.expected("a capability, such as `fs.read`");
  return name;
}

function parseRead(scanner: Scanner): ReadSyntax | undefined {
  const stage = scanner.expectName("an output of a stage, as Stage.field");
  if (stage === undefined) return undefined;
  if (!scanner.expect(".", "between the stage and its output")) return undefined;
  const field = scanner.expectName("the name of an output");
  if (field === undefined) return undefined;
  const end = scanner.at;
  const optional = scanner.take("?");
  if (!optional) scanner.at = end;
  return { stage, field, optional, start: stage.start, end: scanner.at };
}

function readOutputs(scanner: Scanner, into: OutputSyntax[]): boolean {
  if (!scanner.expect("{", "before the outputs")) return false;
  while (!scanner.take("}")) {
    const output = parseOutput(scanner);
    if (output === undefined) {
      scanner.recover(stops);
      if (scanner.take("}") || scanner.ended || stops.some((stop) => scanner.seesKeyword(stop, false))) return true;
      continue;
    }
    into.push(output);
    if (!scanner.sees(",")) continue;
    scanner.expected("an output or `}`", "outputs are separated by spaces, without commas");
    scanner.at++;
  }
  return true;
}

function parseOutput(scanner: Scanner): OutputSyntax | undefined {
  const name = scanner.expectName("the name of an output or `}`");
  if (name === undefined || !scanner.expect(":", "after the name of the output")) return undefined;
  const type = parseType(scanner);
  if (type === undefined) return undefined;
  if (!scanner.sees("{")) {
    scanner.at = type.end;
    return { name, type, branches: undefined, start: name.start, end: type.end };
  }
  const start = scanner.at++;
  const yes = parseBranch(scanner, "true");
  const no = yes === undefined ? undefined : parseBranch(scanner, "false");
  if (yes === undefined || no === undefined || !scanner.expect("}", "after the branches")) return undefined;
  return { name, type, branches: { yes, no, start, end: scanner.at }, start: name.start, end: scanner.at };
}

function parseBranch(scanner: Scanner, value: "true" | "false"): Word | undefined {
  if (!scanner.take(value)) {
    scanner.expected(`\`${value} => Stage\``, "branches are written { true => A false => B }, in this order and without a comma");
    return undefined;
  }
  return scanner.expect("=>", `after \`${value}\``) ? scanner.expectName("the name of a stage") : undefined;
}

function readTransitions(scanner: Scanner, into: TransitionSyntax[]): boolean {
  while (scanner.seesKeyword("transition") && takesTransition(scanner)) {
    const transition = parseTransition(scanner);
    if (transition === undefined) {
      scanner.recover(stops);
      continue;
    }
    into.push(transition);
    if (!scanner.take(",")) scanner.at = transition.end;
  }
  return true;
}

function parseTransition(scanner: Scanner): TransitionSyntax | undefined {
  scanner.skip();
  const start = scanner.at;
  scanner.takeKeyword("transition");
  let condition: TransitionSyntax["condition"];
  if (scanner.takeKeyword("if")) {
    condition = parseExpression(scanner);
    if (condition.kind === "unread" && !scanner.sees("=>")) return undefined;
  } else scanner.takeKeyword("else");
  if (!scanner.expect("=>", "before the stage that follows")) return undefined;
  const to = scanner.expectName("the name of a stage");
  return to === undefined ? undefined : { condition, to, start, end: to.end };
}

function takesTransition(scanner: Scanner): boolean {
  const start = scanner.at;
  scanner.at += "transition".length;
  const found = scanner.sees("if") || scanner.sees("else");
  scanner.at = start;
  return found;
}

function parseExec(scanner: Scanner, start: number): ExecSyntax | undefined {
  const called = parseArgs(scanner, "a capability, such as `fs.read`");
  return called === undefined ? undefined : { capability: called.name, args: called.args, start, end: scanner.at };
}

function parseArgs(scanner: Scanner, what: string): { name: Word; args: { name: Word; value: ExecValueSyntax }[] } | undefined {
  const called = scanner.takeDottedName();
  if (called === undefined) scanner.expected(what);
  if (called === undefined || !scanner.expect("(", "after the name of what is called")) return undefined;
  const args: { name: Word; value: ExecValueSyntax }[] = [];
  if (!scanner.take(")")) {
    const read = readList(scanner, args, () => {
      const name = scanner.expectName("the name of a parameter");
      if (name === undefined || !scanner.expect(":", "after the name of the parameter")) return undefined;
      const value = parseExecValue(scanner);
      return value === undefined ? undefined : { name, value };
    });
    if (!read || !scanner.expect(")", "after the arguments")) return undefined;
  }
  return { name: called, args };
}

function parseExecValue(scanner: Scanner): ExecValueSyntax | undefined {
  const text = scanner.takeText(true);
  if (text !== undefined) return { kind: "text", text, start: text.start, end: text.end };
  const literal = takeLiteral(scanner);
  if (literal !== undefined) return literal;
  const name = scanner.expectName("a text, a JSON literal, an input or Stage.field");
  if (name === undefined) return undefined;
  if (!scanner.take(".")) {
    scanner.at = name.end;
    return { kind: "name", name, start: name.start, end: name.end };
  }
  const field = scanner.expectName("the name of an output");
  return field === undefined ? undefined : { kind: "field", stage: name, field, start: name.start, end: field.end };
}

const parts: Parts = { stage: parseStage, value: parseExecValue, args: parseArgs, type: parseType };
