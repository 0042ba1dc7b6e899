/**
 * One node of a manifest as a node of the IR. What the IR has a field for is lifted into it; `config` is
 * the whole configuration with its template applied, and `raw` the node as it was written.
 */
import { isJsonObject, type JsonObject, type JsonValue, type Node, ProcessConfig } from "@heddle/core";
import { retryOf, runnerOf, uploadSources } from "./check-config.ts";
import { irName } from "./ir-names.ts";
import { copied, flagAt, listAt, member, named, numberAt, objectAt, present, textAt, without } from "./json-access.ts";
import { firingOf } from "./lower-firing.ts";
import { resourcesOf, type SourceNode } from "./read-nodes.ts";
import { type RecoveryWindows, windowsUnder } from "./recovery-windows.ts";

const dayMs = 24 * 60 * 60 * 1_000;
/** Of the IR; a century. */
const durationMsMax = 3_155_760_000_000;

export function lowerNode(source: SourceNode, id: string, windows: RecoveryWindows): Node {
  const { node, given, agentType } = source;
  const config = agentType === "executor" || agentType === "module" ? withoutEmptyKeys(source.config) : source.config;
  const policies = objectAt(node, "policies") ?? {};
  const own = windowsUnder(windows, policies);
  const resources = resourcesOf(node);
  const services = copied(listAt(node, "services"));
  const label = textAt(node, "display_name") ?? textAt(node, "alias") ?? (source.id === id ? undefined : source.id);
  const base = {
    id,
    template: source.template,
    ...present({
      label: label?.slice(0, 256),
      backpressure: objectAt(config, "backpressure"),
      concurrencyMax: concurrencyOf(objectAt(config, "backpressure")),
      resources,
      services,
      restart: objectAt(policies, "restart") === undefined ? undefined : own.restart,
      reschedule: objectAt(policies, "reschedule") === undefined ? undefined : own.reschedule,
    }),
    ...firingOf(source),
    // A config that the node holds as it was written needs no second copy.
    raw: node === given && config === given["config"] ? without(given, ["config"]) : given,
  };
  switch (agentType) {
    case "router":
      return { kind: "router", ...base, ...configOf(source) };
    case "aggregator":
      return { kind: "aggregate", ...base, ...configOf(source) };
    case "sensor":
      return { kind: "sensor", ...base, ...configOf(source) };
    default:
      return { kind: "process", ...base, ...processFields(source), config };
  }
}

function concurrencyOf(backpressure: JsonObject | undefined): number | undefined {
  const given = numberAt(backpressure ?? {}, "max_concurrency");
  return given === undefined ? undefined : Math.min(10_000, Math.max(1, Math.round(given)));
}

/** Without keys of the worker contract that are null: the format reads them as absent, the contract has no such value. */
function withoutEmptyKeys(config: JsonObject): JsonObject {
  const empty = Object.keys(config).filter((key) => config[key] === null && Object.hasOwn(ProcessConfig.shape, key));
  return empty.length === 0 ? config : without(config, empty);
}

/** A config that is there, an empty one included. */
function configOf({ node, config }: SourceNode): { readonly config?: JsonObject } {
  return member(node, "config") === undefined ? {} : { config };
}

function processFields({ id, config, agentType }: SourceNode) {
  const retry = retryOf(config);
  const timeout = numberAt(config, "timeout_seconds");
  const pool = textAt(config, "pool");
  const passEnv = copied(listAt(config, "pass_env"))?.filter((name) => typeof name === "string");
  const uploads = uploadSources(config).map(({ source, target }) => ({ source, target }));
  const isModule = agentType === "module";
  const runner = isModule ? "other" : runnerOf(config);
  return present({
    // The pauses double without a ceiling worth the name, and without jitter.
    retry:
      retry === undefined
        ? undefined
        : {
            attemptsMax: Math.min(retry.attemptsMax, 1_000_000),
            delayMs: Math.min(retry.delayMs, dayMs),
            factor: 2,
            delayMaxMs: dayMs,
            jitter: 0,
          },
    timeoutMs: timeout === undefined ? undefined : Math.min(durationMsMax, Math.max(1, Math.round(timeout * 1_000))),
    pool: pool === undefined ? undefined : irName(pool),
    slots: numberAt(config, "pool_slots"),
    environment: environmentOf(config),
    passEnv,
    uploads: uploads.length === 0 ? undefined : uploads,
    confinement: runner === "host-local" ? ("process" as const) : runner === "other" ? undefined : ("sandbox" as const),
    safety: safetyOf(config),
    refusal: runner === "other" ? refusalOf(id, config, isModule) : undefined,
  });
}

function environmentOf(config: JsonObject): Readonly<Record<string, string>> | undefined {
  const environment = objectAt(config, "environment");
  if (environment === undefined) return undefined;
  return Object.fromEntries(Object.entries(environment).map(([name, value]) => [name, value === null ? "" : String(value)]));
}

function refusalOf(id: string, config: JsonObject, isModule: boolean): { readonly code: string; readonly message: string } {
  const what = textAt(config, isModule ? "module" : "runner_module") ?? "";
  const message = isModule
    ? `node ${named(id)} is the BEAM module ${named(what)}, and BEAM modules do not run here`
    : `node ${named(id)} wants the runner ${named(what)}, which is not here`;
  return { code: "executor-unavailable", message };
}

const cautions = ["unsafe", "manual_review_on_recovery", "requires_approval"];

/** Whether a second attempt is harmless, where the config says; a caution goes before a permission. */
function safetyOf(config: JsonObject): "safe" | "unsafe" | undefined {
  const permitted = [flagAt(config, "safe_to_retry"), flagAt(config, "idempotent")];
  const isUnsafe = cautions.some((name) => flagAt(config, name) === true) || permitted.includes(false) || writesOutside(config);
  if (isUnsafe) return "unsafe";
  return permitted.includes(true) ? "safe" : undefined;
}

function writesOutside(config: JsonObject): boolean {
  const effects: JsonValue | undefined = member(config, "side_effects");
  const says = (value: JsonValue | undefined): boolean => typeof value === "string" && /write/i.test(value) && !/^(?:no|none)/i.test(value);
  if (Array.isArray(effects)) return effects.some(says);
  if (isJsonObject(effects)) return Object.entries(effects).some(([name, value]) => says(name) && value === true);
  return says(effects);
}
