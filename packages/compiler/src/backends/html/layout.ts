/**
 * Where everything stands. Each body is laid out on its own by dagre, innermost first, and is one box in
 * the body around it: boxes nest and never overlap, whatever is in them.
 */
import { type DrawnEdge, type DrawnGraph, type DrawnNode, shortened } from "../diagram/diagram-graph.ts";
import { arranged, type Point } from "./arrange.ts";

/** Of a character of the page's fixed-width font, in pixels at its size of 12. */
const characterWidth = 7.3;
const lineHeight = 16;
const padding = 12;
const titleMax = 44;
const labelMax = 40;
const headerHeight = 2 * lineHeight + padding;

/** Top left corner and size, in pixels of the page. */
export interface Box extends Point {
  readonly width: number;
  readonly height: number;
}

export interface PlacedNode {
  readonly node: DrawnNode;
  readonly box: Box;
  readonly title: string;
  readonly subtitle: string;
  readonly bodies: readonly PlacedBody[];
}

export interface PlacedBody {
  readonly title: string;
  readonly box: Box;
  readonly graph: PlacedGraph;
}

export interface PlacedEdge {
  readonly edge: DrawnEdge;
  readonly points: readonly Point[];
  readonly label: string;
  /** The middle of the label, where there is one. */
  readonly labelAt: Point | undefined;
  /** It leads back up: a loop. */
  readonly isBack: boolean;
}

export interface PlacedGraph {
  readonly nodes: readonly PlacedNode[];
  readonly edges: readonly PlacedEdge[];
  readonly width: number;
  readonly height: number;
}

/** What a graph takes before it is known where it goes: everything relative to its own corner. */
export function placed(graph: DrawnGraph): PlacedGraph {
  return moved(sized(graph), { x: 0, y: 0 });
}

interface SizedNode {
  readonly node: DrawnNode;
  readonly title: string;
  readonly subtitle: string;
  readonly width: number;
  readonly height: number;
  readonly bodies: readonly { readonly title: string; readonly graph: PlacedGraph; readonly width: number; readonly height: number }[];
}

/** Characters as wide as the font makes them: two of Latin for one of the wide scripts. */
function textWidth(text: string): number {
  let units = 0;
  for (const character of text) units += (character.codePointAt(0) ?? 0) >= 0x1100 ? 2 : 1;
  return units * characterWidth;
}

function sizeOf(node: DrawnNode): SizedNode {
  const title = shortened(node.title, titleMax);
  const subtitle = shortened(node.subtitle, titleMax);
  const words = Math.max(textWidth(title), textWidth(subtitle), 60) + 2 * padding;
  const bodies = node.bodies.map((body) => {
    const graph = sized(body.graph);
    const named = shortened(body.title, titleMax);
    const width = Math.max(graph.width, textWidth(named)) + 2 * padding;
    return { title: named, graph, width, height: graph.height + lineHeight + 2 * padding };
  });
  if (bodies.length === 0) return { node, title, subtitle, width: words, height: headerHeight, bodies };
  const inside = bodies.reduce((sum, body) => sum + body.width + padding, padding);
  return {
    node,
    title,
    subtitle,
    width: Math.max(words, inside),
    height: headerHeight + Math.max(...bodies.map((body) => body.height)) + padding,
    bodies,
  };
}

function sized(graph: DrawnGraph): PlacedGraph {
  const sizes = new Map<string, SizedNode>();
  for (const node of graph.nodes) if (!sizes.has(node.id)) sizes.set(node.id, sizeOf(node));
  const indexOf = new Map([...sizes.keys()].map((id, index) => [id, index]));
  const labels = graph.edges.map((edge) => shortened(edge.label, labelMax));
  const { boxes, arrows } = arranged(
    [...sizes.values()],
    graph.edges.map((edge, index) => ({
      from: indexOf.get(edge.from) ?? 0,
      to: indexOf.get(edge.to) ?? 0,
      ...(labels[index] === "" ? { width: 0, height: 0 } : { width: textWidth(labels[index] ?? "") + 8, height: lineHeight }),
    })),
  );
  const centre = (id: string): Point => boxes[indexOf.get(id) ?? 0] ?? { x: 0, y: 0 };
  const nodes = [...sizes].map(([id, size]) => placedNode(size, { x: centre(id).x - size.width / 2, y: centre(id).y - size.height / 2 }));
  const edges = graph.edges.map((edge, index): PlacedEdge => {
    const { points = [], labelAt } = arrows[index] ?? {};
    return { edge, points, label: labels[index] ?? "", labelAt, isBack: centre(edge.from).y >= centre(edge.to).y };
  });
  return { nodes, edges, ...extentOf(nodes, edges) };
}

/** Edges go round boxes, sometimes further out than dagre says. */
function extentOf(nodes: readonly PlacedNode[], edges: readonly PlacedEdge[]): { readonly width: number; readonly height: number } {
  let width = 0;
  let height = 0;
  const reach = (x: number, y: number): void => {
    width = Math.max(width, x + padding);
    height = Math.max(height, y + padding);
  };
  for (const { box } of nodes) reach(box.x + box.width, box.y + box.height);
  for (const { points, labelAt, label } of edges) {
    for (const { x, y } of points) reach(x, y);
    if (labelAt !== undefined) reach(labelAt.x + textWidth(label) / 2, labelAt.y + lineHeight / 2);
  }
  return { width, height };
}

function placedNode(size: SizedNode, at: Point): PlacedNode {
  let x = padding;
  const bodies = size.bodies.map((body): PlacedBody => {
    const box = { x, y: headerHeight, width: body.width, height: body.height };
    x += body.width + padding;
    return { title: body.title, box, graph: moved(body.graph, { x: box.x + padding, y: box.y + lineHeight + padding }) };
  });
  const { node, title, subtitle, width, height } = size;
  return movedNode({ node, title, subtitle, box: { x: 0, y: 0, width, height }, bodies }, at);
}

const shift = <Place extends Point>(place: Place, by: Point): Place => ({ ...place, x: place.x + by.x, y: place.y + by.y });

function movedNode(node: PlacedNode, by: Point): PlacedNode {
  const bodies = node.bodies.map((body) => ({ ...body, box: shift(body.box, by), graph: moved(body.graph, by) }));
  return { ...node, box: shift(node.box, by), bodies };
}

function moved(graph: PlacedGraph, by: Point): PlacedGraph {
  return {
    ...graph,
    nodes: graph.nodes.map((node) => movedNode(node, by)),
    edges: graph.edges.map((edge) => ({
      ...edge,
      points: edge.points.map((point) => shift(point, by)),
      labelAt: edge.labelAt === undefined ? undefined : shift(edge.labelAt, by),
    })),
  };
}
