/**
 * The HTML backend: a workflow as one page that needs nothing else. No network, no script of others: the
 * page forbids itself both. What it knows of a node is in the page as text and works without the script.
 *
 * Architecture invariant: every text of a workflow passes `escaped`, and none gets into the script or the style.
 */
import type { WorkflowIr } from "@heddle/core";
import { drawn } from "../diagram/diagram-graph.ts";
import type { Point } from "./arrange.ts";
import { type PlacedEdge, type PlacedGraph, type PlacedNode, placed } from "./layout.ts";
import { script, style } from "./page-parts.ts";

/** One standalone page. Deterministic; total for every checked workflow, of any discipline. */
export function htmlOf(ir: WorkflowIr): string {
  const graph = placed(drawn(ir));
  const details: string[] = [];
  const picture = graphSvg(graph, details);
  const width = number(graph.width);
  const height = number(graph.height);
  const count = details.length;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${escaped(ir.id)}</title>
<style>${style}</style>
</head>
<body>
<header>
<h1>${escaped(ir.id)}</h1>
<p>${escaped(ir.description ?? "")}</p>
<p class="facts">${escaped(factsOf(ir, count))}</p>
</header>
<main>
<div class="picture" tabindex="0" role="region" aria-label="Diagram">
<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="group" aria-label="${escaped(`Diagram of ${ir.id}`)}">
<defs>${marker("arrow")}${marker("arrow-back")}${marker("arrow-other")}</defs>
${picture}
</svg>
</div>
<aside aria-label="Details of nodes" aria-live="polite">
<p class="hint">Choose a node to see what it does.</p>
${details.join("\n")}
</aside>
</main>
<script>${script}</script>
</body>
</html>
`;
}

function factsOf(ir: WorkflowIr, nodes: number): string {
  const inputs = ir.inputs.map((input) => input.name).join(", ");
  return [
    `${ir.discipline}, ${nodes} ${nodes === 1 ? "node" : "nodes"}`,
    inputs === "" ? "no inputs" : `inputs ${inputs}`,
    ...(ir.source === undefined ? [] : [`from ${ir.source.file ?? ir.source.frontend}`]),
  ].join(" · ");
}

function graphSvg(graph: PlacedGraph, details: string[]): string {
  const nodes = graph.nodes.map((node) => nodeSvg(node, details));
  return [...graph.edges.map(edgeSvg), ...nodes, ...graph.edges.map(labelSvg)].filter((part) => part !== "").join("\n");
}

function nodeSvg({ node, box, title, subtitle, bodies }: PlacedNode, details: string[]): string {
  const id = `d${details.length}`;
  details.push(detailsHtml(id, node));
  const classes = ["node", `kind-${node.kind}`, ...(node.isEntry ? ["entry"] : []), ...(node.isExit ? ["exit"] : [])];
  const isRegion = bodies.length > 0;
  const middle = box.x + (isRegion ? 12 : box.width / 2);
  const words = `class="${isRegion ? "left" : "middle"}"`;
  const inner = bodies.map(
    (body) =>
      `<rect class="body" ${rect(body.box)} rx="4"/><text class="left small" x="${number(body.box.x + 12)}" y="${number(body.box.y + 16)}">${escaped(body.title)}</text>\n${graphSvg(body.graph, details)}`,
  );
  const name = [node.title, node.subtitle, ...(node.isEntry ? ["first"] : []), ...(node.isExit ? ["last"] : [])].join(", ");
  return `<a href="#${id}" class="${classes.join(" ")}" aria-label="${escaped(name)}"><title>${escaped(tipOf(node))}</title><rect class="${isRegion ? "region" : "box"}" ${rect(box)} rx="${node.kind === "router" ? 2 : 8}"/>${
    node.isExit ? `<rect class="inner" ${rect(inset(box))} rx="6"/>` : ""
  }<text ${words} x="${number(middle)}" y="${number(box.y + 19)}">${escaped(title)}</text><text ${words.replace('"', '"small ')} x="${number(middle)}" y="${number(box.y + 35)}">${escaped(subtitle)}</text></a>${
    node.isEntry ? `<path class="start" d="M${number(box.x - 7)} ${number(box.y + 14)}l7 6l-7 6z"/>` : ""
  }${inner.length === 0 ? "" : `\n${inner.join("\n")}`}`;
}

function inset(box: PlacedNode["box"]): PlacedNode["box"] {
  return { x: box.x + 3, y: box.y + 3, width: box.width - 6, height: box.height - 6 };
}

/** What hovering shows: the details, one to a line. */
function tipOf(node: PlacedNode["node"]): string {
  return node.details.map(([name, text]) => `${name}: ${text}`).join("\n");
}

function detailsHtml(id: string, node: PlacedNode["node"]): string {
  const rows = node.details.map(([name, text]) => `<dt>${escaped(name)}</dt><dd>${escaped(text)}</dd>`);
  return `<section id="${id}" class="details" tabindex="-1"><h2>${escaped(node.title)}</h2><dl>${rows.join("")}</dl></section>`;
}

function edgeSvg({ edge, points, isBack }: PlacedEdge): string {
  const kind = isBack ? "back" : edge.on === "success" ? "forward" : "other";
  const end = kind === "forward" ? "arrow" : `arrow-${kind}`;
  return `<path class="edge ${kind} on-${edge.on}" d="${pathOf(points)}" marker-end="url(#${end})"><title>${escaped(`${edge.from} to ${edge.to}${edge.label === "" ? "" : `: ${edge.label}`}`)}</title></path>`;
}

function labelSvg({ label, labelAt, edge }: PlacedEdge): string {
  if (labelAt === undefined) return "";
  return `<text class="label on-${edge.on}" x="${number(labelAt.x)}" y="${number(labelAt.y + 4)}">${escaped(label)}</text>`;
}

const turnRadius = 10;

/** Straight lines, round where they turn. */
function pathOf(points: readonly Point[]): string {
  const [first, ...rest] = points;
  if (first === undefined) return "";
  const parts = [`M${number(first.x)} ${number(first.y)}`];
  for (const [index, point] of rest.entries()) {
    const next = rest[index + 1];
    if (next === undefined) {
      parts.push(`L${number(point.x)} ${number(point.y)}`);
      continue;
    }
    const before = near(point, points[index] ?? point);
    const after = near(point, next);
    parts.push(`L${number(before.x)} ${number(before.y)}Q${number(point.x)} ${number(point.y)} ${number(after.x)} ${number(after.y)}`);
  }
  return parts.join("");
}

/** On the way from a turn to its neighbour, where the turn begins. */
function near(turn: Point, neighbour: Point): Point {
  const distance = Math.hypot(neighbour.x - turn.x, neighbour.y - turn.y);
  const share = distance === 0 ? 0 : Math.min(turnRadius, distance / 2) / distance;
  return { x: turn.x + (neighbour.x - turn.x) * share, y: turn.y + (neighbour.y - turn.y) * share };
}

function rect(box: PlacedNode["box"]): string {
  return `x="${number(box.x)}" y="${number(box.y)}" width="${number(box.width)}" height="${number(box.height)}"`;
}

function marker(id: string): string {
  return `<marker id="${id}" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8" orient="auto"><path class="${id}" d="M0 0L8 4L0 8z"/></marker>`;
}

/** Half a pixel is as fine as a screen shows, and keeps pages small. */
function number(value: number): string {
  return String(Math.round(value * 2) / 2);
}

const entities: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;", "`": "&#96;" };

/** Text, and nothing but text, between tags and in quoted attributes. Control characters have no place in a page. */
export function escaped(text: string): string {
  // By code points: half a surrogate pair is one of its own, and of the category Cs.
  return text.replaceAll(/[&<>"'`]/g, (character) => entities[character] ?? "").replaceAll(/[^\P{Cc}\n\t]|\p{Cs}/gu, "\u{fffd}");
}
