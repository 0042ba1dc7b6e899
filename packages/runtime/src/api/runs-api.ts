/** The runs group of RuntimeApi: decode nothing, decide nothing, ask the engine. */
import {
  derivedId,
  type EventRecord,
  type Explanation,
  HeddleError,
  isErrorCode,
  isTerminalStatus,
  type JsonValue,
  jsonEquals,
  mintId,
  type RunEventOf,
  type RunId,
  type RunSummary,
  type RunsApi,
  type StartRunRequest,
  type TenantId,
} from "@heddle/core";
import type { Clock, Random, StreamRow } from "@heddle/ports";
import type { RunCommand } from "../machine/commands.ts";
import type { Engine } from "../shell/engine.ts";
import { decodeRows } from "../shell/journal-reader.ts";
import { rewindRun } from "../shell/rewind.ts";
import type { RunDriver } from "../shell/run-driver.ts";
import { inputOfWorkflow } from "../shell/workflow-input.ts";
import { driverOfRun, rowOfRun } from "./open-run.ts";
import { explain, stepsOfRow, summaryOfRow, viewOfDriver } from "./views.ts";

const pageDefault = 50;
const eventsDefault = 1_000;

/** `audited` resolves once what was decided so far is in the audit chain. */
export function createRunsApi(engine: Engine, clock: Clock, random: Random, audited: () => Promise<void>): RunsApi {
  const { journal } = engine.store;

  const rowOf = (runId: RunId, tenant: TenantId): Promise<StreamRow> => rowOfRun(engine, runId, tenant);
  const openDriver = (runId: RunId, tenant: TenantId): Promise<RunDriver> => driverOfRun(engine, runId, tenant);
  const command = async (runId: RunId, tenant: TenantId, wish: RunCommand): Promise<void> => (await openDriver(runId, tenant)).submit(wish);

  const runs: RunsApi = {
    start: (request, caller) => startRun(engine, clock, random, request, caller.principal.tenant, caller.principal.subject),

    async get({ runId }, { principal }) {
      const driver = engine.driver(runId, principal.tenant);
      if (driver !== undefined) return viewOfDriver(driver);
      const row = await rowOf(runId, principal.tenant);
      const [first] = await decodeRows(engine.store, principal.tenant, await journal.read(row.stream, principal.tenant, 0, 1));
      const [last] = await decodeRows(engine.store, principal.tenant, await journal.read(row.stream, principal.tenant, row.seq - 1, 1));
      const { event } = last ?? {};
      return {
        ...summaryOfRow(row, undefined),
        input: first?.event.kind === "run-started" ? first.event.input : {},
        ...(event?.kind === "run-succeeded" ? { output: event.output } : {}),
        ...(event?.kind === "run-failed" ? { failure: event.failure } : {}),
        steps: stepsOfRow(row),
        questions: [],
      };
    },

    async list(request, { principal }) {
      const limit = request.limit ?? pageDefault;
      const wanted = request.status;
      const isLive = wanted !== undefined && !isTerminalStatus(wanted);
      const rows: RunSummary[] = [];
      let cursor = request.cursor;
      do {
        const page = await journal.list({
          tenant: principal.tenant,
          kind: "run",
          limit: limit - rows.length,
          ...(wanted === undefined ? {} : { status: isLive ? "open" : wanted }),
          ...(request.workflow === undefined ? {} : { name: request.workflow }),
          ...(cursor === undefined ? {} : { cursor }),
        });
        const summaries = page.rows.map((row) => summaryOfRow(row, engine.driver(row.stream.slice("run:".length), principal.tenant)));
        rows.push(...summaries.filter((summary) => !isLive || summary.status === wanted));
        cursor = page.cursor;
      } while (cursor !== undefined && rows.length < limit);
      return { rows, ...(cursor === undefined ? {} : { cursor }) };
    },

    async events({ runId, after, limit }, { principal }) {
      await rowOf(runId, principal.tenant);
      return decodeRows(
        engine.store,
        principal.tenant,
        await journal.read(`run:${runId}`, principal.tenant, after ?? 0, limit ?? eventsDefault),
      );
    },

    async *follow({ runId, after }, { principal, signal }): AsyncGenerator<readonly EventRecord[]> {
      await rowOf(runId, principal.tenant);
      yield* engine.hub.follow(`run:${runId}`, principal.tenant, after ?? 0, {
        store: engine.store,
        ...(signal === undefined ? {} : { signal }),
      });
      if (signal?.aborted !== true && engine.closing)
        throw new HeddleError("shutting-down", "the runtime is shutting down; follow again from the last event");
    },

    async logs({ runId, after, limit }, { principal }) {
      await rowOf(runId, principal.tenant);
      await engine.store.logs.flush();
      return engine.store.logs.read(`run:${runId}`, principal.tenant, after ?? 0, limit ?? eventsDefault);
    },

    async result({ runId }, { principal, signal }) {
      const event = await engine.terminal(runId, principal.tenant, signal);
      if (event.kind === "run-succeeded") return { runId, status: "succeeded", output: event.output };
      if (event.kind === "run-failed") return { runId, status: "failed", failure: event.failure };
      return { runId, status: "cancelled" };
    },

    pause: ({ runId, reason }, { principal }) =>
      command(runId, principal.tenant, { kind: "pause", by: principal.subject, ...(reason === undefined ? {} : { reason }) }),

    async resume({ runId, now }, { principal }) {
      const driver = await openDriver(runId, principal.tenant);
      const wasRefused = driver.storageProblem !== undefined;
      if (now === true) driver.wake();
      try {
        await driver.submit({ kind: "resume", now: now === true, by: principal.subject });
      } catch (error) {
        // What the storage had refused was all that the run still lacked: it went on, to its end.
        if (!(wasRefused && now === true && HeddleError.is(error, "run-ended"))) throw error;
      }
    },

    cancel: ({ runId, reason }, { principal }) =>
      command(runId, principal.tenant, { kind: "cancel", by: principal.subject, ...(reason === undefined ? {} : { reason }) }),

    signal: ({ runId, name, value, idempotencyKey }, { principal }) =>
      command(runId, principal.tenant, {
        kind: "signal",
        name,
        value,
        by: principal.subject,
        ...(idempotencyKey === undefined ? {} : { key: idempotencyKey }),
      }),

    answer({ runId, ...answer }, { principal }) {
      return command(runId, principal.tenant, { kind: "answer", by: principal.subject, roles: principal.roles, ...answer });
    },

    async query({ runId, name }, { principal }): Promise<JsonValue> {
      const driver = await openDriver(runId, principal.tenant);
      const query = driver.workflow.plan.queries.get(name);
      if (query === undefined)
        throw new HeddleError("query-not-found", `workflow ${driver.workflow.ir.id} has no query ${name}`, { details: { name } });
      const frame = driver.live.frame(0);
      return query({ var: (variable) => frame?.vars[variable] });
    },

    async retry({ runId, from }, { principal }) {
      await rowOf(runId, principal.tenant);
      if (engine.driver(runId, principal.tenant) !== undefined)
        throw new HeddleError("run-not-ended", `run ${runId} has not ended`, { details: { runId } });
      const rewound = await rewindRun(engine.store, runId, principal.tenant, from, clock.nowMs(), (bundle, workflow) =>
        engine.bundles.load(bundle, workflow, principal.tenant),
      );
      const driver = await engine.reload(runId, principal.tenant);
      if (driver === undefined) throw new HeddleError("run-not-found", `no run has the id ${runId}`, { details: { runId } });
      await driver.submit({ kind: "retry", from: rewound.activation, node: rewound.node, state: rewound.state, by: principal.subject });
      return { from: rewound.activation, node: rewound.node };
    },

    async delete({ runId }, { principal }) {
      const row = await rowOf(runId, principal.tenant);
      if (row.status === "open")
        throw new HeddleError("run-not-ended", `run ${runId} has not ended; cancel it first`, { details: { runId } });
      // What is deleted cannot be recorded any more. A storage without room is no reason to keep it.
      await audited().catch(() => undefined);
      await journal.delete(row.stream, principal.tenant);
      await engine.store.blobs.collect();
    },

    async why({ runId }, { principal }): Promise<readonly Explanation[]> {
      const driver = engine.driver(runId, principal.tenant);
      if (driver !== undefined) return explain(driver, (child) => engine.driver(child, principal.tenant));
      const row = await rowOf(runId, principal.tenant);
      if (row.status !== "open") return [];
      const message = `its bundle is not loaded: ${engine.unloadable(runId)?.message ?? "unknown"}`;
      return [{ kind: "bundle-not-loaded", message, run: runId, commands: ["heddle bundles put <bundle folder or file>"] }];
    },
  };
  return runs;
}

