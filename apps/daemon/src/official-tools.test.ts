import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as official from "@heddle/tools";
import { describe, expect, it } from "vitest";
import { loadOfficialTools, officialTools } from "./official-tools.ts";

describe("official tools", () => {
  it("are loaded by their names, in the order in which they are named", async () => {
    const dataDir = mkdtempSync(join(tmpdir(), "heddle-official-"));
    const tools = await loadOfficialTools(officialTools, dataDir);
    expect(tools.map(({ name }) => name)).toEqual(officialTools);
    expect(await loadOfficialTools([], dataDir)).toEqual([]);
  });

  it("are all that the package has, but for those that ask at a terminal", () => {
    const exported = Object.values(official).flatMap((value) => (typeof value === "object" && "capability" in value ? [value.name] : []));
    const withoutStore = officialTools.filter((name) => !/^(kv|storage)/.test(name));
    expect([...withoutStore, "askUser", "confirmUser"].sort()).toEqual(exported.sort());
  });

  it.each([
    ["readFlie", /no official tool readFlie \(did you mean readFile\?\)/],
    ["__proto__", /no official tool __proto__/],
    ["askUser", /asks at a terminal, and a daemon has none/],
    ["readFile", /readFile is named twice/],
  ])("refuse %s, and say why", async (name, message) => {
    await expect(loadOfficialTools(["readFile", name], "/nowhere")).rejects.toMatchObject({
      code: "config-invalid",
      message: expect.stringMatching(message),
    });
  });
});
