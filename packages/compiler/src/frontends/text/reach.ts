/**
 * Whether one place of a graph can be reached from another, for many questions at once: neighbours and places
 * on one cycle are answered at once, the rest 32 sources at a time in one pass over the graph without cycles.
 */
export interface Reach {
  /** One answer for each question; `from` and `to` differ. */
  all(questions: readonly { readonly from: number; readonly to: number }[]): readonly boolean[];
}

export function createReach(next: readonly (readonly number[])[]): Reach {
  let components: Components | undefined;
  return {
    all(questions) {
      const answers = questions.map(({ from, to }) => next[from]?.includes(to) === true);
      const open = questions.flatMap((question, i) => (answers[i] === true ? [] : [{ ...question, i }]));
      if (open.length === 0) return answers;
      components ??= componentsOf(next);
      const { of } = components;
      const sources = new Map<number, number>();
      for (const { from, to, i } of open) {
        const source = of[from] as number;
        if (source === of[to]) answers[i] = true;
        else if (!sources.has(source)) sources.set(source, sources.size);
      }
      const order = [...sources.keys()];
      for (let start = 0; start < order.length; start += 32) {
        const masks = pass(components, order.slice(start, start + 32));
        for (const { from, to, i } of open) {
          const bit = (sources.get(of[from] as number) ?? -1) - start;
          if (bit >= 0 && bit < 32 && ((masks[of[to] as number] as number) & (1 << bit)) !== 0) answers[i] = true;
        }
      }
      return answers;
    },
  };
}

interface Components {
  /** The component of each place. They are numbered against the edges: an edge leads to a smaller number. */
  readonly of: readonly number[];
  readonly next: readonly (readonly number[])[];
}

/** For each component the sources that reach it, a bit each. */
function pass({ next }: Components, sources: readonly number[]): Int32Array {
  const masks = new Int32Array(next.length);
  for (const [bit, source] of sources.entries()) masks[source] = (masks[source] as number) | (1 << bit);
  for (let at = next.length - 1; at >= 0; at--) {
    const mask = masks[at] as number;
    if (mask !== 0) for (const to of next[at] ?? []) masks[to] = (masks[to] as number) | mask;
  }
  return masks;
}

/** Strongly connected components after Tarjan, on a stack of our own. */
function componentsOf(next: readonly (readonly number[])[]): Components {
  const size = next.length;
  const of = new Array<number>(size).fill(-1);
  const found = new Array<number>(size).fill(-1);
  const low = new Array<number>(size).fill(0);
  const edge = new Array<number>(size).fill(0);
  const open: number[] = [];
  let count = 0;
  let clock = 0;
  for (let root = 0; root < size; root++) {
    if (found[root] !== -1) continue;
    const path = [root];
    for (let at = path.at(-1); at !== undefined; at = path.at(-1)) {
      if (found[at] === -1) {
        found[at] = clock;
        low[at] = clock++;
        open.push(at);
      }
      const to = next[at]?.[edge[at] as number];
      if (to !== undefined) {
        edge[at] = (edge[at] as number) + 1;
        if (found[to] === -1) path.push(to);
        else if (of[to] === -1) low[at] = Math.min(low[at] as number, found[to] as number);
        continue;
      }
      path.pop();
      const parent = path.at(-1);
      if (parent !== undefined) low[parent] = Math.min(low[parent] as number, low[at] as number);
      if (low[at] !== found[at]) continue;
      for (let member = open.pop(); member !== undefined; member = open.pop()) {
        of[member] = count;
        if (member === at) break;
      }
      count++;
    }
  }
  const condensed: number[][] = Array.from({ length: count }, () => []);
  for (const [from, targets] of next.entries()) {
    for (const to of targets) if (of[from] !== of[to]) condensed[of[from] as number]?.push(of[to] as number);
  }
  return { of, next: condensed };
}
