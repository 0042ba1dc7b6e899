/** States of a visual document: names and outputs first, so that everything else can refer to them. */
import { capabilityCatalog, capabilityOf } from "@heddle/core";
import { suggest } from "../../diagnostics/index.ts";
import type { FlowExpr, FlowRead, FlowStage, FlowWrite } from "../text/flow-model.ts";
import { Entity, type Report, type Text, wrongShape } from "./document-reader.ts";
import type { Located } from "./read-json.ts";
import { type Reader, readLiteral, readRef, readType } from "./read-values.ts";

const stateMembers = ["id", "name", "isEntry", "isExit", "prompt", "requires", "outputs", "execution"];
const namePattern = /^[A-Za-z][A-Za-z0-9_]*$/;
const nameLengthMax = 128;

export interface DeclaredState {
  readonly entity: Entity;
  readonly id: Text;
  readonly name: Text;
  readonly isEntry: boolean;
  readonly isExit: boolean;
  readonly writes: readonly FlowWrite[];
  readonly outputs: ReadonlyMap<string, string>;
}

/** Reads a name that people see. */
export function readName(entity: Entity, member: string, what: string, report: Report): Text {
  const name = entity.text(member);
  if (!namePattern.test(name.text)) {
    report("HD1605", name, {
      message: `\`${name.text}\` is no name of ${what}`,
      reason: "A name is a letter, then letters, digits and underscores.",
      help: "choose such a name; the label on the canvas can be another",
    });
  } else if (name.text.length > nameLengthMax) {
    report("HD1009", name, {
      message: `a name of ${name.text.length} characters`,
      reason: `Names are keys of journals and messages; they have at most ${nameLengthMax} characters.`,
      help: "choose a shorter name",
    });
  }
  return name;
}

/** Reads an id, which is unique among its kind. */
export function readId(entity: Entity, seen: Set<string>, what: string, report: Report): Text {
  const id = entity.text("id");
  if (id.text === "" || seen.has(id.text)) {
    report("HD1604", id, {
      message: id.text === "" ? `the id of ${what} is empty` : `the id \`${id.text}\` of ${what} is there twice`,
      reason: "Edges and values refer to ids.",
      help: "give it an id of its own",
    });
  }
  seen.add(id.text);
  return id;
}

export function declareStates(states: readonly Located[], report: Report): readonly DeclaredState[] {
  const ids = new Set<string>();
  const names = new Set<string>();
  return states.map((located) => {
    const entity = new Entity(located, "a state", stateMembers, report);
    const id = readId(entity, ids, "a state", report);
    const name = readName(entity, "name", "a state", report);
    if (names.has(name.text)) twice("HD1101", name, "state", report);
    names.add(name.text);
    const outputIds = new Set<string>();
    const outputs = new Map<string, string>();
    const writes: FlowWrite[] = [];
    for (const each of entity.list("outputs")) {
      const output = new Entity(each, "an output", ["id", "name", "type", "optional"], report);
      const outputId = readId(output, outputIds, "an output", report);
      const outputName = readName(output, "name", "an output", report);
      if (writes.some((write) => write.name === outputName.text)) twice("HD1105", outputName, "output", report);
      outputs.set(outputId.text, outputName.text);
      writes.push({
        name: outputName.text,
        type: readType(output.text("type"), report),
        optional: output.flag("optional"),
        at: outputName,
      });
    }
    return { entity, id, name, isEntry: entity.flag("isEntry"), isExit: entity.flag("isExit"), writes, outputs };
  });
}

export function twice(id: "HD1101" | "HD1102" | "HD1105", name: Text, what: string, report: Report): void {
  report(id, name, {
    message: `there are two ${what}s \`${name.text}\``,
    reason: `A name stands for one ${what}, so that everything that uses it means the same.`,
    help: "rename one of them",
  });
}

