import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  DestinationScope,
  destinationScopeCovers,
  destinationScopeHolds,
  leastScopes,
  PathScope,
  pathScopeCovers,
  pathScopeHolds,
  pathScopeOf,
} from "./reach.ts";

describe("path scopes", () => {
  test.each([
    ["a.md", "workspace:a.md"],
    ["./out//a.md", "workspace:out/a.md"],
    ["out/", "workspace:out/"],
    ["out/.", "workspace:out/"],
    ["out/x/..", "workspace:out/"],
    ["", "workspace:"],
    [".", "workspace:"],
    ["docs:a/b", "docs:a/b"],
  ])("of %s is %s", (path, scope) => {
    expect(pathScopeOf(path)).toBe(scope);
  });

  test.each(["..", "a/../..", "/a", "docs:/a", "a\\b", "C:\\x", "a\u0000b", "a\nb"])("do not exist for %j", (path) => {
    expect(pathScopeOf(path)).toBeUndefined();
  });

  test.each(["w:/etc", "w:a/../b", "w:./a", "nowhere", "", "w:a\\b"])("refuse %j", (scope) => {
    expect(PathScope.safeParse(scope).success).toBe(false);
  });

  test.each([
    ["*", "w:a", true],
    ["w:", "w:a/b", true],
    ["w:a/", "w:a/b", true],
    ["w:a/", "w:a", true],
    ["w:a/", "w:ab", false],
    ["w:a", "w:a/b", false],
    ["w:a/", "v:a/b", false],
    ["w:a", "*", false],
  ])("%s covers %s: %s", (outer, inner, covers) => {
    expect(pathScopeCovers(outer, inner)).toBe(covers);
  });

  test("hold resolved paths by whole parts", () => {
    expect(pathScopeHolds("workspace:out/", { root: "workspace", relative: "out/a" })).toBe(true);
    expect(pathScopeHolds("workspace:out/", { root: "workspace", relative: "outer/a" })).toBe(false);
    expect(pathScopeHolds("workspace:", { root: "secrets", relative: "a" })).toBe(false);
  });
});

describe("destination scopes", () => {
  test.each([
    ["*", "a.example:1", true],
    ["a.example", "a.example:443", true],
    ["a.example:443", "a.example:80", false],
    ["a.example:443", "a.example", false],
    [".example", "a.example:443", true],
    [".example", "example:443", false],
    [".example", "aexample", false],
    [".0.0.1", "127.0.0.1:80", false],
    [".b.example", ".a.b.example", true],
    ["a.example", ".example", false],
  ])("%s covers %s: %s", (outer, inner, covers) => {
    expect(destinationScopeCovers(outer, inner)).toBe(covers);
  });

  test("hold addresses in brackets", () => {
    expect(destinationScopeHolds("[2001:db8::1]", { host: "2001:db8::1", port: 443 })).toBe(true);
    expect(destinationScopeHolds("[2001:db8::1]:443", { host: "2001:db8::2", port: 443 })).toBe(false);
  });

  test.each(["A.example", "http://a", "a b", "a.example:x", "..a", "a..b", "пример"])("refuse %j", (scope) => {
    expect(DestinationScope.safeParse(scope).success).toBe(false);
  });
});

test("covering is reflexive and transitive, and the least scopes cover what all did", () => {
  const scope = fc
    .tuple(fc.constantFrom("w", "v"), fc.array(fc.constantFrom("a", "b"), { maxLength: 3 }), fc.boolean())
    .map(([root, parts, folder]) => `${root}:${parts.join("/")}${folder && parts.length > 0 ? "/" : ""}`);
  fc.assert(
    fc.property(
      fc.array(fc.oneof(scope, fc.constant("*")), { maxLength: 6 }),
      fc.array(scope, { minLength: 3, maxLength: 3 }),
      (scopes, probes) => {
        const least = leastScopes(scopes, pathScopeCovers);
        for (const probe of probes) {
          expect(pathScopeCovers(probe, probe)).toBe(true);
          expect(least.some((outer) => pathScopeCovers(outer, probe))).toBe(scopes.some((outer) => pathScopeCovers(outer, probe)));
        }
        const [a, b, c] = probes as [string, string, string];
        if (pathScopeCovers(a, b) && pathScopeCovers(b, c)) expect(pathScopeCovers(a, c)).toBe(true);
      },
    ),
  );
});
