import { expect, test } from "vitest";
import { edge, handler, longWorkflow, planted, randomWorkflow, release, workflow } from "../../../test/drawings.ts";
import { drawn } from "../diagram/diagram-graph.ts";
import type { Point } from "./arrange.ts";
import { htmlOf } from "./html-of.ts";
import { type Box, type PlacedGraph, placed } from "./layout.ts";
import { script, style } from "./page-parts.ts";

const planting = "</script><img src=x onerror=alert(1)>'\"`&amp;\u0000\ud800";

/** The tags of a page, without what is between them. */
function tagsOf(page: string): string[] {
  return page.match(/<[^>]*>/g) ?? [];
}

test("a page has a picture, and the details of each node", () => {
  const page = htmlOf(release);
  const details = page.slice(page.indexOf('<section id="d0"'), page.indexOf("</section>"));
  expect(details.replaceAll(/<\/?(?:dl|section|h2|dt|dd)[^>]*>/g, "|").replaceAll(/\|+/g, "|")).toMatchInlineSnapshot(
    `"|Draft the notes|id|draft|kind|handler|does|act|reads since|since|writes notes|result.text|retry|3 attempts, after 500 ms|timeout|60000 ms|confinement|process|"`,
  );
  expect(tagsOf(page).filter((tag) => tag.startsWith("<a "))).toHaveLength(6);
  expect(page).toContain('class="edge back on-rejected"');
  expect(page).toContain("on rejected");
  expect(page).toContain("for each channel");
});

