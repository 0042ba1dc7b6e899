/**
 * Boxes and arrows get their places from dagre. It walks graphs by recursion, and its time grows with the
 * ranks that arrows cross; so a graph of very many ranks is arranged in bands, one above the other, and an
 * arrow between two bands leaves through the floor of the one and comes in through the ceiling of the other.
 */
import { Graph, layout } from "@dagrejs/dagre";

export interface Point {
  readonly x: number;
  readonly y: number;
}

export interface Size {
  readonly width: number;
  readonly height: number;
}

/** An arrow between two boxes, by their indices, and the size of its label (0 where there is none). */
export interface Arrow extends Size {
  readonly from: number;
  readonly to: number;
}

/** Centres of the boxes; the course of each arrow, and the centre of its label. */
export interface Arrangement {
  readonly boxes: readonly Point[];
  readonly arrows: readonly { readonly points: readonly Point[]; readonly labelAt: Point | undefined }[];
}

/** Graphs of up to so many boxes, or of up to so many ranks, are arranged as one. */
const wholeMax = 250;
const wholeRanksMax = 16;
const bandRanks = 12;
/** Boxes and arrows up to which dagre looks for the shortest arrows, which takes time that grows much faster than they do. */
const carefulMax = 400;
const margin = 12;
const dot: Size = { width: 1, height: 1 };
const corner: Point = { x: 0, y: 0 };
const gap = 36;
/** Beside a box, for an arrow to itself. */
const loopWidth = 32;
const loopHeight = 18;
const channels = 12;

export function arranged(boxes: readonly Size[], arrows: readonly Arrow[]): Arrangement {
  const ranks = boxes.length > wholeMax ? ranksOf(boxes.length, arrows) : [];
  const deepest = ranks.reduce((most, rank) => Math.max(most, rank), 0);
  if (deepest < wholeRanksMax) return whole(boxes, arrows);
  return banded(
    boxes,
    arrows,
    ranks.map((rank) => Math.floor(rank / bandRanks)),
  );
}

function whole(boxes: readonly Size[], arrows: readonly Arrow[]): Arrangement {
  const loops = new Map<number, { readonly width: number; readonly count: number }>();
  for (const { from, to, width } of arrows) {
    if (from !== to) continue;
    const known = loops.get(from) ?? { width: 0, count: 0 };
    loops.set(from, { width: Math.max(known.width, loopWidth + width), count: known.count + 1 });
  }
  const drawing = new Graph({ multigraph: true });
  const ranker = boxes.length + arrows.length > carefulMax ? "longest-path" : "network-simplex";
  drawing.setGraph({ rankdir: "TB", nodesep: 28, ranksep: gap, edgesep: 16, marginx: margin, marginy: margin, ranker });
  for (const [index, { width, height }] of boxes.entries()) {
    const beside = loops.get(index) ?? { width: 0, count: 0 };
    drawing.setNode(`n${index}`, { width: width + 2 * beside.width, height: Math.max(height, beside.count * loopHeight) });
  }
  for (const [index, { from, to, width, height }] of arrows.entries()) {
    if (from !== to) drawing.setEdge(`n${from}`, `n${to}`, { width, height, labelpos: "c" }, `e${index}`);
  }
  layout(drawing);
  const at = boxes.map((_, index) => pointOf(drawing.node(`n${index}`) as Point));
  const boxAt = (index: number): Placed => ({ ...(boxes[index] ?? dot), ...(at[index] ?? corner) });
  const halves = halfHeights(boxes.map((_, index) => boxAt(index)));
  const turns = new Map<number, number>();
  const drawn = arrows.map(({ from, to, width }, index) => {
    if (from === to) {
      const turn = turns.get(from) ?? 0;
      turns.set(from, turn + 1);
      return roundItself(boxAt(from), width, turn, loops.get(from)?.count ?? 1);
    }
    const edge = drawing.edge(`n${from}`, `n${to}`, `e${index}`) as { points: Point[] } & Point;
    return { points: routed(edge.points, boxAt(from), boxAt(to), halves), labelAt: width === 0 ? undefined : pointOf(edge) };
  });
  return cornered(boxes, arrows, { boxes: at, arrows: drawn });
}

interface Placed extends Point, Size {}

/** How far the boxes of each rank reach up and down from its middle. */
function halfHeights(boxes: readonly Placed[]): ReadonlyMap<number, number> {
  const halves = new Map<number, number>();
  for (const { y, height } of boxes) halves.set(Math.round(y), Math.max(halves.get(Math.round(y)) ?? 0, height / 2));
  return halves;
}

