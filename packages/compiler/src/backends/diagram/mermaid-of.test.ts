import { WorkflowIr } from "@heddle/core";
import { expect, test } from "vitest";
import { edge, handler, literal, longWorkflow, planted, randomWorkflow, release, variable, workflow } from "../../../test/drawings.ts";
import { exprText } from "./expr-text.ts";
import { mermaidOf } from "./mermaid-of.ts";

test("a workflow is a flowchart that can be read", () => {
  expect(WorkflowIr.safeParse(release).success).toBe(true);
  expect(mermaidOf(release)).toMatchInlineSnapshot(`
    "flowchart TD
      n0["Draft the notes (handler act)"]
      n1[/"review (human approve)"/]
      subgraph n2["publish (map over channels)"]
        subgraph b3["for each channel"]
          n4["send (handler act)"]
          s5(( ))
          s5 --> n4
          e6((( )))
          n4 --> e6
        end
      end
      n7{"done (router)"}
      n8{"stopped (router)"}
      s9(( ))
      s9 --> n0
      n0 -->|"if result.text.length #62; 0, priority 1"| n1
      n0 -->|"priority 2, nothing new"| n8
      n0 -.->|"on timeout"| n8
      n1 --> n2
      n1 -.->|"on rejected"| n0
      n2 --> n7
      n2 -.->|"on failure"| n8
      e10((( )))
      n7 --> e10
      e11((( )))
      n8 --> e11
    "
  `);
});

test("edges of a graph say the types of their messages", () => {
  const ir = workflow([handler("a"), handler("b")], [{ id: "e", from: "a", to: "b", messageType: "order.paid" }], { discipline: "graph" });
  expect(mermaidOf(ir)).toContain('-->|"order.paid"|');
});

/** Every line that a flowchart of ours may have; a label is what stands between two quotes. */
const label = String.raw`"(?:[\p{L}\p{N} _.,=+()/-]|#\d+;)+"`;
const lines = [
  "flowchart TD",
  String.raw` *[nse]\d+(?:\[${label}\]|\{${label}\}|\[/${label}/\]|\(\[${label}\]\)|\[\[${label}\]\]|\(\( \)\)|\(\(\( \)\)\))`,
  String.raw` *[nse]\d+ (?:-->|-\.->)(?:\|${label}\|)? [nse]\d+`,
  String.raw` *subgraph [nb]\d+\[${label}\]`,
  " *end",
].map((line) => new RegExp(`^${line}$`, "u"));

const nasty = [
  `"]; click n0 callback "x`,
  "</script><img onerror=alert(1)>",
  "`**bold**`",
  "%%{init: {}}%%",
  "style a:b#quot;",
  "end\nsubgraph x",
  "{{}}[[]](())",
  "\u0000\u001b\ud800",
  "#35;&quot;",
];

test("no text of a workflow becomes syntax", () => {
  for (const text of nasty) {
    const text_ = mermaidOf(planted(release, text));
    for (const line of text_.trimEnd().split("\n")) {
      expect(
        lines.some((known) => known.test(line)),
        line,
      ).toBe(true);
    }
    expect(text_.split("\n").length).toBe(mermaidOf(release).split("\n").length);
  }
});

test("every node is a box, and the same workflow the same text", () => {
  for (let seed = 0; seed < 50; seed++) {
    const ir = randomWorkflow(seed);
    const text = mermaidOf(ir);
    expect(text).toBe(mermaidOf(randomWorkflow(seed)));
    const ids = JSON.stringify(ir).match(/"id":"(?:node)+\d+"/g) ?? [];
    for (const id of ids) expect(text).toContain(`"${JSON.parse(id.slice(5)) as string} (`);
    expect(text.match(/subgraph/g)?.length ?? 0).toBe(text.match(/^ *end$/gm)?.length ?? 0);
  }
});

test("two thousand nodes are text too", () => {
  expect(mermaidOf(longWorkflow(2_000, true)).split("\n").length).toBeGreaterThan(4_000);
});

test("an expression is one short line, however deep it is", () => {
  let deep = variable("x");
  for (let i = 0; i < 5_000; i++) deep = { kind: "not", of: deep };
  expect(exprText(deep).length).toBeLessThanOrEqual(200);
  expect(
    exprText({ kind: "if", test: variable("ok"), then: literal("yes"), else: { kind: "array", items: [literal(1), variable("y.z")] } }),
  ).toBe('ok ? "yes" : [1, y.z]');
  expect(mermaidOf(workflow([handler("a"), handler("b")], [edge("a", "b", { guard: deep })]))).toContain("not");
});
