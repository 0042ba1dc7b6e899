/**
 * Hooks in the store and in memory. A hook is its tenant, owner and name: its stream is its place in the chain, which
 * it keeps when it is registered again, under a new id and with a new secret. Hooks of the embedding program come first.
 */
import {
  defaultTenant,
  HeddleError,
  type HookView,
  mintId,
  type RegisteredHook,
  type RegisterHookRequest,
  type TenantId,
} from "@heddle/core";
import type { Clock, Random, Store } from "@heddle/ports";
import type { HttpGuard } from "../guards/destinations/http-guard.ts";
import type { DestinationPolicy } from "../guards/destinations/judge-destination.ts";
import { assertCallable, callBack } from "./callback.ts";
import { type LinkedHook, runAfter, runBefore } from "./chain.ts";
import type { HookBook, HookCall } from "./hook-book.ts";

/** A hook of the embedding program: it hears of the calls of every tenant. */
export interface HookFunction extends Omit<RegisterHookRequest, "url"> {
  /** What it resolves to is what a callback would answer: nothing lets the call pass. */
  readonly run: (call: HookCall, signal: AbortSignal) => unknown;
}

export interface HooksOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly random: Random;
  readonly http: HttpGuard;
  /** What calls may reach; of it, what may be private binds hooks too. */
  readonly destinations: DestinationPolicy;
  readonly epoch: () => number;
  readonly functions: readonly HookFunction[];
  /** Owners that may let a call reach hosts besides the operator's; `<tenant>:<owner>` of one tenant alone. */
  readonly permitHostWidening: readonly string[];
}

interface HookRecord {
  readonly view: HookView;
  readonly tenant: TenantId;
  readonly secret: string;
  /** In the order of the tenants' chains, from 1: a time would not tell two of one millisecond apart. */
  readonly place: number;
}

interface Place {
  readonly stream: string;
  seq: number;
  /** Undefined: nobody is in it any more. */
  record: HookRecord | undefined;
}

const timeoutMsDefault = 5_000;

export class Hooks implements HookBook {
  readonly #options: HooksOptions;
  /** By tenant, owner and name, in the order of the chain. */
  readonly #places = new Map<string, Place>();
  readonly #own: readonly (LinkedHook & Pick<RegisterHookRequest, "phase">)[];
  #writing: Promise<unknown> = Promise.resolve();

  constructor(options: HooksOptions) {
    this.#options = options;
    this.#own = options.functions.map((given) => ({ ...given, ask: (call) => this.#run(given, call) }));
  }

