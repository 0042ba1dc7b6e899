/**
 * The visual frontend: the document behind a canvas (version 0.1) to the same model as the text, and through the
 * same rules. It says what the text leaves out: every transition, every read, in the words of the canvas.
 */
import type { DiagnosticList, SourceText } from "../../diagnostics/index.ts";
import { capabilitiesOf } from "../text/build-model.ts";
import type { CompiledSource } from "../text/compile-text.ts";
import { checkGraph } from "../text/flow-graph.ts";
import type { FlowModel, FlowRead, FlowTransition } from "../text/flow-model.ts";
import { lowerFlow, originsOfFlow } from "../text/lower-flow.ts";
import { Entity, found, type Report, type Text } from "./document-reader.ts";
import { checkModelTypes } from "./model-types.ts";
import { type Located, readJson } from "./read-json.ts";
import { readPolicy } from "./read-policies.ts";
import { type DeclaredState, declareStates, readId, readName, readState, twice } from "./read-states.ts";
import { type Ids, type Reader, readGuard, readRef, readType } from "./read-values.ts";

const documentMembers = ["schemaVersion", "workflow", "states", "controlEdges", "dataEdges", "policies"];

/** Undefined where there is an error; the diagnostics of the source go to `diagnostics`. */
export function compileVisual(source: SourceText, diagnostics: DiagnosticList): CompiledSource | undefined {
  const before = diagnostics.errors;
  const report: Report = (id, { start, end }, draft) => diagnostics.report(id, { ...draft, span: source.span(start, end) });
  const read = readJson(source.text);
  if (!read.ok) {
    report("HD1601", read.at, {
      message: `this is not JSON: ${read.message}`,
      reason: "A visual document is one JSON object.",
      help: "save it again from the canvas",
    });
    return undefined;
  }
  const model = readDocument(read.value, source.file, report);
  if (model === undefined || diagnostics.errors > before) return undefined;
  checkModelTypes(model, report);
  checkGraph(model, report);
  if (diagnostics.errors > before) return undefined;
  return { ir: lowerFlow(model, source), origins: originsOfFlow(model, source) };
}

function readDocument(located: Located, file: string, report: Report): FlowModel | undefined {
  const document = new Entity(located, "the document", documentMembers, report);
  const version = document.text("schemaVersion");
  if (version.text !== "0.1") {
    report("HD1602", version, {
      message: `\`${version.text}\` is no version of the visual document that is read here`,
      reason: "The only version is 0.1.",
      help: 'write "0.1"',
    });
  }
  const workflow = document.entity("workflow", ["id", "inputs"]);
  if (workflow === undefined) return undefined;
  const id = readName(workflow, "id", "a workflow", report);
  const inputs = readInputs(workflow, report);
  const states = declareStates(document.list("states"), report);
  const ids: Ids = {
    inputs: new Map([...inputs].map(([inputId, input]) => [inputId, input.name])),
    states: new Map(states.map((state) => [state.id.text, { name: state.name.text, outputs: state.outputs }])),
  };
  const reader: Reader = { ids, report, bound: undefined };
  const reads = readDataEdges(document, reader);
  const transitions = readControlEdges(document, states, reader);
  const policyIds = new Set<string>();
  const policies = document
    .list("policies")
    .map((policy) => readPolicy(policy, policyIds, reader))
    .filter((policy) => policy !== undefined);
  const stages = states.map((state) => ({
    ...readState(state, reads.get(state.name.text) ?? [], reader),
    transitions: transitions.get(state.name.text) ?? [],
  }));
  const entry = entryOf(states, id, report);
  const exits = states.filter((state) => state.isExit).map((state) => state.name.text);
  if (states.length > 0 && exits.length === 0) {
    report("HD1611", id, { message: "no state is an exit", reason: "A run ends at an exit.", help: "mark at least one state as an exit" });
  }
  if (entry === undefined) return undefined;
  return {
    id: id.text,
    frontend: "visual",
    file,
    entry: entry.name.text,
    exits,
    inputs: [...inputs.values()],
    capabilities: capabilitiesOf(stages, policies),
    policies,
    stages,
    at: id,
  };
}

function entryOf(states: readonly DeclaredState[], at: Text, report: Report): DeclaredState | undefined {
  const [entry, second] = states.filter((state) => state.isEntry);
  if (states.length === 0)
    report("HD1301", at, { message: `workflow \`${at.text}\` has no states`, reason: "A run starts at a state.", help: "draw one" });
  else if (entry === undefined)
    report("HD1611", at, { message: "no state is the entry", reason: "A run starts at the entry.", help: "mark one state as the entry" });
  if (second !== undefined)
    report("HD1302", second.name, {
      message: "several states are the entry",
      reason: "A run starts at one state.",
      help: "keep one entry",
    });
  return entry;
}

