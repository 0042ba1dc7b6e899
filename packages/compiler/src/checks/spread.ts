/**
 * Facts that spread along arcs: which of up to 30 bits may hold at a point, where arcs set and clear them.
 * Small questions are answered together, and only over the stretch of the graph that concerns them, so that
 * a long workflow with many variables costs little more than its length.
 */
import { Dominators } from "./dominators.ts";
import type { Points } from "./frames.ts";

/** What an arc does to the bits of a question. */
export interface Change {
  readonly arc: number;
  readonly clear: number;
  readonly set: number;
}

export interface Question {
  /** How many bits it has, at most 30. */
  readonly bits: number;
  /** At the entry. */
  readonly start: number;
  readonly changes: readonly Change[];
  /** The points that are asked about. */
  readonly at: readonly number[];
}

/** The bits at each point that was asked about; undefined where a point is never reached, or the answer takes too long. */
export type Answer = readonly (number | undefined)[];

/** Passes over a stretch, at most: graphs that people write need as many as cycles are nested, and two. */
const passesMax = 64;
const bitsMax = 30;

export class Spread {
  /** Places in an order in which arcs go forward, but for those that close a cycle. */
  readonly #place: Int32Array;
  readonly #order: readonly number[];
  readonly #points: Points;
  /** The arcs into each place, one place after the other: where those of a place begin, which they are, whence they come. */
  readonly #begin: Int32Array;
  readonly #arc: Int32Array;
  readonly #origin: Int32Array;
  /** By arc; as they are between two passes. */
  readonly #keep: Int32Array;
  readonly #give: Int32Array;
  #dominators: Dominators | undefined;
  /** For each place the stretch of the cycles that it is in. */
  readonly #from: Int32Array;
  readonly #to: Int32Array;

