// The chain over real runs: what it holds, what it survives, and that it is silent where nothing is to be told.
import { mkdtempSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type AuditRecord, HeddleError, type RunEvent } from "@heddle/core";
import type { Store } from "@heddle/ports";
import { crashableStore, PortCalls, VirtualClock } from "@heddle/testkit/simulator";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { approvalOf, auditTools, type Called, exportOf, looking, putWorkflow, saving, verified, who } from "../../test/audit-world.ts";
import { handler, workflowOf } from "../../test/small-ir.ts";
import { createRuntime, type Runtime } from "../create-runtime.ts";
import { LiveRun } from "../machine/index.ts";
import { createMemoryDisk, type MemoryDisk } from "../store-memory/disk.ts";
import { createMemoryStore } from "../store-memory/memory-store.ts";
import type { AuditFact, AuditTrail } from "./audit-trail.ts";
import { appendFacts, createAuditedAppend } from "./audited-append.ts";
import { Auditor } from "./auditor.ts";

const ada = who("ada");
const bob = who("bob");
const eve = who("eve", "elsewhere");

let folder: string;
let called: Called[];
let open: Runtime[];

function start(store: Store, extra: Parameters<typeof createRuntime>[0] = {}): Runtime {
  const runtime = createRuntime({ store, tools: auditTools(called), roots: { workspace: folder }, ...extra });
  open.push(runtime);
  return runtime;
}

beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), "heddle-audit-")));
  called = [];
  open = [];
});
afterEach(async () => {
  await Promise.all(open.map((runtime) => runtime.close({ graceMs: 0 })));
  rmSync(folder, { recursive: true, force: true });
});

/** The facts of the journal, by a rule of its own: every node of these workflows is a call. */
function factsOf(disk: MemoryDisk, tenant: string): string[] {
  const kinds = /^(call-|need-|approval-|attempt-|outcome-|activation-|grant-)/;
  return disk.events
    .filter((event) => event.stream.startsWith("run:") && event.tenant === tenant)
    .filter(({ text }) => kinds.test((JSON.parse(text) as { kind: string }).kind))
    .map(({ stream, seq }) => `${stream} ${seq}`)
    .sort();
}

function leavesOf(records: readonly AuditRecord[]): string[] {
  return records.flatMap(({ leaves }) => leaves.map(({ stream, seq }) => `${stream} ${seq}`)).sort();
}

async function save(runtime: Runtime, caller = ada): Promise<string> {
  const bundle = await putWorkflow(runtime.api, saving, caller);
  const { runId } = await runtime.api.runs.start({ bundle, input: { path: "a" } }, caller);
  const approval = await approvalOf(runtime.api, runId, caller);
  await runtime.api.approvals.approve({ id: approval?.id ?? "", hash: approval?.hash ?? "", comment: "fine" }, caller);
  await runtime.api.runs.result({ runId }, caller);
  return runId;
}