function readInputs(workflow: Entity, report: Report): ReadonlyMap<string, FlowModel["inputs"][number]> {
  const seen = new Set<string>();
  const names = new Set<string>();
  return new Map(
    workflow.list("inputs").map((located) => {
      const input = new Entity(located, "an input", ["id", "name", "type"], report);
      const id = readId(input, seen, "an input", report);
      const name = readName(input, "name", "an input", report);
      if (names.has(name.text)) twice("HD1102", name, "input", report);
      names.add(name.text);
      return [id.text, { name: name.text, type: readType(input.text("type"), report), at: located }];
    }),
  );
}

function readDataEdges(document: Entity, reader: Reader): ReadonlyMap<string, readonly FlowRead[]> {
  const seen = new Set<string>();
  const relations = new Set<string>();
  const reads = new Map<string, FlowRead[]>();
  for (const located of document.list("dataEdges")) {
    const edge = new Entity(located, "a data edge", ["id", "source", "targetStateId", "optional"], reader.report);
    readId(edge, seen, "a data edge", reader.report);
    const target = found(reader.ids.states, edge.text("targetStateId"), "state", reader.report);
    if (edge.member("source") === undefined) edge.text("source");
    const ref = readRef(edge.member("source"), ["input", "node_output"], reader);
    const optional = edge.flag("optional");
    if (target === undefined || ref === undefined || ref.kind === "bound") continue;
    const relation = JSON.stringify([target.name, ref]);
    if (relations.has(relation)) {
      reader.report("HD1609", located, {
        message: "there are two data edges between the same two",
        reason: "A state reads a value once.",
        help: "remove one of them",
      });
    }
    relations.add(relation);
    const known = reads.get(target.name) ?? [];
    reads.set(target.name, [...known, { ref, optional, origin: "visual_data_edge", at: located }]);
  }
  return reads;
}

function readControlEdges(
  document: Entity,
  states: readonly DeclaredState[],
  reader: Reader,
): ReadonlyMap<string, readonly FlowTransition[]> {
  const { report } = reader;
  const exits = new Set(states.filter((state) => state.isExit).map((state) => state.name.text));
  const seen = new Set<string>();
  const orders = new Set<string>();
  const relations = new Set<string>();
  const edges = new Map<string, { order: number; transition: FlowTransition }[]>();
  for (const located of document.list("controlEdges")) {
    const edge = new Entity(located, "a control edge", ["id", "sourceStateId", "targetStateId", "order", "guard"], report);
    readId(edge, seen, "a control edge", report);
    const source = found(reader.ids.states, edge.text("sourceStateId"), "state", report);
    const target = found(reader.ids.states, edge.text("targetStateId"), "state", report);
    const order = edge.count("order");
    if (edge.member("guard") === undefined) edge.text("guard");
    const guard = readGuard(edge.member("guard"), reader);
    if (source === undefined || target === undefined) continue;
    if (exits.has(source.name)) {
      report("HD1611", located, {
        message: `an edge leaves \`${source.name}\`, which is an exit`,
        reason: "The workflow ends with an exit, so nothing can follow it.",
        help: "remove the edge, or let the state be no exit",
      });
    }
    const relation = JSON.stringify([source.name, target.name]);
    const place = JSON.stringify([source.name, order]);
    if (orders.has(place))
      report("HD1609", located, {
        message: `two edges of \`${source.name}\` have the order ${order}`,
        reason: "The order says which guard is asked first.",
        help: "number them differently",
      });
    if (relations.has(relation))
      report("HD1609", located, {
        message: `two edges lead from \`${source.name}\` to \`${target.name}\``,
        reason: "One edge with a guard says when control goes there.",
        help: "join their guards with `or`",
      });
    orders.add(place);
    relations.add(relation);
    if (guard === undefined) continue;
    const known = edges.get(source.name);
    const item = { order, transition: { to: target.name, reason: "visual_control_edge", guard, at: located } };
    if (known === undefined) edges.set(source.name, [item]);
    else known.push(item);
  }
  return new Map([...edges].map(([name, items]) => [name, items.sort((a, b) => a.order - b.order).map(({ transition }) => transition)]));
}
