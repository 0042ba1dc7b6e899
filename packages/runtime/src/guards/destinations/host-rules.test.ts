import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { isRefusal } from "../refusal.ts";
import { classifyAddress } from "./addresses.ts";
import { parseDestination, parseUrl } from "./destination.ts";
import { type HostRule, matchHost, narrowRules, parseHostRule, parseHostRules } from "./host-rules.ts";

function rule(text: string): HostRule {
  const parsed = parseHostRule(text);
  if (isRefusal(parsed)) expect.fail(parsed.message);
  return parsed as HostRule;
}

const rules = (...texts: string[]): readonly HostRule[] => texts.map(rule);

describe("a destination", () => {
  test("is scheme, host and port, as the network knows them", () => {
    expect(parseDestination("HTTPS://B\u00dcCHER.Example./a?b#c")).toEqual({
      scheme: "https",
      host: "xn--bcher-kva.example",
      port: 443,
      isAddress: false,
    });
    expect(parseDestination("http://[2606:4700:0::1]:00080/")).toEqual({ scheme: "http", host: "2606:4700::1", port: 80, isAddress: true });
    expect(parseDestination("http://8.8.8.8:81")).toEqual({ scheme: "http", host: "8.8.8.8", port: 81, isAddress: true });
    expect(parseUrl("http://Example.com.:8080/a/../b?c#d")).toMatchObject({ url: "http://example.com:8080/b?c" });
    expect(parseUrl("http://[2606:4700::1]/")).toMatchObject({ url: "http://[2606:4700::1]/" });
  });

  test("that has none says so", () => {
    expect(parseDestination("http://:80/")).toMatchObject({ message: expect.stringContaining("the host is empty") });
  });

  test("reads the same the second time", () => {
    fc.assert(
      fc.property(fc.webUrl({ withFragments: true, withQueryParameters: true }), (url) => {
        const once = parseUrl(url);
        if (!isRefusal(once)) expect(parseUrl(once.url)).toEqual(once);
      }),
      { numRuns: 500 },
    );
  });
});

test("an address is told by its range, and by what it stands for", () => {
  const table = [
    ["8.8.8.8", "public"],
    ["2606:4700::1", "public"],
    ["::1", "loopback"],
    ["::ffff:8.8.8.8", "ipv4-mapped"],
    ["::8.8.8.8", "ipv4-compatible"],
    ["2001:db8::1", "documentation"],
    ["2001:2::1", "benchmarking"],
    ["192.31.196.1", "reserved"],
    ["fe80::1%eth0", "link-local"],
    ["127.1", "invalid"],
    ["example.com", "invalid"],
  ] as const;
  for (const [address, range] of table) expect([address, classifyAddress(address).range]).toEqual([address, range]);
  const embedded = (address: string): readonly string[] =>
    classifyAddress(address).embedded.map((inner) => `${inner.address} ${inner.range}`);
  expect(embedded("64:ff9b::7f00:1")).toEqual(["127.0.0.1 loopback"]);
  expect(embedded("64:ff9b:1:a01:2:300::")).toEqual(["0.0.0.0 unspecified", "10.1.2.3 private"]);
  expect(embedded("2002:a01:203::")).toEqual(["10.1.2.3 private"]);
  expect(embedded("2001:0:808:808::80ff:fffe")).toEqual(["8.8.8.8 public", "127.0.0.1 loopback"]);
});

