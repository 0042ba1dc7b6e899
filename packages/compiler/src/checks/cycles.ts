/** Which nodes of a frame are on a cycle together: strongly connected components, on a stack of our own. */

/** For each place the number of its component, and the members of each component. */
export interface Components {
  readonly of: readonly number[];
  readonly members: readonly (readonly number[])[];
}

export function componentsOf(next: readonly (readonly number[])[]): Components {
  const size = next.length;
  const of = new Array<number>(size).fill(-1);
  const found = new Int32Array(size).fill(-1);
  const low = new Int32Array(size);
  const tried = new Int32Array(size);
  const open: number[] = [];
  const members: number[][] = [];
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
      const to = next[at]?.[tried[at] as number];
      if (to !== undefined) {
        tried[at] = (tried[at] as number) + 1;
        if (found[to] === -1) path.push(to);
        else if (of[to] === -1) low[at] = Math.min(low[at] as number, low[to] as number);
        continue;
      }
      path.pop();
      const parent = path.at(-1);
      if (parent !== undefined) low[parent] = Math.min(low[parent] as number, low[at] as number);
      if (low[at] === found[at]) members.push(takeComponent(open, at, of, members.length));
    }
  }
  return { of, members };
}

function takeComponent(open: number[], root: number, of: number[], number: number): number[] {
  const members: number[] = [];
  for (let member = open.pop(); member !== undefined; member = open.pop()) {
    of[member] = number;
    members.push(member);
    if (member === root) break;
  }
  return members;
}
