import type { NodeDefinition } from "@heddle/core";
import { describe, expect, test } from "vitest";
import { type Candidate, chooseServer, parametersOf } from "./choice.ts";

const definition: NodeDefinition = { uid: "echo", name: "Echo", category: "", version: "1", inputs: [], outputs: [], parameters: [] };

function candidate(serverUid: string, extra: Partial<Candidate> = {}): Candidate {
  const definitions = new Map([["echo", definition]]);
  const base = {
    url: `ws://${serverUid}/`,
    serverUid,
    serverPackageId: "pack",
    isConnected: true,
    message: undefined,
    inFlight: 0,
    definitions,
  };
  return { ...base, ...extra };
}

const chosen = (servers: readonly Candidate[], server?: string): string => {
  const choice = chooseServer(servers, { node: "echo", ...(server === undefined ? {} : { server }) }, "far");
  if (choice.kind === "server") return choice.server.serverUid;
  return choice.kind === "nobody" ? choice.message : `${choice.failure.code}: ${choice.failure.message}`;
};

describe("the server of a node is", () => {
  test("the only one that offers it", () => {
    expect(chosen([candidate("a", { definitions: new Map() }), candidate("b")])).toBe("b");
  });

  test("of several with one package, the one with the least to do", () => {
    expect(chosen([candidate("a", { inFlight: 2 }), candidate("b", { inFlight: 1 }), candidate("c", { isConnected: false })])).toBe("b");
  });

  test("the one that is named, by package or, more exactly, by its own uid", () => {
    const servers = [
      candidate("a", { serverPackageId: "x" }),
      candidate("b", { serverPackageId: "y" }),
      candidate("x", { serverPackageId: "z" }),
    ];
    expect(chosen(servers, "y")).toBe("b");
    expect(chosen(servers, "x")).toBe("x");
    expect(chosen(servers, "w")).toBe('no node server "w" that is connected offers "echo"');
  });

  test("not guessed between packages, also while one of them is away", () => {
    const servers = [candidate("a", { serverPackageId: "x", isConnected: false }), candidate("b", { serverPackageId: undefined })];
    expect(chosen(servers)).toBe('request-invalid: several node servers offer "echo": name one of them as server: b, x');
    expect(chosen(servers, "x")).toBe("the node server ws://a/ is not connected: it is away");
    expect(chosen(servers, "b")).toBe("b");
  });
});

test("a value of the node stands for the definition's, also null and false; a member of no object is none", () => {
  const parameters = [
    { name: "a", type: "boolean", value: true },
    { name: "b", type: "number", default: 2 },
    { name: "toString", type: "text" },
  ];
  const of = { ...definition, parameters };
  expect(parametersOf(of, { a: false, b: null }, "far")).toEqual([
    { name: "a", type: "boolean", value: false },
    { name: "b", type: "number", default: 2, value: null },
    { name: "toString", type: "text" },
  ]);
  expect(parametersOf(of, { constructor: 1 }, "far")).toMatchObject({ code: "request-invalid" });
});
