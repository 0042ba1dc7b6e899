import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { configEnvironment, DaemonConfig, nearestName, parseDaemonConfig } from "./config.ts";
import { HeddleError } from "./errors.ts";

function messageOf(...parts: readonly unknown[]): string {
  try {
    parseDaemonConfig(...parts);
  } catch (error) {
    if (HeddleError.is(error, "config-invalid")) return error.message;
    throw error;
  }
  return "valid";
}

/** Every key with its default, as `grpc.port`. */
function keysOf(value: object, before = ""): readonly (readonly [string, unknown])[] {
  return Object.entries(value).flatMap(([key, member]: [string, unknown]) =>
    typeof member === "object" && member !== null && !Array.isArray(member) && Object.keys(member).length > 0
      ? keysOf(member, `${before}${key}.`)
      : [[`${before}${key}`, member] as const],
  );
}

const defaults = parseDaemonConfig();

describe("precedence", () => {
  test("without any part, every key has its default", () => {
    expect(defaults.grpc).toEqual({ host: "127.0.0.1", port: 55_051 });
    expect(defaults.http).toEqual({ enabled: true, host: "127.0.0.1", port: 8_787, corsOrigins: [] });
    expect(defaults.dataDir).toBe("./.heddle");
    expect(defaults.insecure).toBe(false);
  });

  test("the strongest part is the last, key by key", () => {
    const config = parseDaemonConfig(
      { grpc: { host: "file", port: 1 }, dataDir: "file", insecure: true },
      { grpc: { port: 2 }, dataDir: "environment" },
      { grpc: { port: 3 } },
    );
    expect(config.grpc).toEqual({ host: "file", port: 3 });
    expect(config.dataDir).toBe("environment");
    expect(config.insecure).toBe(true);
  });

  test("a part that says nothing changes nothing", () => {
    expect(parseDaemonConfig(undefined, null, {}, { grpc: null, dataDir: undefined })).toEqual(defaults);
    expect(parseDaemonConfig({ grpc: { port: 7 } }, { grpc: { port: undefined } }).grpc.port).toBe(7);
  });

  test("parts are left as they were", () => {
    const file = Object.freeze({ grpc: Object.freeze({ port: 1 }) });
    parseDaemonConfig(file, { grpc: { port: 2 } });
    expect(file).toEqual({ grpc: { port: 1 } });
  });
});

describe("mistakes", () => {
  test("an unknown key is named, with the nearest known one", () => {
    expect(messageOf({ datadir: "x" })).toContain("unknown key datadir (did you mean dataDir?)");
    expect(messageOf({ grpc: { prot: 1 } })).toContain("unknown key grpc.prot (did you mean port?)");
    expect(messageOf({ handlers: { memoryMB: 64 } })).toContain("unknown key handlers.memoryMB (did you mean memoryMb?)");
    expect(messageOf({ entirelyElse: 1 })).toMatch(/unknown key entirelyElse$/);
  });

  test("all come at once", () => {
    const message = messageOf({ dataDir: 7, datadir: "x", prot: 1, grpc: { port: "x", prot: 1 } });
    for (const each of ["dataDir:", "unknown key datadir", "unknown key prot", "grpc.port:", "unknown key grpc.prot"]) {
      expect(message).toContain(each);
    }
  });

  test.each([
    [{ grpc: { port: 65_536 } }, "grpc.port"],
    [{ grpc: { port: 1.5 } }, "grpc.port"],
    [{ grpc: 5 }, "grpc"],
    [{ http: { port: -1 } }, "http.port"],
    [{ http: { corsOrigins: ["*"] } }, "http.corsOrigins.0"],
    [{ http: { corsOrigins: ["https://example.org/"] } }, "http.corsOrigins.0"],
    [{ handlers: { confinement: "jail" } }, "handlers.confinement"],
    [{ dataDir: "" }, "dataDir"],
  ])("%j is refused by name", (part, key) => {
    expect(messageOf(part)).toContain(`${key}:`);
  });

  test("a file that is no map is refused, even where stronger parts are in order", () => {
    expect(messageOf("just text", { grpc: { port: 1 } })).toContain("expected keys and values");
    expect(messageOf(["a"], {})).toContain("expected keys and values");
  });
});

test("a name is near when few letters differ", () => {
  expect(nearestName("prot", ["host", "port"])).toBe("port");
  expect(nearestName("PORT", ["host", "port"])).toBe("port");
  expect(nearestName("x", ["host", "port"])).toBe(undefined);
  expect(nearestName("anything", [])).toBe(undefined);
});

describe("docs/configuration.md", () => {
  const document = readFileSync(new URL("../../../docs/configuration.md", import.meta.url), "utf8");
  const rows = [...document.matchAll(/^\| `([a-z][\w.]*)` \| `([^`]*)` \|/gm)].map((match) => [match[1], match[2]]);

  test("lists every key with its default", () => {
    expect(rows.toSorted()).toEqual(
      keysOf(defaults)
        .map(([key, value]) => [key, typeof value === "object" ? JSON.stringify(value) : String(value)])
        .toSorted(),
    );
  });

  test("lists every environment variable with its key", () => {
    const documented = [...document.matchAll(/^\| `(HEDDLE_\w+)` \| `([\w.]+)` \|/gm)].map((match) => [match[1], match[2]]);
    expect(Object.fromEntries(documented)).toEqual(configEnvironment);
    const known = keysOf(DaemonConfig.parse({})).map(([key]) => key);
    for (const key of Object.values(configEnvironment)) expect(known).toContain(key);
  });
});
