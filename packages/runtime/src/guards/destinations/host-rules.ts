/**
 * Rules about hosts, and what is left where two lists of them meet. Pure.
 *
 * Forms: `api.example.com` (any port), `api.example.com:8443`, `.example.com` (every name beneath it, not
 * the name itself), `*` (all public hosts), an address (`10.1.2.3`, `10.1.2.3:8080`, `[fd00::1]:443`) and a
 * range of them (`10.0.0.0/8`).
 */
import { isIP } from "node:net";
import ipaddr from "ipaddr.js";
import { isRefusal, type Refusal, refuse, shown } from "../refusal.ts";
import { readHost } from "./destination.ts";

export type HostRule =
  | { readonly kind: "all" }
  | { readonly kind: "suffix"; readonly suffix: string; readonly port?: number }
  | { readonly kind: "host"; readonly host: string; readonly isAddress: boolean; readonly port?: number }
  | { readonly kind: "range"; readonly base: string; readonly bits: number };

/** What a rule is held against. */
export interface HostAndPort {
  readonly host: string;
  readonly port: number;
  readonly isAddress: boolean;
}

/** Code: `host-rule-invalid`. */
export function parseHostRule(text: string): HostRule | Refusal {
  if (text === "*") return { kind: "all" };
  if (text.includes("/")) return parseRange(text);
  const [, written, digits] = isIP(text) === 6 ? [text, `[${text}]`] : (/^(\[[^\]]*\]|[^:]*)(?::([0-9]+))?$/.exec(text) ?? []);
  const port = digits === undefined ? undefined : Number(digits);
  if (written === undefined || (port !== undefined && (port < 1 || port > 65_535))) return invalid(text);
  const withPort = port === undefined ? {} : { port };
  const isSuffix = written.startsWith(".");
  const host = readHost(isSuffix ? written.slice(1) : written);
  if (isRefusal(host) || (isSuffix && host.isAddress)) return invalid(text);
  return isSuffix ? { kind: "suffix", suffix: `.${host.host}`, ...withPort } : { kind: "host", ...host, ...withPort };
}

/** The first rule that cannot be read refuses the whole list. */
export function parseHostRules(texts: readonly string[]): readonly HostRule[] | Refusal {
  const rules: HostRule[] = [];
  for (const text of texts) {
    const rule = parseHostRule(text);
    if (isRefusal(rule)) return rule;
    rules.push(rule);
  }
  return rules;
}

function parseRange(text: string): HostRule | Refusal {
  // The library also takes short and octal spellings of the base.
  if (isIP(text.split("/", 1)[0] ?? "") === 0 || !ipaddr.isValidCIDR(text)) return invalid(text);
  const [base, bits] = ipaddr.parseCIDR(text);
  return { kind: "range", base: base.toString(), bits };
}

function invalid(text: string): Refusal {
  const forms = "api.example.com, api.example.com:8443, .example.com, *, 10.1.2.3:8080, [fd00::1]:443 or 10.0.0.0/8";
  return refuse("host-rule-invalid", `${shown(text)} is not a rule about hosts: write one as in ${forms}`);
}

/** The first rule that lets this through; undefined where none does. `*` and names say nothing about addresses that are not public. */
export function matchHost(rules: readonly HostRule[], place: HostAndPort): HostRule | undefined {
  return rules.find((rule) => matches(rule, place));
}

function matches(rule: HostRule, place: HostAndPort): boolean {
  switch (rule.kind) {
    case "all":
      return true;
    case "suffix":
      return !place.isAddress && place.host.endsWith(rule.suffix) && isOnPort(rule, place);
    case "host":
      return place.host === rule.host && isOnPort(rule, place);
    case "range":
      return place.isAddress && isWithin(place.host, rule);
  }
}

function isOnPort(rule: { readonly port?: number }, place: HostAndPort): boolean {
  return rule.port === undefined || rule.port === place.port;
}

function isWithin(address: string, range: { readonly base: string; readonly bits: number }): boolean {
  const [a, b] = [ipaddr.parse(address), ipaddr.parse(range.base)];
  return a.kind() === b.kind() && a.match(b, range.bits);
}

/**
 * What a caller may reach of what the operator lets through: all of it where the caller has no list, nothing
 * where the list is empty, else what both have in common.
 */
export function narrowRules(operator: readonly HostRule[], caller: readonly HostRule[] | undefined): readonly HostRule[] {
  if (caller === undefined) return operator;
  const common = new Map<string, HostRule>();
  for (const asked of caller) {
    for (const given of operator) {
      const rule = commonOf(asked, given);
      if (rule !== undefined) common.set(JSON.stringify(rule), rule);
    }
  }
  return [...common.values()];
}

/** What two rules both let through; undefined where that is nothing. */
function commonOf(a: HostRule, b: HostRule): HostRule | undefined {
  if (a.kind === "all") return b;
  if (b.kind === "all") return a;
  if (a.kind === "range" || b.kind === "range") return commonOfRange(a, b);
  const port = commonPort(a.port, b.port);
  if (port === "none") return undefined;
  const narrow = narrowerName(a, b);
  if (narrow === undefined) return undefined;
  return port === undefined ? narrow : { ...narrow, port };
}

type NameRule = Extract<HostRule, { kind: "suffix" | "host" }>;

function narrowerName(a: NameRule, b: NameRule): NameRule | undefined {
  const [inner, outer] = lengthOf(a) >= lengthOf(b) ? [a, b] : [b, a];
  if (outer.kind === "host") return inner.kind === "host" && inner.host === outer.host ? inner : undefined;
  if (inner.kind === "host") return !inner.isAddress && inner.host.endsWith(outer.suffix) ? inner : undefined;
  return inner.suffix.endsWith(outer.suffix) ? inner : undefined;
}

function lengthOf(rule: NameRule): number {
  return rule.kind === "host" ? rule.host.length : rule.suffix.length;
}

function commonOfRange(a: HostRule, b: HostRule): HostRule | undefined {
  if (a.kind === "range" && b.kind === "range") {
    const [inner, outer] = a.bits >= b.bits ? [a, b] : [b, a];
    return isWithin(inner.base, outer) ? inner : undefined;
  }
  const [range, other] = a.kind === "range" ? [a, b] : [b, a];
  if (range.kind !== "range" || other.kind !== "host" || !other.isAddress) return undefined;
  return isWithin(other.host, range) ? other : undefined;
}

function commonPort(a: number | undefined, b: number | undefined): number | undefined | "none" {
  if (a === undefined || b === undefined || a === b) return a ?? b;
  return "none";
}
