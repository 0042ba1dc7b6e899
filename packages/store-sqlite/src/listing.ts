/** The listing: one prepared statement per set of filters, each served by an index, newest first. */
import { HeddleError } from "@heddle/core";
import type { ListQuery, StreamRow } from "@heddle/ports";
import type { SqliteConnection, SqliteRow, SqliteStatement } from "./driver.ts";

export interface Listing {
  get(stream: string, tenant: string): StreamRow | undefined;
  list(query: ListQuery): { rows: readonly StreamRow[]; cursor?: string };
  listOpen(kind: string): readonly StreamRow[];
}

const columns = `no, id, tenant, kind, status, name, created_at, data,
  coalesce((SELECT max(seq) FROM events WHERE stream = no), 0) AS seq`;

export function createListing(connection: SqliteConnection): Listing {
  const selectOne = connection.prepare(`SELECT ${columns} FROM streams WHERE id = ? AND tenant = ? AND kind IS NOT NULL`);
  const selectOpen = connection.prepare(`SELECT ${columns} FROM streams WHERE kind = ? AND status = 'open' ORDER BY created_at, no`);
  const page = (filters: string): SqliteStatement =>
    connection.prepare(
      `SELECT ${columns} FROM streams WHERE tenant = ? AND kind = ? ${filters} AND (created_at, no) < (?, ?)
       ORDER BY created_at DESC, no DESC LIMIT ?`,
    );
  const all = page("");
  const byStatus = page("AND status = ?");
  const byName = page("AND name = ?");
  const byNameAndStatus = page("AND name = ? AND status = ?");

  function select({ tenant, kind, name, status }: ListQuery, place: readonly number[], limit: number): SqliteRow[] {
    if (name !== undefined && status !== undefined) {
      return byNameAndStatus.all(tenant, kind, name, status, ...place, limit);
    }
    if (name !== undefined) return byName.all(tenant, kind, name, ...place, limit);
    if (status !== undefined) return byStatus.all(tenant, kind, status, ...place, limit);
    return all.all(tenant, kind, ...place, limit);
  }

  return {
    get(stream, tenant) {
      const row = selectOne.get(stream, tenant);
      return row && rowOf(row);
    },
    list(query) {
      const place = query.cursor === undefined ? newest : parseCursor(query.cursor);
      const found = select(query, place, query.limit + 1);
      const page = found.slice(0, query.limit);
      const rows = page.map(rowOf);
      const last = page.at(-1);
      if (last === undefined || found.length === page.length) return { rows };
      return { rows, cursor: `${last["created_at"]}.${last["no"]}` };
    },
    listOpen: (kind) => selectOpen.all(kind).map(rowOf),
  };
}

const newest = [Number.MAX_SAFE_INTEGER, 0];

function parseCursor(cursor: string): readonly number[] {
  const match = /^(\d{1,15})\.(\d{1,15})$/.exec(cursor);
  if (match === null) throw new HeddleError("cursor-invalid", "the cursor is not one that this listing gave");
  return [Number(match[1]), Number(match[2])];
}

function rowOf(row: SqliteRow): StreamRow {
  return {
    stream: String(row["id"]),
    tenant: String(row["tenant"]),
    seq: Number(row["seq"]),
    kind: String(row["kind"]),
    status: String(row["status"]),
    name: String(row["name"]),
    createdAtMs: Number(row["created_at"]),
    data: String(row["data"]),
  };
}
