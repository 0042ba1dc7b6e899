/**
 * What a command says. Standard output carries what was asked for, as text or (with `--json`) as JSON and
 * nothing else; everything besides goes to standard error.
 */
import type { CliContext } from "./context.ts";
import { createPaint, type Paint, plainText } from "./style.ts";

/** A row of a list: a text for each column. */
export type Row = readonly string[];

export class Printer {
  readonly json: boolean;
  /** Colours for standard output. */
  readonly paint: Paint;
  /** Colours for standard error. */
  readonly notePaint: Paint;
  readonly #context: CliContext;

  constructor(context: CliContext, json: boolean) {
    this.#context = context;
    this.json = json;
    this.paint = createPaint(context.isTerminal.stdout, context.env);
    this.notePaint = createPaint(context.isTerminal.stderr, context.env);
  }

  /** A line of what was asked for, for people. */
  line(text = ""): void {
    this.#context.stdout.write(`${text}\n`);
  }

  /** One JSON value on one line. */
  jsonLine(value: unknown): void {
    this.#context.stdout.write(`${JSON.stringify(value)}\n`);
  }

  /** A remark beside what was asked for. */
  note(text: string): void {
    this.#context.stderr.write(`${text}\n`);
  }

  /** A JSON value for people: texts as they are, the rest indented. With `--json`, one line of JSON. */
  value(value: unknown): void {
    if (this.json) this.jsonLine(value);
    else this.line(typeof value === "string" ? value : JSON.stringify(value, null, 2));
  }

  /** An answer that is one thing: JSON, or the lines that tell it. */
  answer(value: unknown, lines: () => readonly string[]): void {
    if (this.json) this.jsonLine(value);
    else for (const line of lines()) this.line(line);
  }

  /** A list: an object with `rows`, or a table. `decorate` may colour a padded cell. */
  list<Item>(
    page: { readonly rows: readonly Item[]; readonly cursor?: string },
    head: Row,
    row: (item: Item) => Row,
    decorate: (cell: string, column: number, item: Item) => string = (cell) => cell,
  ): void {
    if (this.json) {
      this.jsonLine({ rows: page.rows, ...(page.cursor === undefined ? {} : { cursor: page.cursor }) });
      return;
    }
    if (page.rows.length === 0) {
      this.note("none");
      return;
    }
    const cells = page.rows.map((item) => row(item).map((cell) => plainText(cell).replaceAll("\n", " ")));
    const widths = head.map((title, i) => Math.max(title.length, ...cells.map((each) => each[i]?.length ?? 0)));
    const padded = (each: Row) => each.map((cell, i) => (i === each.length - 1 ? cell : cell.padEnd(widths[i] ?? 0)));
    this.line(
      padded(head.map((title) => title.toUpperCase()))
        .map((cell) => this.paint("dim", cell))
        .join("  "),
    );
    page.rows.forEach((item, i) => {
      this.line(
        padded(cells[i] ?? [])
          .map((cell, column) => decorate(cell, column, item))
          .join("  ")
          .trimEnd(),
      );
    });
    if (page.cursor !== undefined) this.note("there are more: --all, or a larger --limit");
  }
}

/** `key  value` lines, aligned. Undefined values are left out. */
export function fields(pairs: Readonly<Record<string, string | undefined>>): string[] {
  const shown = Object.entries(pairs).filter((pair): pair is [string, string] => pair[1] !== undefined);
  const width = Math.max(0, ...shown.map(([key]) => key.length));
  return shown.map(([key, value]) => `${key.padEnd(width)}  ${value}`);
}

/** A text on one line, at most so long. */
export function shortened(text: string, lengthMax: number): string {
  const flat = plainText(text).replace(/\s+/g, " ").trim();
  return flat.length <= lengthMax ? flat : `${flat.slice(0, Math.max(0, lengthMax - 1))}…`;
}
