/** Write plugins: actions with schemas and permissions, served over gRPC or inside the daemon. */
export { ActionError } from "./action-error.ts";
export { checkPlugin } from "./check-plugin.ts";
export type {
  ActionDeclaration,
  ActionSchema,
  ConfigDeclaration,
  IntentDeclaration,
  NamedAction,
  ParameterDeclaration,
  ParameterDeclarations,
  ParamsOf,
  PluginDeclaration,
  PluginDescription,
  PluginHooks,
  PluginRequest,
  PluginResponse,
  Progress,
  PromptDeclaration,
} from "./declare.ts";
export { type AnyPlugin, type DefinedPlugin, defineAction, definePlugin, kindOfPlugin, Plugin } from "./define-plugin.ts";
export { localPlugin } from "./local.ts";
export { type ServedPlugin, serve } from "./serve/serve.ts";
export type { ServeOptions } from "./serve/settings.ts";
