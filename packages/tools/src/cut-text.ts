/** Cutting text to a number of characters (UTF-16 units) without leaving half of one. */

/** The beginning of a text, with at most `charactersMax` units; never ends in the first half of a pair. */
export function cutText(text: string, charactersMax: number): string {
  if (text.length <= charactersMax) return text;
  const last = text.charCodeAt(charactersMax - 1);
  return text.slice(0, last >= 0xd800 && last <= 0xdbff ? charactersMax - 1 : charactersMax);
}

/** Two texts within one bound, each cut in proportion to its length. */
export function cutTogether(first: string, second: string, charactersMax: number): { first: string; second: string; isCut: boolean } {
  const total = first.length + second.length;
  if (total <= charactersMax) return { first, second, isCut: false };
  const share = Math.round((charactersMax * first.length) / total);
  return { first: cutText(first, share), second: cutText(second, charactersMax - share), isCut: true };
}
