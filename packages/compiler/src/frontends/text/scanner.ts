/**
 * The scanner: a place in a text, and what can be read there. It knows words, numbers and texts, skips
 * spaces and comments, and reports what is wrong; it never goes back, so reading is linear.
 *
 * In `.nemo` a keyword may be glued to the name after it (`stageDraft`), as its grammar has no word
 * boundaries: accepted with a warning. In `.heddle` that is an error.
 */
import type { DiagnosticDraft, DiagnosticId, DiagnosticList, SourceText } from "../../diagnostics/index.ts";
import type { Stretch, TextSyntax, Word } from "./syntax.ts";

export type Dialect = "nemo" | "heddle";

/** Longest name: what the IR takes. */
export const nameLengthMax = 128;

export class Scanner {
  readonly text: string;
  readonly dialect: Dialect;
  /** The next character that has not been read. */
  at = 0;
  readonly #source: SourceText;
  readonly #diagnostics: DiagnosticList;
  /** Where the last error was: one place is wrong once. */
  #lastError = -1;
  /** Regions around this place. */
  depth = 0;
  /** Where the key that was read last begins. */
  tokenStart = 0;

  constructor(source: SourceText, dialect: Dialect, diagnostics: DiagnosticList) {
    this.text = source.text;
    this.dialect = dialect;
    this.#source = source;
    this.#diagnostics = diagnostics;
  }

  /** Skips spaces and comments. */
  skip(): void {
    const { text } = this;
    for (;;) {
      const code = text.charCodeAt(this.at);
      if (code === 32 || code === 9 || code === 10 || code === 13) this.at++;
      else if (code === 47 && text.charCodeAt(this.at + 1) === 47) {
        const end = text.indexOf("\n", this.at);
        this.at = end < 0 ? text.length : end;
      } else return;
    }
  }

  get ended(): boolean {
    return this.at >= this.text.length;
  }

  /** Skips spaces, then says whether `symbol` is here. */
  sees(symbol: string): boolean {
    this.skip();
    return this.text.startsWith(symbol, this.at);
  }

  /** Reads a symbol, if it is here. */
  take(symbol: string): boolean {
    if (!this.sees(symbol)) return false;
    this.at += symbol.length;
    return true;
  }

  /** Reads a symbol, or says that it is missing. */
  expect(symbol: string, where: string): boolean {
    if (this.take(symbol)) return true;
    this.expected(`\`${symbol}\` ${where}`);
    return false;
  }

  /** Whether a keyword is here; a name that merely begins with it counts in `.nemo` only when `glued` allows it. */
  seesKeyword(keyword: string, glued = true): boolean {
    if (!this.sees(keyword)) return false;
    return glued || !isNameCode(this.text.charCodeAt(this.at + keyword.length));
  }

  /** Reads a keyword, if it is here, and says when it is glued to what follows. */
  takeKeyword(keyword: string): boolean {
    if (!this.sees(keyword)) return false;
    const start = this.at;
    this.at += keyword.length;
    if (isNameCode(this.text.charCodeAt(this.at))) {
      this.report(
        "HD1501",
        { start, end: this.at },
        {
          severity: this.dialect === "nemo" ? "warning" : "error",
          message: `the keyword \`${keyword}\` is glued to what follows`,
          reason: `It is read as \`${keyword}\` and a name, which few readers see.`,
          help: "put a space between them",
          fix: { title: `insert a space after \`${keyword}\``, edits: [{ span: this.span({ start: this.at, end: this.at }), text: " " }] },
        },
      );
    }
    return true;
  }

  /** Reads an identifier: a letter, then letters, digits and underscores. */
  takeName(): Word | undefined {
    this.skip();
    const start = this.at;
    if (!isLetterCode(this.text.charCodeAt(start))) return undefined;
    let end = start + 1;
    while (isNameCode(this.text.charCodeAt(end))) end++;
    this.at = end;
    const text = this.text.slice(start, end);
    if (text.length > nameLengthMax) {
      this.report(
        "HD1009",
        { start, end },
        {
          message: `a name of ${text.length} characters`,
          reason: `Names are keys of journals and messages; they have at most ${nameLengthMax} characters.`,
          help: "choose a shorter name",
        },
      );
    }
    return { text, start, end };
  }

  expectName(what: string): Word | undefined {
    const name = this.takeName();
    if (name === undefined) this.expected(what);
    return name;
  }

  /** Reads identifiers joined by dots, without spaces. */
  takeDottedName(): Word | undefined {
    const first = this.takeName();
    if (first === undefined) return undefined;
    let end = first.end;
    while (this.text.charCodeAt(end) === 46 && isLetterCode(this.text.charCodeAt(end + 1))) {
      end += 2;
      while (isNameCode(this.text.charCodeAt(end))) end++;
    }
    this.at = end;
    return { text: this.text.slice(first.start, end), start: first.start, end };
  }