  /** Reads every hook of the store. */
  async open(): Promise<void> {
    const found: { record: HookRecord; stream: string; seq: number }[] = [];
    for (let cursor: string | undefined; ; ) {
      const page = await this.#options.store.journal.list({
        tenant: defaultTenant,
        kind: "hook",
        limit: 500,
        ...(cursor === undefined ? {} : { cursor }),
      });
      for (const { data, stream, seq, status } of page.rows)
        if (status === "live") found.push({ record: JSON.parse(data) as HookRecord, stream, seq });
      if (page.cursor === undefined) break;
      ({ cursor } = page);
    }
    found.sort((a, b) => a.record.place - b.record.place);
    for (const { record, stream, seq } of found) this.#places.set(keyOf(record.tenant, record.view), { stream, seq, record });
  }

  list(tenant: TenantId): readonly HookView[] {
    return [...this.#places.values()].flatMap(({ record }) => (record?.tenant === tenant ? [record.view] : []));
  }

  /** Errors: `hook-invalid`. */
  register(request: RegisterHookRequest, by: string, tenant: TenantId): Promise<RegisteredHook> {
    return this.#inTurn(async () => {
      const { clock, random, destinations } = this.#options;
      assertCallable(request.url, destinations);
      const nowMs = clock.nowMs();
      const key = keyOf(tenant, request);
      const id = mintId("hook", nowMs, random.bytes(10));
      const place = this.#places.get(key) ?? { stream: `hook:${id}`, seq: 0, record: undefined };
      const secret = `hks_${Buffer.from(random.bytes(32)).toString("base64url")}`;
      const view: HookView = { id, ...request, by, registeredAtMs: nowMs };
      await this.#write(place, { view, tenant, secret, place: place.record?.place ?? this.#nextPlace() }, by);
      this.#places.set(key, place);
      return { hook: view, secret };
    });
  }

  /** Errors: `hook-not-found`. */
  delete(id: string, by: string, tenant: TenantId): Promise<void> {
    return this.#inTurn(async () => {
      const found = [...this.#places].find(([, { record }]) => record?.view.id === id && record.tenant === tenant);
      if (found === undefined) throw new HeddleError("hook-not-found", `no hook has the id ${id}`, { details: { id } });
      const [key, place] = found;
      await this.#write(place, undefined, by);
      this.#places.delete(key);
    });
  }

  concerns(phase: "pre" | "post", tenant: TenantId): boolean {
    if (this.#own.length === 0 && this.#places.size === 0) return false;
    return this.#chain(phase, tenant).length > 0;
  }

  before(call: Parameters<HookBook["before"]>[0]): ReturnType<HookBook["before"]> {
    const { permitHostWidening: permitted } = this.#options;
    const mayWiden = (owner: string): boolean => permitted.includes(owner) || permitted.includes(`${call.tenant}:${owner}`);
    return runBefore(this.#chain("pre", call.tenant), call, mayWiden);
  }

  after(...[call, outcome]: Parameters<HookBook["after"]>): ReturnType<HookBook["after"]> {
    return runAfter(this.#chain("post", call.tenant), call, outcome);
  }

  #chain(phase: "pre" | "post", tenant: TenantId): readonly LinkedHook[] {
    const own = this.#own.filter((hook) => hook.phase === phase);
    const theirs = [...this.#places.values()].flatMap(({ record }) =>
      record?.tenant === tenant && record.view.phase === phase ? [this.#linked(record)] : [],
    );
    return [...own, ...theirs];
  }

  #linked({ view, secret }: HookRecord): LinkedHook {
    const { url, timeoutMs = timeoutMsDefault } = view;
    return { ...view, ask: (call) => callBack(this.#options, { url, secret, timeoutMs }, call) };
  }

  /** Within its time; what comes later is nobody's answer. */
  #run({ run, timeoutMs = timeoutMsDefault }: HookFunction, call: HookCall): Promise<unknown> {
    const controller = new AbortController();
    return new Promise((resolve, reject) => {
      const disarm = this.#options.clock.setTimer(timeoutMs, () => {
        controller.abort("timeout");
        reject(new HeddleError("deadline-exceeded", "it did not answer in time"));
      });
      (async () => run(call, controller.signal))().then(resolve, reject).finally(disarm);
    });
  }

  #nextPlace(): number {
    return 1 + Math.max(0, ...[...this.#places.values()].map(({ record }) => record?.place ?? 0));
  }

  #inTurn<Value>(work: () => Promise<Value>): Promise<Value> {
    const turn = this.#writing.then(work);
    // The next change is tried whatever became of this one.
    this.#writing = turn.catch(() => undefined);
    return turn;
  }

  async #write(place: Place, record: HookRecord | undefined, by: string): Promise<void> {
    const { store, clock, epoch } = this.#options;
    const shown = record ?? place.record;
    const nowMs = clock.nowMs();
    const event = { kind: record === undefined ? "hook-deleted" : "hook-registered", hook: shown?.view.id ?? "", by };
    const outcome = await store.journal.append([
      {
        stream: place.stream,
        // They are read before any tenant is known, as grants are.
        tenant: defaultTenant,
        expectedSeq: place.seq,
        epoch: epoch(),
        events: [{ atMs: nowMs, text: JSON.stringify(event) }],
        summary: {
          kind: "hook",
          status: record === undefined ? "deleted" : "live",
          name: shown?.tenant ?? "",
          createdAtMs: shown?.view.registeredAtMs ?? nowMs,
          // Of one that is gone nothing is kept that could sign.
          data: JSON.stringify(record ?? {}),
        },
      },
    ]);
    if (outcome.kind !== "appended") throw new HeddleError("journal-contended", "the hook was changed by somebody else");
    place.seq++;
    place.record = record;
  }
}

function keyOf(tenant: TenantId, { owner, name }: { readonly owner: string; readonly name: string }): string {
  return JSON.stringify([tenant, owner, name]);
}
