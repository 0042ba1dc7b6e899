/** Following a run: each event once and in order, however often the daemon goes away in between. */
import { type EventRecord, HeddleError, type RunsApi } from "@heddle/core";
import { Patience, type PatienceOptions } from "./patience.ts";
import type { AttemptOptions } from "./transport.ts";

export type FollowRequest = Parameters<RunsApi["follow"]>[0];

/** One attempt at following: it returns when the run has ended, and throws when the daemon went away. */
export type Attach = (request: FollowRequest, attempt: AttemptOptions) => AsyncIterable<readonly EventRecord[]>;

/**
 * Batches from the cursor on, by as many attempts as it takes. Ends when the daemon says that the run has ended, or with the signal.
 *
 * @throws HeddleError what the daemon answers; `daemon-unreachable` when it does not come back in time;
 * `internal` when events are missing from what it sends.
 */
export async function* follow(
  options: PatienceOptions,
  request: FollowRequest,
  attach: Attach,
): AsyncGenerator<readonly EventRecord[], void, undefined> {
  const { signal, deadline } = options;
  const patience = new Patience(options);
  let after = request.after ?? 0;
  for (;;) {
    try {
      const attempt = { signal, deadline, onAttached: () => patience.attached() };
      for await (const batch of attach({ ...request, after }, attempt)) {
        const fresh = following(after, batch);
        if (fresh.length === 0) continue;
        after += fresh.length;
        patience.progressed();
        yield fresh;
      }
      return;
    } catch (error) {
      if (isAborted(signal)) return;
      try {
        await patience.wait(error);
      } catch (last) {
        if (isAborted(signal)) return;
        throw last;
      }
    }
  }
}

/** The part of a batch that is new, which must go on where the last one ended. */
function following(after: number, batch: readonly EventRecord[]): readonly EventRecord[] {
  const fresh = batch.filter((record) => record.seq > after);
  const gap = fresh.findIndex((record, i) => record.seq !== after + 1 + i);
  if (gap === -1) return fresh;
  throw new HeddleError("internal", `the daemon sent event ${fresh[gap]?.seq} where ${after + 1 + gap} was due`);
}

function isAborted(signal: AbortSignal | undefined): boolean {
  return signal?.aborted === true;
}
