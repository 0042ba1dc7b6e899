/** Runs as callers name them: their row, and the driver that takes commands. Another tenant's run does not exist. */
import { HeddleError, type RunId, type TenantId } from "@heddle/core";
import type { StreamRow } from "@heddle/ports";
import type { Engine } from "../shell/engine.ts";
import type { RunDriver } from "../shell/run-driver.ts";

/** The row of a run. Errors: `run-not-found`. */
export async function rowOfRun(engine: Engine, runId: RunId, tenant: TenantId): Promise<StreamRow> {
  const row = await engine.store.journal.get(`run:${runId}`, tenant);
  if (row === undefined) throw new HeddleError("run-not-found", `no run has the id ${runId}`, { details: { runId } });
  return row;
}

/** The driver of an open run, taken up where nobody drives it. Errors: `run-not-found`, `run-ended`. */
export async function driverOfRun(engine: Engine, runId: RunId, tenant: TenantId): Promise<RunDriver> {
  const driver = engine.driver(runId, tenant);
  if (driver !== undefined) return driver;
  const row = await rowOfRun(engine, runId, tenant);
  if (row.status !== "open")
    throw new HeddleError("run-ended", `run ${runId} has ended (${row.status})`, { details: { runId, status: row.status } });
  const loaded = await engine.reload(runId, tenant);
  if (loaded === undefined) throw new HeddleError("run-not-found", `no run has the id ${runId}`, { details: { runId } });
  return loaded;
}
