/** What the members of one `config` say together: watermarks in order, runners and what they allow, paths inside payloads. */
import type { JsonObject, JsonValue } from "@heddle/core";
import { isJsonObject } from "@heddle/core";
import { jsonPath, listAt, member, numberAt, objectAt, shown, textAt } from "./json-access.ts";
import type { AgentType } from "./node-shapes.ts";
import type { ProblemList } from "./problem-list.ts";
import { backpressureFault } from "./watermarks.ts";

export interface ConfigPlace {
  readonly problems: ProblemList;
  readonly name: string;
  readonly path: string;
  readonly agentType: AgentType;
  readonly config: JsonObject;
  readonly resources: JsonObject | undefined;
}

/** How a process node wants to be run. `other`: by a module of the other runtime that nobody here has. */
export type RunnerKind = "host-local" | "openshell" | "docker" | "other";

const runnerPrefix = /^MirrorNeuron\.(?:Runner|Sandbox)\./;

/** A runner is recognised by the last part of its name; without one, a node runs in the sandbox. */
export function runnerOf(config: JsonObject): RunnerKind {
  const runner = textAt(config, "runner_module");
  if (runner === undefined) return "openshell";
  switch (runner.replace(runnerPrefix, "")) {
    case "HostLocal":
    case "host_local":
      return "host-local";
    case "OpenShell":
    case "openshell":
      return "openshell";
    case "DockerWorker":
    case "docker_worker":
    case "DockerCompose":
      return "docker";
    default:
      return runner.endsWith(".OpenShell") ? "openshell" : "other";
  }
}

/** Looks at what has its shape, and leaves the rest to the shapes. */
export function checkConfig(place: ConfigPlace): void {
  const { problems, name, path, config } = place;
  const backpressure = objectAt(config, "backpressure");
  const fault = backpressure === undefined ? undefined : backpressureFault(backpressure);
  if (fault !== undefined) {
    const message = `config.backpressure.${fault.field} for node ${name} ${fault.message}`;
    problems.error(jsonPath(path, "backpressure", fault.field), message, "low_watermark <= high_watermark <= max_queue_depth");
  }
  if (place.agentType === "module") {
    const source = textAt(config, "module_source");
    if (source !== undefined) checkInside(place, source, ["module_source"]);
    warnOfModule(place, `node ${name} is a BEAM module, which this runtime cannot run`);
  }
  if (place.agentType === "executor") checkExecutor(place);
}

function warnOfModule({ problems, path }: ConfigPlace, message: string): void {
  problems.warn(path, message, "It is kept as it is; a start is refused. Write the node as an executor with a command");
}

function checkExecutor(place: ConfigPlace): void {
  const { problems, name, path, config } = place;
  const runner = runnerOf(config);
  if (runner === "other")
    warnOfModule(place, `node ${name} wants the runner ${shown(member(config, "runner_module"))}, which this runtime does not have`);
  for (const { path: steps, source } of uploadSources(config)) checkInside(place, source, steps);
  const policy = policyFileOf(config);
  if (policy !== undefined) checkInside(place, policy, ["policy"]);
  const encoding = textAt(config, "content_encoding");
  if (encoding !== undefined && encoding !== "identity" && encoding !== "gzip") {
    const message = `unsupported content_encoding ${shown(encoding)} for node ${name}`;
    problems.error(jsonPath(path, "content_encoding"), message, "Bodies are identity or gzip");
  }
  for (const [key, value] of Object.entries(objectAt(config, "environment") ?? {})) {
    if (isEnvironmentName(key)) continue;
    const message = `config.environment for node ${name} has the name ${shown(key)}, which no variable can have`;
    problems.error(jsonPath(path, "environment"), message, `Name it with letters, digits and _ (its value is ${typeof value})`);
  }
  for (const key of listAt(config, "pass_env") ?? []) {
    if (typeof key !== "string" || key === "" || isEnvironmentName(key)) continue;
    const message = `config.pass_env for node ${name} has ${shown(key)}, which no variable can be named`;
    problems.error(jsonPath(path, "pass_env"), message, "Name variables of the host with letters, digits and _");
  }
  checkPorts(place, runner);
  checkPython(place, runner);
}

function isEnvironmentName(key: string): boolean {
  return /^[A-Za-z_][A-Za-z0-9_]*$/.test(key) && key !== "__proto__";
}

const forwardKeys = ["forward", "forwards", "port_forward", "port_forwards", "publish_ports", "published_ports"];

