/** The five ways to log, over one. */
import type { HandlerLog, JsonObject, LogLevel } from "@heddle/core";

export function logFunctions(write: (level: LogLevel, text: string, fields: JsonObject | undefined) => void): HandlerLog {
  const at = (level: LogLevel) => (text: string, fields?: JsonObject) => write(level, text, fields);
  return Object.assign(at("info"), { debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") });
}
