/**
 * Grants in the store and in memory: each is a stream of its own, and a use is durable before the call that it covers
 * is prepared. A call that is prepared again after a crash is the same use.
 */
import {
  type ContentHash,
  defaultTenant,
  type GrantRequest,
  type GrantView,
  HeddleError,
  hashJson,
  type JsonValue,
  mintId,
  type TenantId,
} from "@heddle/core";
import type { Clock, Random, Store, StreamRow } from "@heddle/ports";
import type { AuditTrail } from "../audit/audit-trail.ts";
import { appendFacts } from "../audit/audited-append.ts";
import { grantDecision } from "../audit/grant-facts.ts";
import { type CompiledGrant, compileGrant, type Grant } from "../gate/judge/index.ts";

interface GrantRecord {
  readonly view: GrantView;
  readonly tenant: TenantId;
  /** Calls that it covered last, newest last. */
  readonly calls: readonly string[];
}

interface Held {
  record: GrantRecord;
  seq: number;
  readonly compiled: CompiledGrant;
  /** Its last write: one after the other. */
  writing: Promise<unknown>;
}

/** Calls whose repeated preparation is recognised. */
const callsKept = 1_000;

export class Grants {
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #epoch: () => number;
  readonly #audit: AuditTrail;
  readonly #held = new Map<string, Held>();

  constructor(store: Store, clock: Clock, random: Random, epoch: () => number, audit: AuditTrail) {
    this.#store = store;
    this.#clock = clock;
    this.#random = random;
    this.#epoch = epoch;
    this.#audit = audit;
  }

  /** Reads every grant of the store. */
  async open(): Promise<void> {
    for (let cursor: string | undefined; ; ) {
      const page = await this.#store.journal.list({
        tenant: defaultTenant,
        kind: "grant",
        limit: 500,
        ...(cursor === undefined ? {} : { cursor }),
      });
      for (const row of page.rows) this.#hold(JSON.parse(row.data) as GrantRecord, row);
      if (page.cursor === undefined) return;
      ({ cursor } = page);
    }
  }

  #hold(record: GrantRecord, { seq }: Pick<StreamRow, "seq">): Held {
    const held = { record, seq, compiled: compileGrant(grantOf(record.view)), writing: Promise.resolve() };
    this.#held.set(record.view.id, held);
    return held;
  }

  /** Those of a tenant that may still cover calls, oldest first. */
  inForce(tenant: TenantId, nowMs: number): readonly CompiledGrant[] {
    if (this.#held.size === 0) return none;
    return this.list(tenant)
      .filter((view) => isInForce(view, nowMs))
      .flatMap(({ id }) => this.#held.get(id)?.compiled ?? []);
  }

  /** Of a tenant, oldest first. */
  list(tenant: TenantId): readonly GrantView[] {
    const views = [...this.#held.values()].filter(({ record }) => record.tenant === tenant).map(({ record }) => record.view);
    return views.sort((a, b) => a.createdAtMs - b.createdAtMs || (a.id < b.id ? -1 : 1));
  }

  uses(id: string): number {
    return this.#held.get(id)?.record.view.uses ?? 0;
  }

  /** Whether it was neither revoked nor has expired, however many calls it has covered. */
  stands(id: string, tenant: TenantId, nowMs: number): boolean {
    const held = this.#held.get(id);
    return held?.record.tenant === tenant && isStanding(held.record.view, nowMs);
  }

  async create(request: GrantRequest, by: string, tenant: TenantId): Promise<GrantView> {
    const nowMs = this.#clock.nowMs();
    const view: GrantView = { id: mintId("grt", nowMs, this.#random.bytes(10)), ...request, by, createdAtMs: nowMs, uses: 0 };
    const record = { view, tenant, calls: [] };
    await this.#write(record, 0, { kind: "grant-created", by, request: hashJson(request as unknown as JsonValue) });
    this.#hold(record, { seq: 1 });
    return view;
  }

  /** Errors: `grant-not-found`. */
  async revoke(id: string, by: string, tenant: TenantId): Promise<void> {
    await this.#change(id, tenant, ({ record, seq }) => {
      if (record.view.revokedAtMs !== undefined) return undefined;
      const view = { ...record.view, revokedAtMs: this.#clock.nowMs(), revokedBy: by };
      return this.#write({ ...record, view }, seq, { kind: "grant-revoked", by });
    });
  }

  /** Counts a call; false where the grant covers no more. The same call counts once. */
  async use(id: string, call: string, tenant: TenantId): Promise<boolean> {
    let covered = true;
    await this.#change(id, tenant, ({ record, seq }) => {
      const { view, calls } = record;
      if (calls.includes(call)) return undefined;
      covered = isInForce(view, this.#clock.nowMs());
      if (!covered) return undefined;
      const next = { ...record, view: { ...view, uses: view.uses + 1 }, calls: [...calls, call].slice(-callsKept) };
      return this.#write(next, seq, { kind: "grant-used", call });
    });
    return covered;
  }

  async #change(id: string, tenant: TenantId, change: (held: Held) => Promise<GrantRecord> | undefined): Promise<void> {
    const held = this.#held.get(id);
    if (held === undefined || held.record.tenant !== tenant)
      throw new HeddleError("grant-not-found", `no grant has the id ${id}`, { details: { id } });
    const turn = held.writing.then(async () => {
      const written = await change(held);
      if (written === undefined) return;
      held.record = written;
      held.seq++;
    });
    // The next change is tried whatever became of this one.
    held.writing = turn.catch(() => undefined);
    await turn;
  }

  async #write(
    record: GrantRecord,
    expectedSeq: number,
    event: { readonly kind: string; readonly by?: string; readonly call?: string; readonly request?: ContentHash },
  ): Promise<GrantRecord> {
    const { view } = record;
    const text = JSON.stringify({ ...event, grant: view.id });
    const item = {
      stream: `grant:${view.id}`,
      // They are read before any tenant is known, as tokens are.
      tenant: defaultTenant,
      expectedSeq,
      epoch: this.#epoch(),
      events: [{ atMs: this.#clock.nowMs(), text }],
      summary: {
        kind: "grant",
        status: view.revokedAtMs === undefined ? "live" : "revoked",
        name: record.tenant,
        createdAtMs: view.createdAtMs,
        data: JSON.stringify(record),
      },
    };
    const facts = [{ seq: expectedSeq + 1, text, decision: grantDecision(text) }];
    const outcome = await appendFacts(this.#store.journal, this.#audit, item, facts, record.tenant);
    if (outcome.kind !== "appended") throw new HeddleError("journal-contended", `grant ${view.id} was changed by somebody else`);
    return record;
  }
}

/** Whether it may still cover calls. */
export function isInForce(view: GrantView, nowMs: number): boolean {
  return isStanding(view, nowMs) && view.uses < (view.count ?? Number.POSITIVE_INFINITY);
}

/** Whether it was neither revoked nor has expired. */
function isStanding({ revokedAtMs, expiresAtMs }: GrantView, nowMs: number): boolean {
  return revokedAtMs === undefined && (expiresAtMs === undefined || expiresAtMs > nowMs);
}

const none: readonly CompiledGrant[] = [];

/** A grant as it is judged with. */
export function grantOf({ scope, ...rest }: Omit<GrantView, "by" | "createdAtMs" | "uses">): Grant {
  return { ...rest, scope: scope.kind === "run" ? { kind: "run", run: scope.runId } : scope };
}
