/** The plugins service. */
import {
  type Action,
  type ActionParameter,
  adoptJson,
  type ConfigParameter,
  InvokePluginRequest,
  ListPluginsRequest,
  PluginInstanceRequest,
  type PluginView,
  RegisterPluginRequest,
} from "@heddle/core";
import { Heartbeat, Plugins, RegisteredPlugin, StartedRun } from "./answers.ts";
import type * as pb from "./gen/heddle/plugins/v1/plugins.js";
import { PluginsServiceService } from "./gen/heddle/plugins/v1/plugins.js";
import { present, wireMethod } from "./method.ts";
import { emptyAnswer } from "./pages.ts";
import { answerJson, int, jsonOrAbsent, num, requestJson } from "./scalars.ts";

const byInstance = {
  request: PluginInstanceRequest,
  toRequest: ({ plugin, instance }: { plugin: string; instance: string }) => ({ plugin, instance }),
  fromRequest: ({ plugin, instance }: { readonly plugin: string; readonly instance: string }) => ({ plugin, instance }),
};

/** Every method of `PluginsApi`, by its name there. */
export const pluginsWire = {
  list: wireMethod(PluginsServiceService.listPlugins, {
    request: ListPluginsRequest,
    response: Plugins,
    toRequest: (message) => present(message),
    fromRequest: ({ stage }) => ({ stage }),
    toResponse: ({ plugins }) => plugins.map(toPlugin),
    fromResponse: (views) => ({ plugins: views.map(fromPlugin) }),
  }),
  register: wireMethod(PluginsServiceService.registerPlugin, {
    request: RegisterPluginRequest,
    response: RegisteredPlugin,
    jsonMembers: ["info"],
    // Adopted whole, so that its depth has one bound on every wire.
    toRequest: ({ info, address, instance }) => present({ info: info && adoptJson(toInfo(info, requestJson)), address, instance }),
    fromRequest: ({ info, address, instance }) => ({ info: fromInfo(info), address, instance }),
    toResponse: ({ heartbeatIntervalMs }) => ({ heartbeatIntervalMs: num(heartbeatIntervalMs) }),
    fromResponse: ({ heartbeatIntervalMs }) => ({ heartbeatIntervalMs: int(heartbeatIntervalMs) }),
  }),
  heartbeat: wireMethod(PluginsServiceService.heartbeatPlugin, {
    ...byInstance,
    response: Heartbeat,
    toResponse: ({ registered, heartbeatIntervalMs }) => ({ registered, heartbeatIntervalMs: num(heartbeatIntervalMs) }),
    fromResponse: ({ registered, heartbeatIntervalMs }) => ({ registered, heartbeatIntervalMs: int(heartbeatIntervalMs) }),
  }),
  deregister: wireMethod(PluginsServiceService.deregisterPlugin, { ...byInstance, ...emptyAnswer }),
  invoke: wireMethod(PluginsServiceService.invokePlugin, {
    request: InvokePluginRequest,
    response: StartedRun,
    jsonMembers: ["params"],
    toRequest: ({ plugin, action, paramsJson, idempotencyKey }) =>
      present({ plugin, action, params: requestJson("params_json", paramsJson), idempotencyKey }),
    fromRequest: ({ plugin, action, params, idempotencyKey }) => ({ plugin, action, paramsJson: JSON.stringify(params), idempotencyKey }),
    toResponse: ({ runId, existing }) => ({ runId, existing }),
    fromResponse: ({ runId, existing }) => ({ runId, existing }),
  }),
};

function toPlugin({ info, origin, instances }: pb.Plugin): unknown {
  return { ...(info && toInfo(info, (_, text) => answerJson(text))), origin, instances: instances.map(toInstance) };
}

function fromPlugin(view: PluginView): pb.Plugin {
  const { origin, instances, ...info } = view;
  return { info: fromInfo(info), origin, instances: instances.map(fromInstance) };
}

/** How a JSON field is read: those of requests and of answers tell of their faults in other codes. */
type ReadJson = (field: string, text: string) => unknown;

function toInfo(message: pb.PluginInfo, read: ReadJson): Record<string, unknown> {
  const { name, version, description, permission, stages, actions, intents, prompts, config, metadata } = message;
  return {
    name,
    version,
    description,
    permission,
    stages,
    actions: actions.map((action) => toAction(action, read)),
    intents: intents.map((intent) => present(intent)),
    prompts,
    config: config.map((parameter) => toConfig(parameter, read)),
    metadata,
  };
}

function fromInfo(info: Omit<PluginView, "origin" | "instances">): pb.PluginInfo {
  const { name, version, description, permission, stages, actions, intents, prompts, config, metadata } = info;
  return {
    name,
    version,
    description,
    permission,
    stages: [...stages],
    actions: actions.map(fromAction),
    intents: intents.map(fromIntent),
    prompts: [...prompts],
    config: config.map(fromConfig),
    metadata: { ...metadata },
  };
}

function toAction(message: pb.Action, read: ReadJson): unknown {
  const { name, description, permission, stages, input, output, intents } = message;
  const toOwn = (parameter: pb.ActionParameter) => toParameter(parameter, read);
  const parameters = { input: input.map(toOwn), output: output.map(toOwn) };
  return { name, description, permission, stages, ...parameters, intents: intents.map((intent) => present(intent)) };
}

function fromAction(action: Action): pb.Action {
  const { name, description, permission, stages, input, output, intents } = action;
  const parameters = { input: input.map(fromParameter), output: output.map(fromParameter) };
  return { name, description, permission, stages: [...stages], ...parameters, intents: intents.map(fromIntent) };
}

function toParameter(message: pb.ActionParameter, read: ReadJson): unknown {
  const { name, type, required, description, defaultJson, enumJson } = message;
  const choices = enumJson.map((text) => read("enum_json", text));
  return present({ name, type, required, description, default: readOrAbsent(read, defaultJson), enum: choices });
}

function fromParameter(parameter: ActionParameter): pb.ActionParameter {
  const { name, type, required, description, default: byDefault, enum: choices } = parameter;
  const values = { defaultJson: jsonOrAbsent(byDefault), enumJson: choices.map((choice) => JSON.stringify(choice)) };
  return { name, type, required, description, ...values };
}

function fromIntent({ pattern, action, description, priority }: PluginView["intents"][number]): pb.IntentPattern {
  return { pattern, action, description, priority };
}

function toConfig(message: pb.ConfigParameter, read: ReadJson): unknown {
  const { key, type, required, defaultJson, description, secret } = message;
  return present({ key, type, required, default: readOrAbsent(read, defaultJson), description, secret });
}

function fromConfig(parameter: ConfigParameter): pb.ConfigParameter {
  const { key, type, required, default: byDefault, description, secret } = parameter;
  return { key, type, required, defaultJson: jsonOrAbsent(byDefault), description, secret };
}

function readOrAbsent(read: ReadJson, text: string | undefined): unknown {
  return text === undefined ? undefined : read("default_json", text);
}

function toInstance(message: pb.PluginInstance): unknown {
  const { id, address, status, inFlight, sinceMs } = message;
  return present({ id, address, status, message: message.message, inFlight: num(inFlight), sinceMs: num(sinceMs) });
}

function fromInstance(instance: PluginView["instances"][number]): pb.PluginInstance {
  const { id, address, status, message, inFlight, sinceMs } = instance;
  return { id, address, status, message, inFlight: int(inFlight), sinceMs: int(sinceMs) };
}
