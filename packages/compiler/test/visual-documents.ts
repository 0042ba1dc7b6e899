/** Visual documents: a sound one with something of everything, and random changes of it. */
import type { JsonValue } from "@heddle/core";
import { createChoices } from "./random-source.ts";

const input = (id: string) => ({ kind: "input", inputId: id });
const output = (state: string, id: string) => ({ kind: "node_output", stateId: state, outputId: id });
const ref = (value: JsonValue) => ({ kind: "ref", ref: value });
const literal = (type: string, value: JsonValue) => ({ kind: "literal", type, value });
const edge = (id: string, from: string, to: string, order: number, guard: JsonValue) => ({
  id,
  sourceStateId: from,
  targetStateId: to,
  order,
  guard,
});

export const visualDocument: JsonValue = {
  schemaVersion: "0.1",
  workflow: {
    id: "Canvas",
    inputs: [
      { id: "i1", name: "task", type: "string" },
      { id: "i2", name: "root", type: "path" },
      { id: "i3", name: "limit", type: "number" },
      { id: "i4", name: "strict", type: "bool" },
    ],
  },
  states: [
    {
      id: "s1",
      name: "Plan",
      isEntry: true,
      isExit: false,
      prompt: " Plan it.\n  Slowly. ",
      requires: ["fs.read", "fs.read"],
      outputs: [
        { id: "o1", name: "good", type: "bool", optional: false },
        { id: "o2", name: "hint", type: "string", optional: true },
        { id: "o3", name: "parts", type: "string[]", optional: true },
      ],
      execution: { kind: "model" },
    },
    {
      id: "s2",
      name: "Write",
      isEntry: false,
      isExit: false,
      requires: [],
      outputs: [{ id: "o1", name: "done", type: "json", optional: false }],
      execution: {
        kind: "tool",
        capability: "fs.write",
        args: [
          { name: "path", value: literal("path", "out.txt") },
          { name: "content", value: output("s1", "o2") },
        ],
      },
    },
    {
      id: "s3",
      name: "Fetch",
      isEntry: false,
      isExit: true,
      prompt: "Notes.",
      requires: ["user.confirm"],
      outputs: [],
      execution: {
        kind: "tool",
        capability: "http.fetch",
        args: [
          { name: "url", value: input("i1") },
          { name: "method", value: literal("string", "GET") },
          { name: "headers", value: literal("json", { a: [1, null, true] }) },
        ],
      },
    },
  ],
  controlEdges: [
    edge("e1", "s1", "s2", 7, { kind: "has_value", ref: output("s1", "o2") }),
    edge("e2", "s1", "s3", 9, { kind: "always" }),
    edge("e3", "s1", "s1", 2, {
      kind: "if",
      condition: {
        kind: "and",
        expressions: [
          { kind: "not", expression: ref(output("s1", "o1")) },
          {
            kind: "compare",
            op: "gt",
            left: ref(input("i3")),
            right: { kind: "binop", op: "sub", left: literal("number", 3), right: literal("number", 1.5) },
          },
        ],
      },
    }),
    edge("e4", "s2", "s3", 0, { kind: "eq", left: ref(input("i1")), right: literal("path", "x") }),
    edge("e5", "s2", "s1", 1, { kind: "always" }),
  ],
  dataEdges: [
    { id: "d1", source: input("i1"), targetStateId: "s1", optional: false },
    { id: "d2", source: output("s1", "o1"), targetStateId: "s3", optional: true },
  ],
  policies: [
    {
      id: "p1",
      label: "inside the root",
      kind: "deny",
      trigger: { capability: "fs.write", bindings: ["path"] },
      requires: [],
      condition: {
        kind: "or",
        expressions: [
          {
            kind: "not",
            expression: {
              kind: "method_call",
              receiver: ref(input("i2")),
              method: "contains",
              args: [ref({ kind: "bound", binding: "path" })],
            },
          },
          { kind: "method_call", receiver: ref({ kind: "bound", binding: "path" }), method: "eq", args: [literal("path", "/etc")] },
        ],
      },
    },
    {
      id: "p2",
      label: "ask first",
      kind: "before",
      trigger: { capability: "fs.write", bindings: ["path", "content"] },
      requires: [
        { capability: "fs.read", args: [{ name: "path", value: { kind: "bound", binding: "path" } }] },
        { capability: "user.confirm", args: [{ name: "message", value: input("i1") }] },
      ],
    },
  ],
};

type Place = Record<string | number, JsonValue>;

/** The document with one to three places changed: removed, repeated, or given a value from elsewhere in it. */
export function changedDocument(seed: number): JsonValue {
  const choose = createChoices(seed);
  const document = structuredClone(visualDocument);
  for (let i = 1 + choose.below(3); i > 0; i--) {
    const places: { at: Place; key: string | number; list: boolean }[] = [];
    collect(document, places);
    const { at, key, list } = choose.pick(places);
    const other = choose.pick(places.filter((place) => place.key === key || choose.chance(0.05)));
    const value = structuredClone(other.at[other.key] ?? null);
    switch (choose.below(list ? 4 : 3)) {
      case 0:
        at[key] = value;
        break;
      case 1:
        if (typeof at[key] === "boolean") at[key] = !at[key];
        else if (typeof at[key] === "string" && choose.chance(0.3))
          at[key] = choose.pick(["", "bool", "string[]", "number", "missing", "eq", "s2", "o3", "i4", "user.confirm", "content"]);
        else at[key] = value;
        break;
      case 2:
        if (choose.chance(0.4)) {
          if (list) (at as unknown as JsonValue[]).splice(Number(key), 1);
          else delete at[key];
        } else at[key] = value;
        break;
      default:
        (at as unknown as JsonValue[]).splice(Number(key), 0, value);
    }
  }
  return document;
}

function collect(value: JsonValue, into: { at: Place; key: string | number; list: boolean }[]): void {
  if (value === null || typeof value !== "object") return;
  const list = Array.isArray(value);
  for (const key of Object.keys(value)) {
    into.push({ at: value as unknown as Place, key: list ? Number(key) : key, list });
    collect((value as unknown as Place)[key] ?? null, into);
  }
}
