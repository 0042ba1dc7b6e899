/** The settings of a plugin: what is given over what it declares. */
import { HeddleError, type JsonObject, type JsonValue, type PluginInfo } from "@heddle/core";

/**
 * Settings by key, defaults filled in.
 *
 * @throws HeddleError `config-invalid` naming every key that is missing, unknown or of another type.
 */
export function settingsOf({ name, config }: PluginInfo, given: JsonObject): JsonObject {
  const settings: Record<string, JsonValue> = {};
  const problems: string[] = [];
  for (const { key, type, required, default: byDefault } of config) {
    const value = Object.hasOwn(given, key) ? given[key] : byDefault;
    if (value !== undefined && fits(type, value)) settings[key] = value;
    else if (value !== undefined) problems.push(`${key} is not of type ${type}`);
    else if (required) problems.push(`${key} is required`);
  }
  const known = new Set(config.map(({ key }) => key));
  for (const key of Object.keys(given)) if (!known.has(key)) problems.push(`${key} is no setting of it`);
  if (problems.length === 0) return Object.freeze(settings);
  throw new HeddleError("config-invalid", `the settings of the plugin ${name} are not valid: ${problems.join("; ")}`);
}

function fits(type: PluginInfo["config"][number]["type"], value: JsonValue): boolean {
  switch (type) {
    case "json":
      return true;
    case "int":
      return Number.isSafeInteger(value);
    case "bool":
      return typeof value === "boolean";
    default:
      return typeof value === "string";
  }
}
