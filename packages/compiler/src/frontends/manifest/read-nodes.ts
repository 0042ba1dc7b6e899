/**
 * Nodes: from what the manifest holds to what can be lowered. Templates are rendered, aliases resolved,
 * and each thing that is wrong is told under the id of its node.
 */
import { isJsonObject, type JsonObject, type JsonValue } from "@heddle/core";
import { checkConfig } from "./check-config.ts";
import { checkConstraints, checkResources } from "./check-resources.ts";
import { checkNodeServices } from "./check-services.ts";
import { Reschedule, Restart } from "./job-shapes.ts";
import { jsonPath, member, named, objectAt, shown, textAt } from "./json-access.ts";
import {
  type AgentType,
  agentTypeAliases,
  agentTypes,
  configShapes,
  type TemplateType,
  templateAliases,
  templatesOf,
  templateTypes,
} from "./node-shapes.ts";
import type { ProblemList } from "./problem-list.ts";
import { anyObject, hold, ofNode } from "./shapes.ts";
import { renderTemplate, templateNames } from "./templates.ts";

export interface SourceNode {
  readonly id: string;
  readonly path: string;
  /** As it stands in the manifest. */
  readonly given: JsonObject;
  /** As its template makes it; the same object where it has none. */
  readonly node: JsonObject;
  readonly config: JsonObject;
  readonly agentType: AgentType;
  readonly template: TemplateType;
}

/** Nodes that could be read, and the ids of all that have one, so that a broken node does not break its edges too. */
export interface ReadNodes {
  readonly nodes: readonly SourceNode[];
  readonly ids: ReadonlySet<string>;
  /** False where there is no list of nodes at all: then nothing can be said about what names them. */
  readonly known: boolean;
}

export function readNodes(value: JsonValue | undefined, problems: ProblemList): ReadNodes {
  const ids = new Set<string>();
  if (value !== undefined && !Array.isArray(value)) {
    problems.error("nodes", "nodes must be a list", 'Write "nodes": [{"node_id": …, "agent_type": …}]');
    return { nodes: [], ids, known: false };
  }
  const list: readonly JsonValue[] = value ?? [];
  if (list.length === 0) problems.error("nodes", "nodes must not be empty", "A job has at least one node");
  const nodes = list.flatMap((given, index) => readNode(given, jsonPath("nodes", index), ids, problems));
  return { nodes, ids, known: list.length > 0 };
}

function readNode(given: JsonValue, path: string, ids: Set<string>, problems: ProblemList): readonly SourceNode[] {
  if (!isJsonObject(given)) {
    problems.error(path, "node_id is required for every node", `A node is an object, and this is ${shown(given)}`);
    return [];
  }
  const id = readId(given, path, ids, problems);
  if (id === undefined) return [];
  const name = named(id);
  const { node, faults } = renderTemplate(given);
  for (const { at, message } of faults) {
    const help =
      at[0] === "uses" ? `Known are mn-agents.<name>@1.0.0 with ${templateNames.join(", ")}` : "Give what the template asks for in with";
    problems.error(jsonPath(path, ...at), `node ${name} ${message}`, help);
  }
  // What a template would have said is not there to be checked.
  if (faults.length > 0) return [];
  const agentType = readAgentType(node, name, path, problems);
  const template = readTemplateType(node, agentType, name, path, problems);
  const config = member(node, "config");
  if (config !== undefined && !isJsonObject(config)) {
    problems.error(jsonPath(path, "config"), `config for node ${name} must be an object`, "Leave it out where there is nothing to say");
  } else if (agentType !== undefined) {
    const place = node === given ? jsonPath(path, "config") : jsonPath(path, "with");
    hold(problems, configShapes[agentType], config ?? {}, {
      path: place,
      subject: ofNode("config", name),
      help: `docs/manifests.md lists the config of a node of type ${agentType}`,
    });
    checkConfig({ problems, name, path: place, agentType, config: config ?? {}, resources: resourcesOf(node) });
  }
  checkRest(node, name, path, problems);
  if (agentType === undefined || template === undefined) return [];
  return [{ id, path, given, node, config: isJsonObject(config) ? config : {}, agentType, template }];
}

