/** The two forms in which a plugin is written: a value, or a class. */
import type { JsonObject } from "@heddle/core";
import type {
  ActionDeclaration,
  ActionSchema,
  NamedAction,
  ParameterDeclarations,
  PluginDeclaration,
  PluginDescription,
  PluginRequest,
} from "./declare.ts";

const brand = Symbol.for("@heddle/plugin-sdk/plugin");

/** A plugin as `definePlugin` made it. */
export interface DefinedPlugin {
  readonly declaration: PluginDeclaration;
}

/** Defines a plugin. Nothing is checked yet: `checkPlugin` says what is wrong with it, and `serve` asks that first. */
export function definePlugin(declaration: PluginDeclaration): DefinedPlugin {
  return Object.freeze({ [brand]: "defined", declaration });
}

/** Gives `req.params` of an action the types of its inputs. Returns what it is given. */
export function defineAction<const Input extends ParameterDeclarations = Record<never, never>>(
  declaration: ActionDeclaration<Input>,
): ActionDeclaration;
export function defineAction<const Input extends ParameterDeclarations = Record<never, never>>(
  declaration: ActionDeclaration<Input> & NamedAction,
): ActionDeclaration & NamedAction;
export function defineAction(declaration: unknown): unknown {
  return declaration;
}

/** A plugin as a class: one `execute` for all of its actions, told apart by `req.action`. */
export abstract class Plugin {
  readonly [brand] = "class";

  abstract info(): PluginDescription;
  abstract schema(): { readonly actions: readonly (ActionSchema & NamedAction)[] };
  /** Called with inputs that fit the schema, defaults filled in. */
  abstract execute(req: PluginRequest): unknown;

  /** Throw when the plugin cannot do its work now. */
  healthCheck(): void | Promise<void> {}
  configUpdated(_config: JsonObject): void | Promise<void> {}
}

/** What a module may export as a plugin. */
export type AnyPlugin = DefinedPlugin | Plugin;

/** How a value was written as a plugin, also by another copy of this package; undefined when it is none. */
export function kindOfPlugin(value: unknown): "defined" | "class" | undefined {
  const kind = typeof value === "object" && value !== null ? (value as { readonly [brand]?: unknown })[brand] : undefined;
  return kind === "defined" || kind === "class" ? kind : undefined;
}
