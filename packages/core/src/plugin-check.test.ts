// Parity: MI2.
/** The quality gate: a good plugin passes, and each way of spoiling it is told, together with all others. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { checkPluginInfo } from "./index.ts";

type Draft = Record<string, unknown> & { actions: (Record<string, unknown> & { input: Record<string, unknown>[] })[] };

function good(): Draft {
  return {
    name: "query_metrics",
    version: "1.2.0",
    description: "Asks the metrics store",
    permission: "read",
    stages: ["observe"],
    actions: [
      {
        name: "range_query",
        description: "Values of a metric over a span of time",
        permission: "read",
        input: [
          { name: "query", type: "string" },
          { name: "step", type: "integer", required: false, default: 60, enum: [15, 60, 300] },
        ],
        output: [{ name: "series", type: "array" }],
        intents: [{ pattern: "metrics for *" }],
      },
    ],
    intents: [{ pattern: "how is * doing", action: "range_query" }],
    prompts: [{ name: "summary", content: "Summarise {{series}}" }],
    config: [{ key: "url", type: "string", required: true, description: "Where the store answers" }],
  } as Draft;
}

/** Each spoils a good plugin in one way; the sentence that tells it. */
const spoilt: readonly [string, (draft: Draft) => void, RegExp][] = [
  ["no name", (draft) => void delete draft["name"], /^name is missing$/],
  [
    "a name that is no snake_case",
    (draft) => {
      draft["name"] = "Query-Metrics";
    },
    /^name: expected snake_case/,
  ],
  [
    "a name with a dot",
    (draft) => {
      draft["name"] = "query.metrics";
    },
    /^name: expected snake_case/,
  ],
  ["no version", (draft) => void delete draft["version"], /^version is missing$/],
  [
    "a version that is none",
    (draft) => {
      draft["version"] = "latest";
    },
    /^version is "latest", expected one such as 1\.0\.0$/,
  ],
  ["no description", (draft) => void delete draft["description"], /^description is missing$/],
  [
    "a blank description",
    (draft) => {
      draft["description"] = " \n";
    },
    /^description is blank$/,
  ],
  ["no permission", (draft) => void delete draft["permission"], /^permission is missing$|^permission must be one of read, modify, admin$/],
  [
    "an unknown permission",
    (draft) => {
      draft["permission"] = "write";
    },
    /^permission must be one of read, modify, admin$/,
  ],
  [
    "no stage",
    (draft) => {
      draft["stages"] = [];
    },
    /^stages is empty/,
  ],
  [
    "an unknown stage",
    (draft) => {
      draft["stages"] = ["observe", "guess"];
    },
    /^stages\[1\] must be one of observe, /,
  ],
  [
    "no actions",
    (draft) => {
      draft.actions = [];
    },
    /^actions is empty/,
  ],
  [
    "actions that are no list",
    (draft) => {
      draft["actions"] = "all" as never;
    },
    /^actions: /,
  ],
  [
    "an unknown member",
    (draft) => {
      draft["stage"] = ["observe"];
    },
    /^the plugin has no member stage \(did you mean stages\?\)$/,
  ],
  [
    "two actions of one name",
    (draft) => void draft.actions.push({ ...(draft.actions[0] as Draft["actions"][0]) }),
    /^action "range_query" is there twice$/,
  ],
  [
    "an action with a blank description",
    (draft) => {
      draft.actions[0]!["description"] = "";
    },
    /^action "range_query": description is blank$/,
  ],
  [
    "an action without a permission",
    (draft) => void delete draft.actions[0]!["permission"],
    /^action "range_query": permission (?:is missing|must be)/,
  ],
  ["an action without a name", (draft) => void delete draft.actions[0]!["name"], /^action number 1: name is missing$/],
  [
    "an unknown member of an action",
    (draft) => {
      draft.actions[0]!["inputs"] = [];
    },
    /^action "range_query" has no member inputs \(did you mean input\?\)$/,
  ],
  [
    "an input of an unknown type",
    (draft) => {
      draft.actions[0]!.input[0]!["type"] = "int";
    },
    /^action "range_query": input "query": type must be one of string, /,
  ],
  [
    "two inputs of one name",
    (draft) => {
      draft.actions[0]!.input[1]!["name"] = "query";
    },
    /^action "range_query": input "query" is there twice$/,
  ],
  [
    "an input called action",
    (draft) => {
      draft.actions[0]!.input[0]!["name"] = "action";
    },
    /^action "range_query": input "action" has a name that is taken/,
  ],
  [
    "an input that starts with $",
    (draft) => {
      draft.actions[0]!.input[0]!["name"] = "$timeRange";
    },
    /^action "range_query": input "\$timeRange" has a name that starts/,
  ],
  [
    "a default of another type",
    (draft) => {
      draft.actions[0]!.input[1]!["default"] = "60";
    },
    /input "step" has the default "60", which is the string "60", expected a whole number$/,
  ],
  [
    "a default that is no choice",
    (draft) => {
      draft.actions[0]!.input[1]!["default"] = 61;
    },
    /input "step" has the default 61, which is not one of 15, 60, 300$/,
  ],
  [
    "a choice of another type",
    (draft) => {
      draft.actions[0]!.input[1]!["enum"] = [15, "60", 60];
    },
    /input "step" has the choice "60", which is/,
  ],
  [
    "a choice named twice",
    (draft) => {
      draft.actions[0]!.input[1]!["enum"] = [60, 60];
    },
    /input "step" names a choice twice$/,
  ],
  [
    "an intent of no action",
    (draft) => {
      draft["intents"] = [{ pattern: "a", action: "delete" }];
    },
    /^the intent "a" means the action "delete", which is not there$/,
  ],
  [
    "a blank intent of an action",
    (draft) => {
      draft.actions[0]!["intents"] = [{ pattern: " " }];
    },
    /^action "range_query": an intent has a blank pattern$/,
  ],
  [
    "a blank prompt",
    (draft) => {
      draft["prompts"] = [{ name: "a", content: "" }];
    },
    /^prompt "a": content is blank$/,
  ],
  [
    "two prompts of one name",
    (draft) => {
      draft["prompts"] = ["x", "y"].map((content) => ({ name: "a", content }));
    },
    /^prompt "a" is there twice$/,
  ],
  [
    "a setting without a description",
    (draft) => {
      draft["config"] = [{ key: "url", type: "string" }];
    },
    /^config parameter "url": description is blank$/,
  ],
  [
    "a secret with a default",
    (draft) => {
      draft["config"] = [{ key: "k", type: "string", description: "d", secret: true, default: "x" }];
    },
    /^config parameter "k": a secret has no default$/,
  ],
  [
    "a setting whose default does not fit",
    (draft) => {
      draft["config"] = [{ key: "k", type: "duration", description: "d", default: "soon" }];
    },
    /^config parameter "k": the default "soon" is no duration$/,
  ],
];