describe("the chain", () => {
  test("holds every fact of every call once, and no value", async () => {
    const disk = createMemoryDisk();
    const runtime = start(createMemoryStore(disk));
    await save(runtime);
    await save(runtime);
    const { records, lines } = await exportOf(runtime.api, ada);
    expect(verified(lines)).toMatchObject({ kind: "valid", tenant: "default" });
    expect(leavesOf(records)).toEqual(factsOf(disk, "default"));
    expect(called.length).toBe(4);
    expect(lines.join("\n")).not.toMatch(/secret content|"fine"|"ada"|"a"/);
  });

  test("is one for each tenant, and shows nothing of another's", async () => {
    const disk = createMemoryDisk();
    const runtime = start(createMemoryStore(disk));
    await Promise.all([save(runtime), save(runtime, eve)]);
    for (const caller of [ada, eve]) {
      const { records, lines } = await exportOf(runtime.api, caller);
      expect(verified(lines)).toMatchObject({ kind: "valid", tenant: caller.principal.tenant });
      expect(leavesOf(records)).toEqual(factsOf(disk, caller.principal.tenant));
    }
    expect((await runtime.api.audit.head({}, who("carol", "third"))).head.n).toBe(0);
  });

  test("stays valid when a run is erased, and tells of it no more than that it was there", async () => {
    const disk = createMemoryDisk();
    const runtime = start(createMemoryStore(disk));
    const runId = await save(runtime);
    const before = await exportOf(runtime.api, ada);
    await runtime.api.runs.delete({ runId }, ada);
    await save(runtime);
    const after = await exportOf(runtime.api, ada);
    expect(verified(after.lines).kind).toBe("valid");
    expect(after.records.slice(0, before.records.length)).toEqual(before.records);
    await expect(runtime.api.audit.explain({ call: `${runId}/1` }, ada)).rejects.toMatchObject({ code: "call-not-found" });
  });

  test("misses nothing of hundreds of runs at once", async () => {
    const disk = createMemoryDisk();
    const runtime = start(createMemoryStore(disk));
    const bundle = await putWorkflow(runtime.api, looking, ada);
    await Promise.all(
      Array.from({ length: 300 }, async () => {
        const { runId } = await runtime.api.runs.start({ bundle, input: { path: "a" } }, ada);
        await runtime.api.runs.result({ runId }, ada);
      }),
    );
    const { records, lines } = await exportOf(runtime.api, ada, 50);
    expect(verified(lines).kind).toBe("valid");
    expect(leavesOf(records)).toEqual(factsOf(disk, "default"));
  });

  test("is not begun where no call is made, and nothing is written once all is told", async () => {
    const disk = createMemoryDisk();
    const runtime = start(createMemoryStore(disk), { handlers: { work: () => null } });
    await runtime.run(workflowOf("plain", [handler("work")]), {});
    expect((await runtime.api.audit.head({}, ada)).head.n).toBe(0);
    expect([...disk.streams.keys()].filter((stream) => stream.startsWith("audit"))).toEqual([]);
    await save(runtime);
    await runtime.api.audit.head({}, ada);
    const { position } = disk;
    await runtime.api.audit.head({}, ada);
    await exportOf(runtime.api, ada);
    expect(disk.position).toBe(position);
  });

  test("goes on after a restart, which reads little where everything was told", async () => {
    const disk = createMemoryDisk();
    const first = start(createMemoryStore(disk), { handlers: { work: () => null } });
    await save(first);
    const quiet = workflowOf("plain", [handler("work")]);
    await Promise.all(Array.from({ length: 500 }, () => first.run(quiet, {})));
    await first.close({ graceMs: 0 });
    const read: number[] = [];
    const store = createMemoryStore(disk);
    const { readAll } = store.journal;
    const counting: Store = {
      ...store,
      journal: {
        ...store.journal,
        readAll: async (...query) => {
          const rows = await readAll(...query);
          read.push(rows.length);
          return rows;
        },
      },
    };
    const second = start(counting);
    await save(second);
    const { records, lines } = await exportOf(second.api, ada);
    expect(verified(lines).kind).toBe("valid");
    expect(leavesOf(records)).toEqual(factsOf(disk, "default").filter((fact) => leavesOf(records).includes(fact)));
    expect(read.reduce((sum, rows) => sum + rows, 0)).toBeLessThan(10);
  });

  test("takes up what was committed by a process that never wrote its chain", async () => {
    const disk = createMemoryDisk();
    const deaf = createMemoryStore(disk);
    // A store that tells of no commit: its auditor never hears of a fact.
    const first = start({ ...deaf, journal: { ...deaf.journal, watch: () => () => undefined } });
    const bundle = await putWorkflow(first.api, looking, ada);
    for (let i = 0; i < 40; i++) {
      const { runId } = await first.api.runs.start({ bundle, input: { path: "a" } }, i % 2 === 0 ? ada : bob);
      await first.api.runs.result({ runId }, ada);
    }
    await first.close({ graceMs: 0 });
    const second = start(createMemoryStore(disk));
    const { records, lines } = await exportOf(second.api, ada);
    expect(verified(lines).kind).toBe("valid");
    expect(leavesOf(records)).toEqual(factsOf(disk, "default"));
  });

  test("waits while the storage has no room, says so, and loses nothing", async () => {
    const disk = createMemoryDisk();
    const store = createMemoryStore(disk);
    let isFull = true;
    const clock = new VirtualClock();
    const small: Store = {
      ...store,
      journal: {
        ...store.journal,
        append: (items) =>
          isFull && items.some(({ stream }) => stream.startsWith("audit:"))
            ? Promise.reject(new HeddleError("storage-full", "no room"))
            : store.journal.append(items),
      },
    };
    const runtime = start(small, { clock });
    const runId = await save(runtime);
    const facts = factsOf(disk, "default");
    await expect(runtime.api.audit.head({}, ada)).rejects.toMatchObject({ code: "storage-full" });
    await expect(runtime.api.audit.head({}, ada)).rejects.toMatchObject({ code: "storage-full" });
    // A run can be deleted all the same: that makes room.
    await runtime.api.runs.delete({ runId }, ada);
    isFull = false;
    expect(clock.advance()).toBe(true);
    const { records, lines } = await exportOf(runtime.api, ada);
    expect(verified(lines).kind).toBe("valid");
    expect(leavesOf(records)).toEqual(facts);
  });
});

