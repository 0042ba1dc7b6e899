/** The tables of an exported machine, compiled once: what guards and actions look their parameters up in. */
import { compileExpr, type EdgeOutcome, type Evaluate, HeddleError } from "@heddle/core";
import { type FrameTable, type NodeTable, type PlaceTable, type WriteTable, type XstateTables, xstateFormat } from "./machine-config.ts";

/** The frame of the workflow itself. */
export const rootFrameKey = "main";

export interface CompiledWrite extends Omit<WriteTable, "value"> {
  readonly eval: Evaluate;
}

export interface CompiledEdge {
  readonly id: string;
  readonly on: EdgeOutcome;
  readonly guard: Evaluate | undefined;
}

export interface CompiledNode {
  readonly id: string;
  readonly table: NodeTable;
  readonly reads: readonly (readonly [string, Evaluate])[];
  readonly writes: Readonly<Record<EdgeOutcome, readonly CompiledWrite[]>>;
  readonly edges: ReadonlyMap<string, CompiledEdge>;
  readonly exit: Evaluate | undefined;
  readonly inputs: ReadonlyMap<string, readonly (readonly [string, Evaluate])[]>;
  readonly wait: Evaluate | undefined;
  readonly over: Evaluate | undefined;
  readonly while: Evaluate | undefined;
  readonly carried: readonly (readonly [string, Evaluate])[];
  readonly isRegion: boolean;
}

export interface CompiledPlace extends Omit<PlaceTable, "node"> {
  readonly key: string;
  readonly node: CompiledNode;
  /** Keys of the frames that it opens. */
  readonly frames: readonly string[];
}

export interface Program {
  readonly tables: XstateTables;
  place(key: string): CompiledPlace;
  frame(key: string): FrameTable;
}

/** @throws HeddleError `value-invalid` for tables of another format */
export function programOf(tables: XstateTables): Program {
  if (tables.format !== xstateFormat) {
    throw new HeddleError("value-invalid", `the machine was exported as ${String(tables.format)}, and this package knows ${xstateFormat}`);
  }
  const nodes = new Map(Object.entries(tables.nodes).map(([id, table]) => [id, compiledNode(id, table)]));
  const frames = new Map(Object.entries(tables.frames));
  const opens = new Map<string, string[]>();
  for (const [key, { region }] of frames) if (region !== undefined) opens.set(region, [...(opens.get(region) ?? []), key]);
  const places = new Map(
    Object.entries(tables.places).map(([key, place]) => {
      const compiled: CompiledPlace = { ...place, key, node: known(nodes, place.node), frames: opens.get(key) ?? [] };
      return [key, compiled] as const;
    }),
  );
  return { tables, place: (key) => known(places, key), frame: (key) => known(frames, key) };
}

function known<Value>(values: ReadonlyMap<string, Value>, key: string): Value {
  const value = values.get(key);
  if (value === undefined) throw new HeddleError("value-invalid", `the machine's tables do not know ${key}; they are of another export`);
  return value;
}

const pairs = (named: readonly { readonly name: string; readonly value: Parameters<typeof compileExpr>[0] }[] = []) =>
  named.map(({ name, value }) => [name, compileExpr(value)] as const);

function compiledNode(id: string, table: NodeTable): CompiledNode {
  const writes: Record<EdgeOutcome, CompiledWrite[]> = { success: [], failure: [], rejected: [], timeout: [] };
  for (const { value, ...write } of table.writes ?? []) writes[write.on ?? "success"].push({ ...write, eval: compileExpr(value) });
  const edges = table.edges.map(({ guard, ...edge }) => ({ ...edge, guard: guard === undefined ? undefined : compileExpr(guard) }));
  return {
    id,
    table,
    reads: pairs(table.reads),
    writes,
    edges: new Map(edges.map((edge) => [edge.id, edge])),
    exit: table.exit === undefined ? undefined : compileExpr(table.exit),
    inputs: new Map((table.slots ?? []).map(({ slot, inputs }) => [slot, pairs(inputs)])),
    wait: table.wait === undefined ? undefined : compileExpr(table.wait.value),
    over: table.over === undefined ? undefined : compileExpr(table.over),
    while: table.while === undefined ? undefined : compileExpr(table.while),
    carried: pairs(table.carried),
    isRegion: table.slots !== undefined,
  };
}

/** A member of a record whose keys come from an author: never one of its prototype. */
export function own<Value>(record: Readonly<Record<string, Value>>, key: string): Value | undefined {
  return Object.hasOwn(record, key) ? record[key] : undefined;
}
