import { HeddleError, type Node, type WorkflowIr } from "@heddle/core";
import { expect, test } from "vitest";
import * as xstate from "xstate";
import { body, edge, handler, literal, randomWorkflow, release, result, variable, workflow } from "../../../test/drawings.ts";
import { xstateImplementations } from "./implementations.ts";
import type { XstateMachine } from "./machine-config.ts";
import type { MachineEvent } from "./machine-context.ts";
import { type XstateOptions, xstateOf } from "./xstate-of.ts";

/** A machine that went through JSON, and events sent to it one by one. */
function machineOf(ir: WorkflowIr, options: XstateOptions = {}) {
  const config = JSON.parse(JSON.stringify(xstateOf(ir, options))) as XstateMachine;
  const machine = xstate.createMachine(config).provide(xstateImplementations(config, xstate));
  let [snapshot] = xstate.initialTransition(machine);
  const told: { readonly type: string; readonly params: Readonly<Record<string, unknown>> }[] = [];
  const send = (...events: readonly MachineEvent[]): string => {
    for (const event of events) {
      const [next, actions] = xstate.transition(machine, snapshot, event);
      snapshot = next;
      told.push(...(actions as unknown as typeof told));
    }
    return JSON.stringify(snapshot.value).replaceAll('"', "");
  };
  return { config, machine, send, told, context: () => snapshot.context };
}

const greeting = workflow(
  [
    handler("greet", {
      reads: [{ name: "name", value: variable("name") }],
      writes: [{ name: "text", value: result("text"), type: { kind: "string" } }],
    }),
    { kind: "router", id: "done", exit: { output: variable("text") } },
    { kind: "router", id: "empty", exit: { output: literal(null) } },
  ],
  [
    edge("greet", "empty", { guard: { kind: "eq", left: variable("text"), right: literal("") }, priority: 1 }),
    edge("greet", "done", { priority: 2 }),
  ],
  { inputs: [{ name: "name", type: { kind: "string" }, default: "you" }] },
);

test("a small workflow is a small machine", () => {
  expect(JSON.stringify(xstateOf(greeting), null, 1)).toMatchInlineSnapshot(`
    "{
     "id": "workflow small",
     "initial": "$start",
     "context": {
      "frames": {},
      "regions": {},
      "activations": 0,
      "opened": 0,
      "steps": 0,
      "ending": null,
      "output": null,
      "failure": null
     },
     "states": {
      "$start": {
       "id": "$start",
       "on": {
        "start": [
         {
          "target": "#greet",
          "actions": [
           {
            "type": "heddle.start"
           }
          ]
         }
        ]
       }
      },
      "greet": {
       "id": "greet",
       "meta": {
        "node": "greet",
        "kind": "handler"
       },
       "entry": [
        {
         "type": "heddle.enter",
         "params": {
          "at": "greet"
         }
        }
       ],
       "on": {
        "success.greet": [
         {
          "guard": {
           "type": "heddle.misfit",
           "params": {
            "at": "greet"
           }
          },
          "actions": [
           {
            "type": "heddle.misfit",
            "params": {
             "at": "greet"
            }
           }
          ]
         },
         {
          "guard": {
           "type": "heddle.edge",
           "params": {
            "at": "greet",
            "edge": "greet-empty-success"
           }
          },
          "description": "text == \\"\\"",
          "target": "#empty",
          "actions": [
           {
            "type": "heddle.take",
            "params": {
             "at": "greet",
             "edge": "greet-empty-success"
            }
           }
          ]
         },
         {
          "target": "#done",
          "actions": [
           {
            "type": "heddle.take",
            "params": {
             "at": "greet",
             "edge": "greet-done-success"
            }
           }
          ]
         }
        ],
        "failure.greet": [
         {
          "target": "#$failed",
          "actions": [
           {
            "type": "heddle.fall",
            "params": {
             "at": "greet",
             "on": "failure"
            }
           }
          ]
         }
        ],
        "timeout.greet": [
         {
          "target": "#$failed",
          "actions": [
           {
            "type": "heddle.fall",
            "params": {
             "at": "greet",
             "on": "timeout"
            }
           }
          ]
         }
        ]
       }
      },
      "done": {
       "id": "done",
       "meta": {
        "node": "done",
        "kind": "router"
       },
       "entry": [
        {
         "type": "heddle.pass",
         "params": {
          "at": "done"
         }
        }
       ],
       "on": {
        "pass.done": [
         {
          "target": "#$succeeded",
          "actions": [
           {
            "type": "heddle.exit",
            "params": {
             "at": "done"
            }
           }
          ]
         }
        ]
       }
      },
      "empty": {
       "id": "empty",
       "meta": {
        "node": "empty",
        "kind": "router"
       },
       "entry": [
        {
         "type": "heddle.pass",
         "params": {
          "at": "empty"
         }
        }
       ],
       "on": {
        "pass.empty": [
         {
          "target": "#$succeeded",
          "actions": [
           {
            "type": "heddle.exit",
            "params": {
             "at": "empty"
            }
           }
          ]
         }
        ]
       }
      },
      "$succeeded": {
       "id": "$succeeded",
       "type": "final"
      },
      "$failed": {
       "id": "$failed",
       "type": "final"
      }
     },
     "meta": {
      "heddle": {
       "format": "heddle.xstate/v1",
       "workflow": "small",
       "inputs": [
        {
         "name": "name",
         "default": "you"
        }
       ],
       "nodes": {
        "greet": {
         "kind": "handler",
         "reads": [
          {
           "name": "name",
           "value": {
            "kind": "ref",
            "scope": "var",
            "name": "name"
           }
          }
         ],
         "writes": [
          {
           "name": "text",
           "value": {
            "kind": "ref",
            "scope": "result",
            "name": "text"
           },
           "type": {
            "kind": "string"
           }
          }
         ],
         "edges": [
          {
           "id": "greet-empty-success",
           "on": "success",
           "guard": {
            "kind": "eq",
            "left": {
             "kind": "ref",
             "scope": "var",
             "name": "text"
            },
            "right": {
             "kind": "literal",
             "value": ""
            }
           }
          },
          {
           "id": "greet-done-success",
           "on": "success"
          }
         ]
        },
        "done": {
         "kind": "router",
         "exit": {
          "kind": "ref",
          "scope": "var",
          "name": "text"
         },
         "edges": []
        },
        "empty": {
         "kind": "router",
         "exit": {
          "kind": "literal",
          "value": null
         },
         "edges": []
        }
       },
       "places": {
        "greet": {
         "node": "greet",
         "frame": "main"
        },
        "done": {
         "node": "done",
         "frame": "main"
        },
        "empty": {
         "node": "empty",
         "frame": "main"
        }
       },
       "frames": {
        "main": {
         "slot": "main",
         "index": 0
        }
       }
      }
     }
    }"
  `);
});