/** Straight down or up until it has left the rank of its box, however tall the others there are; then as dagre says. */
function routed(points: readonly Point[], from: Placed, to: Placed, halves: ReadonlyMap<number, number>): readonly Point[] {
  const way = to.y > from.y ? 1 : -1;
  const half = (y: number): number => halves.get(Math.round(y)) ?? 0;
  const inside = (x: number, box: Placed): number => Math.min(Math.max(x, box.x - box.width / 2), box.x + box.width / 2);
  const start = inside(points[0]?.x ?? from.x, from);
  const end = inside(points.at(-1)?.x ?? to.x, to);
  const course = [
    { x: start, y: from.y + (way * from.height) / 2 },
    { x: start, y: from.y + way * half(from.y) },
    ...points.slice(1, -1).map(pointOf),
    { x: end, y: to.y - way * half(to.y) },
    { x: end, y: to.y - (way * to.height) / 2 },
  ];
  return course.filter((each, index) => each.x !== course[index - 1]?.x || each.y !== course[index - 1]?.y);
}

/** dagre minds boxes alone: an arrow or its label may stand on the far side of the edge of the picture. */
function cornered(boxes: readonly Size[], sizes: readonly Arrow[], { boxes: at, arrows }: Arrangement): Arrangement {
  const least = (axis: "x" | "y", half: (size: Size) => number): number =>
    [
      ...at.map((each, index) => each[axis] - half(boxes[index] ?? dot)),
      ...arrows.flatMap(({ points }) => points.map((each) => each[axis])),
      ...arrows.map(({ labelAt }, index) => (labelAt?.[axis] ?? Number.POSITIVE_INFINITY) - half(sizes[index] ?? dot)),
    ].reduce((found, value) => Math.min(found, value), Number.POSITIVE_INFINITY);
  const by = { x: margin - least("x", (size) => size.width / 2), y: margin - least("y", (size) => size.height / 2) };
  const shift = (each: Point): Point => ({ x: each.x + by.x, y: each.y + by.y });
  return {
    boxes: at.map(shift),
    arrows: arrows.map(({ points, labelAt }) => ({
      points: points.map(shift),
      labelAt: labelAt === undefined ? undefined : shift(labelAt),
    })),
  };
}

function pointOf({ x, y }: Point): Point {
  return { x, y };
}

/** From the right side of a box and back to it; several, one below the other. */
function roundItself(box: Placed, labelWidth: number, turn: number, count: number): Arrangement["arrows"][number] {
  const x = box.x + box.width / 2;
  const y = box.y + (turn - (count - 1) / 2) * loopHeight;
  const near = Math.min(Math.max(y, box.y - box.height / 2 + 4), box.y + box.height / 2 - 4);
  const points = [
    { x, y: near - 3 },
    { x: x + 22, y: y - 7 },
    { x: x + 22, y: y + 7 },
    { x, y: near + 3 },
  ];
  return { points, labelAt: labelWidth === 0 ? undefined : { x: x + 26 + labelWidth / 2, y } };
}

/** The longest way to each box from where nothing comes from; arrows that close a cycle do not count. */
function ranksOf(count: number, arrows: readonly Arrow[]): number[] {
  const leaving: number[][] = Array.from({ length: count }, () => []);
  for (const { from, to } of arrows) if (from !== to) leaving[from]?.push(to);
  const order = postorder(leaving);
  const place = new Array<number>(count).fill(0);
  for (const [index, box] of order.entries()) place[box] = index;
  const ranks = new Array<number>(count).fill(0);
  for (const box of order.reverse()) {
    for (const next of leaving[box] ?? []) {
      const isForward = (place[next] ?? 0) < (place[box] ?? 0);
      if (isForward) ranks[next] = Math.max(ranks[next] ?? 0, (ranks[box] ?? 0) + 1);
    }
  }
  return ranks;
}

/** Without recursion: what is being walked may be as long as the graph. */
function postorder(leaving: readonly (readonly number[])[]): number[] {
  const seen = new Set<number>();
  const order: number[] = [];
  for (let root = 0; root < leaving.length; root++) {
    if (seen.has(root)) continue;
    seen.add(root);
    const stack = [{ box: root, next: 0 }];
    for (let top = stack.at(-1); top !== undefined; top = stack.at(-1)) {
      const to = leaving[top.box]?.[top.next++];
      if (to === undefined) {
        order.push(top.box);
        stack.pop();
      } else if (!seen.has(to)) {
        seen.add(to);
        stack.push({ box: to, next: 0 });
      }
    }
  }
  return order;
}

interface Band {
  readonly boxes: number[];
  readonly arrows: number[];
  /** Arrows that leave and that come in. */
  readonly leaving: number[];
  readonly coming: number[];
}

interface ArrangedBand {
  readonly band: Band;
  readonly inner: Arrangement;
  readonly top: number;
  readonly bottom: number;
  readonly width: number;
}

