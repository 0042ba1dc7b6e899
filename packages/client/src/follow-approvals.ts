/** Following an inbox: what is open and what changes, told once each, however often the daemon goes away in between. */
import { type ApprovalChange, type ApprovalsApi, type ApprovalView, HeddleError } from "@heddle/core";
import { Patience, type PatienceOptions } from "./patience.ts";
import type { AttemptOptions } from "./transport.ts";

export type FollowApprovalsRequest = Parameters<ApprovalsApi["follow"]>[0];

/** One attempt at following: it ends or throws when the daemon went away. */
export type AttachApprovals = (request: FollowApprovalsRequest, attempt: AttemptOptions) => AsyncIterable<readonly ApprovalChange[]>;

/**
 * Changes, by as many attempts as it takes; ends with the signal. Each attempt begins with everything that is open:
 * what is the same as before is not told again, and what is missing from it is told as closed.
 *
 * @throws HeddleError what the daemon answers; `daemon-unreachable` when it does not come back in time.
 */
export async function* followApprovals(
  options: PatienceOptions,
  request: FollowApprovalsRequest,
  attach: AttachApprovals,
): AsyncGenerator<readonly ApprovalChange[], void, undefined> {
  const { signal, deadline } = options;
  const patience = new Patience(options);
  const inbox = new Inbox();
  for (;;) {
    try {
      const attempt = { signal, deadline, onAttached: () => patience.attached() };
      inbox.begin();
      for await (const batch of attach(request, attempt)) {
        patience.progressed();
        const fresh = batch.flatMap((change) => inbox.take(change));
        if (fresh.length > 0) yield fresh;
      }
      if (isAborted(signal)) return;
      throw new HeddleError("daemon-unreachable", "the daemon ended the stream");
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

/** What the follower was told so far. */
class Inbox {
  /** The state that was told, by approval. */
  readonly #told = new Map<string, string>();
  /** What this attempt named before `current`; undefined behind it. */
  #named: Set<string> | undefined;
  #isCurrent = false;

  begin(): void {
    this.#named = new Set();
  }

  take(change: ApprovalChange): readonly ApprovalChange[] {
    if (change.kind === "asked") return this.#asked(change, change.approval);
    if (change.kind === "closed") return this.#told.delete(change.id) ? [change] : [];
    const named = this.#named;
    this.#named = undefined;
    const gone = named === undefined ? [] : [...this.#told.keys()].filter((id) => !named.has(id));
    for (const id of gone) this.#told.delete(id);
    const closed = gone.map((id) => ({ kind: "closed", id }) as const);
    if (this.#isCurrent) return closed;
    this.#isCurrent = true;
    return [...closed, change];
  }

  #asked(change: ApprovalChange, { id, call, approvedBy }: ApprovalView): readonly ApprovalChange[] {
    this.#named?.add(id);
    const state = JSON.stringify([call?.hash ?? "", approvedBy]);
    if (this.#told.get(id) === state) return [];
    this.#told.set(id, state);
    return [change];
  }
}

function isAborted(signal: AbortSignal | undefined): boolean {
  return signal?.aborted === true;
}
