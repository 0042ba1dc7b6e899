/**
 * Who writes events that the chain has to hold says so before the commit; nobody else is listened to. What was said is
 * taken up when the store tells of the commit, in the order of commits.
 */
import type { JsonObject, TenantId } from "@heddle/core";
import type { Position, StreamId } from "@heddle/ports";

/** An event that the chain has to hold, as it is written. */
export interface AuditFact {
  readonly seq: number;
  /** The event, byte for byte. */
  readonly text: string;
  readonly decision: JsonObject;
}

/** A fact on its way into the chain. */
export interface CommittedFact extends AuditFact {
  readonly stream: StreamId;
  readonly tenant: TenantId;
  /** At which its commit was complete. */
  readonly position: Position;
}

/** What writers of facts see of the auditor. */
export interface AuditTrail {
  /** These events are about to be written to the stream. */
  expect(stream: StreamId, tenant: TenantId, facts: readonly AuditFact[]): void;
  /** They were not, from this one on. */
  forget(stream: StreamId, fromSeq: number): void;
}
