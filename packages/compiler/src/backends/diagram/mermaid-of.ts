/**
 * The mermaid backend: a workflow as the text of a flowchart, for READMEs and pull requests.
 *
 * Nothing of a workflow is ever syntax: boxes have names of our own, and every character of a label that
 * mermaid, or HTML behind it, could take for something else is written as an entity.
 */
import type { WorkflowIr } from "@heddle/core";
import { type DrawnGraph, type DrawnNode, drawn, shortened } from "./diagram-graph.ts";

const labelMax = 120;

/** Left and right of a label, by kind; a plain box for the rest. */
const shapes: Partial<Record<DrawnNode["kind"], readonly [string, string]>> = {
  router: ["{", "}"],
  human: ["[/", "/]"],
  wait: ["([", "])"],
  model: ["[[", "]]"],
  agent: ["[[", "]]"],
  workflow: ["[[", "]]"],
};

/** The text of a mermaid flowchart. Deterministic; total for every checked workflow, of any discipline. */
export function mermaidOf(ir: WorkflowIr): string {
  return `${["flowchart TD", ...new Writer().lines(drawn(ir), "  ")].join("\n")}\n`;
}

class Writer {
  #boxes = 0;

  lines(graph: DrawnGraph, indent: string): readonly string[] {
    const boxes = new Map<string, string>();
    const lines: string[] = [];
    for (const node of graph.nodes) {
      const box = this.#next("n");
      // The first of two nodes with one id is the one that edges mean.
      if (!boxes.has(node.id)) boxes.set(node.id, box);
      lines.push(...this.#node(node, box, indent));
    }
    for (const node of graph.nodes.filter((each) => each.isEntry)) {
      const start = this.#next("s");
      lines.push(`${indent}${start}(( ))`, `${indent}${start} --> ${boxes.get(node.id)}`);
    }
    for (const edge of graph.edges) {
      const line = edge.on === "success" ? "-->" : "-.->";
      const label = edge.label === "" ? "" : `|${quoted(edge.label)}|`;
      lines.push(`${indent}${boxes.get(edge.from)} ${line}${label} ${boxes.get(edge.to)}`);
    }
    for (const node of graph.nodes.filter((each) => each.isExit)) {
      const end = this.#next("e");
      lines.push(`${indent}${end}((( )))`, `${indent}${boxes.get(node.id)} --> ${end}`);
    }
    return lines;
  }

  #node(node: DrawnNode, box: string, indent: string): readonly string[] {
    const label = quoted(node.title === node.subtitle ? node.title : `${node.title} (${node.subtitle})`);
    if (node.bodies.length === 0) {
      const [left, right] = shapes[node.kind] ?? ["[", "]"];
      return [`${indent}${box}${left}${label}${right}`];
    }
    return [
      `${indent}subgraph ${box}[${label}]`,
      ...node.bodies.flatMap((body) => {
        const inner = `${indent}    `;
        const name = this.#next("b");
        return [`${indent}  subgraph ${name}[${quoted(body.title)}]`, ...this.lines(body.graph, inner), `${indent}  end`];
      }),
      `${indent}end`,
    ];
  }

  #next(prefix: string): string {
    return `${prefix}${this.#boxes++}`;
  }
}

/** A label that is nothing but text. An empty one is a space: mermaid takes `""` for a missing label. */
function quoted(text: string): string {
  const safe = shortened(text, labelMax).replaceAll(/[^\p{L}\p{N} _.,=+()/-]/gu, (character) => {
    const code = character.codePointAt(0) ?? 0xfffd;
    if (code < 0x20 || code === 0x7f) return " ";
    // Half a surrogate pair is no character, and has no entity.
    return `#${code >= 0xd800 && code <= 0xdfff ? 0xfffd : code};`;
  });
  return `"${safe.trim() === "" ? " " : safe}"`;
}