  /** Reads `"…"` on one line; with `multiLine` also `"""…"""`. Undefined where neither begins here. */
  takeText(multiLine: boolean): TextSyntax | undefined {
    if (!this.sees('"')) return undefined;
    const { text, at: start } = this;
    if (multiLine && text.startsWith('"""', start)) {
      const end = text.indexOf('"""', start + 3);
      if (end < 0) return this.#unterminated(start, text.length, '"""');
      this.at = end + 3;
      return { start, end: this.at, raw: text.slice(start + 3, end), multiLine: true };
    }
    for (let at = start + 1; ; at++) {
      const code = text.charCodeAt(at);
      if (code === 34) {
        this.at = at + 1;
        return { start, end: this.at, raw: text.slice(start + 1, at), multiLine: false };
      }
      if (at >= text.length || code === 10 || code === 13) return this.#unterminated(start, at, '"');
      if (code === 92 && text.charCodeAt(at + 1) === 34) at++;
    }
  }

  #unterminated(start: number, end: number, quote: string): TextSyntax {
    this.report(
      "HD1002",
      { start, end: Math.min(end, start + quote.length) },
      {
        message: `this text has no closing ${quote}`,
        reason: quote === '"' ? "A text in single quotes ends on the line on which it begins." : "The source ends within it.",
        help: quote === '"' ? 'close it, or write a text of several lines as """…"""' : `close it with ${quote}`,
      },
    );
    this.at = end;
    // What follows an open text is wrong only because of it.
    this.#lastError = end;
    return { start, end, raw: this.text.slice(start + quote.length, end), multiLine: false };
  }

  /** Reads digits, and a fraction where one follows. */
  takeNumber(): Word | undefined {
    this.skip();
    const start = this.at;
    let end = digitsFrom(this.text, start);
    if (end === start) return undefined;
    if (this.text.charCodeAt(end) === 46) {
      const fraction = digitsFrom(this.text, end + 1);
      if (fraction > end + 1) end = fraction;
    }
    this.at = end;
    return { text: this.text.slice(start, end), start, end };
  }

  span({ start, end }: Stretch) {
    return this.#source.span(start, end);
  }

  /** Errors so far in this compilation. */
  get errors(): number {
    return this.#diagnostics.errors;
  }

  report(id: DiagnosticId, at: Stretch, draft: Omit<DiagnosticDraft, "span">): void {
    this.#diagnostics.report(id, { ...draft, span: this.span(at) });
  }

  /** Says that something else is expected here; once for each place. */
  expected(what: string, help?: string): void {
    this.skip();
    if (this.#lastError === this.at) return;
    this.#lastError = this.at;
    const end = endOfThing(this.text, this.at);
    const found = this.at >= this.text.length ? "the end of the source" : `\`${this.text.slice(this.at, end)}\``;
    this.report(
      "HD1001",
      { start: this.at, end },
      {
        message: `expected ${what}, found ${found}`,
        reason: "The source cannot be read on from here.",
        ...(help === undefined ? {} : { help }),
      },
    );
  }

  /**
   * Goes on after an error: to the next of `stops` (words at the level of braces that is open here), to the
   * brace that closes this level, or to the end. Always leaves at least one character behind where it is stuck.
   */
  recover(stops: readonly string[]): void {
    this.skip();
    let depth = 0;
    let first = true;
    while (!this.ended) {
      const code = this.text.charCodeAt(this.at);
      if (isLetterCode(code)) {
        const start = this.at;
        while (isNameCode(this.text.charCodeAt(this.at))) this.at++;
        if (depth === 0 && !(first && this.#lastError === start) && stops.includes(this.text.slice(start, this.at))) {
          this.at = start;
          return;
        }
      } else if (code === 34) this.#skipText();
      else if (code === 125 && depth === 0) return;
      else {
        if (code === 123) depth++;
        if (code === 125) depth--;
        this.at++;
      }
      first = false;
      this.skip();
    }
  }

  #skipText(): void {
    const { text } = this;
    if (text.startsWith('"""', this.at)) {
      const end = text.indexOf('"""', this.at + 3);
      this.at = end < 0 ? text.length : end + 3;
      return;
    }
    this.at++;
    while (!this.ended) {
      const code = text.charCodeAt(this.at);
      if (code === 10 || code === 13) return;
      this.at++;
      if (code === 34) return;
      if (code === 92 && text.charCodeAt(this.at) === 34) this.at++;
    }
  }
}

export function isLetterCode(code: number): boolean {
  return (code >= 97 && code <= 122) || (code >= 65 && code <= 90);
}

export function isNameCode(code: number): boolean {
  return isLetterCode(code) || (code >= 48 && code <= 57) || code === 95;
}

function digitsFrom(text: string, at: number): number {
  let end = at;
  for (let code = text.charCodeAt(end); code >= 48 && code <= 57; code = text.charCodeAt(end)) end++;
  return end;
}

/** The end of the word, or of the one character, at a place. */
function endOfThing(text: string, at: number): number {
  let end = at;
  while (end - at < 40 && isNameCode(text.charCodeAt(end))) end++;
  if (end > at || at >= text.length) return end;
  const code = text.codePointAt(at) as number;
  return at + (code > 0xffff ? 2 : 1);
}
