/**
 * What is known of streams without asking the database: number, owner, seq, epoch. Loaded when first
 * needed, forgotten when another connection wrote or a transaction was undone, and bounded: of two
 * generations the older one is dropped when the younger is full.
 */
import type { StreamSummary } from "@heddle/ports";
import type { SqliteConnection } from "./driver.ts";

/** A stream as the transaction that is open sees it. `no` is 0 where there is none yet. */
export interface Head {
  no: number;
  tenant: string;
  seq: number;
  epoch: number;
  /** The epoch that the row holds. */
  storedEpoch: number;
  /** How many log records there are; -1 until somebody asked. */
  logs: number;
  /** The summary that the row holds, where this process wrote it. */
  listed?: StreamSummary | undefined;
}

export interface Heads {
  get(stream: string): Head;
  forget(stream: string): void;
  clear(): void;
  /** Drops the older generation once the younger is full. Between transactions only. */
  trim(): void;
}

const generationMax = 32_768;

export function createHeads(connection: SqliteConnection): Heads {
  const select = connection.prepare(
    "SELECT no, tenant, epoch, (SELECT max(seq) FROM events WHERE stream = no) AS seq FROM streams WHERE id = ?",
  );
  let young = new Map<string, Head>();
  let old = new Map<string, Head>();

  function keep(stream: string, head: Head): Head {
    young.set(stream, head);
    return head;
  }

  function load(stream: string): Head {
    const row = select.get(stream);
    if (row === undefined) return { no: 0, tenant: "", seq: 0, epoch: 0, storedEpoch: 0, logs: 0 };
    const epoch = Number(row["epoch"]);
    const seq = Number(row["seq"] ?? 0);
    return { no: Number(row["no"]), tenant: String(row["tenant"]), seq, epoch, storedEpoch: epoch, logs: -1 };
  }

  return {
    get: (stream) => young.get(stream) ?? keep(stream, old.get(stream) ?? load(stream)),
    forget(stream) {
      young.delete(stream);
      old.delete(stream);
    },
    clear() {
      young.clear();
      old.clear();
    },
    trim() {
      if (young.size < generationMax) return;
      old = young;
      young = new Map();
    },
  };
}
