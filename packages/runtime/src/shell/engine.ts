/**
 * The engine: the drivers of all open runs of this process, and what they share.
 *
 * Opening it claims every open run of the store and wakes it: the same call a fresh start and a
 * restart after a crash make.
 */
import { type ContentHash, HeddleError, type JsonObject, mintId, type RunId, type TenantId } from "@heddle/core";
import type { Clock, Random, Store } from "@heddle/ports";
import type { AuditTrail } from "../audit/audit-trail.ts";
import { createAuditedAppend } from "../audit/audited-append.ts";
import type { Gate } from "../gate/gate.ts";
import { LiveRun } from "../machine/index.ts";
import { Bundles, type BundlesOptions, type LoadedWorkflow } from "./bundles.ts";
import { type ChildHost, runChild } from "./child-runs.ts";
import { EndWaiters, isTerminal, type TerminalEvent } from "./end-waiters.ts";
import type { EngineParts } from "./engine-parts.ts";
import { FlowControl } from "./flow-control.ts";
import { Inbox } from "./inbox.ts";
import { decodeRows, foldRun } from "./journal-reader.ts";
import { RunDriver } from "./run-driver.ts";
import { StreamHub } from "./stream-hub.ts";

export interface EngineOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly random: Random;
  readonly gate: Gate;
  /** Told of the calls that runs make. */
  readonly audit: AuditTrail;
  /** Open runs beyond which callers are told to start theirs later. Default: no bound. */
  readonly openRunsMax?: number;
  /** Slots by name of pool. */
  readonly pools?: ReadonlyMap<string, number>;
  readonly rules: BundlesOptions["rules"];
  readonly layOut: BundlesOptions["layOut"];
  /** The store failed, or another process took over: this one cannot go on. */
  readonly onFatal: (error: Error) => void;
  /** A bug stopped one run; the others go on. */
  readonly onBug: (run: RunId, bug: unknown) => void;
}

export interface StartWanted {
  readonly run: RunId;
  readonly tenant: TenantId;
  readonly workflow: LoadedWorkflow;
  readonly input: JsonObject;
  readonly key?: string;
  readonly by?: string;
  readonly parent?: { readonly run: RunId; readonly activation: number };
}

const logTextMax = 8 * 1024;

export class Engine {
  readonly store: Store;
  readonly bundles: Bundles;
  readonly hub: StreamHub;
  /** What people are asked, as it changes. */
  readonly inbox = new Inbox();
  readonly incarnation: string;
  readonly startedAtMs: number;
  readonly #options: EngineOptions;
  readonly #drivers = new Map<RunId, RunDriver>();
  readonly #loading = new Map<RunId, Promise<RunDriver | undefined>>();
  readonly #ends = new EndWaiters();
  readonly #flow: FlowControl;
  readonly #unloadable = new Map<RunId, HeddleError>();
  #parts: EngineParts | undefined;
  #epoch = 0;
  #superseded = 0;
  #closing = false;

