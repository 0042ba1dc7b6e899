import type { WorkflowIr } from "@heddle/core";
import { HeddleError } from "@heddle/core";
import { describe, expect, test } from "vitest";
import { createRuntime } from "../create-runtime.ts";
import { createClassInstances } from "./class-instances.ts";

class Counter {
  #count = 0;
  add(by: number): number {
    this.#count += by;
    return this.#count;
  }
}

describe("the instance behind methods", () => {
  test("is made once for each class, and not before a call", () => {
    let made = 0;
    class Agents {
      constructor() {
        made++;
      }
      one(): string {
        return "one";
      }
      two(): string {
        return "two";
      }
    }
    const instances = createClassInstances();
    const one = instances.methodOf(Agents, "one");
    const two = instances.methodOf(Agents, "two");
    expect(made).toBe(0);
    expect([one?.(), two?.(), one?.()]).toEqual(["one", "two", "one"]);
    expect(made).toBe(1);
  });

  test.each([
    ["no function", { add: () => 1 }, "add"],
    ["an arrow function", () => 1, "add"],
    ["a class without the method", Counter, "subtract"],
    ["a class where it is no function", Counter, "#count"],
  ])("is not there for %s", (_, value, method) => {
    expect(createClassInstances().methodOf(value, method)).toBeUndefined();
  });
});

describe("a program that provides methods", () => {
  const ir: WorkflowIr = {
    ir: "heddle.ir/v1",
    id: "main",
    discipline: "stages",
    inputs: [],
    entry: "first",
    nodes: [
      {
        id: "first",
        kind: "handler",
        handler: "add",
        arguments: "positional",
        reads: [{ name: "by", value: { kind: "literal", value: 2 } }],
      },
      {
        id: "second",
        kind: "handler",
        handler: "add",
        arguments: "positional",
        reads: [{ name: "by", value: { kind: "literal", value: 3 } }],
        exit: { output: { kind: "ref", scope: "result" } },
      },
    ],
    edges: [{ id: "on", from: "first", to: "second" }],
  };

  test("gets them called on one instance", async () => {
    await using runtime = createRuntime({ handlers: { add: { of: Counter, method: "add" } } });
    expect((await runtime.run(ir, {})).output).toBe(5);
  });

  test("is told which method its class does not have", () => {
    const open = (): unknown => createRuntime({ handlers: { add: { of: Counter, method: "subtract" } } });
    expect(open).toThrow(HeddleError);
    expect(open).toThrow("handler add is the method subtract of a class that has no such method");
  });
});