test("a machine goes the way that guards, writes and defaults say, and tells what it opens", () => {
  const { send, told, context } = machineOf(greeting);
  expect(send({ type: "start", input: {} })).toBe("greet");
  expect(told).toMatchObject([{ type: "heddle.opened", params: { place: "greet", node: "greet", input: { name: "you" } } }]);
  expect(send({ type: "success.greet", result: { text: "hello" } })).toBe("$succeeded");
  expect(context().output).toBe("hello");
  const other = machineOf(greeting);
  expect(other.send({ type: "start", input: {} }, { type: "success.greet", result: { text: "" } })).toBe("$succeeded");
  expect(other.context().output).toBe(null);
});

test("a result that does not fit, and a failure without an edge, fail the run", () => {
  const { send, context } = machineOf(greeting);
  expect(send({ type: "start", input: {} }, { type: "success.greet", result: { text: 4 } })).toBe("$failed");
  expect(context().failure).toMatchObject({ code: "result-invalid", class: "invalid" });
  const other = machineOf(greeting);
  const failure = { code: "odd", message: "no", class: "handler", retryable: false } as const;
  expect(other.send({ type: "start", input: {} }, { type: "failure.greet", failure })).toBe("$failed");
  expect(other.context().failure).toEqual({ ...failure, node: "greet" });
});

test("an actor runs a machine whose actions do the work", async () => {
  const config = xstateOf(release);
  const events: string[] = [];
  const implementations = xstateImplementations(config, xstate);
  const machine = xstate.createMachine(config).provide({
    ...implementations,
    actions: {
      ...implementations.actions,
      "heddle.opened": (_: unknown, params: unknown) => {
        const { place, node } = params as { place: string; node: string };
        events.push(place);
        const value = node === "draft" ? { text: "notes" } : node === "review" ? { approved: true } : "sent";
        if (node !== "publish") queueMicrotask(() => actor.send({ type: `success.${place}`, result: value }));
      },
    },
  });
  const actor = xstate.createActor(machine);
  actor.start();
  actor.send({ type: "start", input: { since: "v1", channels: ["a", "b", "c"] } });
  const ended = await xstate.waitFor(actor, (snapshot) => snapshot.status === "done");
  expect(ended.value).toBe("$succeeded");
  expect(ended.context.output).toBe("notes");
  expect(events).toEqual(["draft", "review", "publish", "send@0", "send@1", "send@0"]);
});

