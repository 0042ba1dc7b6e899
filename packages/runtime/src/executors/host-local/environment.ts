/**
 * The environment of a program: what every program needs of the host, what the contract tells it, what
 * the node sets, and what the node asks to be passed on from the host; the later wins. Nothing else is
 * inherited. Each variable of the contract has two names, because bundles were written for either.
 */
import type { ProcessNode } from "@heddle/core";
import type { Redactor } from "../../secrets/redactor.ts";
import { alwaysPassed } from "../handlers.ts";
import { type Redaction, redactionOf } from "./secrets.ts";

export interface ProgramEnvironment {
  readonly variables: Readonly<Record<string, string>>;
  readonly redaction: Redaction;
}

const prefixes = ["MN_", "MIRROR_NEURON_"] as const;

/** What the node sets, by name; references to secrets as they are. */
export function givenOf(node: ProcessNode): Record<string, string> {
  const given: Record<string, string> = { ...node.environment };
  for (const [name, value] of Object.entries(node.config.environment ?? {})) given[name] = value === null ? "" : String(value);
  return given;
}

/**
 * @param given what the node sets, with the values of its secrets
 * @param passedNames variables of the host that may be passed on
 * @param contract names without prefix: `INPUT_FILE`
 */
export function environmentOf(
  given: Readonly<Record<string, string>>,
  passedNames: readonly string[],
  host: Readonly<Record<string, string | undefined>>,
  contract: Readonly<Record<string, string>>,
  redactor: Redactor,
): ProgramEnvironment {
  const passed = pick(host, passedNames);
  const variables: Record<string, string> = pick(host, alwaysPassed);
  for (const [name, value] of Object.entries(contract)) for (const prefix of prefixes) variables[prefix + name] = value;
  return { variables: { ...variables, ...given, ...passed }, redaction: withSecrets(redactionOf(given, passed), redactor) };
}

/** Lines are cut where they are told, so that secrets are removed before. */
function withSecrets(redaction: Redaction, redactor: Redactor): Redaction {
  return {
    inTelling: (text) => redactor.inTelling(redaction.inTelling(text)),
    inOutput: (text) => redactor.inText(redaction.inOutput(text)),
    longest: Math.max(redaction.longest, redactor.longest()),
  };
}

function pick(host: Readonly<Record<string, string | undefined>>, names: readonly string[]): Record<string, string> {
  const picked: Record<string, string> = {};
  for (const name of names) {
    const value = host[name];
    if (value !== undefined) picked[name] = value;
  }
  return picked;
}
