import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { anyValue, holds, lit, nested, workflow } from "../test/values.ts";
import {
  anonymousBundle,
  type BundleManifest,
  bundleHash,
  checkBundle,
  handlerNamesOf,
  isPayloadPath,
  parseManifest,
  payloadBytesMax,
  payloadFileBytesMax,
} from "./bundle.ts";
import { HeddleError } from "./errors.ts";
import { hashText } from "./hash.ts";
import type { Node } from "./ir.ts";
import { jsonEquals } from "./json.ts";

const exit = { output: lit(null) };
const call = (id: string, handler: string): Node => ({ kind: "handler", id, handler, exit });
const file = (path: string, bytes = 3) => ({ path, hash: hashText(path), bytes });

function bundle(change: Partial<BundleManifest> = {}): BundleManifest {
  return {
    format: "heddle.bundle/v1",
    main: "flow",
    workflows: [workflow([call("a", "greet")])],
    handlers: [{ name: "greet", code: { file: "src/greet.js", export: "greet" } }],
    files: [file("src/greet.js")],
    ...change,
  };
}

describe("payload paths", () => {
  test.each([
    "a",
    "src/a.ts",
    "a b/c d.txt",
    ".hidden",
    "a/.b",
    "...a",
    "a..b/c",
    "~/x",
    "%2e%2e/x",
    "é/ü.js",
    "console.js",
    "com/aux-files/nulls.txt",
  ])("%s names a file below payloads/", (path) => {
    expect(isPayloadPath(path)).toBe(true);
  });

  test.each([
    "",
    "/",
    "/etc/passwd",
    "//host/share",
    ".",
    "..",
    "../x",
    "a/../../x",
    "a/..",
    "a/./b",
    "./a",
    "a//b",
    "a/",
    "..\\x",
    "a\\..\\x",
    "\\\\host\\share",
    "C:/x",
    "C:x",
    "a:stream",
    "a\u0000.js",
    "a\n",
    "a\u007f",
    "a/.. /b",
    " ..",
    ".. ",
    "..\u00a0",
    "a./b",
    "a/b.",
    " a",
    "a ",
    "a/...",
    "nul",
    "a/CON",
    "aux.js",
    "lib/com1.txt",
    "a*b",
    "a?b",
    "a|b",
    "<a>",
    '"a"',
    "a\ud800",
  ])("%j does not", (path) => {
    expect(isPayloadPath(path)).toBe(false);
  });

  test("never lead outside, on any system", () => {
    const part = fc.constantFrom("..", ".", "", "a", " ", "...", "b ", "C:", "\u0000");
    const anyPath = fc.array(fc.tuple(part, fc.constantFrom("/", "\\", "")), { maxLength: 6 }).map((parts) => parts.flat().join(""));
    holds(
      fc.property(anyPath, (path) => {
        if (!isPayloadPath(path)) return;
        const url = new URL(path, "file:///bundle/payloads/");
        expect(url.pathname.startsWith("/bundle/payloads/")).toBe(true);
        expect(/[\\:]|(^|\/)\.{1,2}(\/|$)/.test(path)).toBe(false);
      }),
      { numRuns: 2000 },
    );
  });
});

