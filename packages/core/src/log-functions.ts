/** The five ways to log, over one. */
import type { HandlerLog } from "./handler.ts";
import type { JsonObject } from "./json.ts";
import type { LogLevel } from "./run.ts";

/** The log that a handler is given, over whatever carries its lines. */
export function logFunctions(write: (level: LogLevel, text: string, fields: JsonObject | undefined) => void): HandlerLog {
  const at = (level: LogLevel) => (text: string, fields?: JsonObject) => write(level, text, fields);
  return Object.assign(at("info"), { debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") });
}