  constructor(options: EngineOptions) {
    this.#options = options;
    this.store = options.store;
    this.startedAtMs = options.clock.nowMs();
    this.incarnation = mintId("inc", this.startedAtMs, options.random.bytes(10));
    this.bundles = new Bundles({
      store: options.store,
      clock: options.clock,
      epoch: () => this.#epoch,
      rules: options.rules,
      layOut: options.layOut,
    });
    this.hub = new StreamHub(options.store.journal);
    this.#flow = new FlowControl(options.clock, options.pools ?? new Map());
    void options.store.failed.then((error) => this.#fatal(error));
  }

  get epoch(): number {
    return this.#epoch;
  }

  /** True from the moment that nothing new is taken on. */
  get closing(): boolean {
    return this.#closing;
  }

  /** Takes over the store and every open run in it. */
  async open(): Promise<void> {
    const { journal } = this.store;
    this.#epoch = await journal.nextEpoch();
    this.#parts = this.#makeParts();
    const rows = await journal.listOpen("run");
    if (rows.length === 0) return;
    await journal.claim(
      rows.map((row) => row.stream),
      this.#epoch,
    );
    for (const row of rows) {
      const run = row.stream.slice("run:".length);
      try {
        await this.#load(run, row.tenant);
      } catch (error) {
        this.#unloadable.set(run, HeddleError.is(error) ? error : new HeddleError("internal", "it cannot be loaded", { cause: error }));
        if (!HeddleError.is(error)) this.#options.onBug(run, error);
      }
    }
  }

  /** Why an open run of the store could not be taken up. */
  unloadable(run: RunId): HeddleError | undefined {
    return this.#unloadable.get(run);
  }

  /** The driver of an open run of this tenant; undefined for any other. */
  driver(run: RunId, tenant: TenantId): RunDriver | undefined {
    const driver = this.#drivers.get(run);
    return driver?.tenant === tenant ? driver : undefined;
  }

  drivers(): Iterable<RunDriver> {
    return this.#drivers.values();
  }

  /** As many runs are open as may be. Child runs are part of theirs, and not asked. */
  get isFull(): boolean {
    return this.#drivers.size >= (this.#options.openRunsMax ?? Number.POSITIVE_INFINITY);
  }

  /** Starts a run; resolves once that is durable. A run of that id that exists is left as it is: `existing`. */
  async start(wanted: StartWanted): Promise<{ readonly existing: boolean }> {
    this.#assertOpen();
    const known = this.#drivers.has(wanted.run) || (await this.store.journal.get(`run:${wanted.run}`, wanted.tenant)) !== undefined;
    const begun = this.#loading.get(wanted.run);
    // Whoever is told of a run may rely on it: another start of it may be under way, and may fail.
    if (begun !== undefined) return (await begun) === undefined ? this.start(wanted) : { existing: true };
    return known ? { existing: true } : this.#startFresh(wanted);
  }

  /** Starts a run whose id was just minted, and cannot exist. */
  async startMinted(wanted: StartWanted): Promise<void> {
    this.#assertOpen();
    await this.#startFresh(wanted);
  }

  async #startFresh(wanted: StartWanted): Promise<{ readonly existing: boolean }> {
    const driver = new RunDriver(this.#use(), wanted.run, wanted.tenant, wanted.workflow, new LiveRun(), 0);
    this.#drivers.set(wanted.run, driver);
    const submitted = driver.submit({
      kind: "start",
      run: wanted.run,
      workflow: wanted.workflow.ir.id,
      bundle: wanted.workflow.bundle,
      input: wanted.input,
      ...(wanted.key === undefined ? {} : { key: wanted.key }),
      ...(wanted.by === undefined ? {} : { by: wanted.by }),
      ...(wanted.parent === undefined ? {} : { parent: wanted.parent }),
    });
    this.#loading.set(
      wanted.run,
      submitted.then(
        () => driver,
        () => undefined,
      ),
    );
    try {
      await submitted;
      return { existing: false };
    } catch (error) {
      if (this.#drivers.get(wanted.run) === driver) this.#drivers.delete(wanted.run);
      throw error;
    } finally {
      this.#loading.delete(wanted.run);
    }
  }

  /** Takes an ended run up again, so that commands reach it. Undefined where there is no such run. */
  async reload(run: RunId, tenant: TenantId): Promise<RunDriver | undefined> {
    this.#assertOpen();
    return this.driver(run, tenant) ?? this.#load(run, tenant);
  }

  #load(run: RunId, tenant: TenantId, parts = this.#use()): Promise<RunDriver | undefined> {
    const loading = this.#loading.get(run);
    if (loading !== undefined) return loading;
    const known = this.driver(run, tenant);
    if (known !== undefined) return Promise.resolve(known);
    const fresh = this.#loadFresh(run, tenant, parts).finally(() => this.#loading.delete(run));
    this.#loading.set(run, fresh);
    return fresh;
  }

