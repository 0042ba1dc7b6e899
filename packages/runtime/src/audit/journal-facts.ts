/** Facts as they are found in the journal: what a catch-up reads, where nobody says what its events are. */
import { defaultTenant, type RunEvent, type TenantId } from "@heddle/core";
import type { Store, TailedEvent } from "@heddle/ports";
import { decodeEvent } from "../shell/event-codec.ts";
import { decodeRows } from "../shell/journal-reader.ts";
import type { CommittedFact } from "./audit-trail.ts";
import { type CallActivations, decisionOf, isCallFact } from "./call-facts.ts";
import { grantDecision, grantStreams } from "./grant-facts.ts";

const pageRows = 1_000;
const runStreams = "run:";

/** Takes events of all streams, in order, and says which are facts. It holds the calls of the runs that it met. */
export class JournalFacts {
  readonly #store: Store;
  readonly #calls = new Map<string, CallActivations>();

  constructor(store: Store) {
    this.#store = store;
  }

  async take(row: TailedEvent): Promise<readonly CommittedFact[]> {
    if (row.stream.startsWith(runStreams)) return this.#takeOfRun(row);
    if (row.stream.startsWith(grantStreams)) return this.#takeOfGrant(row);
    return none;
  }

  async #takeOfRun(row: TailedEvent): Promise<readonly CommittedFact[]> {
    let calls = this.#calls.get(row.stream);
    if (calls === undefined) {
      calls = new Set<number>();
      // It began before: what its calls are is said there.
      if (row.seq > 1) await this.#readBefore(row, calls);
      this.#calls.set(row.stream, calls);
    }
    const event = await this.#eventOf(row, row.tenant);
    if (!isCallFact(event, calls)) return none;
    const { stream, tenant, seq, text, position } = row;
    return [{ stream, tenant, seq, text, position, decision: decisionOf(event) }];
  }

  async #readBefore({ stream, tenant, seq: before }: TailedEvent, calls: CallActivations): Promise<void> {
    for (let seq = 0; seq < before - 1; ) {
      const rows = await this.#store.journal.read(stream, tenant, seq, Math.min(pageRows, before - 1 - seq));
      if (rows.length === 0) return;
      for (const row of rows) isCallFact(await this.#eventOf(row, tenant), calls);
      seq = rows[rows.length - 1]?.seq ?? before;
    }
  }

  /** Values that were taken out are fetched where the rule looks into one: the state of a run that was retried. */
  async #eventOf(row: Pick<TailedEvent, "seq" | "atMs" | "text" | "position">, tenant: TenantId): Promise<RunEvent> {
    const { event, refs } = decodeEvent(row.text);
    if (refs.length === 0 || event.kind !== "run-retried") return event;
    const [record] = await decodeRows(this.#store, tenant, [row]);
    return record?.event ?? event;
  }

  async #takeOfGrant({ stream, seq, text, position }: TailedEvent): Promise<readonly CommittedFact[]> {
    // Whose it is says its row: grants are read before any tenant is known.
    const row = await this.#store.journal.get(stream, defaultTenant);
    if (row === undefined) return none;
    return [{ stream, tenant: row.name, seq, text, position, decision: grantDecision(text) }];
  }
}

const none: readonly CommittedFact[] = [];