describe("a commit", () => {
  const facts = (count: number) =>
    Array.from({ length: count }, (_, i) => ({ seq: i + 1, text: `{"i":${i}}`, decision: { kind: "call-prepared" } }));
  const item = (stream: string, events: readonly { readonly text: string }[], tenant = "default") => ({
    ...{ stream, tenant, expectedSeq: 0, epoch: 1 },
    events: events.map(({ text }) => ({ atMs: 1, text })),
  });

  test("larger than a record is known as a whole, by the last record that holds some of it", async () => {
    const disk = createMemoryDisk();
    const store = createMemoryStore(disk);
    const appends: number[] = [];
    const { append } = store.journal;
    const counting: Store = {
      ...store,
      journal: {
        ...store.journal,
        append: (items) => {
          if (items.some(({ stream }) => stream.startsWith("audit:"))) appends.push(items.flatMap(({ events }) => events).length);
          return append(items);
        },
      },
    };
    const auditor = new Auditor({
      store: counting,
      clock: new VirtualClock(),
      epoch: () => 1,
      onBug: (bug) => expect.unreachable(String(bug)),
    });
    await auditor.open();
    await appendFacts(store.journal, auditor, item("run:a", facts(1_500)), facts(1_500));
    const { n } = await auditor.head("default");
    expect([n, appends]).toEqual([6, [6]]);
    const records = (await store.journal.read("audit:default", "default", 0, 10)).map(({ text }) => JSON.parse(text) as AuditRecord);
    expect(records.map(({ leaves }) => leaves.length)).toEqual([256, 256, 256, 256, 256, 220]);
    expect(records.map(({ through }) => through)).toEqual([0, 0, 0, 0, 0, 1_500]);
    await auditor.close();
  });

  test("that was refused is not waited for, and its facts are not recorded", async () => {
    const store = createMemoryStore();
    const auditor = new Auditor({ store, clock: new VirtualClock(), epoch: () => 1, onBug: (bug) => expect.unreachable(String(bug)) });
    await auditor.open();
    const wrong = { ...item("run:a", facts(2)), expectedSeq: 7 };
    expect((await appendFacts(store.journal, auditor, wrong, [{ seq: 8, text: "{}", decision: {} }])).kind).toBe("conflict");
    await appendFacts(store.journal, auditor, item("run:a", facts(9)), [facts(9)[1] as AuditFact]);
    await auditor.head("default");
    const records = (await store.journal.read("audit:default", "default", 0, 10)).map(({ text }) => JSON.parse(text) as AuditRecord);
    expect(leavesOf(records)).toEqual(["run:a 2"]);
    await auditor.close();
  });

  test("that both requests a call and ends it is told of with that end", async () => {
    const told: AuditFact[] = [];
    const trail: AuditTrail = { expect: (_stream, _tenant, some) => void told.push(...some), forget: expect.unreachable };
    const append = createAuditedAppend(createMemoryStore().journal, trail);
    const events: RunEvent[] = [
      { kind: "router-passed", frame: 0, node: "r", open: { activation: 2, node: "look", does: { kind: "call" } } },
      { kind: "activation-cancelled", activation: 2 },
      { kind: "activation-cancelled", activation: 3 },
    ];
    const run = { stream: "run:a", tenant: "default", live: new LiveRun(), workflow: { makesCalls: true } };
    await append(
      run,
      events,
      item(
        "run:a",
        events.map((event) => ({ text: JSON.stringify(event) })),
      ),
    );
    expect(told.map(({ seq, decision }) => [seq, decision])).toEqual([[2, { kind: "activation-cancelled", activation: 2 }]]);
  });
});

