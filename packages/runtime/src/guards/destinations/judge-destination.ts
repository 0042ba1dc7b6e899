/**
 * Whether a destination may be reached, first by its name and then by each address that the name has. Pure.
 *
 * An address that is not public needs two things: a rule that names that very host, address or range, and
 * the operator's allowance of private places. A rule for `*` or for all names beneath one never suffices.
 */
import { type Refusal, refuse } from "../refusal.ts";
import { type AddressClass, classifyAddress } from "./addresses.ts";
import type { Destination } from "./destination.ts";
import { type HostRule, matchHost } from "./host-rules.ts";

export interface DestinationPolicy {
  /** What may be reached; after {@link narrowRules}. */
  readonly rules: readonly HostRule[];
  /** The operator's: which of it may be private. */
  readonly privateRules: readonly HostRule[];
}

/** By what is written alone. Codes: `destination-not-allowed`, `destination-not-public`. */
export function judgeDestination(destination: Destination, policy: DestinationPolicy): Refusal | undefined {
  if (matchHost(policy.rules, destination) === undefined) {
    const place = placeOf(destination);
    return refuse("destination-not-allowed", `${place} is on no list of allowed hosts: ask for it to be added, or use one that is`);
  }
  if (destination.isAddress) return judgeAddress(destination.host, destination, policy);
  // These names are this machine by their definition, whatever a resolver says.
  return isLocalName(destination.host) ? judgeAddress("127.0.0.1", destination, policy) : undefined;
}

/** One address of a destination that {@link judgeDestination} has let through. Code: `destination-not-public`. */
export function judgeAddress(address: string, destination: Destination, policy: DestinationPolicy): Refusal | undefined {
  const found = classifyAddress(address);
  if (found.range === "public" || isAllowedPrivately(found, destination, policy)) return undefined;
  const where = destination.isAddress ? placeOf(destination) : `${placeOf(destination)} leads to ${found.address}, which`;
  const why = `${where} is not public (${found.range})`;
  return refuse("destination-not-public", `${why}: where it is meant, name it in the allowed hosts and in the operator's private hosts`);
}

function isAllowedPrivately(found: AddressClass, destination: Destination, policy: DestinationPolicy): boolean {
  const naming = policy.rules.filter((rule) => rule.kind === "host" || rule.kind === "range");
  return matchHost(naming, destination) !== undefined && isListed(found, destination, policy.privateRules);
}

function isListed(found: AddressClass, destination: Destination, privateRules: readonly HostRule[]): boolean {
  if (found.range === "invalid" || !privateRules.some((rule) => isListedBy(rule, found, destination))) return false;
  return found.embedded.every((inner) => inner.range === "public" || isListed(inner, destination, privateRules));
}

/** By the name or by the address; where credentials of the machine are given out, by the very address alone. */
function isListedBy(rule: HostRule, found: AddressClass, destination: Destination): boolean {
  if (rule.kind === "all" || rule.kind === "suffix") return false;
  const byAddress = { host: found.address, port: destination.port, isAddress: true };
  if (found.range === "metadata") return rule.kind === "host" && matchHost([rule], byAddress) !== undefined;
  return matchHost([rule], rule.kind === "host" && !rule.isAddress ? destination : byAddress) !== undefined;
}

function isLocalName(host: string): boolean {
  return host === "localhost" || host.endsWith(".localhost");
}

/** `host:port`, for people. */
export function placeOf({ host, port }: Pick<Destination, "host" | "port">): string {
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}
