/** Two texts compared line by line: a longest common subsequence, after what both begin and end with was taken away. */

/** Lines of the middle that are compared exactly, at most; longer ones are told as changed throughout. */
const cellsMax = 4_000_000;

export interface Comparison {
  readonly same: boolean;
  readonly removed: readonly { readonly line: number; readonly text: string }[];
  readonly added: readonly { readonly line: number; readonly text: string }[];
}

/** What was taken out of `before`, and what was put into `after`. Lines count from 1. */
export function compareLines(before: string, after: string): Comparison {
  const a = before.split(/\r?\n/);
  const b = after.split(/\r?\n/);
  let start = 0;
  while (start < a.length && start < b.length && a[start] === b[start]) start++;
  let end = 0;
  while (end < a.length - start && end < b.length - start && a[a.length - 1 - end] === b[b.length - 1 - end]) end++;
  const kept = commonLines(a.slice(start, a.length - end), b.slice(start, b.length - end));
  const rest = (lines: readonly string[], isKept: ReadonlySet<number>) =>
    lines.slice(start, lines.length - end).flatMap((text, i) => (isKept.has(i) ? [] : [{ line: start + i + 1, text }]));
  const removed = rest(a, kept.a);
  const added = rest(b, kept.b);
  return { same: removed.length === 0 && added.length === 0, removed, added };
}

function commonLines(a: readonly string[], b: readonly string[]): { readonly a: ReadonlySet<number>; readonly b: ReadonlySet<number> } {
  const kept = { a: new Set<number>(), b: new Set<number>() };
  if (a.length * b.length > cellsMax) return kept;
  const width = b.length + 1;
  const lengths = new Uint32Array((a.length + 1) * width);
  for (let i = a.length - 1; i >= 0; i--) {
    for (let j = b.length - 1; j >= 0; j--) {
      const below = lengths[(i + 1) * width + j] ?? 0;
      const beside = lengths[i * width + j + 1] ?? 0;
      lengths[i * width + j] = a[i] === b[j] ? (lengths[(i + 1) * width + j + 1] ?? 0) + 1 : Math.max(below, beside);
    }
  }
  for (let i = 0, j = 0; i < a.length && j < b.length; ) {
    if (a[i] === b[j]) {
      kept.a.add(i++);
      kept.b.add(j++);
    } else if ((lengths[(i + 1) * width + j] ?? 0) >= (lengths[i * width + j + 1] ?? 0)) i++;
    else j++;
  }
  return kept;
}
