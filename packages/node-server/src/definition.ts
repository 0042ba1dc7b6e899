/** Definitions as authors write them: their rules, and the types of values that follow from them. */
import { HeddleError, type JsonValue, NodeDefinition } from "@heddle/core";

/** A port as an author writes it. */
export interface PortLike {
  readonly name: string;
  readonly type: string;
  readonly optional?: boolean;
  readonly description?: string;
  readonly preventCrossDomain?: boolean;
  readonly sizeHint?: "small" | "medium" | "large" | "xlarge";
  readonly uid?: string;
}

/** A parameter as an author writes it. */
export interface ParameterLike {
  readonly name: string;
  readonly type: string;
  readonly value?: JsonValue;
  readonly default?: JsonValue;
  readonly label?: string;
  readonly description?: string;
  readonly min?: number;
  readonly max?: number;
  readonly step?: number;
  readonly precision?: number;
  readonly options?: readonly (string | { readonly value: string; readonly label?: string })[];
  readonly multiline?: boolean;
}

/** A definition as an author writes it. Members that only editors use are sent as they are. */
export interface NodeDefinitionLike {
  readonly uid: string;
  readonly name: string;
  readonly category: string;
  readonly version: string;
  readonly description?: string;
  readonly inputs: readonly PortLike[];
  readonly outputs: readonly PortLike[];
  readonly parameters: readonly ParameterLike[];
  readonly [other: string]: unknown;
}

/** A definition by its parts, of which its types follow. */
export interface DefinitionOf<In extends readonly PortLike[], Out extends readonly PortLike[], Parameters extends readonly ParameterLike[]>
  extends NodeDefinitionLike {
  readonly inputs: In;
  readonly outputs: Out;
  readonly parameters: Parameters;
}

type ValueOf<Type extends string> = Type extends "string" | "text" | "select" | "color"
  ? string
  : Type extends "number" | "slider"
    ? number
    : Type extends "boolean"
      ? boolean
      : JsonValue;

/** The lists of values, by the name of the port. A port that nothing is linked to is absent. */
export type InputLists<Definition extends NodeDefinitionLike> = {
  readonly [Port in Definition["inputs"][number] as Port["name"]]?: readonly ValueOf<Port["type"]>[];
};

/** The value where a port has one item, the list otherwise, by the name of the port. */
export type Inputs<Definition extends NodeDefinitionLike> = {
  readonly [Port in Definition["inputs"][number] as Port["name"]]?: ValueOf<Port["type"]> | readonly ValueOf<Port["type"]>[];
};

/** The values of the parameters, by name. */
export type ParameterValues<Definition extends NodeDefinitionLike> = {
  readonly [Parameter in Definition["parameters"][number] as Parameter["name"]]?: ValueOf<Parameter["type"]>;
};

/** What a node gives: a list for a port, or one value, which becomes a list of one. */
export type Outputs<Definition extends NodeDefinitionLike> = {
  readonly [Port in Definition["outputs"][number] as Port["name"]]?: ValueOf<Port["type"]> | readonly ValueOf<Port["type"]>[];
};

/** A definition with rules kept and the type that every served node has. Throws `node-invalid`. */
export function parseNodeDefinition(given: unknown): NodeDefinition {
  const parsed = NodeDefinition.safeParse(typeof given === "object" && given !== null ? { ...given, type: "server" } : given);
  const lines = parsed.success
    ? (["inputs", "outputs", "parameters"] as const).flatMap((part) => repeatedNames(part, parsed.data[part]))
    : parsed.error.issues.map((issue) => `${issue.path.join(".")}: ${issue.message}`);
  if (parsed.success && lines.length === 0) return parsed.data;
  const uid = typeof given === "object" && given !== null && "uid" in given ? JSON.stringify(given.uid) : "without a uid";
  throw new HeddleError("node-invalid", `the definition of the node ${uid} is not valid: ${lines.join("; ")}`);
}

function repeatedNames(part: string, items: readonly { readonly name: string }[]): readonly string[] {
  const names = items.map(({ name }) => name);
  const repeated = new Set(names.filter((name, at) => names.indexOf(name) !== at));
  return [...repeated].map((name) => `${part}: two are named ${JSON.stringify(name)}`);
}