function readId(node: JsonObject, path: string, ids: Set<string>, problems: ProblemList): string | undefined {
  const id = textAt(node, "node_id");
  const place = jsonPath(path, "node_id");
  if (id === undefined) {
    problems.error(place, "node_id is required for every node", "Give the node a text of its own as node_id");
    return undefined;
  }
  if (ids.has(id)) problems.error(place, `duplicate node_id ${named(id)}`, "Each node has a node_id of its own; edges name it");
  ids.add(id);
  return id;
}

function readAgentType(node: JsonObject, name: string, path: string, problems: ProblemList): AgentType | undefined {
  const given = member(node, "agent_type");
  const known = agentTypes.find((type) => type === given) ?? (typeof given === "string" ? aliasOf(agentTypeAliases, given) : undefined);
  if (known === undefined) {
    const help = `Known are ${agentTypes.join(", ")}, and earlier names of them: ${Object.keys(agentTypeAliases).join(", ")}`;
    problems.error(jsonPath(path, "agent_type"), `unsupported agent_type ${shown(given)} for node ${name}`, help);
  }
  return known;
}

function readTemplateType(
  node: JsonObject,
  agentType: AgentType | undefined,
  name: string,
  path: string,
  problems: ProblemList,
): TemplateType | undefined {
  const given = member(node, "type");
  if (given === undefined) return "generic";
  const known = templateTypes.find((type) => type === given) ?? (typeof given === "string" ? aliasOf(templateAliases, given) : undefined);
  const place = jsonPath(path, "type");
  if (known === undefined) {
    const help = `Known are ${templateTypes.join(", ")}, and accumulator for reduce`;
    problems.error(place, `unsupported template type ${shown(given)} for node ${name}`, help);
  } else if (agentType !== undefined && !templatesOf[agentType].includes(known)) {
    const message = `template type "${known}" is not supported for agent_type "${agentType}" on node ${name}`;
    problems.error(place, message, `A node of type ${agentType} can be ${templatesOf[agentType].join(", ")}`);
  }
  return known;
}

function aliasOf<Known>(aliases: Readonly<Record<string, Known>>, name: string): Known | undefined {
  return Object.hasOwn(aliases, name) ? aliases[name] : undefined;
}

/** Resources stand on the node, or in its config. */
export function resourcesOf(node: JsonObject): JsonObject | undefined {
  return objectAt(node, "resources") ?? objectAt(objectAt(node, "config") ?? {}, "resources");
}

function checkRest(node: JsonObject, name: string, path: string, problems: ProblemList): void {
  checkResources(member(node, "resources"), jsonPath(path, "resources"), name, problems);
  checkResources(member(objectAt(node, "config") ?? {}, "resources"), jsonPath(path, "config", "resources"), name, problems);
  checkConstraints(member(node, "constraints"), jsonPath(path, "constraints"), ` for node ${name}`, problems);
  checkNodeServices(node, path, name, problems);
  const role = member(node, "role");
  if (role !== undefined && typeof role !== "string")
    problems.error(jsonPath(path, "role"), `role for node ${name} must be a string`, "Leave it out, or write a text");
  const policies = member(node, "policies");
  const place = {
    path: jsonPath(path, "policies"),
    subject: ofNode("policies", name),
    help: "A node has restart and reschedule as policies",
  };
  if (policies === undefined || !hold(problems, anyObject, policies, place) || !isJsonObject(policies)) return;
  for (const [key, shape] of [
    ["restart", Restart],
    ["reschedule", Reschedule],
  ] as const) {
    const window = member(policies, key);
    if (window !== undefined)
      hold(problems, shape, window, {
        path: jsonPath(place.path, key),
        subject: ofNode(`policies.${key}`, name),
        help: "docs/manifests.md lists the fields of a restart and a reschedule window",
      });
  }
}