test("names of authors are never names of anything else", () => {
  const ids = ["constructor", "toString", "main", "hasOwnProperty", "a.b", "start", "small"];
  const nodes = ids.map((id) =>
    handler(id, id === "small" ? { exit: { output: variable("valueOf") } } : { writes: [{ name: "valueOf", value: result() }] }),
  );
  const edges = ids.slice(1).map((id, index) => edge(ids[index] ?? "", id));
  const { send, context } = machineOf(workflow(nodes, edges));
  send({ type: "start", input: {} });
  for (const id of ids) send({ type: `success.${id.replaceAll(".", "/")}`, result: id });
  expect(context().output).toBe("start");
});

test("a tool that may change the world is asked for first", () => {
  const tool: Node = { kind: "tool", id: "drop", capability: "db.write", exit: { output: result() } };
  const { send } = machineOf(workflow([tool], []));
  expect(send({ type: "start", input: {} }, { type: "success.drop", result: 1 })).toBe("drop");
  expect(send({ type: "approved.drop" })).toBe("drop$call");
  expect(send({ type: "success.drop", result: 1 })).toBe("$succeeded");
  const refused = machineOf(workflow([tool], []));
  expect(refused.send({ type: "start", input: {} }, { type: "rejected.drop" })).toBe("$failed");
});

const over = (more: Partial<Extract<Node, { kind: "map" }>>): WorkflowIr =>
  workflow(
    [
      {
        kind: "map",
        id: "each",
        over: variable("list"),
        item: "item",
        body: body([handler("one", { exit: { output: result() } })]),
        exit: { output: result() },
        ...more,
      },
    ],
    [],
  );

test("what has no machine is refused by name, and never left out", () => {
  const refusal = (ir: WorkflowIr, options: XstateOptions = {}): unknown => {
    try {
      return xstateOf(ir, options);
    } catch (error) {
      return HeddleError.is(error, "unimplemented") ? error.details : error;
    }
  };
  expect(refusal(over({}))).toEqual({ node: "each", kind: "map" });
  expect(refusal(over({ concurrencyMax: 1_000 }), { statesMax: 100 })).toEqual({ node: "one", kind: "handler" });
  expect(refusal({ ...greeting, discipline: "graph" })).toEqual({ workflow: "small" });
  expect(refusal(workflow([{ kind: "sensor", id: "eye", exit: { output: literal(1) } }], []))).toEqual({ node: "eye", kind: "sensor" });
  expect(refusal(over({ concurrencyMax: 1 }))).toHaveProperty("states");
});

test("a list longer than the machine was made for ends it, and says so", () => {
  const { send, context } = machineOf(over({}), { mapItemsMax: 2 });
  expect(send({ type: "start", input: { list: [1, 2, 3] } })).toBe("$failed");
  expect(context().failure).toMatchObject({ code: "unimplemented", node: "each" });
  const fits = machineOf(over({}), { mapItemsMax: 2 });
  fits.send({ type: "start", input: { list: [1, 2] } }, { type: "success.one@1", result: "b" }, { type: "success.one@0", result: "a" });
  expect(fits.context().output).toEqual(["a", "b"]);
});

test("a snapshot taken up again from JSON goes on", () => {
  const { config, machine, send, context } = machineOf(over({ concurrencyMax: 1 }));
  send({ type: "start", input: { list: [1, 2] } }, { type: "success.one@0", result: "a" });
  const stored = JSON.parse(JSON.stringify({ value: { each: { lane0: "one" } }, context: context() })) as { value: never; context: never };
  const [snapshot] = xstate.transition(machine, machine.resolveState(stored), { type: "success.one@0", result: "b" } as never);
  expect(snapshot.status).toBe("done");
  expect(snapshot.context.output).toEqual(["a", "b"]);
  expect(config.meta.heddle.format).toBe("heddle.xstate/v1");
});

test("tables of another format are refused", () => {
  const config = xstateOf(greeting);
  const other = { ...config, meta: { heddle: { ...config.meta.heddle, format: "heddle.xstate/v0" as never } } };
  expect(() => xstateImplementations(other, xstate)).toThrow(/heddle.xstate\/v0/);
});

test("every target is a state, every name has a meaning, and the same workflow gives the same machine", () => {
  for (let seed = 0; seed < 50; seed++) {
    const config = xstateOf(randomWorkflow(seed), { cancel: true });
    expect(JSON.stringify(xstateOf(randomWorkflow(seed), { cancel: true }))).toBe(JSON.stringify(config));
    const text = JSON.stringify(config.states);
    const ids = text.match(/"id":"[^"]*"/g) ?? [];
    expect(new Set(ids).size).toBe(ids.length);
    for (const target of text.match(/"target":"#[^"]*"/g) ?? []) expect(ids).toContain(`"id":"${target.slice(11)}`);
    const { actions, guards } = xstateImplementations(config, xstate);
    for (const name of text.match(/"type":"heddle\.[^"]*"/g) ?? []) expect({ ...actions, ...guards }).toHaveProperty([name.slice(8, -1)]);
  }
});
