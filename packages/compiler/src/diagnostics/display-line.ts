/** One line of source as a terminal shows it, and where a stretch of it lands. */

export interface DisplayLine {
  readonly text: string;
  /** Columns before the stretch, in terminal cells. */
  readonly start: number;
  /** Cells of the stretch. */
  readonly length: number;
}

const tabCells = 4;
/** Shown before the stretch, where a line is too long to be shown from its start. */
const leadCells = 20;

/** `from` and `to` are UTF-16 offsets in the line. A line wider than `width` is cut around them. */
export function displayLine(line: string, from: number, to: number, width: number): DisplayLine {
  const far = from > width - leadCells;
  const begin = far ? Math.max(0, from - leadCells) : 0;
  let text = far ? "… " : "";
  let cells = text.length;
  let start = -1;
  let end = -1;
  let at = begin;
  // Never more of the line than is shown: a line may be as long as a file.
  for (const character of line.slice(begin, begin + width * 4)) {
    if (start < 0 && at >= from) start = cells;
    if (end < 0 && at >= to) end = cells;
    if (cells >= width + leadCells) {
      text += " …";
      break;
    }
    const shown = show(character, cells);
    text += shown.text;
    cells += shown.cells;
    at += character.length;
  }
  if (start < 0) start = cells;
  if (end < 0) end = cells;
  return { text, start, length: Math.max(0, end - start) };
}

function show(character: string, cells: number): { readonly text: string; readonly cells: number } {
  if (character === "\t") {
    const wide = tabCells - (cells % tabCells);
    return { text: " ".repeat(wide), cells: wide };
  }
  if (/\p{M}/u.test(character)) return { text: character, cells: 0 };
  if (/\p{C}/u.test(character)) return { text: "\ufffd", cells: 1 };
  return { text: character, cells: isWide(character) ? 2 : 1 };
}

function isWide(character: string): boolean {
  return (
    character > "\u10ff" &&
    /[\p{Script=Han}\p{Script=Hangul}\p{Script=Hiragana}\p{Script=Katakana}\uff01-\uff60\u3000-\u303f]|\p{Emoji_Presentation}/u.test(
      character,
    )
  );
}
