/** The gate that a plugin passes before it serves: all that is wrong with it, at once. */
import { type Action, checkPluginInfo, HeddleError, type PluginInfo } from "@heddle/core";
import type { AnyPlugin } from "./define-plugin.ts";
import { kindOfPlugin } from "./define-plugin.ts";
import { normalForm, type PluginForm } from "./normal-form.ts";

/** A plugin that passed. */
export interface ReadyPlugin {
  readonly info: PluginInfo;
  readonly form: PluginForm;
  readonly actions: ReadonlyMap<string, Action>;
}

/** Every way in which a plugin will not do, as sentences; empty for one that will. */
export function checkPlugin(plugin: unknown): readonly string[] {
  return examined(plugin).problems;
}

/**
 * The plugin, ready to be called.
 *
 * @throws HeddleError `plugin-invalid` with every problem.
 */
export function readyPlugin(plugin: unknown): ReadyPlugin {
  const { problems, ready } = examined(plugin);
  if (ready !== undefined) return ready;
  const lines = problems.map((problem) => `\n  - ${problem}`).join("");
  throw new HeddleError("plugin-invalid", `the plugin cannot be used as it is:${lines}`, { details: { problems: problems.length } });
}

function examined(plugin: unknown): { readonly problems: readonly string[]; readonly ready?: ReadyPlugin } {
  if (kindOfPlugin(plugin) === undefined)
    return { problems: ["it is no plugin: give what definePlugin returned, or a subclass of Plugin"] };
  const form = normalForm(plugin as AnyPlugin);
  const { info, problems } = form.candidate === undefined ? { info: undefined, problems: [] } : checkPluginInfo(form.candidate);
  if (info === undefined || form.faults.length > 0) return { problems: [...form.faults, ...problems] };
  return { problems: [], ready: { info, form, actions: new Map(info.actions.map((action) => [action.name, action])) } };
}
