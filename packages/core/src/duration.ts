/** Durations as people write them, and the arithmetic of time that rules need. */
import { HeddleError } from "./errors.ts";

const unitsMs: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/**
 * Milliseconds of `250ms`, `5s`, `1h30m`, `2d`; a bare number is milliseconds.
 *
 * @throws HeddleError `value-invalid`.
 */
export function parseDuration(text: string): number {
  const trimmed = text.trim();
  if (trimmed === "") throw new HeddleError("value-invalid", "a duration is missing; write it like 250ms, 5s, 1h30m or 2d");
  const total = /^\d+$/.test(trimmed) ? Number(trimmed) : sumOfParts(trimmed);
  if (total === undefined) throw new HeddleError("value-invalid", `"${text}" is not a duration; write it like 250ms, 5s, 1h30m or 2d`);
  if (total > Number.MAX_SAFE_INTEGER) throw new HeddleError("value-invalid", `"${text}" is longer than any duration`);
  return Math.round(total);
}

function sumOfParts(text: string): number | undefined {
  let total = 0;
  let rest = text;
  while (rest !== "") {
    const part = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)/.exec(rest);
    if (part === null) return undefined;
    total += Number(part[1]) * (unitsMs[part[2] as string] as number);
    rest = rest.slice(part[0].length);
  }
  return total;
}

/** The shortest exact text of a duration, largest units first: `1h30m`, `250ms`, `0s`. */
export function formatDuration(ms: number): string {
  let rest = Math.round(ms);
  if (rest <= 0) return "0s";
  let text = "";
  for (const unit of ["d", "h", "m", "s", "ms"]) {
    const size = unitsMs[unit] as number;
    const count = Math.floor(rest / size);
    if (count > 0) text += `${count}${unit}`;
    rest -= count * size;
  }
  return text;
}

const instantText = /^(\d{4}-\d{2}-\d{2})[Tt](?:[01]\d|2[0-3]):\d{2}:\d{2}(?:\.\d+)?(?:[Zz]|[+-]\d{2}:\d{2})$/;

/** Milliseconds since the epoch of a number or an RFC 3339 text; undefined for anything else, 30 February included. */
export function instantOf(value: unknown): number | undefined {
  if (typeof value === "number") return Number.isFinite(value) && value >= 0 ? Math.trunc(value) : undefined;
  const day = typeof value === "string" ? instantText.exec(value)?.[1] : undefined;
  if (typeof value !== "string" || day === undefined) return undefined;
  // Date.parse turns a day that the month does not have into one of the next month.
  const midnight = Date.parse(`${day}T00:00:00Z`);
  if (Number.isNaN(midnight) || !new Date(midnight).toISOString().startsWith(day)) return undefined;
  const ms = Date.parse(value);
  return Number.isNaN(ms) ? undefined : ms;
}

/** An instant as RFC 3339 text in UTC; the number itself where no calendar reaches. */
export function formatInstant(ms: number): string {
  const date = new Date(ms);
  return Number.isNaN(date.getTime()) ? String(ms) : date.toISOString();
}
