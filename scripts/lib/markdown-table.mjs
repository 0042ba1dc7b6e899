// Reads the tables of a Markdown file: enough of the syntax for the documents that the checkers hold to account.

/** The cells of one line, or undefined when it is not a line of a table. `\|` inside a cell is a plain bar. */
export function cellsOf(line) {
  const trimmed = line.trim();
  if (!trimmed.startsWith("|") || !trimmed.endsWith("|") || trimmed.length < 2) return undefined;
  const cells = trimmed.slice(1, -1).split(/(?<!\\)\|/);
  return cells.map((cell) => cell.trim().replaceAll("\\|", "|"));
}

/**
 * Every body row of every table whose heading row is exactly `columns`, as records keyed by column, with the number of
 * its line. Rows with another number of cells are reported through `onFault`.
 */
export function readTables(text, columns, onFault) {
  const rows = [];
  let inside = false;
  let line = 0;
  for (const source of text.split("\n")) {
    line += 1;
    const cells = cellsOf(source);
    if (cells === undefined) {
      inside = false;
    } else if (cells.length === columns.length && cells.every((cell, index) => cell === columns[index])) {
      inside = true;
    } else if (inside && !cells.every((cell) => /^:?-+:?$/.test(cell))) {
      if (cells.length !== columns.length) onFault(`line ${line}: ${cells.length} cells, expected ${columns.length}`);
      else rows.push({ ...Object.fromEntries(columns.map((column, index) => [column, cells[index]])), line });
    }
  }
  return rows;
}

/** The texts between backticks of a cell. */
export function codeSpans(cell) {
  return [...cell.matchAll(/`([^`]+)`/g)].map((match) => match[1]);
}