async function startRun(
  engine: Engine,
  clock: Clock,
  random: Random,
  request: StartRunRequest,
  tenant: TenantId,
  by: string,
): Promise<{ runId: RunId; existing: boolean }> {
  const workflow = await engine.bundles.load(request.bundle, request.workflow, tenant);
  const refusal = engine.bundles.refusalOf(workflow);
  if (refusal !== undefined) throw new HeddleError(isErrorCode(refusal.code) ? refusal.code : "capability-denied", refusal.message);
  if (workflow.problem !== undefined) throw new HeddleError("handler-not-found", workflow.problem);
  const input = inputOfWorkflow(workflow.ir, request.input);
  const key = request.idempotencyKey;
  if (key === undefined) {
    if (engine.isFull) throw noRoom();
    const run = mintId("run", clock.nowMs(), random.bytes(10));
    await engine.startMinted({ run, tenant, workflow, input, by });
    return { runId: run, existing: false };
  }
  const run = derivedId("run", tenant, "key", key);
  if (engine.isFull && (await engine.store.journal.get(`run:${run}`, tenant)) === undefined) throw noRoom();
  const { existing } = await engine.start({ run, tenant, workflow, input, by, key });
  if (existing) await assertSameStart(engine, run, tenant, { bundle: request.bundle, workflow: workflow.ir.id, input });
  return { runId: run, existing };
}

const roomAfterMs = 1_000;

function noRoom(): HeddleError {
  const message = `as many runs are open as may be; start it again in ${roomAfterMs} ms`;
  return new HeddleError("retry-later", message, { details: { retryAfterMs: roomAfterMs } });
}

async function assertSameStart(
  engine: Engine,
  run: RunId,
  tenant: TenantId,
  wanted: Pick<RunEventOf<"run-started">, "bundle" | "workflow" | "input">,
): Promise<void> {
  const [first] = await decodeRows(engine.store, tenant, await engine.store.journal.read(`run:${run}`, tenant, 0, 1));
  const was = first?.event;
  if (
    was?.kind === "run-started" &&
    was.bundle === wanted.bundle &&
    was.workflow === wanted.workflow &&
    jsonEquals(was.input, wanted.input)
  )
    return;
  throw new HeddleError("idempotency-conflict", `run ${run} was started under the same key with another bundle, workflow or input`, {
    details: { runId: run },
  });
}
