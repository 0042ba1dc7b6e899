/** A source with its line table: turns offsets into positions, for the few places that are shown. */
import type { Position, Span } from "./diagnostic.ts";

export interface SourceText {
  readonly file: string;
  readonly text: string;
  /** The position of an offset; offsets outside the text give its ends. */
  position(offset: number): Position;
  span(start: number, end: number): Span;
  /** The line without its line break, numbered from 1; empty where there is none. */
  line(number: number): string;
  readonly lines: number;
}

/** Lines end with LF, CRLF or CR. */
export function createSourceText(file: string, text: string): SourceText {
  let starts: readonly number[] | undefined;
  const table = (): readonly number[] => {
    starts ??= lineStarts(text);
    return starts;
  };
  const position = (offset: number): Position => {
    const at = Math.max(0, Math.min(offset, text.length));
    const known = table();
    let low = 0;
    let high = known.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((known[middle] as number) <= at) low = middle;
      else high = middle - 1;
    }
    return { offset: at, line: low + 1, column: at - (known[low] as number) + 1 };
  };
  return {
    file,
    text,
    position,
    span: (start, end) => ({ file, start: position(start), end: position(Math.max(start, end)) }),
    line(number) {
      const known = table();
      const start = known[number - 1];
      if (start === undefined) return "";
      let end = known[number] ?? text.length;
      while (end > start && (text.charCodeAt(end - 1) === 10 || text.charCodeAt(end - 1) === 13)) end--;
      return text.slice(start, end);
    },
    get lines() {
      return table().length;
    },
  };
}

function lineStarts(text: string): readonly number[] {
  const starts = [0];
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === 10 || (code === 13 && text.charCodeAt(i + 1) !== 10)) starts.push(i + 1);
  }
  return starts;
}
