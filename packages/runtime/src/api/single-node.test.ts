import { anonymousBundle, checkBundle, WorkflowIr } from "@heddle/core";
import { describe, expect, it } from "vitest";
import { singleNodeWorkflow } from "./single-node.ts";

const node = { kind: "tool", id: "get", capability: "weather.get", tool: "weather.get", permission: "read" } as const;

describe("the workflow of one node", () => {
  it("is sound, whatever the values are called", () => {
    const names = ["city", "per cent", "a.b", "3", "é", "value.n0", "$range", "constructor", "x".repeat(128)];
    const values = Object.fromEntries(names.map((name, i) => [name, i]));
    const { ir, input } = singleNodeWorkflow("weather.get", node, values);
    expect(checkBundle(anonymousBundle([WorkflowIr.parse(ir)]))).toEqual([]);
    expect(ir.nodes[0]?.reads?.map((read) => read.name)).toEqual([...names].sort());
    expect(Object.keys(input).sort()).toEqual(ir.inputs.map(({ name }) => name).sort());
    expect(new Set(ir.inputs.map(({ name }) => name)).size).toBe(names.length);
    expect(input).toMatchObject({ city: 0, constructor: 7 });
  });

  it("is the same for the same names, in any order and with any values", () => {
    const one = singleNodeWorkflow("weather.get", node, { city: "Oslo", "per cent": null });
    const other = singleNodeWorkflow("weather.get", node, { "per cent": [1], city: "Rome" });
    expect(JSON.stringify(one.ir)).toBe(JSON.stringify(other.ir));
    expect(one.input).toEqual({ city: "Oslo", "value.n1": null });
  });
});