  async #loadFresh(run: RunId, tenant: TenantId, parts: EngineParts): Promise<RunDriver | undefined> {
    const { live, seq } = await foldRun(this.store, `run:${run}`, tenant);
    if (seq === 0) return undefined;
    const workflow = await this.bundles.load(live.head.bundle as `sha256:${string}`, live.head.workflow, tenant);
    const driver = new RunDriver(parts, run, tenant, workflow, live, seq);
    this.#drivers.set(run, driver);
    driver.wakeAll();
    return driver;
  }

  /** A bundle was stored, perhaps again: the runs of this tenant that waited for its code go on. */
  async refresh(bundle: ContentHash, tenant: TenantId): Promise<void> {
    this.bundles.forget(bundle, tenant);
    for (const [run, problem] of [...this.#unloadable]) {
      if (!(await this.#isOf(run, tenant))) continue;
      const taken = await this.#load(run, tenant).catch(() => undefined);
      if (taken !== undefined && this.#unloadable.get(run) === problem) this.#unloadable.delete(run);
    }
    for (const driver of [...this.#drivers.values()]) {
      const { workflow } = driver;
      if (driver.tenant !== tenant || workflow.bundle !== bundle || workflow.problem === undefined) continue;
      driver.workflow = await this.bundles.load(bundle, workflow.ir.id, tenant);
      driver.wakeAll();
    }
  }

  async #isOf(run: RunId, tenant: TenantId): Promise<boolean> {
    return (await this.store.journal.get(`run:${run}`, tenant)) !== undefined;
  }

  /** Resolves with how a run ended. Errors: `run-not-found`, `cancelled` when the signal fires, `shutting-down`. */
  async terminal(run: RunId, tenant: TenantId, signal?: AbortSignal): Promise<TerminalEvent> {
    await this.#loading.get(run);
    if (this.#closing) {
      const ended = await this.#endOf(run, tenant);
      if (ended === undefined) this.#assertOpen();
      else return ended;
    }
    if (this.driver(run, tenant) !== undefined) return this.#ends.wait(run, signal);
    const enough = new AbortController();
    const end = this.#ends.wait(run, signal === undefined ? enough.signal : AbortSignal.any([signal, enough.signal]));
    // It may end while its row is read; whoever knows first answers.
    end.catch(() => undefined);
    try {
      return (await this.#endOf(run, tenant)) ?? (await end);
    } finally {
      enough.abort();
    }
  }

  async #endOf(run: RunId, tenant: TenantId): Promise<TerminalEvent | undefined> {
    const stream = `run:${run}`;
    const row = await this.store.journal.get(stream, tenant);
    if (row === undefined) throw new HeddleError("run-not-found", `no run has the id ${run}`, { details: { runId: run } });
    if (row.status === "open") return undefined;
    const [last] = await decodeRows(this.store, tenant, await this.store.journal.read(stream, tenant, row.seq - 1, 1));
    return last !== undefined && isTerminal(last.event) ? last.event : undefined;
  }

  async close(graceMs: number): Promise<void> {
    this.#closing = true;
    await this.#drain(graceMs);
    this.#flow.close();
    for (const driver of this.#drivers.values()) await driver.stop("shutdown");
    this.#drivers.clear();
    this.#release();
  }

  #release(): void {
    this.hub.close();
    this.inbox.close();
    this.#ends.release(new HeddleError("shutting-down", "the runtime is shutting down; the run goes on after its next start"));
  }

  /** Waits until nothing is being carried out, or the grace is over. */
  #drain(graceMs: number): Promise<void> {
    const busy = (): boolean => [...this.#drivers.values()].some((driver) => driver.inFlight > 0);
    if (graceMs <= 0 || !busy()) return Promise.resolve();
    return new Promise((resolve) => {
      const disarm = this.#options.clock.setTimer(graceMs, () => finish());
      const unwatch = this.store.journal.watch(() => {
        if (!busy()) finish();
      });
      const finish = (): void => {
        disarm();
        unwatch();
        resolve();
      };
      for (const driver of this.#drivers.values()) driver.drain();
    });
  }

  #makeParts(): EngineParts {
    const { store, clock, random, gate, audit, onBug } = this.#options;
    return {
      store,
      clock,
      random,
      gate,
      inbox: this.inbox,
      append: createAuditedAppend(store.journal, audit),
      flow: this.#flow,
      incarnation: this.incarnation,
      epoch: this.#epoch,
      runChild: (wanted, abort) => runChild(this.#childHost(), wanted, abort),
      endChild: (child, parent) => this.#endChild(child, parent.tenant),
      log: (driver, record) => {
        const { level, source, text, node, activation, attempt, fields } = record;
        store.logs.append(driver.stream, driver.tenant, [
          {
            atMs: clock.nowMs(),
            node,
            activation,
            attempt,
            level,
            source,
            text: text.slice(0, logTextMax),
            ...(fields === undefined ? {} : { fields }),
          },
        ]);
      },
      ended: (driver) => {
        if (this.#drivers.get(driver.id) === driver) this.#drivers.delete(driver.id);
        this.#ends.ended(driver.id, driver.live);
      },
      superseded: (driver, error) => {
        this.#drivers.delete(driver.id);
        if (error.code === "journal-fenced") this.#fatal(error);
        else void this.#load(driver.id, driver.tenant, this.#anew()).catch((cause: unknown) => onBug(driver.id, cause));
      },
      bug: (driver, bug) => {
        this.#drivers.delete(driver.id);
        this.#ends.stuck(driver.id, new HeddleError("internal", "internal error", { cause: bug }));
        onBug(driver.id, bug);
      },
      report: (driver, bug) => onBug(driver.id, bug),
      fatal: (error) => this.#fatal(error),
    };
  }

  async #endChild(child: RunId, tenant: TenantId): Promise<void> {
    const row = await this.store.journal.get(`run:${child}`, tenant);
    if (row?.status !== "open") return;
    const driver = await this.reload(child, tenant);
    // It may end, or be cancelled by somebody else, before it hears of this.
    await driver?.submit({ kind: "cancel", reason: "its parent was cancelled" }).catch(() => undefined);
    await this.terminal(child, tenant);
  }

  #childHost(): ChildHost {
    return {
      clock: this.#options.clock,
      load: ({ parent, workflow }) => this.bundles.load(parent.workflow.bundle, workflow, parent.tenant),
      start: async ({ child, parent, activation }, workflow, input) => {
        await this.start({ run: child, tenant: parent.tenant, workflow, input, parent: { run: parent.id, activation } });
      },
      cancel: (run, tenant, reason) => {
        // A child that has ended, or is ending, needs no cancelling.
        this.driver(run, tenant)
          ?.submit({ kind: "cancel", reason })
          .catch(() => undefined);
      },
      terminal: (run, tenant) => this.terminal(run, tenant),
    };
  }

  #use(): EngineParts {
    if (this.#parts === undefined) throw new HeddleError("shutting-down", "the runtime is not open");
    return this.#parts;
  }

  /** For a driver after one that was superseded: what that one had started is not under this one's control. */
  #anew(): EngineParts {
    return { ...this.#use(), incarnation: `${this.incarnation}.${++this.#superseded}` };
  }

  #assertOpen(): void {
    if (this.#closing) throw new HeddleError("shutting-down", "the runtime is shutting down");
  }

  #fatal(error: unknown): void {
    if (this.#closing) return;
    this.#closing = true;
    for (const driver of this.#drivers.values()) void driver.stop("fatal");
    this.#release();
    this.#options.onFatal(error instanceof Error ? error : new HeddleError("storage-failed", "the storage failed", { cause: error }));
  }
}
