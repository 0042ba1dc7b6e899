/** Reading runs back: events with their large values, and the fold of a whole stream. */
import { type EventRecord, HeddleError, type JsonValue, type TenantId } from "@heddle/core";
import type { Store, StoredEvent } from "@heddle/ports";
import { evolve, foldFormat, LiveRun, liveRunFrom } from "../machine/index.ts";
import { decodeEvent, putBack } from "./event-codec.ts";

const pageRows = 1_000;

/** Decodes stored events and fetches the values that were taken out of them. */
export async function decodeRows(store: Store, tenant: TenantId, rows: readonly StoredEvent[]): Promise<readonly EventRecord[]> {
  const records: EventRecord[] = [];
  for (const row of rows) {
    const { event, refs } = decodeEvent(row.text);
    for (const ref of refs) {
      const bytes = await store.blobs.get(ref.hash, tenant);
      if (bytes === undefined) throw new HeddleError("journal-corrupt", `the value ${ref.hash} of event ${row.seq} is not in the store`);
      putBack(event, ref.pointer, JSON.parse(new TextDecoder().decode(bytes)) as JsonValue);
    }
    records.push({ seq: row.seq, atMs: row.atMs, event });
  }
  return records;
}

/** Every event of a stream after `after`, in pages. */
export async function* readEvents(store: Store, stream: string, tenant: TenantId, after = 0): AsyncGenerator<readonly EventRecord[]> {
  for (let seq = after; ; ) {
    const rows = await store.journal.read(stream, tenant, seq, pageRows);
    if (rows.length === 0) return;
    yield await decodeRows(store, tenant, rows);
    seq = rows[rows.length - 1]?.seq ?? seq;
    if (rows.length < pageRows) return;
  }
}

/** The state of a run as its journal says, and the `seq` that it is at. */
export async function foldRun(store: Store, stream: string, tenant: TenantId): Promise<{ readonly live: LiveRun; readonly seq: number }> {
  const cached = await store.journal.loadFold(stream);
  const usable = cached !== undefined && cached.format === foldFormat;
  const live = usable ? liveRunFrom(JSON.parse(cached.text) as JsonValue) : new LiveRun();
  let seq = usable ? cached.seq : 0;
  for await (const page of readEvents(store, stream, tenant, seq)) {
    for (const record of page) {
      evolve(live, record.event, record.atMs);
      seq = record.seq;
    }
  }
  return { live, seq };
}

/** The state just after event `seq`, from the first event on: for going back in a run. */
export async function foldUntil(store: Store, stream: string, tenant: TenantId, seq: number): Promise<LiveRun> {
  const live = new LiveRun();
  for await (const page of readEvents(store, stream, tenant)) {
    for (const record of page) {
      if (record.seq > seq) return live;
      evolve(live, record.event, record.atMs);
    }
  }
  return live;
}

/** All events of a run at once. */
export async function allEvents(store: Store, stream: string, tenant: TenantId): Promise<readonly EventRecord[]> {
  const all: EventRecord[] = [];
  for await (const page of readEvents(store, stream, tenant)) all.push(...page);
  return all;
}