describe("a process that dies at any port call", () => {
  interface Ended {
    readonly died: string | undefined;
    readonly disk: MemoryDisk;
  }

  /** Lives until the run of two calls has ended, dying once. */
  async function play(n: number, mode: "before" | "after"): Promise<Ended> {
    const disk = createMemoryDisk();
    // One that lived before, and recorded nothing.
    const deaf = createMemoryStore(disk);
    const first = start({ ...deaf, journal: { ...deaf.journal, watch: () => () => undefined } });
    await drive(first, "before");
    await first.close({ graceMs: 0 });
    const calls = new PortCalls({ n, mode });
    const died = new Promise<void>((resolve) => calls.onDeath(resolve));
    const mortal = start(crashableStore(createMemoryStore(disk), calls));
    // What is dead answers nothing, and cannot be closed.
    open.pop();
    await Promise.race([died, drive(mortal, "once").then(() => mortal.api.audit.head({}, ada))]);
    calls.kill();
    const next = start(createMemoryStore(disk));
    await drive(next, "once");
    const { records, lines } = await exportOf(next.api, ada);
    const said = `died ${mode} call ${n}: ${calls.diedAt}`;
    expect(verified(lines), said).toMatchObject({ kind: "valid" });
    expect(leavesOf(records), said).toEqual(factsOf(disk, "default"));
    await next.close({ graceMs: 0 });
    return { died: calls.diedAt, disk };
  }

  async function drive({ api }: Runtime, idempotencyKey: string): Promise<void> {
    const bundle = await putWorkflow(api, saving, ada);
    const { runId } = await api.runs.start({ bundle, input: { path: "a" }, idempotencyKey }, ada);
    for (let turns = 0; turns < 200_000; turns++) {
      const { status } = await api.runs.get({ runId }, ada);
      if (status === "succeeded" || status === "failed") return;
      const [asked] = (await api.approvals.list({}, ada)).rows;
      // It may have been answered, and the answer lost.
      if (asked?.call !== undefined) await api.approvals.approve({ id: asked.id, hash: asked.call.hash }, ada).catch(() => undefined);
      const [unknown] = (await api.calls.list({ status: "outcome-unknown" }, ada)).rows;
      if (unknown !== undefined) await api.calls.settle({ call: unknown.id, as: "succeeded" }, ada);
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect.unreachable(`the run ends: ${JSON.stringify([await api.runs.get({ runId }, ada), await api.calls.list({}, ada)])}`);
  }

  test.each(["before", "after"] as const)(
    "leaves a chain that is valid and misses nothing, when it dies %s the call took effect",
    async (mode) => {
      const places = new Set<string>();
      for (let n = 1; n < 500; n++) {
        const { died } = await play(n, mode);
        if (died === undefined) break;
        places.add(died);
      }
      expect([...places]).toContain("journal.append");
      expect([...places]).toContain("journal.readAll");
    },
  );
});
