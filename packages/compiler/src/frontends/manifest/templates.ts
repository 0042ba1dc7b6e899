/**
 * The agent templates that `uses` can name, and how an instance of one becomes a node.
 *
 * What a template gives is a default: whatever `with` or the node itself says goes before it.
 */
import { isJsonObject, type JsonObject, type JsonValue } from "@heddle/core";
import { member, objectAt, textAt, without } from "./json-access.ts";

export const templateVersion = "1.0.0";

interface AgentTemplate {
  readonly agentType: string;
  readonly type: string;
  /** Arguments that `with` has to hold; of several names in one text, any one. */
  readonly needs: readonly string[];
  readonly role?: string;
  readonly script?: string;
  readonly config?: JsonObject;
}

const hostLocal = { runner_module: "MirrorNeuron.Runner.HostLocal" };
const onePlace = { pool: "default", pool_slots: 1, tty: false };

const templates: Readonly<Record<string, AgentTemplate>> = {
  control_approval_gate: { agentType: "router", type: "map", needs: ["approval_mode"] },
  control_checkpoint: { agentType: "executor", type: "map", needs: ["checkpoint_key"], config: hostLocal },
  control_input_listener: {
    agentType: "module",
    type: "stream",
    needs: ["skill_name"],
    config: { module: "MirrorNeuron.Agents.InputSkillListener" },
  },
  control_join: { agentType: "aggregator", type: "reduce", needs: [], role: "result_sink", config: { complete_on_message: true } },
  control_lifecycle: { agentType: "router", type: "map", needs: ["action"] },
  control_message_filter: { agentType: "router", type: "map", needs: ["predicate"] },
  control_output_fanout: { agentType: "executor", type: "reduce", needs: ["content"], config: hostLocal },
  control_retry: { agentType: "router", type: "map", needs: ["retry_policy"] },
  control_router: { agentType: "router", type: "map", needs: [] },
  control_tick_source: {
    agentType: "module",
    type: "stream",
    needs: ["emit_type"],
    config: { module: "MirrorNeuron.Agents.StreamTickSource" },
  },
  control_web_output: {
    agentType: "executor",
    type: "generic",
    needs: ["adapter"],
    config: { runner_module: "MirrorNeuron.Runner.OpenShell", primary_port: 8080, fallback_port: 8081 },
  },
  data_edge_model: { agentType: "executor", type: "map", needs: ["model_config", "device_profile"], config: hostLocal },
  data_llm_decision: { agentType: "executor", type: "map", needs: ["llm_config", "role"], config: hostLocal },
  data_llm_tool: { agentType: "executor", type: "map", needs: ["llm_config", "tools", "role"], config: hostLocal },
  data_module: { agentType: "module", type: "generic", needs: ["module"] },
  data_observer: { agentType: "executor", type: "map", needs: ["observation_source"], config: hostLocal },
  data_openshell_service: {
    agentType: "executor",
    type: "generic",
    needs: ["custom_openshell_image", "container_port", "external_port", "tunnel"],
    config: { runner_module: "MirrorNeuron.Runner.OpenShell", required: true },
  },
  data_python_executor: {
    agentType: "executor",
    type: "generic",
    needs: ["script or command", "upload_path"],
    config: { ...hostLocal, ...onePlace, from: "base", no_auto_providers: true, no_keep: true },
  },
  data_python_workflow: {
    agentType: "executor",
    type: "generic",
    needs: ["module", "upload_path"],
    script: "mn_worker.py",
    config: { ...hostLocal, ...onePlace },
  },
  data_sandboxed_codegen: {
    agentType: "executor",
    type: "map",
    needs: ["llm_config", "task", "sandbox"],
    config: { runner_module: "MirrorNeuron.Sandbox.OpenShell" },
  },
};

export const templateNames: readonly string[] = Object.keys(templates);

/** What is wrong with a use of a template, in the words that follow the name of the node. */
export interface TemplateFault {
  readonly at: readonly string[];
  readonly message: string;
}

/** `mn-agents.<id>@<version>`; the version may be left out. */
const reference = /^mn-agents\.([A-Za-z0-9_-]+)(?:@(.+))?$/;

/** Makes the node that an instance stands for; where it cannot, says why. A node without `uses` is itself. */
export function renderTemplate(node: JsonObject): { readonly node: JsonObject; readonly faults: readonly TemplateFault[] } {
  const uses = member(node, "uses");
  if (uses === undefined) return { node, faults: [] };
  const fail = (at: string, message: string) => ({ node, faults: [{ at: [at], message }] });
  if (typeof uses !== "string") return fail("uses", "uses must be a string");
  const [, id, version] = reference.exec(uses) ?? [];
  const template = id !== undefined && Object.hasOwn(templates, id) ? templates[id] : undefined;
  if (template === undefined) return fail("uses", `uses the unknown template ${JSON.stringify(uses.slice(0, 120))}`);
  if (version !== undefined && version !== templateVersion)
    return fail("uses", `uses version ${version.slice(0, 40)} of template ${id}, which is known in version ${templateVersion}`);
  const given = member(node, "with");
  if (given !== undefined && !isJsonObject(given)) return fail("with", "has a with that must be an object");
  const values = given ?? {};
  const faults = template.needs
    .filter((need) => need.split(" or ").every((name) => member(values, name) === undefined && member(node, name) === undefined))
    .map((need) => ({ at: ["with"], message: `uses template ${id} without with.${need}` }));
  return { node: rendered(node, values, template), faults };
}

function rendered(node: JsonObject, values: JsonObject, template: AgentTemplate): JsonObject {
  const uploadPath = textAt(values, "upload_path");
  const script = textAt(values, "script") ?? template.script;
  const config: Record<string, JsonValue> = {
    ...template.config,
    ...(script === undefined ? {} : { command: ["python3", script] }),
    ...(uploadPath === undefined ? {} : { upload_as: uploadPath, workdir: `/sandbox/job/${uploadPath}` }),
    ...without(values, ["node_type", "role", "script"]),
    ...objectAt(node, "config"),
  };
  const role = member(node, "role") ?? member(values, "role") ?? template.role;
  return {
    agent_type: template.agentType,
    ...without(node, ["uses", "with"]),
    type: member(node, "type") ?? member(values, "node_type") ?? template.type,
    ...(role === undefined ? {} : { role }),
    config,
  };
}