test("no text of a workflow becomes markup, in any place", () => {
  const page = htmlOf(planted(release, planting));
  expect(tagsOf(page).map((tag) => tag.replaceAll(/"[^"]*"/g, '""'))).toEqual(
    tagsOf(htmlOf(release)).map((tag) => tag.replaceAll(/"[^"]*"/g, '""')),
  );
  expect(page).not.toContain("<img");
  expect(page).toContain("&lt;/script&gt;&lt;img src=x onerror=alert(1)&gt;&#39;&quot;&#96;&amp;amp;\u{fffd}\u{fffd}");
  expect(page.match(/<script>/g)).toHaveLength(1);
  expect(page).toContain(script);
  expect(page).toContain(style);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: that there are none is the claim
  expect(/[\u0000-\u0008]|\p{Cs}/u.test(page)).toBe(false);
  for (const attribute of page.match(/ [a-z-]+="[^"]*"/g) ?? []) expect(attribute).not.toMatch(/onerror="/);
});

test("a page asks the network for nothing, and may not", () => {
  const page = htmlOf(release);
  expect(page).toContain(`content="default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'"`);
  expect(page.replaceAll("http://www.w3.org/2000/svg", "")).not.toMatch(/https?:|\bsrc=|<link|@import|url\((?!#)|fetch|XMLHttpRequest/);
});

test("every node can be reached by keyboard, and has a name and details to go to", () => {
  const page = htmlOf(randomWorkflow(3));
  const links = tagsOf(page).filter((tag) => tag.startsWith("<a "));
  const targets = links.map((tag) => /href="#(d\d+)"/.exec(tag)?.[1]);
  expect(new Set(targets).size).toBe(links.length);
  for (const target of targets) expect(page).toContain(`<section id="${target}"`);
  for (const link of links) expect(link).toMatch(/aria-label="[^"]+"/);
});

function apart(a: Box, b: Box): boolean {
  return a.x + a.width <= b.x || b.x + b.width <= a.x || a.y + a.height <= b.y || b.y + b.height <= a.y;
}

function within(inner: Box, outer: Box): boolean {
  return (
    inner.x >= outer.x &&
    inner.y >= outer.y &&
    inner.x + inner.width <= outer.x + outer.width &&
    inner.y + inner.height <= outer.y + outer.height
  );
}

/** What is out of place: siblings that touch, and boxes and arrows that leave the body they belong to. */
function faultsOf(graph: PlacedGraph, around: Box): { readonly boxes: number; readonly faults: readonly string[] } {
  const faults: string[] = [];
  let boxes = graph.nodes.length;
  for (const [index, { node, box, bodies }] of graph.nodes.entries()) {
    if (!within(box, around)) faults.push(`${node.id} leaves its body`);
    for (const other of graph.nodes.slice(index + 1)) if (!apart(box, other.box)) faults.push(`${node.id} overlaps ${other.node.id}`);
    for (const [place, body] of bodies.entries()) {
      if (!within(body.box, box)) faults.push(`${body.title} leaves ${node.id}`);
      for (const other of bodies.slice(place + 1)) if (!apart(body.box, other.box)) faults.push(`${body.title} overlaps ${other.title}`);
      const inner = faultsOf(body.graph, body.box);
      boxes += inner.boxes;
      faults.push(...inner.faults);
    }
  }
  for (const { edge: arrow, points } of graph.edges) {
    if (points.length < 2 || !points.every((point) => within({ ...point, width: 0, height: 0 }, around)))
      faults.push(`${arrow.id} leaves its body`);
  }
  return { boxes, faults };
}

test("no boxes overlap, in fifty random workflows and in a long one", () => {
  let boxes = 0;
  for (let seed = 0; seed < 50; seed++) {
    const graph = placed(drawn(randomWorkflow(seed)));
    const found = faultsOf(graph, { x: 0, y: 0, width: graph.width, height: graph.height });
    expect(found.faults).toEqual([]);
    boxes += found.boxes;
  }
  expect(boxes).toBeGreaterThan(500);
  const long = placed(drawn(longWorkflow(400, true)));
  expect(faultsOf(long, { x: 0, y: 0, width: long.width, height: long.height }).faults).toEqual([]);
});

test("an arrow joins the boxes that it is said to", () => {
  const some = Array.from({ length: 20 }, (_, seed) => randomWorkflow(seed));
  for (const ir of [longWorkflow(400, true), ...some, workflow([handler("a")], [edge("a", "a")])]) {
    const graph = placed(drawn(ir));
    const boxOf = new Map(graph.nodes.map(({ node, box }) => [node.id, box]));
    for (const { edge: arrow, points } of graph.edges) {
      for (const [id, point] of [
        [arrow.from, points[0]],
        [arrow.to, points.at(-1)],
      ] as const) {
        const box = boxOf.get(id) as Box;
        const grown = { x: box.x - 1, y: box.y - 1, width: box.width + 2, height: box.height + 2 };
        expect(within({ x: point?.x ?? 0, y: point?.y ?? 0, width: 0, height: 0 }, grown)).toBe(true);
      }
    }
  }
});

/** Whether a straight line passes through a box, by more than it takes to touch it. */
function crosses(a: Point, b: Point, box: Box): boolean {
  for (let step = 1; step < 40; step++) {
    const x = a.x + ((b.x - a.x) * step) / 40;
    const y = a.y + ((b.y - a.y) * step) / 40;
    if (x > box.x + 1 && x < box.x + box.width - 1 && y > box.y + 1 && y < box.y + box.height - 1) return true;
  }
  return false;
}

test("no arrow runs through a box", () => {
  const check = (graph: PlacedGraph): number => {
    let arrows = 0;
    for (const { points } of graph.edges) {
      arrows++;
      for (const [index, point] of points.slice(1).entries()) {
        expect(graph.nodes.filter(({ box }) => crosses(points[index] as Point, point, box))).toEqual([]);
      }
    }
    for (const node of graph.nodes) for (const body of node.bodies) arrows += check(body.graph);
    return arrows;
  };
  let arrows = 0;
  for (let seed = 0; seed < 50; seed++) arrows += check(placed(drawn(randomWorkflow(seed))));
  expect(arrows).toBeGreaterThan(300);
});

test("the same workflow gives the same page", () => {
  expect(htmlOf(randomWorkflow(11))).toBe(htmlOf(randomWorkflow(11)));
});

test("two thousand nodes become a page, one after the other as well as dense", () => {
  for (const dense of [false, true]) {
    const page = htmlOf(longWorkflow(2_000, dense));
    expect(tagsOf(page).filter((tag) => tag.startsWith("<a "))).toHaveLength(2_000);
  }
});
