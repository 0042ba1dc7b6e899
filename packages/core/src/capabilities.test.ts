import { expect, test } from "vitest";
import { capabilityCatalog, capabilityOf } from "./capabilities.ts";

test("the catalog is closed, and each capability is found by its name alone", () => {
  expect(capabilityCatalog).toHaveLength(10);
  for (const capability of capabilityCatalog) expect(capabilityOf(capability.name)).toBe(capability);
  expect(capabilityOf("os.shell.script")).toBeUndefined();
  expect(capabilityOf("constructor")).toBeUndefined();
});

test("required parameters stand before optional ones, and no name twice", () => {
  for (const { parameters } of capabilityCatalog) {
    expect(parameters.map(({ required }) => required)).toEqual([...parameters.map(({ required }) => required)].sort().reverse());
    expect(new Set(parameters.map(({ name }) => name)).size).toBe(parameters.length);
  }
});

test("what looks is told from what changes", () => {
  const looking = capabilityCatalog.filter(({ permission }) => permission === "read").map(({ name }) => name);
  expect(looking).toEqual(["fs.read", "user.elicit", "user.confirm", "browser.storage.read"]);
});
