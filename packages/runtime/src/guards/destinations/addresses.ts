/**
 * What an address is: public, or one of the ranges that lead back to this machine, its network or nowhere.
 * Pure. What is not known to be public is not.
 */
import { isIP } from "node:net";
import ipaddr from "ipaddr.js";

export type AddressRange =
  | "public"
  | "loopback"
  | "private"
  | "link-local"
  | "carrier-grade-nat"
  | "unique-local"
  | "metadata"
  | "unspecified"
  | "broadcast"
  | "multicast"
  | "benchmarking"
  | "documentation"
  | "ipv4-mapped"
  | "ipv4-compatible"
  | "ipv4-translated"
  | "nat64"
  | "6to4"
  | "teredo"
  | "reserved"
  | "invalid";

export interface AddressClass {
  /** In its canonical spelling. */
  readonly address: string;
  readonly range: AddressRange;
  /** IPv4 addresses that it may stand for, where a gateway or the system makes IPv4 of it. */
  readonly embedded: readonly AddressClass[];
}

/** Where clouds answer with credentials of the machine; some are in ranges that are public otherwise. */
const metadata = new Set([
  "169.254.169.254",
  "169.254.169.253",
  "169.254.170.2",
  "169.254.170.23",
  "100.100.100.200",
  "168.63.129.16",
  "192.0.0.192",
  "fd00:ec2::254",
  "fd00:ec2::253",
  "fd00:ec2::23",
  "fd20:ce::254",
]);

/** Told apart here, where the library has one name for many. */
const named: readonly (readonly [string, AddressRange])[] = [
  ["198.18.0.0/15", "benchmarking"],
  ["192.0.2.0/24", "documentation"],
  ["198.51.100.0/24", "documentation"],
  ["203.0.113.0/24", "documentation"],
  ["2001:2::/48", "benchmarking"],
  ["2001:db8::/32", "documentation"],
  ["3fff::/20", "documentation"],
  ["64:ff9b::/96", "nat64"],
  ["64:ff9b:1::/48", "nat64"],
];

const byLibrary: Readonly<Record<string, AddressRange>> = {
  unicast: "public",
  loopback: "loopback",
  private: "private",
  linkLocal: "link-local",
  carrierGradeNat: "carrier-grade-nat",
  uniqueLocal: "unique-local",
  unspecified: "unspecified",
  broadcast: "broadcast",
  multicast: "multicast",
  benchmarking: "benchmarking",
  ipv4Mapped: "ipv4-mapped",
  rfc6145: "ipv4-translated",
  rfc6052: "nat64",
  "6to4": "6to4",
  teredo: "teredo",
};

const ranges = named.map(([cidr, range]) => ({ cidr: ipaddr.parseCIDR(cidr), range }));
const globalUnicast = ipaddr.IPv6.parseCIDR("2000::/3");
const compatible = ipaddr.IPv6.parseCIDR("::/96");

/** `address`: as the system gives it, without brackets. What is none has the range `invalid`. */
export function classifyAddress(address: string): AddressClass {
  // The library takes spellings that the system would not give; those are not judged but refused.
  if (isIP(address) === 0) return { address, range: "invalid", embedded: [] };
  const parsed = ipaddr.parse(inHexadecimal(address));
  const canonical = parsed.toString();
  if (metadata.has(canonical)) return { address: canonical, range: "metadata", embedded: [] };
  const own = ranges.find(({ cidr: [base, bits] }) => base.kind() === parsed.kind() && parsed.match(base, bits))?.range;
  const range = own ?? byLibrary[parsed.range()] ?? "reserved";
  if (parsed instanceof ipaddr.IPv4) return { address: canonical, range, embedded: [] };
  return classify6(parsed, canonical, range);
}

/** The library reads `::8.8.8.8` as another address than everybody else; in hexadecimal both mean the same. A zone says nothing about the range. */
function inHexadecimal(address: string): string {
  if (!address.includes(":")) return address;
  return new URL(`http://[${address.split("%", 1)[0]}]/`).hostname.slice(1, -1);
}

function classify6(parsed: ipaddr.IPv6, address: string, range: AddressRange): AddressClass {
  const embedded = (offsets: readonly (readonly [number, number, number, number])[], flip = 0): AddressClass[] => {
    const bytes = parsed.toByteArray();
    return offsets.map((four) => classifyAddress(four.map((at) => (bytes[at] ?? 0) ^ flip).join(".")));
  };
  const last = [12, 13, 14, 15] as const;
  switch (range) {
    case "ipv4-mapped":
    case "ipv4-translated":
      return { address, range, embedded: embedded([last]) };
    case "nat64":
      // In the second prefix an operator may place the address behind 48 bits or behind 96.
      return { address, range, embedded: embedded(address.startsWith("64:ff9b:1:") ? [last, [6, 7, 9, 10]] : [last]) };
    case "6to4":
      return { address, range, embedded: embedded([[2, 3, 4, 5]]) };
    case "teredo":
      return { address, range, embedded: [...embedded([[4, 5, 6, 7]]), ...embedded([last], 0xff)] };
    case "public":
      if (parsed.match(compatible)) return { address, range: "ipv4-compatible", embedded: embedded([last]) };
      return { address, range: parsed.match(globalUnicast) ? "public" : "reserved", embedded: [] };
    default:
      return { address, range, embedded: [] };
  }
}
