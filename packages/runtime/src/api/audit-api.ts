/** The audit group of RuntimeApi: the signed head, the chain in parts, and the story of one call with its place in the chain. */
import { hash } from "node:crypto";
import {
  type AuditApi,
  type AuditDecision,
  type AuditHead,
  AuditRecord,
  auditLeaf,
  auditRecordHash,
  auditRoot,
  defaultTenant,
  HeddleError,
  type JsonObject,
} from "@heddle/core";
import type { Position, Store, StoredEvent } from "@heddle/ports";
import type { AuditSigner } from "../audit/audit-key.ts";
import { type Auditor, auditStream } from "../audit/auditor.ts";
import { decisionOf } from "../audit/call-facts.ts";
import { storyOf } from "../audit/explain-call.ts";
import { grantDecision, grantStreams } from "../audit/grant-facts.ts";
import { decodeEvent } from "../shell/event-codec.ts";
import { allEvents } from "../shell/journal-reader.ts";

export interface AuditApiParts {
  readonly store: Store;
  readonly auditor: Auditor;
  readonly signer: AuditSigner;
}

/** A decision, and where it is among those of other streams. */
interface Placed {
  readonly position: Position;
  readonly decision: AuditDecision;
}

const recordsDefault = 200;
/** An answer holds as many records as fit into this, and one at least. */
const partCharsMax = 512 * 1024;

export function createAuditApi({ store, auditor, signer }: AuditApiParts): AuditApi {
  const { journal } = store;
  return {
    async head(_, { principal: { tenant } }) {
      return signer.sign(await auditor.head(tenant));
    },
    async export({ after = 0, limit = recordsDefault }, { principal: { tenant } }) {
      const head = await auditor.head(tenant);
      const records: AuditRecord[] = [];
      let chars = 0;
      for (const { text } of await journal.read(auditStream(tenant), tenant, after, Math.min(limit, Math.max(0, head.n - after)))) {
        chars += text.length;
        if (records.length > 0 && chars > partCharsMax) break;
        records.push(recordOf(text));
      }
      return { records, head: signer.sign(head) };
    },
    async explain({ call }, { principal: { tenant } }) {
      const [runId = "", activation = ""] = call.split("/");
      const stream = `run:${runId}`;
      const story = storyOf(await allEvents(store, stream, tenant), Number(activation));
      if (story === undefined) throw new HeddleError("call-not-found", `no call has the id ${call}`, { details: { call } });
      await auditor.settled();
      const chain = new ChainReader(store, await auditor.head(tenant));
      const placed: Placed[] = [];
      for (const said of story.decisions) {
        const [row] = await journal.read(stream, tenant, said.seq - 1, 1);
        const found = await chain.placeOf(stream, row, (text) => decisionOf(decodeEvent(text).event));
        placed.push({ position: row?.position ?? 0, decision: { stream, ...said, ...found } });
      }
      for (const grant of story.grants) placed.push(...(await ofGrant(grant, call, chain)));
      placed.sort((a, b) => a.position - b.position);
      const { node, tool, capability, requestedBy, requestedAtMs } = story;
      return {
        call,
        runId,
        node,
        ...(tool === undefined ? {} : { tool }),
        ...(capability === undefined ? {} : { capability }),
        ...(requestedBy === undefined ? {} : { requestedBy }),
        requestedAtMs,
        decisions: placed.map(({ decision }) => decision),
      };
    },
  };

  /** What became of a grant, as far as it concerns this call. */
  async function ofGrant(grant: string, call: string, chain: ChainReader): Promise<readonly Placed[]> {
    const stream = `${grantStreams}${grant}`;
    const placed: Placed[] = [];
    for (let seq = 0; ; ) {
      const rows = await journal.read(stream, defaultTenant, seq, 1_000);
      if (rows.length === 0) return placed;
      for (const row of rows) {
        const { kind, by, call: used } = JSON.parse(row.text) as { kind: string; by?: string; call?: string };
        if (used !== undefined && used !== call) continue;
        const says =
          kind === "grant-created" ? "a grant was made" : kind === "grant-used" ? "the grant covered this call" : "the grant was revoked";
        const found = await chain.placeOf(stream, row, grantDecision);
        const decision = { stream, seq: row.seq, atMs: row.atMs, kind, ...(by === undefined ? {} : { by }), grant, says, ...found };
        placed.push({ position: row.position, decision });
      }
      seq = rows[rows.length - 1]?.seq ?? seq;
    }
  }
}

function recordOf(text: string): AuditRecord {
  return AuditRecord.parse(JSON.parse(text));
}

/** Finds the record that holds an event, by its position, and whether both are as they were. */
class ChainReader {
  readonly #store: Store;
  readonly #head: AuditHead;
  readonly #records = new Map<number, AuditRecord | undefined>();

  constructor(store: Store, head: AuditHead) {
    this.#store = store;
    this.#head = head;
  }

  async placeOf(
    stream: string,
    row: StoredEvent | undefined,
    decided: (text: string) => JsonObject,
  ): Promise<Pick<AuditDecision, "record" | "status">> {
    if (row === undefined) return { status: "changed" };
    const record = await this.#holding(stream, row);
    if (record === undefined) return { status: "pending" };
    const leaf = record.leaves.find((some) => some.stream === stream && some.seq === row.seq);
    if (leaf === undefined) return { status: "changed" };
    const same = leaf.digest === auditLeaf(stream, row.seq, `sha256:${hash("sha256", row.text)}`, decided(row.text)).digest;
    return { record: record.n, status: same && (await this.#isLinked(record)) ? "verified" : "changed" };
  }

  /** The first record that knows everything up to the event, or one that was appended together with it. */
  async #holding(stream: string, { position, seq }: StoredEvent): Promise<AuditRecord | undefined> {
    let low = 1;
    let high = this.#head.n + 1;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const record = await this.#record(middle);
      if (record !== undefined && record.through >= position) high = middle;
      else low = middle + 1;
    }
    const last = await this.#record(low);
    for (let at = last; at !== undefined; ) {
      if (at.leaves.some((leaf) => leaf.stream === stream && leaf.seq === seq)) return at;
      const before = await this.#record(at.n - 1);
      const sooner = before === undefined ? undefined : ((await this.#record(before.n - 1))?.through ?? 0);
      at = before?.through === sooner ? before : undefined;
    }
    return last;
  }

  async #isLinked(record: AuditRecord): Promise<boolean> {
    const named = record.n === this.#head.n ? this.#head.hash : (await this.#record(record.n + 1))?.previous;
    return auditRoot(record.leaves) === record.root && named === auditRecordHash(this.#head.tenant, record);
  }

  async #record(n: number): Promise<AuditRecord | undefined> {
    if (n < 1 || n > this.#head.n) return undefined;
    if (this.#records.has(n)) return this.#records.get(n);
    const { tenant } = this.#head;
    const [row] = await this.#store.journal.read(auditStream(tenant), tenant, n - 1, 1);
    const record = row === undefined ? undefined : recordOf(row.text);
    this.#records.set(n, record);
    return record;
  }
}
