/** The listing of a memory disk: filter, sort, cut. */
import { HeddleError } from "@heddle/core";
import type { ListQuery, StreamId, StreamRow } from "@heddle/ports";
import type { MemoryDisk, MemoryStream } from "./disk.ts";

interface Place {
  readonly createdAtMs: number;
  readonly order: number;
}

interface Entry extends Place {
  readonly row: StreamRow;
}

/** The row of a stream; undefined until an append has carried a summary. */
export function rowOf(id: StreamId, stream: MemoryStream): StreamRow | undefined {
  const { summary, tenant, events } = stream;
  return summary && { ...summary, stream: id, tenant, seq: events.length };
}

export function listRows(disk: MemoryDisk, query: ListQuery): { rows: readonly StreamRow[]; cursor?: string } {
  const before = query.cursor === undefined ? undefined : parseCursor(query.cursor);
  const found = entries(disk).filter(
    ({ row, ...place }) =>
      row.tenant === query.tenant &&
      row.kind === query.kind &&
      (query.status === undefined || row.status === query.status) &&
      (query.name === undefined || row.name === query.name) &&
      (before === undefined || byAge(place, before) < 0),
  );
  found.sort((a, b) => byAge(b, a));
  const page = found.slice(0, query.limit);
  const rows = page.map((entry) => entry.row);
  const last = page.at(-1);
  if (last === undefined || found.length <= page.length) return { rows };
  return { rows, cursor: `${last.createdAtMs}.${last.order}` };
}

export function listOpenRows(disk: MemoryDisk, kind: string): readonly StreamRow[] {
  const open = entries(disk).filter(({ row }) => row.kind === kind && row.status === "open");
  return open.sort(byAge).map((entry) => entry.row);
}

function entries(disk: MemoryDisk): Entry[] {
  const all: Entry[] = [];
  for (const [id, stream] of disk.streams) {
    const row = rowOf(id, stream);
    if (row !== undefined) all.push({ row, createdAtMs: row.createdAtMs, order: stream.order });
  }
  return all;
}

function byAge(a: Place, b: Place): number {
  return a.createdAtMs - b.createdAtMs || a.order - b.order;
}

function parseCursor(cursor: string): Place {
  const match = /^(\d{1,15})\.(\d{1,15})$/.exec(cursor);
  if (match === null) throw new HeddleError("cursor-invalid", "the cursor is not one that this listing gave");
  return { createdAtMs: Number(match[1]), order: Number(match[2]) };
}
