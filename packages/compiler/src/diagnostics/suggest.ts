/** "Did you mean": the nearest of the names that would have been right. */

/** Longest text that is compared; nobody mistypes a longer one by two characters. */
const lengthMax = 64;

/** The one candidate at most two edits (one, for names up to three characters) away; the first of several nearest. */
export function suggest(wrong: string, candidates: Iterable<string>): string | undefined {
  if (wrong.length > lengthMax) return undefined;
  const distanceMax = wrong.length <= 3 ? 1 : 2;
  let best: string | undefined;
  let bestDistance = distanceMax + 1;
  for (const candidate of candidates) {
    if (candidate === wrong || Math.abs(candidate.length - wrong.length) > distanceMax) continue;
    const distance = candidate.toLowerCase() === wrong.toLowerCase() ? 0.5 : editDistance(wrong, candidate, bestDistance);
    if (distance < bestDistance) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best;
}

/** Insertions, deletions, replacements and swaps of neighbours; anything from `limit` on reads as `limit`. */
function editDistance(a: string, b: string, limit: number): number {
  let twoBack: number[] = [];
  let back = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    let least = i;
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1];
      let cost = Math.min((back[j] as number) + 1, (row[j - 1] as number) + 1, (back[j - 1] as number) + (same ? 0 : 1));
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) cost = Math.min(cost, (twoBack[j - 2] as number) + 1);
      row.push(cost);
      least = Math.min(least, cost);
    }
    if (least >= limit) return limit;
    twoBack = back;
    back = row;
  }
  return Math.min(limit, back[b.length] as number);
}