function checkPorts({ problems, name, path, config, resources }: ConfigPlace, runner: RunnerKind): void {
  const kind =
    runner === "openshell" && textAt(config, "runner_module") !== undefined ? "OpenShell" : runner === "docker" ? "Docker" : undefined;
  if (kind === undefined) return;
  if (kind === "OpenShell" && (listAt(resources ?? {}, "ports") ?? []).length > 0) {
    const message = `OpenShell node ${name} must not declare inbound resources.ports; nothing can reach into its sandbox`;
    problems.error(path, message, "Let it answer by messages, or serve from a node with another runner");
  }
  const key = forwardKeys.find((one) => !isNothing(member(config, one)));
  if (key !== undefined) {
    const help = "Leave it out: a sandbox reaches out and is never reached";
    problems.error(jsonPath(path, key), `${kind} node ${name} must not publish or forward host ports`, help);
  }
}

function isNothing(value: JsonValue | undefined): boolean {
  if (value === undefined || value === "" || value === false) return true;
  if (typeof value !== "object" || value === null) return false;
  return (Array.isArray(value) ? value : Object.keys(value)).length === 0;
}

function checkPython({ problems, name, path, config }: ConfigPlace, runner: RunnerKind): void {
  const environment = member(config, "python_environment");
  const given = member(config, "runner_module");
  // A runner that is no text has been told already.
  if (environment === undefined || (given !== undefined && typeof given !== "string")) return;
  const place = jsonPath(path, "python_environment");
  const fail = (at: string, message: string): void =>
    problems.error(at, `${name}: ${message}`, "python_environment is {requirements: a file in payloads/, packages: [names]}");
  if (runner !== "host-local") {
    fail(place, "python_environment is only supported with MirrorNeuron.Runner.HostLocal");
    return;
  }
  if (!isJsonObject(environment)) {
    fail(place, "python_environment must be an object");
    return;
  }
  const requirements = member(environment, "requirements");
  if (requirements !== undefined) {
    const at = jsonPath(place, "requirements");
    if (typeof requirements !== "string" || requirements === "") fail(at, "python_environment.requirements must be a string");
    else if (!isInside(requirements)) fail(at, "python_environment.requirements must be a relative path inside payloads/");
  }
  const packages = member(environment, "packages");
  const named = Array.isArray(packages) && packages.every((one) => typeof one === "string" && one.trim() !== "");
  if (packages !== undefined && !named)
    fail(jsonPath(place, "packages"), "python_environment.packages must be a list of non-empty strings");
}

function checkInside({ problems, name, path }: ConfigPlace, file: string, steps: readonly PropertyKey[]): void {
  if (isInside(file)) return;
  const message = `${jsonPath("config", ...steps)} for node ${name} must be a relative path inside payloads/`;
  problems.error(jsonPath(path, ...steps), message, `Put the file below payloads/ and name it from there; ${shown(file)} leads elsewhere`);
}

/** Whether a path stays below the folder that it starts from. */
export function isInside(file: string): boolean {
  if (file.startsWith("/") || file.startsWith("\\") || /^[A-Za-z]:/.test(file) || file.includes("\0")) return false;
  let depth = 0;
  for (const part of file.split(/[\\/]/)) {
    if (part === "..") depth--;
    else if (part !== "." && part !== "") depth++;
    if (depth < 0) return false;
  }
  return true;
}

export interface Upload {
  readonly source: string;
  readonly target: string;
  /** Where in the config it is said. */
  readonly path: readonly PropertyKey[];
}

/** What of `payloads/` a process is given: by either spelling, in order, each target where it will lie. */
export function uploadSources(config: JsonObject): readonly Upload[] {
  const uploads: Upload[] = [];
  const seen = new Set<string>();
  const add = (source: string, target: string, path: readonly PropertyKey[]): void => {
    const key = JSON.stringify([source, target]);
    if (!seen.has(key)) uploads.push({ source, target, path });
    seen.add(key);
  };
  const single = textAt(config, "upload_path");
  if (single !== undefined) add(single, textAt(config, "upload_as") ?? single, ["upload_path"]);
  for (const key of ["upload_paths", "uploads"]) {
    for (const [index, item] of (listAt(config, key) ?? []).entries()) {
      const source = isJsonObject(item) ? textAt(item, "source") : undefined;
      if (isJsonObject(item) && source !== undefined) add(source, textAt(item, "target") ?? source, [key, index, "source"]);
    }
  }
  return uploads;
}

/** The policy of a sandbox where it is a file; a bare word is the name of one that the sandbox has. */
export function policyFileOf(config: JsonObject): string | undefined {
  const policy = textAt(config, "policy");
  return policy !== undefined && /[./\\]/.test(policy) ? policy : undefined;
}

/** Attempts in all, and the first pause between them. */
export function retryOf(config: JsonObject): { readonly attemptsMax: number; readonly delayMs: number } | undefined {
  const attemptsMax = numberAt(config, "max_attempts");
  if (attemptsMax === undefined || attemptsMax <= 1) return undefined;
  return { attemptsMax, delayMs: numberAt(config, "retry_backoff_ms") ?? 500 };
}
