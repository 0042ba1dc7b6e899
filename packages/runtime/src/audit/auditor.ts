/**
 * The auditor of a runtime: it builds the chain of each tenant from what was committed.
 *
 * Writers say which of their events are facts; once the store has told of the commit, a fact joins the next record.
 * One append carries the records of all tenants of a batch, and what arrives meanwhile makes the next one. After a
 * start it reads on in the journal from where the chains, or the last mark, say that everything is known: what was
 * committed and never recorded is found there. Idle, it writes nothing and waits for nothing.
 *
 * It never holds up a run. Where the storage has no room, facts wait; where it fails, the next start finds them.
 */
import { hash } from "node:crypto";
import {
  type AuditHead,
  type AuditLeaf,
  type AuditRecord,
  auditLeaf,
  auditLeavesMax,
  auditLine,
  auditOrigin,
  auditRecordHash,
  auditRoot,
  type ContentHash,
  defaultTenant,
  HeddleError,
  type TenantId,
} from "@heddle/core";
import type { Clock, CommitNotice, Position, Store, StreamAppend, StreamRow } from "@heddle/ports";
import type { AuditFact, AuditTrail, CommittedFact } from "./audit-trail.ts";
import { JournalFacts } from "./journal-facts.ts";

export interface AuditorOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly epoch: () => number;
  /** A bug, or a storage that answers what it never should. */
  readonly onBug: (bug: unknown) => void;
}

interface Chain {
  head: Omit<AuditHead, "tenant">;
  /** Of its newest record. */
  readonly through: Position;
  readonly createdAtMs: number;
}

interface Expected {
  readonly tenant: TenantId;
  facts: readonly AuditFact[];
}

interface Waiting {
  readonly target: Position;
  readonly resolve: () => void;
  readonly reject: (error: HeddleError) => void;
}

/** Facts of one append, about: a commit is never divided. */
const batchFacts = 4 * auditLeavesMax;
const pageRows = 1_000;
/** Positions that a start reads again, at most, where the process before was killed. */
const markEvery = 50_000;
/** And where it was closed. */
const markAtClose = 1_000;
const retryMs = 1_000;
const kind = "audit";
const markStream = "audit-mark:all";

export class Auditor implements AuditTrail {
  readonly #options: AuditorOptions;
  readonly #expected = new Map<string, Expected>();
  readonly #chains = new Map<TenantId, Chain>();
  readonly #unwatch: () => void;
  #queue: CommittedFact[] = [];
  /** The last commit that the store told of. */
  #seen: Position = 0;
  /** Everything up to here is in a chain, or is no fact. */
  #through: Position = 0;
  /** As much of that as the store knows. */
  #kept: Position = 0;
  #markSeq = 0;
  #working = false;
  #catchingUp = true;
  #opened = false;
  #stopped = false;
  #disarm: (() => void) | undefined;
  #waiting: Waiting[] = [];
  /** The worker's end: for close. */
  #idle: Promise<void> = Promise.resolve();

  constructor(options: AuditorOptions) {
    this.#options = options;
    this.#unwatch = options.store.journal.watch((notices) => this.#notice(notices));
  }

