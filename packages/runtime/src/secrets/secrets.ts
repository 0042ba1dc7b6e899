/**
 * Secrets by name: `secret://github` stands in bundles, calls and the store, and becomes a value here alone, at the
 * moment an executor hands it on.
 *
 * Architecture invariant: nothing outside executors and the one connection that a token opens asks for a value. Every
 * value that is given is known to the redactor first.
 */
import {
  type Failure,
  failureOf,
  HeddleError,
  type Node,
  SecretName,
  type SecretSource,
  secretInHeader,
  secretNameOf,
  secretsOfNode,
} from "@heddle/core";
import type { Clock } from "@heddle/ports";
import { type HostAndPort, type HostRule, matchHost, parseHostRules } from "../guards/destinations/host-rules.ts";
import { isRefusal } from "../guards/refusal.ts";
import { readSecret, unresolved } from "./read-secret.ts";
import { createRedactor, type Redactor } from "./redactor.ts";

export interface SecretsOptions {
  readonly sources: Readonly<Record<string, SecretSource>>;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
}

/** Headers whose references have become values. */
export interface FilledHeaders {
  readonly headers: Readonly<Record<string, string>>;
  /** In lower case: the headers that no other origin is given. */
  readonly secret: ReadonlySet<string>;
}

export interface Secrets {
  readonly redactor: Redactor;
  /** There are none: nothing can be resolved, and nothing has to be redacted. */
  readonly none: boolean;
  /** Why a node that names these secrets can never start; undefined where nothing is known against it. Pure. */
  refuse(node: Node): Failure | undefined;
  /** The variables, with values for references. Errors: `secret-unresolved`. */
  fill(variables: Readonly<Record<string, string>>): Promise<Record<string, string>>;
  /** The text, or the value that it refers to. Errors: `secret-unresolved`. */
  value(text: string): Promise<string>;
  /** Headers as they are sent to this place. Errors: `secret-unresolved`, also where a secret may not go there. */
  headers(headers: Readonly<Record<string, string>>, to: HostAndPort): Promise<FilledHeaders>;
}

/** @throws HeddleError `config-invalid` for hosts of a source that cannot be read. */
export function createSecrets({ sources, environment, clock }: SecretsOptions): Secrets {
  const redactor = createRedactor();
  const names = new Map(Object.entries(sources));
  const hosts = new Map([...names].map(([name, source]) => [name, hostRulesOf(name, source)]));
  const printed = new Map<string, Promise<string>>();

  const resolve = async (name: string): Promise<string> => {
    const source = names.get(name);
    if (source === undefined) throw unresolved(name, unknownName(name));
    const value = await (source.command === undefined ? readSecret(name, source, { environment, clock }) : ask(name, source));
    redactor.learn(value);
    return value;
  };

  /** A command is asked once; one that failed is asked again. */
  const ask = (name: string, source: SecretSource): Promise<string> => {
    const known = printed.get(name) ?? readSecret(name, source, { environment, clock });
    printed.set(name, known);
    known.catch(() => printed.delete(name));
    return known;
  };

  const value = (text: string): Promise<string> => {
    const name = secretNameOf(text);
    return name === undefined ? Promise.resolve(text) : resolve(name);
  };

  return {
    redactor,
    none: names.size === 0,
    refuse(node) {
      const wrong = secretsOfNode(node).find((name) => !names.has(name));
      if (wrong === undefined) return undefined;
      const { message } = unresolved(wrong, unknownName(wrong));
      return failureOf("secret-unresolved", message, "denied", { node: node.id });
    },
    async fill(variables) {
      const filled: Record<string, string> = {};
      for (const [name, text] of Object.entries(variables)) filled[name] = await value(text);
      return filled;
    },
    value,
    async headers(given, to) {
      const headers: Record<string, string> = {};
      const secret = new Set<string>();
      for (const [header, text] of Object.entries(given)) {
        const found = secretInHeader(text);
        if (found === undefined) headers[header] = text;
        else {
          const { prefix, name } = found;
          if (names.has(name) && matchHost(hosts.get(name) ?? [], to) === undefined) {
            throw unresolved(
              name,
              `it may not be sent to ${to.host}:${to.port}; allow that with the hosts of secrets.${name} in the configuration`,
            );
          }
          headers[header] = prefix + (await resolve(name));
          secret.add(header.toLowerCase());
        }
      }
      return { headers, secret };
    },
  };
}

function unknownName(name: string): string {
  if (!SecretName.safeParse(name).success) return "a reference is like secret://github, a name of letters, digits, - _ and . alone";
  return `it is not in the configuration; say where it is found, as in secrets: { ${name}: { env: ${name.toUpperCase().replace(/\W/g, "_")} } }`;
}

function hostRulesOf(name: string, { hosts = [] }: SecretSource): readonly HostRule[] {
  const rules = parseHostRules(hosts);
  if (isRefusal(rules)) throw new HeddleError("config-invalid", `secrets.${name}.hosts: ${rules.message}`);
  return rules;
}