function banded(boxes: readonly Size[], arrows: readonly Arrow[], bandOf: readonly number[]): Arrangement {
  const bands: Band[] = [];
  const at = (index: number): Band => {
    while (bands.length <= index) bands.push({ boxes: [], arrows: [], leaving: [], coming: [] });
    return bands[index] as Band;
  };
  for (const index of boxes.keys()) at(bandOf[index] ?? 0).boxes.push(index);
  for (const [index, { from, to }] of arrows.entries()) {
    const [start, end] = [bandOf[from] ?? 0, bandOf[to] ?? 0];
    if (start === end) at(start).arrows.push(index);
    else {
      at(start).leaving.push(index);
      at(end).coming.push(index);
    }
  }
  let top = gap;
  const done = bands.map((band): ArrangedBand => {
    const inner = arrangedBand(boxes, arrows, band);
    const arranged = {
      band,
      inner,
      top,
      bottom: top + reach(inner, bandSizes(boxes, band), "y") + margin,
      width: reach(inner, bandSizes(boxes, band), "x"),
    };
    top = arranged.bottom + gap;
    return arranged;
  });
  return joined(boxes.length, arrows, done);
}

/** The boxes of a band, then its ceiling and its floor. */
function bandSizes(boxes: readonly Size[], band: Band): readonly Size[] {
  return [...band.boxes.map((box) => boxes[box] ?? dot), dot, dot];
}

function arrangedBand(boxes: readonly Size[], arrows: readonly Arrow[], band: Band): Arrangement {
  const local = new Map(band.boxes.map((box, index) => [box, index]));
  const ceiling = band.boxes.length;
  const floor = ceiling + 1;
  const here = (index: number): Arrow => arrows[index] as Arrow;
  return whole(bandSizes(boxes, band), [
    ...band.arrows.map((index) => ({ ...here(index), from: local.get(here(index).from) ?? 0, to: local.get(here(index).to) ?? 0 })),
    ...band.leaving.map((index) => ({ ...here(index), from: local.get(here(index).from) ?? 0, to: floor })),
    ...band.coming.map((index) => ({ from: ceiling, to: local.get(here(index).to) ?? 0, width: 0, height: 0 })),
  ]);
}

function reach(inner: Arrangement, sizes: readonly Size[], axis: "x" | "y"): number {
  const half = (index: number): number => ((axis === "x" ? sizes[index]?.width : sizes[index]?.height) ?? 0) / 2;
  const ends = [
    ...inner.boxes.map((box, index) => box[axis] + half(index)),
    ...inner.arrows.flatMap((arrow) => arrow.points.map((each) => each[axis])),
  ];
  return ends.reduce((most, end) => Math.max(most, end), 0);
}

function joined(count: number, arrows: readonly Arrow[], bands: readonly ArrangedBand[]): Arrangement {
  const boxes = new Array<Point>(count).fill({ x: 0, y: 0 });
  const right = bands.reduce((most, band) => Math.max(most, band.width), 0) + margin;
  const starts = new Map<number, { readonly points: readonly Point[]; readonly labelAt: Point | undefined; readonly band: number }>();
  const ends = new Map<number, { readonly points: readonly Point[]; readonly band: number }>();
  const inside: Arrangement["arrows"][number][] = [];
  for (const [number, { band, inner, top }] of bands.entries()) {
    const down = (each: Point): Point => ({ x: each.x, y: each.y + top });
    for (const [index, box] of band.boxes.entries()) boxes[box] = down(inner.boxes[index] ?? corner);
    const all = [...band.arrows, ...band.leaving, ...band.coming];
    for (const [place, index] of all.entries()) {
      const drawn = inner.arrows[place];
      if (drawn === undefined) continue;
      const moved = { points: drawn.points.map(down), labelAt: drawn.labelAt === undefined ? undefined : down(drawn.labelAt) };
      if (place < band.arrows.length) inside[index] = moved;
      else if (place < band.arrows.length + band.leaving.length) starts.set(index, { ...moved, band: number });
      else ends.set(index, { ...moved, band: number });
    }
  }
  return {
    boxes,
    arrows: arrows.map((_, index) => {
      const start = starts.get(index);
      const end = ends.get(index);
      if (start === undefined || end === undefined) return inside[index] ?? { points: [], labelAt: undefined };
      return {
        points: [...start.points, ...between(start, end, bands, right + (index % channels) * 8), ...end.points],
        labelAt: start.labelAt,
      };
    }),
  };
}

/** From a floor to a ceiling: straight into the next band, round the right side into any other. */
function between(
  start: { readonly points: readonly Point[]; readonly band: number },
  end: { readonly points: readonly Point[]; readonly band: number },
  bands: readonly ArrangedBand[],
  channel: number,
): readonly Point[] {
  const from = start.points.at(-1)?.x ?? 0;
  const into = end.points[0]?.x ?? 0;
  const below = (bands[start.band]?.bottom ?? 0) + gap / 3;
  const above = (bands[end.band]?.top ?? 0) - gap / 3;
  if (end.band === start.band + 1) {
    return [
      { x: from, y: below },
      { x: into, y: above },
    ];
  }
  return [
    { x: from, y: below },
    { x: channel, y: below },
    { x: channel, y: above },
    { x: into, y: above },
  ];
}