/** What a state does and reads by itself; reads along data edges are given. */
export function readState(state: DeclaredState, dataReads: readonly FlowRead[], reader: Reader): Omit<FlowStage, "transitions"> {
  const { report } = reader;
  const { entity, name } = state;
  const prompt = entity.optionalText("prompt");
  const requires = entity
    .texts("requires")
    .filter((capability) => knownCapability(capability, report))
    .map(({ text }) => text);
  const exec = readExecution(entity, reader);
  if (exec === undefined && (prompt === undefined || prompt.text.trim() === "")) {
    report("HD1303", prompt ?? name, {
      message: `state \`${name.text}\` asks a model and has no prompt`,
      reason: "A state either asks a model, which needs a prompt, or makes one call.",
      help: "write a prompt, or make it a tool state",
    });
  }
  const reads = [...dataReads];
  if (exec !== undefined && exec !== "unread") {
    if (!requires.includes(exec.capability)) requires.push(exec.capability);
    for (const { value } of exec.args) {
      if (value.kind !== "ref" || value.ref.kind !== "output") continue;
      const { ref } = value;
      const same = (read: FlowRead): boolean => read.ref.kind === "output" && read.ref.stage === ref.stage && read.ref.field === ref.field;
      if (dataReads.some(same)) {
        report("HD1609", value.at ?? name, {
          message: `the argument reads \`${ref.stage}.${ref.field}\`, and a data edge does so too`,
          reason: "The argument makes the state depend on it already.",
          help: "remove the data edge",
        });
      } else if (!reads.some(same))
        reads.push({ ref, optional: false, origin: "visual_tool_arg", ...(value.at === undefined ? {} : { at: value.at }) });
    }
  }
  return {
    id: name.text,
    prompt: prompt?.text ?? "",
    ...(prompt === undefined ? {} : { promptAt: prompt }),
    reads,
    writes: state.writes,
    requires,
    ...(exec === undefined || exec === "unread" ? {} : { exec }),
    at: entity,
    nameAt: name,
  };
}

export function knownCapability(capability: Text, report: Report): boolean {
  if (capabilityOf(capability.text) !== undefined) return true;
  const known = capabilityCatalog.map(({ name }) => name);
  const meant = suggest(capability.text, known);
  report("HD1108", capability, {
    message: `unknown capability \`${capability.text}\``,
    reason: `Capabilities are a closed list: ${known.join(", ")}.`,
    ...(meant === undefined ? {} : { help: `did you mean \`${meant}\`?` }),
  });
  return false;
}

function readExecution(state: Entity, reader: Reader): FlowStage["exec"] | "unread" {
  const { report } = reader;
  const execution = state.entity("execution", ["kind", "capability", "args"]);
  if (execution === undefined) return "unread";
  const kind = execution.text("kind");
  if (kind.text === "model") return undefined;
  if (kind.text !== "tool") {
    wrongShape(kind, "the kind of an execution", "model or tool", report);
    return "unread";
  }
  const capability = execution.text("capability");
  if (!knownCapability(capability, report)) return "unread";
  const parameters = capabilityOf(capability.text)?.parameters ?? [];
  const args: { name: string; value: FlowExpr; at: Located }[] = [];
  const given = new Set<string>();
  for (const located of execution.list("args")) {
    const arg = new Entity(located, "an argument", ["name", "value"], report);
    const name = arg.text("name");
    if (given.has(name.text))
      report("HD1110", name, { message: `argument \`${name.text}\` is given twice`, reason: "Only one of the two could be passed on." });
    if (!parameters.some((parameter) => parameter.name === name.text)) {
      report("HD1109", name, {
        message: `capability \`${capability.text}\` has no parameter \`${name.text}\``,
        reason: `Its parameters are ${parameters.map((parameter) => parameter.name).join(", ")}.`,
      });
    }
    given.add(name.text);
    const value = readArgument(arg, reader);
    if (value !== undefined) args.push({ name: name.text, value, at: located });
  }
  for (const parameter of parameters) {
    if (!parameter.required || given.has(parameter.name)) continue;
    report("HD1111", capability, {
      message: `capability \`${capability.text}\` needs the argument \`${parameter.name}\``,
      reason: "Every tool behind the capability requires it.",
      help: `add it (a ${parameter.type})`,
    });
  }
  return { capability: capability.text, args };
}

function readArgument(arg: Entity, reader: Reader): FlowExpr | undefined {
  const located = arg.member("value");
  const entity = arg.entity("value", ["kind", "inputId", "stateId", "outputId", "type", "value"]);
  if (entity === undefined || located === undefined) return undefined;
  if (entity.text("kind").text === "literal") return readLiteral(entity, reader.report);
  const ref = readRef(located, ["input", "node_output"], reader);
  return ref === undefined ? undefined : { kind: "ref", ref, at: located };
}