  expect(stream: string, tenant: TenantId, facts: readonly AuditFact[]): void {
    if (facts.length === 0 || this.#stopped) return;
    const before = this.#expected.get(stream);
    this.#expected.set(stream, { tenant, facts: before === undefined ? facts : [...before.facts, ...facts] });
  }

  forget(stream: string, fromSeq: number): void {
    const expected = this.#expected.get(stream);
    if (expected === undefined) return;
    expected.facts = expected.facts.filter(({ seq }) => seq < fromSeq);
    if (expected.facts.length === 0) this.#expected.delete(stream);
  }

  /** Takes the chains over, and begins to look for what is not in them yet. Call it once the engine has its epoch. */
  async open(): Promise<void> {
    // A store that nobody opened before holds nothing: what this process wrote to it, it told of.
    if (this.#options.epoch() === 1) this.#catchingUp = false;
    else await this.#load();
    this.#opened = true;
    this.#work();
  }

  /** The head of a tenant's chain, once it holds everything that was committed before. Errors: as of {@link settled}. */
  async head(tenant: TenantId): Promise<AuditHead> {
    await this.settled();
    const { head } = this.#chains.get(tenant) ?? { head: { n: 0, hash: auditOrigin(tenant), atMs: 0 } };
    return { tenant, ...head };
  }

  /** Resolves once everything that was committed before is in the chain. Errors: `shutting-down`, `storage-full` while there is no room for it. */
  settled(): Promise<void> {
    if (this.#stopped) return Promise.reject(stopped());
    if (this.#disarm !== undefined) return Promise.reject(full());
    if (!this.#working) return Promise.resolve();
    const target = this.#catchingUp ? this.#seen : (this.#queue[this.#queue.length - 1]?.position ?? 0);
    return new Promise((resolve, reject) => this.#waiting.push({ target, resolve, reject }));
  }

  /** Writes what is left, and up to where everything is known. */
  async close(): Promise<void> {
    if (this.#opened && !this.#stopped) {
      await this.#idle;
      if (!this.#stopped && this.#disarm === undefined) await this.#markIf(markAtClose).catch(() => undefined);
    }
    this.#stop();
  }

  #stop(): void {
    this.#stopped = true;
    this.#unwatch();
    this.#disarm?.();
    this.#expected.clear();
    this.#queue = [];
    for (const { reject } of this.#waiting.splice(0)) reject(stopped());
  }

  #notice(notices: readonly CommitNotice[]): void {
    const last = notices[notices.length - 1];
    if (last !== undefined && last.position > this.#seen) this.#seen = last.position;
    if (this.#expected.size === 0) {
      if (this.#seen - this.#kept >= markEvery) this.#work();
      return;
    }
    for (const { stream, seq, position } of notices) {
      const expected = this.#expected.get(stream);
      if (expected === undefined) continue;
      const { tenant, facts } = expected;
      for (const fact of facts) if (fact.seq <= seq) this.#queue.push({ ...fact, stream, tenant, position });
      expected.facts = facts.filter((fact) => fact.seq > seq);
      if (expected.facts.length === 0) this.#expected.delete(stream);
    }
    if (this.#queue.length > 0) this.#work();
  }

  /** One worker at a time; it goes on while there is something to do. */
  #work(): void {
    if (!this.#opened || this.#stopped || this.#working || this.#disarm !== undefined) return;
    this.#working = true;
    this.#idle = this.#run()
      .catch((error: unknown) => this.#fail(error))
      .then(() => {
        this.#working = false;
        // A commit that was told of after the worker had looked last.
        if (this.#queue.length > 0) this.#work();
        if (!this.#working) for (const { resolve } of this.#waiting.splice(0)) resolve();
      });
  }

  async #run(): Promise<void> {
    do {
      if (this.#catchingUp) await this.#catchUp();
      else if (this.#queue.length > 0) await this.#recordQueue();
      this.#tellWaiting();
      if (this.#stopped) return;
      if (!this.#catchingUp && this.#queue.length === 0) await this.#markIf(markEvery);
    } while (!this.#stopped && (this.#catchingUp || this.#queue.length > 0));
  }

  async #recordQueue(): Promise<void> {
    // What other runs do in the same turn goes into the same record.
    await new Promise((resolve) => setImmediate(resolve));
    if (this.#stopped) return;
    let count = Math.min(this.#queue.length, batchFacts);
    const through = this.#queue[count - 1]?.position ?? 0;
    // The other facts of the last commit: what is said to be known is known as a whole.
    while (this.#queue[count]?.position === through) count++;
    if (await this.#record(this.#queue.slice(0, count), through)) this.#queue.splice(0, count);
  }

  /** Reads on in the journal from where everything is known, up to its end. */
  async #catchUp(): Promise<void> {
    const facts = new JournalFacts(this.#options.store);
    for (let position = this.#through; !this.#stopped; ) {
      const rows = await this.#options.store.journal.readAll(undefined, position, pageRows);
      const found: CommittedFact[] = [];
      for (const row of rows) found.push(...(await facts.take(row)));
      for (let i = 0; i < found.length; i += batchFacts) {
        const batch = found.slice(i, i + batchFacts);
        if (!(await this.#record(batch, batch[batch.length - 1]?.position ?? 0))) return;
      }
      position = rows[rows.length - 1]?.position ?? position;
      this.#through = Math.max(this.#through, position);
      if (rows.length < pageRows) {
        // What the store told of meanwhile, and was read here, is known.
        this.#queue = this.#queue.filter((fact) => fact.position > position);
        this.#catchingUp = false;
        return;
      }
    }
  }

  /** Appends the records of a batch, one or more for each tenant. False: somebody else wrote there. */
  async #record(batch: readonly CommittedFact[], through: Position): Promise<boolean> {
    const atMs = Math.trunc(this.#options.clock.nowMs());
    const made = [...Map.groupBy(batch, (fact) => fact.tenant)].map(([tenant, facts]) => this.#recordsOf(tenant, facts, through, atMs));
    const outcome = await this.#options.store.journal.append(made.map(({ item }) => item));
    if (outcome.kind === "appended") {
      for (const { item, chain } of made) this.#chains.set(item.tenant, chain);
      this.#through = Math.max(this.#through, through);
      this.#kept = Math.max(this.#kept, through);
      return true;
    }
    if (outcome.kind === "fenced") {
      // Another process goes on with the chains, from the journal: nothing is lost.
      this.#stop();
    } else {
      this.#catchingUp = true;
      await this.#load();
    }
    return false;
  }

  #recordsOf(tenant: TenantId, facts: readonly CommittedFact[], through: Position, atMs: number) {
    const before = this.#chains.get(tenant) ?? { head: { n: 0, hash: auditOrigin(tenant) }, through: 0, createdAtMs: atMs };
    let { n, hash: previous } = before.head;
    const events: { atMs: number; text: string }[] = [];
    for (let i = 0; i < facts.length; i += auditLeavesMax) {
      const leaves = facts.slice(i, i + auditLeavesMax).map(leafOf);
      // Of several records of one append, the last one alone says that all is known.
      const upTo = i + auditLeavesMax < facts.length ? before.through : through;
      const record: AuditRecord = { n: ++n, previous, root: auditRoot(leaves, native), leaves, through: upTo, atMs };
      previous = auditRecordHash(tenant, record);
      events.push({ atMs, text: auditLine(record) });
    }
    const chain: Chain = { head: { n, hash: previous, atMs }, through, createdAtMs: before.createdAtMs };
    const data = JSON.stringify({ hash: previous, through, atMs });
    const item: StreamAppend = {
      stream: auditStream(tenant),
      tenant,
      expectedSeq: before.head.n,
      epoch: this.#options.epoch(),
      events,
      summary: { kind, status: "open", name: tenant, createdAtMs: before.createdAtMs, data },
    };
    return { item, chain };
  }

  /** Keeps how far everything is known, where that is so much further that a start would have to read it all again. */
  async #markIf(further: number): Promise<void> {
    // Commits that are expected, or wait in the queue, are not known yet.
    if (this.#expected.size === 0 && this.#queue.length === 0) this.#through = Math.max(this.#through, this.#seen);
    const through = this.#through;
    if (through - this.#kept < further) return;
    const outcome = await this.#options.store.journal.append([
      {
        stream: markStream,
        tenant: defaultTenant,
        expectedSeq: this.#markSeq,
        epoch: this.#options.epoch(),
        events: [{ atMs: this.#options.clock.nowMs(), text: JSON.stringify({ kind: "audit-marked", through }) }],
        summary: { kind, status: "open", name: "", createdAtMs: 0, data: JSON.stringify({ through }) },
      },
    ]);
    if (outcome.kind !== "appended") {
      this.#stop();
      return;
    }
    this.#kept = through;
    this.#markSeq++;
  }

  async #load(): Promise<void> {
    const { journal } = this.#options.store;
    const streams = (await journal.listOpen(kind)).map(({ stream }) => stream);
    if (streams.length === 0) return;
    await journal.claim(streams, this.#options.epoch());
    // After the claim, nobody else adds to them.
    for (const row of await journal.listOpen(kind)) this.#hold(row);
  }

  #hold({ stream, tenant, seq, createdAtMs, data }: StreamRow): void {
    const { through, hash: digest, atMs } = JSON.parse(data) as { through: number; hash: ContentHash; atMs: number };
    // Every append, to whichever chain, knows at least as much as the ones before it.
    this.#through = Math.max(this.#through, through);
    this.#kept = Math.max(this.#kept, through);
    if (stream === markStream) this.#markSeq = seq;
    else this.#chains.set(tenant, { head: { n: seq, hash: digest, atMs }, through, createdAtMs });
  }

  #tellWaiting(): void {
    if (this.#catchingUp) return;
    const done = this.#waiting.filter(({ target }) => target <= this.#through);
    this.#waiting = this.#waiting.filter(({ target }) => target > this.#through);
    for (const { resolve } of done) resolve();
  }

  #fail(error: unknown): void {
    if (!HeddleError.is(error, "storage-full")) {
      this.#stop();
      if (!HeddleError.is(error, "shutting-down") && !HeddleError.is(error, "storage-failed")) this.#options.onBug(error);
      return;
    }
    for (const { reject } of this.#waiting.splice(0)) reject(full());
    this.#disarm = this.#options.clock.setTimer(retryMs, () => {
      this.#disarm = undefined;
      this.#work();
    });
  }
}

function stopped(): HeddleError {
  return new HeddleError("shutting-down", "the audit chain is not written any more");
}

function full(): HeddleError {
  return new HeddleError("storage-full", "the storage has no room for the audit chain");
}

/** The stream of a tenant's chain: one event for each record. */
export function auditStream(tenant: TenantId): string {
  return `audit:${tenant}`;
}

function leafOf({ stream, seq, text, decision }: CommittedFact): AuditLeaf {
  return auditLeaf(stream, seq, `sha256:${hash("sha256", text)}`, decision, native);
}

function native(bytes: Uint8Array): Uint8Array {
  return hash("sha256", bytes, "buffer");
}
