/** The plugins group of RuntimeApi, over the host of plugins that the runtime was given. */
import {
  checkInputs,
  describeProblems,
  HeddleError,
  type JsonObject,
  Name,
  nearestName,
  type PluginsApi,
  type PluginView,
  type RunsApi,
  type TenantId,
  toolName,
} from "@heddle/core";
import type { Executor, PluginHost } from "@heddle/ports";
import type { Engine } from "../shell/engine.ts";
import { startSingle } from "./single-node.ts";

/** How soon a plugin that nobody knows is to ask again. */
const heartbeatIntervalMsUnknown = 10_000;

/** The host of plugins among executors; undefined where it only executes. */
export function pluginHostOf(executor: Executor | PluginHost | undefined): PluginHost | undefined {
  return executor !== undefined && "register" in executor && "heartbeat" in executor ? executor : undefined;
}

export function createPluginsApi(engine: Engine, runs: Pick<RunsApi, "start">, host: PluginHost | undefined): PluginsApi {
  let heartbeatIntervalMs = heartbeatIntervalMsUnknown;

  const hosting = (): PluginHost => {
    if (host !== undefined) return host;
    throw new HeddleError("unimplemented", "this runtime has no plugins: it was made without a host of plugins (executors.tools)");
  };

  const pluginOf = (name: string, tenant: TenantId): PluginView => {
    const all = hosting().list(tenant);
    const found = all.find((plugin) => plugin.name === name);
    if (found !== undefined) return found;
    throw new HeddleError("plugin-not-found", `no plugin has the name ${name}; ${whatThereIs("plugins", all, name)}`, {
      details: { plugin: name },
    });
  };

  return {
    async list({ stage }, { principal }) {
      await hosting().checkHealth?.(principal.tenant);
      const all = hosting().list(principal.tenant);
      return stage === undefined
        ? all
        : all.filter((plugin) => plugin.stages.includes(stage) || plugin.actions.some((action) => action.stages.includes(stage)));
    },
    async register({ info, address, instance }, { principal }) {
      const registered = await hosting().register({ tenant: principal.tenant, info, address, instance });
      heartbeatIntervalMs = registered.heartbeatIntervalMs;
      return registered;
    },
    async heartbeat({ plugin, instance }, { principal }) {
      return { registered: hosting().heartbeat(principal.tenant, plugin, instance), heartbeatIntervalMs };
    },
    async deregister({ plugin, instance }, { principal }) {
      await hosting().deregister(principal.tenant, plugin, instance);
    },
    async invoke({ plugin, action, params, idempotencyKey }, caller) {
      const known = pluginOf(plugin, caller.principal.tenant);
      const called = known.actions.find(({ name }) => name === action);
      if (called === undefined) {
        const there = whatThereIs("actions", known.actions, action);
        throw new HeddleError("action-not-found", `plugin ${plugin} has no action ${action}; ${there}`, { details: { plugin, action } });
      }
      const tool = toolName(plugin, action);
      const { problems } = checkInputs(called, ownParameters(params));
      if (problems.length > 0) throw new HeddleError("input-invalid", `${tool} cannot be called so: ${describeProblems(problems)}`);
      // Most names of actions are names of nodes too; a person is asked about the node by its own.
      const id = Name.safeParse(action).success ? action : "action";
      const node = { kind: "tool", id, capability: tool, tool, permission: called.permission } as const;
      return startSingle(engine, runs, { workflow: tool, node, values: params, idempotencyKey }, caller);
    },
  };
}

/** Those that the action declares. Names that start with $ are of requests, and their executor reads them. */
function ownParameters(params: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(params).filter(([name]) => !name.startsWith("$")));
}

/** `there are the actions get, list (did you mean get?)`. */
function whatThereIs(what: string, all: readonly { readonly name: string }[], wanted: string): string {
  if (all.length === 0) return `there are no ${what}`;
  const names = all.map(({ name }) => name);
  const near = nearestName(wanted, names);
  const more = names.length > 20 ? ` and ${names.length - 20} more` : "";
  return `there are the ${what} ${names.slice(0, 20).join(", ")}${more}${near === undefined ? "" : ` (did you mean ${near}?)`}`;
}
