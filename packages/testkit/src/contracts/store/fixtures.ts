/** Small inputs that the cases of the store contract share. */
import type { EncodedEvent, Store, StreamAppend, StreamSummary, TailedEvent } from "@heddle/ports";

export const ours = "ours";
export const theirs = "theirs";

export const appended = { kind: "appended" } as const;

export function event(text: string, atMs = 1_000): EncodedEvent {
  return { atMs, text };
}

/** `count` events whose texts tell stream and seq. */
export function events(stream: string, after: number, count: number): EncodedEvent[] {
  return Array.from({ length: count }, (_, i) => event(`"${stream} ${after + i + 1}"`, 1_000 + i));
}

export function summary(overrides: Partial<StreamSummary> = {}): StreamSummary {
  return { kind: "run", status: "open", name: "flow", createdAtMs: 1_000, data: '{"a":1}', ...overrides };
}

/** An append to one stream: of tenant `ours`, at epoch 1, one event, unless told otherwise. */
export function append(stream: string, expectedSeq: number, overrides: Partial<StreamAppend> = {}): StreamAppend {
  return { stream, tenant: ours, expectedSeq, epoch: 1, events: events(stream, expectedSeq, 1), ...overrides };
}

/** A stream with a summary and one event. */
export function begin(stream: string, overrides: Partial<StreamAppend> = {}): StreamAppend {
  return append(stream, 0, { summary: summary(), ...overrides });
}

export async function textsOf(store: Store, stream: string, tenant = ours): Promise<string[]> {
  return (await store.journal.read(stream, tenant, 0, 100_000)).map(({ text }) => text);
}

export async function lengthOf(store: Store, stream: string, tenant = ours): Promise<number> {
  return (await store.journal.read(stream, tenant, 0, 100_000)).length;
}

/** Everything after a position, page by page, as a follower reads it. */
export async function readOn(store: Store, tenant: string | undefined, after: number, limit = 7) {
  const found: TailedEvent[] = [];
  let position = after;
  for (;;) {
    const page = await store.journal.readAll(tenant, position, limit);
    found.push(...page);
    const last = page.at(-1);
    if (last === undefined) return { found, position };
    position = last.position;
  }
}

export function bytesOf(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}