  constructor(points: Points) {
    this.#points = points;
    this.#order = forwardOrder(points);
    this.#place = new Int32Array(points.count).fill(-1);
    for (const [place, point] of this.#order.entries()) this.#place[point] = place;
    const incoming: number[][] = this.#order.map(() => []);
    for (const [i, { from, to }] of points.arcs.entries()) if (this.reaches(from)) incoming[this.#place[to] as number]?.push(i);
    this.#begin = new Int32Array(this.#order.length + 1);
    for (const [place, arcs] of incoming.entries()) this.#begin[place + 1] = (this.#begin[place] as number) + arcs.length;
    this.#arc = Int32Array.from(incoming.flat());
    this.#origin = this.#arc.map((arc) => this.#place[points.arcs[arc]?.from ?? 0] as number);
    this.#keep = new Int32Array(points.arcs.length).fill(-1);
    this.#give = new Int32Array(points.arcs.length);
    [this.#from, this.#to] = this.#stretches();
  }

  reaches(point: number): boolean {
    return this.#place[point] !== -1;
  }

  /** Whether every way from the entry to a point goes over an arc; false also where that is not easily told. */
  isBehind(point: number, arc: number): boolean {
    const { from, to } = this.#points.arcs[arc] ?? { from: 0, to: 0 };
    const gate = this.#place[to] as number;
    const place = this.#place[point] as number;
    // A point with one arc into it is passed exactly when that arc is; but the entry is there from the start.
    if (!this.reaches(from) || gate <= 0 || place === -1 || (this.#begin[gate + 1] as number) - (this.#begin[gate] as number) !== 1)
      return false;
    this.#dominators ??= new Dominators(this.#begin, this.#origin);
    return this.#dominators.dominates(gate, place);
  }

  answers(questions: readonly Question[]): readonly Answer[] {
    const sorted = questions
      .map((question, index) => ({ question, index, first: this.#first(question) }))
      .sort((a, b) => a.first - b.first);
    const answers: Answer[] = questions.map(() => []);
    let batch: typeof sorted = [];
    let bits = 0;
    for (const each of sorted) {
      if (bits + each.question.bits > bitsMax) {
        this.#answer(batch, answers);
        batch = [];
        bits = 0;
      }
      batch.push(each);
      bits += each.question.bits;
    }
    if (batch.length > 0) this.#answer(batch, answers);
    return answers;
  }

  #first({ changes }: Question): number {
    let first = this.#order.length;
    for (const { arc } of changes) {
      const place = this.#place[this.#points.arcs[arc]?.from ?? 0] as number;
      if (place !== -1 && place < first) first = place;
    }
    return first;
  }

  #answer(batch: readonly { readonly question: Question; readonly index: number; readonly first: number }[], answers: Answer[]): void {
    let start = 0;
    let shift = 0;
    let low = this.#order.length;
    let high = 0;
    for (const { question, first } of batch) {
      start |= question.start << shift;
      const mask = (1 << question.bits) - 1;
      for (const { arc, clear, set } of question.changes) {
        const cleared = ~((clear & mask) << shift);
        this.#keep[arc] = (this.#keep[arc] as number) & cleared;
        this.#give[arc] = ((this.#give[arc] as number) & cleared) | ((set & mask) << shift);
      }
      for (const point of question.at) high = Math.max(high, this.#place[point] as number);
      low = Math.min(low, first);
      shift += question.bits;
    }
    low = this.#from[low] ?? low;
    high = this.#to[high] ?? high;
    const state = this.#pass(low, high, start);
    shift = 0;
    for (const { question, index } of batch) {
      const mask = (1 << question.bits) - 1;
      const down = shift;
      answers[index] = question.at.map((point) => {
        const place = this.#place[point] as number;
        if (place === -1 || state === undefined) return undefined;
        return place < low ? question.start : ((state[place - low] ?? 0) >> down) & mask;
      });
      for (const { arc } of question.changes) {
        this.#keep[arc] = -1;
        this.#give[arc] = 0;
      }
      shift += question.bits;
    }
  }

  /** Over the places from `low` to `high`; nothing changes before `low`. */
  #pass(low: number, high: number, start: number): Int32Array | undefined {
    const state = new Int32Array(Math.max(0, high - low + 1));
    for (let pass = 0; pass < passesMax; pass++) {
      let changed = false;
      for (let place = low; place <= high; place++) {
        let bits = place === 0 ? start : 0;
        const end = this.#begin[place + 1] as number;
        for (let i = this.#begin[place] as number; i < end; i++) {
          const arc = this.#arc[i] as number;
          const from = this.#origin[i] as number;
          const had = from < low ? start : (state[from - low] as number);
          bits |= (had & (this.#keep[arc] as number)) | (this.#give[arc] as number);
        }
        if (bits !== state[place - low]) {
          state[place - low] = bits;
          changed = true;
        }
      }
      if (!changed) return state;
    }
    return undefined;
  }

  /** Arcs that go back join all places between their ends to one stretch. */
  #stretches(): readonly [Int32Array, Int32Array] {
    const size = this.#order.length;
    const back: (readonly [number, number])[] = [];
    for (let to = 0; to < size; to++) {
      for (let i = this.#begin[to] as number; i < (this.#begin[to + 1] as number); i++) {
        const from = this.#origin[i] as number;
        if (from >= to) back.push([to, from]);
      }
    }
    const starts = Int32Array.from({ length: size }, (_, i) => i);
    const ends = Int32Array.from({ length: size }, (_, i) => i);
    back.sort(([a], [b]) => a - b);
    for (let i = 0; i < back.length; ) {
      const [first, last] = back[i] as readonly [number, number];
      let end = last;
      for (i++; i < back.length && (back[i]?.[0] ?? 0) <= end; i++) end = Math.max(end, back[i]?.[1] ?? 0);
      for (let place = first; place <= end; place++) {
        starts[place] = first;
        ends[place] = end;
      }
    }
    return [starts, ends];
  }
}

/** Points that can be reached, each after one that leads to it; of a cycle, after the point through which it is entered. */
function forwardOrder({ count, arcs, entry }: Points): readonly number[] {
  if (entry === undefined) return [];
  const next: number[][] = Array.from({ length: count }, () => []);
  for (const { from, to } of arcs) next[from]?.push(to);
  const done: number[] = [];
  const tried = new Int32Array(count).fill(-1);
  const path = [entry];
  tried[entry] = 0;
  for (let at = path.at(-1); at !== undefined; at = path.at(-1)) {
    const to = next[at]?.[tried[at] as number];
    if (to === undefined) {
      done.push(at);
      path.pop();
      continue;
    }
    tried[at] = (tried[at] as number) + 1;
    if (tried[to] !== -1) continue;
    tried[to] = 0;
    path.push(to);
  }
  return done.reverse();
}
