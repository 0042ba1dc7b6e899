/**
 * Both ways to write a plugin, as one: what it says of itself in the shape of `PluginInfo`, not yet
 * checked, and one function for all actions. Total over whatever an author left out or got wrong.
 */
import type { JsonObject } from "@heddle/core";
import type { PluginRequest } from "./declare.ts";
import { type AnyPlugin, type DefinedPlugin, kindOfPlugin, type Plugin } from "./define-plugin.ts";

/** A plugin in its one internal form. */
export interface PluginForm {
  /** In the shape of `PluginInfo`, if the author got it right. */
  readonly candidate: unknown;
  /** What is wrong that its description cannot show. */
  readonly faults: readonly string[];
  call(request: PluginRequest): unknown;
  healthCheck(): unknown;
  configUpdated(config: JsonObject): unknown;
}

/** The internal form of either. */
export function normalForm(plugin: AnyPlugin): PluginForm {
  return kindOfPlugin(plugin) === "class" ? formOfClass(plugin as Plugin) : formOfDefined(plugin as DefinedPlugin);
}

function formOfDefined({ declaration }: DefinedPlugin): PluginForm {
  if (!isFields(declaration)) return broken("definePlugin was given nothing");
  const { actions, healthCheck, configUpdated, ...description } = declaration;
  const entries = Array.isArray(actions)
    ? actions.map((action: unknown) => [isFields(action) ? action["name"] : undefined, action] as const)
    : isFields(actions)
      ? Object.entries(actions)
      : [];
  const functions = new Map<unknown, (request: PluginRequest) => unknown>();
  const faults: string[] = [];
  for (const [name, action] of entries) {
    if (!isFields(action)) faults.push(`action ${JSON.stringify(name)} is no action`);
    else if (typeof action["execute"] !== "function") faults.push(`action ${JSON.stringify(name)} has no execute`);
    else functions.set(name, action["execute"].bind(action) as (request: PluginRequest) => unknown);
  }
  const described = entries.flatMap(([name, action]) => {
    if (!isFields(action)) return [];
    const { execute: _, ...schema } = action;
    return [{ ...schema, name }];
  });
  return {
    candidate: candidateOf(description, actions === undefined ? undefined : described),
    faults,
    call: (request) => functions.get(request.action)?.(request),
    healthCheck: () => healthCheck?.call(declaration),
    configUpdated: (config) => configUpdated?.call(declaration, config),
  };
}

function formOfClass(plugin: Plugin): PluginForm {
  const faults: string[] = [];
  const told = (what: "info" | "schema"): unknown => {
    try {
      return plugin[what]();
    } catch (error) {
      faults.push(`${what}() threw: ${error instanceof Error ? error.message : String(error)}`);
      return undefined;
    }
  };
  const info = told("info");
  const schema = told("schema");
  if (faults.length === 0 && !isFields(info)) faults.push("info() gave nothing");
  if (faults.length === 0 && !isFields(schema)) faults.push("schema() gave nothing");
  if (typeof plugin.execute !== "function") faults.push("execute is missing");
  return {
    candidate: isFields(info) ? candidateOf(info, isFields(schema) ? schema["actions"] : undefined) : undefined,
    faults,
    call: (request) => plugin.execute(request),
    healthCheck: () => plugin.healthCheck(),
    configUpdated: (config) => plugin.configUpdated(config),
  };
}

function broken(fault: string): PluginForm {
  return { candidate: undefined, faults: [fault], call: () => undefined, healthCheck: () => undefined, configUpdated: () => undefined };
}

type Fields = Readonly<Record<string, unknown>>;

function candidateOf(description: object, actions: unknown): unknown {
  const { intents, config, ...rest } = description as Fields;
  return {
    ...rest,
    ...(intents === undefined ? {} : { intents: intentsOf(intents) }),
    ...(config === undefined ? {} : { config: named(config, "key") }),
    ...(actions === undefined
      ? {}
      : { actions: Array.isArray(actions) ? actions.map((action) => actionOf(action, rest["permission"])) : actions }),
  };
}

function actionOf(action: unknown, permission: unknown): unknown {
  if (!isFields(action)) return action;
  const { input, output, intents } = action;
  return {
    ...(permission === undefined ? {} : { permission }),
    ...withoutAbsent(action),
    ...(input === undefined ? {} : { input: parametersOf(input) }),
    ...(output === undefined ? {} : { output: parametersOf(output) }),
    ...(intents === undefined ? {} : { intents: intentsOf(intents) }),
  };
}

function parametersOf(parameters: unknown): unknown {
  if (!isFields(parameters)) return parameters;
  const whole = Object.entries(parameters).map(([name, given]) => [name, typeof given === "string" ? { type: given } : given]);
  return named(Object.fromEntries(whole), "name");
}

/** Members by name as a list in which each has its name. */
function named(members: unknown, key: "name" | "key"): unknown {
  if (!isFields(members)) return members;
  return Object.entries(members).map(([name, member]) => (isFields(member) ? { ...member, [key]: name } : member));
}

function intentsOf(intents: unknown): unknown {
  return Array.isArray(intents) ? intents.map((intent: unknown) => (typeof intent === "string" ? { pattern: intent } : intent)) : intents;
}

function withoutAbsent(fields: Fields): Fields {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}

function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
