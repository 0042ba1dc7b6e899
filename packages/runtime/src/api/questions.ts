/** The open questions of runs: approvals and interruptions, as callers see them. */
import { type ApprovalView, HeddleError, type InterruptionView, type PageOf, type TenantId } from "@heddle/core";
import type { Activation } from "../machine/index.ts";
import type { Engine } from "../shell/engine.ts";
import type { Driven } from "../shell/engine-parts.ts";

/** A run that asks, and the activation that does. */
export interface Asking {
  readonly driver: Driven;
  readonly activation: Activation;
}

export type Mode = "approve" | "answer";

/** Everything that is asked in that way, oldest first. */
export function questionsOf(engine: Engine, tenant: TenantId, mode: Mode, run?: string): readonly Asking[] {
  const found: Asking[] = [];
  for (const driver of engine.drivers()) {
    if (driver.tenant !== tenant || (run !== undefined && driver.id !== run)) continue;
    for (const activation of driver.live.activations()) if (asks(activation, mode)) found.push({ driver, activation });
  }
  return found.sort((a, b) => a.activation.notBeforeMs - b.activation.notBeforeMs || (idOf(a) < idOf(b) ? -1 : 1));
}

function asks({ does }: Activation, mode: Mode): boolean {
  return does?.kind === "ask" && does.mode === mode;
}

/** @throws HeddleError `approval-not-found`. */
export function questionOf(engine: Engine, tenant: TenantId, mode: Mode, id: string): Asking {
  const [run = "", number = ""] = id.split("/");
  const driver = engine.driver(run, tenant);
  const activation = driver?.live.activation(Number(number));
  if (driver !== undefined && activation !== undefined && asks(activation, mode)) return { driver, activation };
  throw new HeddleError("approval-not-found", `nothing is asked under the id ${id}`, { details: { id } });
}

export function idOf({ driver, activation }: { readonly driver: Pick<Driven, "id">; readonly activation: Pick<Activation, "id"> }): string {
  return `${driver.id}/${activation.id}`;
}

function sharedView(asking: Asking) {
  const { driver, activation } = asking;
  const { does } = activation;
  if (does?.kind !== "ask") throw new HeddleError("approval-not-found", `nothing is asked under the id ${idOf(asking)}`);
  const { by, workflow } = driver.live.head;
  const view = {
    id: idOf(asking),
    runId: driver.id,
    workflow,
    node: activation.node,
    prompt: does.prompt,
    ...(does.details === undefined ? {} : { details: does.details }),
    ...(by === undefined ? {} : { requestedBy: by }),
    askedAtMs: activation.notBeforeMs,
    ...(does.deadlineMs === undefined ? {} : { deadlineMs: does.deadlineMs }),
  };
  return { does, view };
}

export function approvalView(asking: Asking): ApprovalView {
  const { does, view } = sharedView(asking);
  const { call, approvedBy = [] } = asking.activation;
  const { tool, capability, permission } = call?.prepared ?? {};
  return {
    ...view,
    ...(does.call === undefined || tool === undefined || capability === undefined || permission === undefined
      ? {}
      : { call: { hash: does.call, tool, capability, permission } }),
    ...(does.rule === undefined ? {} : { rule: does.rule }),
    approvedBy: [...approvedBy],
  };
}

export function interruptionView(asking: Asking): InterruptionView {
  const { does, view } = sharedView(asking);
  return { ...view, ...(does.answers === undefined ? {} : { answers: does.answers }) };
}

/** A page of what is sorted; the cursor is the id of its last row. */
export function pageOf<Row extends { readonly id: string }>(
  rows: readonly Row[],
  { limit = 50, cursor }: { readonly limit?: number; readonly cursor?: string },
): PageOf<Row> {
  const at = cursor === undefined ? -1 : rows.findIndex(({ id }) => id === cursor);
  // What the last page ended with may be answered since: then those that were asked later follow it no more, and all are shown.
  const rest = rows.slice(at + 1);
  const page = rest.slice(0, limit);
  const last = page.at(-1);
  return { rows: page, ...(rest.length > page.length && last !== undefined ? { cursor: last.id } : {}) };
}