describe("the quality gate", () => {
  test("lets a good plugin pass, defaults filled in", () => {
    const { info, problems } = checkPluginInfo(good());
    expect(problems).toEqual([]);
    expect(info?.actions[0]?.input[0]).toEqual({ name: "query", type: "string", required: true, description: "", enum: [] });
    expect(info?.intents[0]?.priority).toBe(0);
  });

  test.each(spoilt)("tells %s, and nothing else", (_, spoil, told) => {
    const draft = good();
    spoil(draft);
    const { info, problems } = checkPluginInfo(draft);
    expect(info).toBeUndefined();
    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatch(told);
  });

  test("tells all at once, those of shape and those of meaning", () => {
    const draft = good();
    draft["version"] = "one";
    draft["stages"] = [];
    draft["permission"] = "all";
    draft.actions[0]!["description"] = " ";
    draft.actions[0]!.input[0]!["type"] = "text";
    draft.actions[0]!.input[1]!["default"] = 61;
    expect(checkPluginInfo(draft).problems).toMatchInlineSnapshot(`
      [
        "permission must be one of read, modify, admin",
        "action "range_query": input "query": type must be one of string, integer, boolean, number, array, object, json",
        "version is "one", expected one such as 1.0.0",
        "stages is empty: name at least one",
        "action "range_query": description is blank",
        "action "range_query": input "step" has the default 61, which is not one of 15, 60, 300",
      ]
    `);
  });

  test("is total, and never passes what the schema refuses", () => {
    fc.assert(
      fc.property(fc.anything({ maxDepth: 4 }), (value) => {
        const { info, problems } = checkPluginInfo(value);
        expect(info).toBeUndefined();
        expect(problems.length).toBeGreaterThan(0);
      }),
      { numRuns: 300 },
    );
  });

  test("stops telling at some point", () => {
    const draft = good();
    draft["intents"] = [];
    draft.actions = Array.from({ length: 900 }, (_, i) => ({ name: `a${i}`, description: "", permission: "read", input: [] }));
    const { problems } = checkPluginInfo(draft);
    expect(problems).toHaveLength(201);
    expect(problems.at(-1)).toBe("and 700 more");
  });
});
