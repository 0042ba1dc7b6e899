/** Work of somebody else's function, which may ignore that it is asked to stop: it is left behind after a grace. */
import type { AbortHandle, Clock } from "@heddle/ports";

/** The function has not ended, and nobody waits for it any more. */
export const leftBehind = Symbol("left-behind");

export interface Grace {
  readonly clock: Clock;
  readonly graceMs: number;
}

/** The function's promise; or, once it has been aborted and the grace is over, the mark of one left behind. */
export function untilAborted<Value>(
  given: PromiseLike<Value>,
  abort: AbortHandle,
  { clock, graceMs }: Grace,
): Promise<Value | typeof leftBehind> {
  return new Promise((resolve, reject) => {
    let disarm: (() => void) | undefined;
    abort.onAbort(() => {
      disarm = clock.setTimer(graceMs, () => resolve(leftBehind));
    });
    given.then(
      (value) => {
        disarm?.();
        resolve(value);
      },
      (error: unknown) => {
        disarm?.();
        reject(error instanceof Error ? error : { message: String(error) });
      },
    );
  });
}