describe("a rule", () => {
  test("has one of the forms, and nothing else is one", () => {
    expect(rule("*")).toEqual({ kind: "all" });
    expect(rule("API.example.com")).toEqual({ kind: "host", host: "api.example.com", isAddress: false });
    expect(rule("api.example.com:8443")).toEqual({ kind: "host", host: "api.example.com", isAddress: false, port: 8_443 });
    expect([rule("a:1"), rule("a:65535")]).toMatchObject([{ port: 1 }, { port: 65_535 }]);
    expect(rule(".example.com")).toEqual({ kind: "suffix", suffix: ".example.com" });
    expect(rule("10.1.2.3:80")).toEqual({ kind: "host", host: "10.1.2.3", isAddress: true, port: 80 });
    expect(rule("[fd00::0:1]:443")).toEqual({ kind: "host", host: "fd00::1", isAddress: true, port: 443 });
    expect(rule("fd00::1")).toEqual({ kind: "host", host: "fd00::1", isAddress: true });
    expect(rule("10.0.0.0/8")).toEqual({ kind: "range", base: "10.0.0.0", bits: 8 });
    for (const text of [
      "",
      "*.example.com",
      "http://example.com",
      "example.com/",
      "10.0.0.0/33",
      "0x7f.1/8",
      "127.1",
      ".10.0.0.1",
      "a b",
      "a:0",
      "a:65536",
      "a:",
      "[::1",
      ".",
      "user@host",
    ]) {
      expect([text, parseHostRule(text)]).toEqual([text, expect.objectContaining({ refused: "host-rule-invalid" })]);
    }
    expect(parseHostRules(["a", "b c"])).toMatchObject({ refused: "host-rule-invalid" });
  });

  test("for names beneath one does not mean the name itself, nor an address", () => {
    const place = (host: string, isAddress = false) => ({ host, port: 80, isAddress });
    expect(matchHost(rules(".example.com"), place("a.b.example.com"))).toBeDefined();
    expect(matchHost(rules(".example.com"), place("example.com"))).toBeUndefined();
    expect(matchHost(rules("10.0.0.0/8"), place("10.example.com"))).toBeUndefined();
    expect(matchHost(rules("fd00::/8"), place("10.0.0.1", true))).toBeUndefined();
    expect(matchHost([], place("example.com"))).toBeUndefined();
  });
});

describe("narrowing", () => {
  const operator = rules("api.example.com", ".example.org", "10.0.0.0/8", "two.example:443");

  test("no list changes nothing, an empty one leaves nothing", () => {
    expect(narrowRules(operator, undefined)).toBe(operator);
    expect(narrowRules(operator, [])).toEqual([]);
    expect(narrowRules([], rules("*"))).toEqual([]);
  });

  test("a list leaves what both let through", () => {
    const left = (...asked: string[]) => narrowRules(operator, rules(...asked));
    expect(left("*")).toEqual(operator);
    expect(left("api.example.com:8443")).toEqual(rules("api.example.com:8443"));
    expect(left("www.example.org", "example.org", "other.test")).toEqual(rules("www.example.org"));
    expect(left(".deep.example.org", ".org")).toEqual(rules(".deep.example.org", ".example.org"));
    expect(left("10.1.2.3:80", "11.1.2.3", "10.9.0.0/16", "0.0.0.0/0")).toEqual(rules("10.1.2.3:80", "10.9.0.0/16", "10.0.0.0/8"));
    expect(left("two.example", "two.example:80")).toEqual(rules("two.example:443"));
    expect(narrowRules(rules("*"), rules("a.test", "127.0.0.1"))).toEqual(rules("a.test", "127.0.0.1"));
  });

  const someRule = fc.constantFrom(
    ..."* a.test b.a.test .a.test .b.a.test a.test:80 .a.test:81 10.0.0.1 10.0.0.1:80 10.0.0.0/8 10.0.0.0/30 11.0.0.0/8 fd00::/8".split(
      " ",
    ),
  );
  const somePlace = fc.record({
    host: fc.constantFrom("a.test", "b.a.test", "c.b.a.test", "10.0.0.1", "10.9.9.9", "11.0.0.1", "fd00::1", "x.test"),
    port: fc.constantFrom(80, 81, 443),
  });

  test("lets through exactly what both lists let through", () => {
    fc.assert(
      fc.property(fc.array(someRule, { maxLength: 4 }), fc.array(someRule, { maxLength: 4 }), somePlace, (given, asked, { host, port }) => {
        const place = { host, port, isAddress: /^[\d.:]+$|^fd/.test(host) };
        const both = matchHost(rules(...given), place) !== undefined && matchHost(rules(...asked), place) !== undefined;
        expect(matchHost(narrowRules(rules(...given), rules(...asked)), place) !== undefined).toBe(both);
      }),
      { numRuns: 3_000 },
    );
  });
});
