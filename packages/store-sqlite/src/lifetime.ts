/**
 * Whether the store may still be used. It ends in one of two ways: closed by its owner, or failed,
 * after which the answer to the last write is unknown and every call says so.
 */
import { HeddleError } from "@heddle/core";
import { contended, faultOf, storageFailed } from "./sqlite-errors.ts";

export interface Lifetime {
  /** Resolves with the error that ended the store; never rejects. */
  readonly failed: Promise<Error>;
  readonly failure: HeddleError | undefined;
  readonly closed: boolean;
  /** @throws HeddleError `storage-failed` or `shutting-down` once the store has ended. */
  assertUsable(): void;
  /** Ends the store for good. The first cause stays. */
  fail(cause: unknown): HeddleError;
  close(): void;
  /** Runs a read: errors of the driver come out typed, and a failing disk ends the store. */
  read<T>(act: () => T): Promise<T>;
}

export function createLifetime(): Lifetime {
  let failure: HeddleError | undefined;
  let closed = false;
  let tell: (error: Error) => void = () => {};
  const failed = new Promise<Error>((resolve) => {
    tell = resolve;
  });

  const lifetime: Lifetime = {
    failed,
    get failure() {
      return failure;
    },
    get closed() {
      return closed;
    },
    assertUsable() {
      if (failure !== undefined) throw failure;
      if (closed) throw new HeddleError("shutting-down", "the store is closed");
    },
    fail(cause) {
      failure ??= storageFailed(cause);
      tell(failure);
      return failure;
    },
    close() {
      closed = true;
    },
    async read(act) {
      lifetime.assertUsable();
      try {
        return act();
      } catch (error) {
        throw readError(error, lifetime);
      }
    },
  };
  return lifetime;
}

function readError(error: unknown, lifetime: Lifetime): unknown {
  if (HeddleError.is(error)) return error;
  switch (faultOf(error)) {
    case "busy":
      return contended(error);
    case "corrupt":
      return new HeddleError("journal-corrupt", "the database is damaged; restore it from a backup", { cause: error });
    default:
      return lifetime.fail(error);
  }
}
