/** Addresses of daemons, `host:port`, with IPv6 hosts in brackets. */
import { HeddleError } from "@heddle/core";

/** Where a client looks for a daemon by default. */
export const defaultTarget = "localhost:55051";

export interface Address {
  /** Without brackets. */
  readonly host: string;
  readonly port: number;
}

/** @throws HeddleError `config-invalid` when the text is not `host:port`. */
export function parseAddress(text: string): Address {
  const match = /^(?:\[([0-9a-fA-F:.]+(?:%[\w.-]+)?)\]|([^\s:/[\]]+)):(\d{1,5})$/.exec(text);
  const host = match?.[1] ?? match?.[2];
  const port = Number(match?.[3]);
  if (host === undefined || port > 65_535) {
    throw new HeddleError("config-invalid", `the address ${JSON.stringify(text)} is not host:port, as in ${defaultTarget}`);
  }
  return { host, port };
}

export function formatAddress({ host, port }: Address): string {
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}

/** True for names and addresses that never leave this machine. */
export function isLoopbackHost(host: string): boolean {
  return host === "localhost" || host === "::1" || /^127(\.\d{1,3}){3}$/.test(host);
}
