/** Who is told when a run begins or stops to ask somebody: followers of approvals. It holds nothing but its listeners. */
import type { RunId, TenantId } from "@heddle/core";

export interface InboxChange {
  readonly driver: { readonly id: RunId; readonly tenant: TenantId };
  readonly activation: number;
  /** False: nobody has to answer any more. */
  readonly asks: boolean;
}

export class Inbox {
  readonly #closing = new Set<() => void>();
  readonly #listeners = new Set<(change: InboxChange) => void>();

  /** Calls back for each change until the returned function is called. */
  watch(listener: (change: InboxChange) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  tell(change: InboxChange): void {
    for (const listener of this.#listeners) listener(change);
  }

  /** Calls back when nothing more will be told. */
  onClose(then: () => void): () => void {
    this.#closing.add(then);
    return () => this.#closing.delete(then);
  }

  close(): void {
    for (const then of this.#closing) then();
  }
}