describe("the hash of a bundle", () => {
  test("is the same for the same content, whatever the order of members", () => {
    const shuffled = JSON.parse(
      JSON.stringify(bundle(), (_, value: unknown) =>
        typeof value === "object" && value !== null && !Array.isArray(value) ? Object.fromEntries(Object.entries(value).reverse()) : value,
      ),
    ) as BundleManifest;
    expect(JSON.stringify(shuffled)).not.toBe(JSON.stringify(bundle()));
    expect(bundleHash(shuffled)).toBe(bundleHash(bundle()));
    expect(bundleHash(parseManifest(shuffled))).toBe(bundleHash(bundle()));
  });

  test("changes exactly when the content does", () => {
    const holding = (value: Parameters<typeof lit>[0]): BundleManifest =>
      bundle({ workflows: [workflow([{ kind: "router", id: "a", exit: { output: lit(value) } }])] });
    holds(
      fc.property(anyValue, anyValue, (a, b) => {
        expect(bundleHash(holding(a)) === bundleHash(holding(b))).toBe(jsonEquals(a, b));
        expect(bundleHash(parseManifest(holding(a)))).toBe(bundleHash(holding(a)));
      }),
    );
  });

  test.each<[string, Partial<BundleManifest>]>([
    ["a file", { files: [{ ...file("src/greet.js"), hash: hashText("other") }] }],
    ["its length", { files: [file("src/greet.js", 4)] }],
    ["an export", { handlers: [{ name: "greet", code: { file: "src/greet.js", export: "other" } }] }],
    ["a method", { handlers: [{ name: "greet", code: { file: "src/greet.js", export: "greet", method: "hello" } }] }],
    ["a workflow", { workflows: [{ ...workflow([call("a", "greet")]), description: "more" }] }],
  ])("changes with %s", (_, change) => {
    expect(bundleHash(bundle(change))).not.toBe(bundleHash(bundle()));
  });
});

describe("soundness", () => {
  test("a bundle is sound", () => {
    expect(checkBundle(bundle())).toEqual([]);
  });

  const flow = (id: string, ...nodes: readonly Node[]) => ({ ...workflow(nodes), id });
  test.each<[string, Partial<BundleManifest>, string, string]>([
    ["the main workflow is missing", { main: "other" }, "main", "main workflow other is not in the bundle"],
    [
      "two workflows have one id",
      { workflows: [bundle().workflows[0], bundle().workflows[0]].flatMap((each) => each ?? []) },
      "workflows",
      "two workflows have the same id",
    ],
    ["two files have one path", { files: [file("src/greet.js"), file("src/greet.js")] }, "files", "two files have the same path"],
    [
      "two paths differ by case",
      { files: [file("src/greet.js"), file("SRC/greet.js")] },
      "files",
      "src/greet.js and SRC/greet.js are one file on systems that ignore case",
    ],
    [
      "two paths differ by composition",
      { files: [file("src/greet.js"), file("\u00e9"), file("e\u0301")] },
      "files",
      "\u00e9 and e\u0301 are one file on systems that ignore case",
    ],
    [
      "a folder is needed where a file is",
      { files: [file("src/greet.js"), file("src/greet.js/map")] },
      "files",
      "src/greet.js/map needs a folder where src/greet.js is a file",
    ],
    ["two handlers have one name", { handlers: [...bundle().handlers, { name: "greet" }] }, "handlers/greet", "duplicate handler greet"],
    ["the code of a handler is missing", { files: [] }, "handlers/greet", "file src/greet.js is not in payloads/"],
    ["a handler is not declared", { handlers: [] }, "flow", "handler greet is used and not declared in the bundle"],
    [
      "a handler in a body is not declared",
      { workflows: [workflow([{ kind: "try", id: "t", body: { entry: "b", nodes: [call("b", "deep")], edges: [] }, exit }])] },
      "flow",
      "handler deep is used and not declared in the bundle",
    ],
    [
      "a sub-workflow is missing",
      { workflows: [workflow([{ kind: "workflow", id: "w", workflow: "gone", exit }])] },
      "flow/w",
      "sub-workflow gone is not in the bundle",
    ],
    [
      "a workflow is unsound",
      { workflows: [{ ...workflow([call("a", "greet")]), entry: "gone" }] },
      "flow",
      "entry gone is not a node of this body",
    ],
  ])("%s", (_, change, path, message) => {
    expect(checkBundle(bundle(change))).toEqual([{ path, message }]);
  });

  test("payloads have a size in all", () => {
    const files = Array.from({ length: payloadBytesMax / payloadFileBytesMax }, (_, i) => file(`f${i}`, payloadFileBytesMax));
    const handlers = [{ name: "greet" }];
    expect(checkBundle(bundle({ handlers, files }))).toEqual([]);
    expect(checkBundle(bundle({ handlers, files: [...files, file("one-more", 1)] }))[0]?.message).toContain("at most");
  });

  test("workflows may start one another", () => {
    const two = bundle({
      workflows: [
        flow("flow", { kind: "workflow", id: "w", workflow: "second", exit }),
        flow("second", { kind: "workflow", id: "w", workflow: "flow", exit }),
      ],
    });
    expect(checkBundle(two)).toEqual([]);
  });
});

