/**
 * A URL as the place on the network that it leads to. Pure.
 *
 * The host is read by the same parser that the request is made with, and then compared with what was
 * written: an address in a spelling that people do not read as that address is refused, even where the
 * address itself could be reached.
 */
import { isIP } from "node:net";
import { domainToASCII } from "node:url";
import { strangeCharacterIn } from "../characters.ts";
import { isRefusal, type Refusal, refuse, shown } from "../refusal.ts";

export interface Destination {
  readonly scheme: "http" | "https";
  /** ASCII and lower case, without a dot at the end; an address in its canonical spelling, without brackets. */
  readonly host: string;
  readonly port: number;
  readonly isAddress: boolean;
}

/** A destination, and the URL in the form in which it is requested: without fragment. */
export interface ParsedUrl extends Destination {
  readonly url: string;
}

const urlCharactersMax = 8_192;
const portsByScheme = { http: 80, https: 443 } as const;

/**
 * Codes: `destination-invalid`, `scheme-refused`, `credentials-in-url`, `host-invalid` (no host, or none that the
 * network knows), `host-spelling` (an address written so that it does not look like it), `port-refused`.
 */
export function parseDestination(text: string): Destination | Refusal {
  const parsed = parseUrl(text);
  if (isRefusal(parsed)) return parsed;
  const { url: _, ...destination } = parsed;
  return destination;
}

/** As {@link parseDestination}, with the URL. */
export function parseUrl(text: string): ParsedUrl | Refusal {
  if (text.length > urlCharactersMax) {
    return refuse("destination-invalid", `the URL ${shown(text)} has more than ${urlCharactersMax} characters: send data in the body`);
  }
  const strange = strangeCharacterIn(text);
  if (strange !== undefined || /[\s\\]/.test(text)) {
    return refuse("destination-invalid", `the URL ${shown(text)} has a space, a backslash or a control character: encode it with %`);
  }
  const pieces = /^([a-z][a-z0-9+.-]*):(?:\/\/([^/?#]*))?/i.exec(text);
  if (pieces === null)
    return refuse("destination-invalid", `${shown(text)} is not an absolute URL: write one as in https://example.com/path`);
  const scheme = pieces[1]?.toLowerCase();
  if (scheme !== "http" && scheme !== "https") {
    return refuse("scheme-refused", `${shown(text)} has the scheme ${shown(scheme ?? "")}: only http and https are reached`);
  }
  const authority = pieces[2];
  if (authority === undefined) return refuse("destination-invalid", `${shown(text)} has no // after its scheme: write https://host/path`);
  if (authority.includes("@")) {
    return refuse("credentials-in-url", `${shown(text)} has credentials before its host: send them in a header, from a secret`);
  }
  const [, written = "", port] = /^(\[[^\]]*\]|[^:]*)(?::([0-9]*))?$/.exec(authority) ?? [];
  const host = readHost(written);
  if (isRefusal(host)) return host;
  const number = port === undefined || port === "" ? portsByScheme[scheme] : Number(port);
  if (number < 1 || number > 65_535) return refuse("port-refused", `${shown(text)} has the port ${port}: use one from 1 to 65535`);
  const url = URL.canParse(text) ? new URL(text) : undefined;
  // Both have read the same text; were it not so, nothing could be said about where the request goes.
  if (url === undefined || withoutDot(bare(url.hostname)) !== host.host) {
    return refuse("host-invalid", `the host of ${shown(text)} is ambiguous: write it plainly`);
  }
  url.hostname = host.host.includes(":") ? `[${host.host}]` : host.host;
  url.hash = "";
  return { scheme, ...host, port: number, url: url.href };
}

/** A host as it is written in a URL: a name, an IPv4 address, or an IPv6 address in brackets. Codes: `host-invalid`, `host-spelling`. */
export function readHost(written: string): Pick<Destination, "host" | "isAddress"> | Refusal {
  if (written === "") return refuse("host-invalid", "the host is empty: name one, as in https://example.com");
  if (written.includes("%")) {
    return refuse("host-invalid", `the host ${shown(written)} has a %: write the name itself, and addresses without a zone`);
  }
  const probe = `http://${written}/`;
  if (!URL.canParse(probe)) return refuse("host-invalid", `${shown(written)} is not a host: write a name as in example.com, or an address`);
  const { hostname, port, username } = new URL(probe);
  if (port !== "" || username !== "") return refuse("host-invalid", `${shown(written)} is not a host alone: leave out what is around it`);
  const address = bare(hostname);
  if (address !== hostname) return { host: address, isAddress: true };
  if (isIP(hostname) === 4) {
    if (written === hostname) return { host: hostname, isAddress: true };
    return refuse("host-spelling", `${shown(written)} is an unusual spelling of the address ${hostname}: write it like that`);
  }
  const name = withoutDot(hostname);
  if (name.length <= 253 && name.split(".").every((label) => /^[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?$/.test(label)) && isStable(name)) {
    return { host: name, isAddress: false };
  }
  return refuse("host-invalid", `${shown(written)} is not the name of a host: write one as in example.com`);
}

/** A name that is read as another one the second time is no name. */
function isStable(name: string): boolean {
  return domainToASCII(name) === name;
}

function bare(hostname: string): string {
  return hostname.startsWith("[") ? hostname.slice(1, -1) : hostname;
}

function withoutDot(hostname: string): string {
  return hostname.endsWith(".") ? hostname.slice(0, -1) : hostname;
}
