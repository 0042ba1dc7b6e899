/**
 * What rides the next commit: log records and folds. Neither is worth a commit of its own until there
 * is much of it or somebody waits for it.
 */
import { type LogRecord, logRecordsMax, type TenantId } from "@heddle/core";
import type { StreamId } from "@heddle/ports";
import type { SqliteConnection } from "./driver.ts";
import type { Head, Heads } from "./heads.ts";

type Fold = { readonly seq: number; readonly format: string; readonly text: string };

interface LogLines {
  readonly stream: StreamId;
  readonly tenant: TenantId;
  readonly records: readonly Omit<LogRecord, "n">[];
}

export interface Rides {
  /** Something waits for a commit. */
  readonly waiting: boolean;
  /** So much waits that it is worth a commit. */
  readonly heavy: boolean;
  addLogs(lines: LogLines): void;
  addFold(stream: StreamId, fold: Fold): void;
  foldOf(stream: StreamId): Fold | undefined;
  /** Drops what waits for one stream. */
  forget(stream: StreamId): void;
  /** Writes all of it, in the open transaction; returns how many rows. */
  write(): number;
  /** Forgets it: written, or not to be written. */
  clear(): void;
}

const recordsHeavy = 256;
const foldCharsHeavy = 1 << 20;

export function createRides(connection: SqliteConnection, heads: Heads): Rides {
  const countLogs = connection.prepare("SELECT coalesce(max(n), 0) AS count FROM logs WHERE stream = ?");
  const insertLog = connection.prepare("INSERT INTO logs (stream, n, data) VALUES (?, ?, ?)");
  const upsertFold = connection.prepare("INSERT OR REPLACE INTO folds (stream, seq, format, text) VALUES (?, ?, ?, ?)");
  let logs: LogLines[] = [];
  let records = 0;
  let folds = new Map<StreamId, Fold>();
  let foldChars = 0;

  function writeLogs({ stream, tenant, records: lines }: LogLines): number {
    const head = heads.get(stream);
    if (head.no === 0 || head.tenant !== tenant) return 0;
    if (head.logs < 0) head.logs = Number(countLogs.get(head.no)?.["count"]);
    let written = 0;
    for (const record of lines) {
      if (head.logs > logRecordsMax) break;
      writeLog(head, record);
      written++;
    }
    return written;
  }

  function writeLog(head: Head, record: Omit<LogRecord, "n">): void {
    const n = ++head.logs;
    insertLog.run(head.no, n, JSON.stringify(n <= logRecordsMax ? record : droppedNotice(record.atMs)));
  }

  return {
    get waiting() {
      return logs.length > 0 || folds.size > 0;
    },
    get heavy() {
      return records >= recordsHeavy || foldChars >= foldCharsHeavy;
    },
    addLogs(lines) {
      logs.push(lines);
      records += lines.records.length;
    },
    addFold(stream, fold) {
      foldChars += fold.text.length - (folds.get(stream)?.text.length ?? 0);
      folds.set(stream, fold);
    },
    foldOf: (stream) => folds.get(stream),
    forget(stream) {
      logs = logs.filter((lines) => lines.stream !== stream);
      folds.delete(stream);
    },
    write() {
      let rows = 0;
      for (const lines of logs) rows += writeLogs(lines);
      for (const [stream, { seq, format, text }] of folds) {
        const { no } = heads.get(stream);
        if (no === 0) continue;
        upsertFold.run(no, seq, format, text);
        rows += 1 + text.length / 4_096;
      }
      return rows;
    },
    clear() {
      logs = [];
      records = 0;
      folds = new Map();
      foldChars = 0;
    },
  };
}

function droppedNotice(atMs: number): Omit<LogRecord, "n"> {
  const text = `${logRecordsMax} log records are kept; what follows is dropped`;
  return { atMs, level: "warn", source: "runtime", text };
}
