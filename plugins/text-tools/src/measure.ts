/** How long a text is, and how to make it shorter. Characters are those that people see. */

const segmenter = new Intl.Segmenter(undefined, { granularity: "grapheme" });

/** Characters, words (parts between white space) and lines. An empty text has no line. */
export function measure(text: string): { readonly characters: number; readonly words: number; readonly lines: number } {
  let characters = 0;
  for (const _ of segmenter.segment(text)) characters++;
  return {
    characters,
    words: text.split(/\s+/u).filter((word) => word !== "").length,
    lines: text === "" ? 0 : text.split(/\r?\n/).length,
  };
}

/** The text as far as it fits with the mark behind it; whole where it fits anyway. */
export function cutAtWord(text: string, characters: number, mark: string): { readonly text: string; readonly wasCut: boolean } {
  const all = [...segmenter.segment(text)].map(({ segment }) => segment);
  if (all.length <= characters) return { text, wasCut: false };
  const room = Math.max(0, characters - measure(mark).characters);
  const kept = all.slice(0, room).join("");
  const isWordEnd = /^\s/u.test(all[room] ?? "");
  const lastGap = kept.search(/\s\S*$/u);
  // A single word longer than the room is cut inside: nothing else would be left of it.
  const atWord = isWordEnd || lastGap <= 0 ? kept : kept.slice(0, lastGap);
  return { text: `${atWord.trimEnd()}${mark}`, wasCut: true };
}
