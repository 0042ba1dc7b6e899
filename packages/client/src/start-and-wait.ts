/** Starting a run and waiting for its end, whatever happens to the daemon in between. */
import { HeddleError, type RunResult, type StartRunRequest } from "@heddle/core";
import { open } from "./deadlines.ts";
import { type PatienceOptions, patiently } from "./patience.ts";
import type { CallOptions } from "./transport.ts";

/** What it is made of. */
export interface StartAndWaitParts {
  readonly start: (request: StartRunRequest, call: CallOptions | undefined) => Promise<{ readonly runId: string }>;
  readonly result: (request: { readonly runId: string }, call?: CallOptions) => Promise<RunResult>;
  readonly patience: (call: CallOptions | undefined) => PatienceOptions;
}

/** Starts a run under a key that a repeated start has too, and waits for its end. */
export async function startAndWait(
  { start, result, patience }: StartAndWaitParts,
  request: StartRunRequest,
  call: CallOptions | undefined,
): Promise<RunResult> {
  const keyed = { ...request, idempotencyKey: request.idempotencyKey ?? randomKey() };
  const { deadline } = open(call);
  const { runId } = await patiently(patience(call), () => start(keyed, { signal: call?.signal }));
  const timeoutLeftMs = deadline - Date.now();
  if (timeoutLeftMs <= 0) throw new HeddleError("deadline-exceeded", `run ${runId} did not end in time`);
  return result({ runId }, { signal: call?.signal, timeoutMs: Number.isFinite(timeoutLeftMs) ? timeoutLeftMs : undefined });
}

/** 128 random bits. Not `randomUUID`: browsers have that on secure pages only. */
function randomKey(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