describe("parseManifest", () => {
  function messageOf(value: unknown): string {
    try {
      parseManifest(value);
    } catch (error) {
      if (HeddleError.is(error, "bundle-invalid")) return error.message;
      throw error;
    }
    return "valid";
  }

  test("gives a frozen copy with the same hash", () => {
    const given = bundle();
    const parsed = parseManifest(given);
    expect(parsed).toEqual(given);
    expect(parsed).not.toBe(given);
    expect(bundleHash(parsed)).toBe(bundleHash(given));
  });

  test.each<[string, unknown, RegExp]>([
    ["nothing", undefined, /not a heddle\.bundle\/v1: manifest: /],
    ["a text", "bundle", /manifest: /],
    ["another format", { ...bundle(), format: "heddle.bundle/v9" }, /format: /],
    ["an unknown member", { ...bundle(), hanlders: [] }, /hanlders/],
    [
      "an unknown kind of node",
      bundle({ workflows: [{ ...workflow([]), nodes: [{ kind: "goto", id: "a" } as unknown as Node] }] }),
      /workflows\.0\.nodes\.0\.kind: /,
    ],
    ["a path that escapes", { ...bundle(), files: [file("../x")] }, /files\.0\.path: .*without \. or \.\. parts/],
    ["a wrong hash", { ...bundle(), files: [{ ...file("a"), hash: "md5:1" }] }, /files\.0\.hash: /],
    ["a file that is too large", { ...bundle(), files: [file("a", payloadFileBytesMax + 1)] }, /files\.0\.bytes: /],
    ["something unsound", { ...bundle(), main: "other" }, /^the bundle is unsound: main: main workflow other/],
    ["something that is not JSON", { ...bundle(), main: () => 1 }, /main is a function/],
    ["something too deep", { ...bundle(), files: JSON.parse(nested(200)) }, /nested more than 128/],
  ])("refuses %s, and says where", (_, value, message) => {
    expect(messageOf(value)).toMatch(message);
  });

  test("refuses what holds itself", () => {
    const circle: Record<string, unknown> = { ...bundle() };
    circle["files"] = [circle];
    expect(messageOf(circle)).toContain("refers to itself");
  });

  test("names the first five problems", () => {
    const handlers = Array.from({ length: 9 }, (_, i) => ({ name: `h${i}`, code: { file: "gone.js", export: "x" } }));
    expect(messageOf(bundle({ handlers })).match(/gone\.js/g)).toHaveLength(5);
  });
});

describe("a bare workflow as a bundle", () => {
  test("declares the handlers that it uses, each once, in order", () => {
    const ir = workflow([
      { ...call("a", "zeta"), exit },
      {
        kind: "map",
        id: "m",
        over: lit([]),
        item: "x",
        exit,
        body: { entry: "b", nodes: [call("b", "alpha"), call("c", "zeta")], edges: [] },
      },
    ]);
    expect(handlerNamesOf(ir.nodes)).toEqual(["zeta", "alpha"]);
    const made = anonymousBundle([ir]);
    expect(made.handlers).toEqual([{ name: "alpha" }, { name: "zeta" }]);
    expect(made.main).toBe("flow");
    expect(parseManifest(made)).toEqual(made);
  });

  test("needs a workflow", () => {
    expect(() => anonymousBundle([])).toThrow(/at least one workflow/);
  });
});
