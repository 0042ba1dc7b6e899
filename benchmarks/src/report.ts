/** What a workload reports, and how it is shown: plain tables, bars with their verdicts, and ratios to keep. */

export interface Table {
  readonly title: string;
  readonly columns: readonly string[];
  readonly rows: readonly (readonly (string | number)[])[];
}

/** A figure that is owed. */
export interface Bar {
  readonly id: string;
  readonly owed: string;
  readonly measured: string;
  readonly met: boolean;
}

/** A figure that another machine can be compared by. */
export interface Ratio {
  readonly value: number;
  readonly better: "higher" | "lower";
}

export interface Report {
  readonly workload: string;
  readonly tables: readonly Table[];
  readonly bars: readonly Bar[];
  readonly ratios: Readonly<Record<string, Ratio>>;
  /** Each single measurement, for the local record. */
  readonly measurements: readonly unknown[];
}

/** How much is measured, and who is told. */
export interface Plan {
  readonly rounds: number;
  readonly quick: boolean;
  /** The shortest that still walks every path: for tests. */
  readonly tiny: boolean;
  readonly progress: (text: string) => void;
}

export const shown = (value: number): string =>
  Number.isNaN(value) ? "-" : Math.abs(value) >= 1_000 ? Math.round(value).toLocaleString("en") : String(Number(value.toPrecision(3)));

export function formatTable({ title, columns, rows }: Table): string {
  const cells = [columns, ...rows.map((row) => row.map((cell) => (typeof cell === "number" ? shown(cell) : cell)))];
  const widths = columns.map((_, column) => Math.max(...cells.map((row) => row[column]?.length ?? 0)));
  const lines = cells.map((row) =>
    row
      .map((cell, column) => (column === 0 ? cell.padEnd(widths[column] as number) : cell.padStart(widths[column] as number)))
      .join("  ")
      .trimEnd(),
  );
  const rule = widths.map((width) => "-".repeat(width)).join("  ");
  return [title, "", lines[0], rule, ...lines.slice(1)].join("\n");
}

export function barsTable(bars: readonly Bar[]): Table {
  return {
    title: "Bars",
    columns: ["bar", "owed", "measured", "verdict"],
    rows: bars.map(({ id, owed, measured, met }) => [id, owed, measured, met ? "PASS" : "FALLS SHORT"]),
  };
}
