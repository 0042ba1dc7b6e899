/** The lease of a session, alike on both sides: to say something every third of it, and to notice three thirds of silence. */

/** Calls back once after a time; returns the way to cancel. */
export type SetTimer = (delayMs: number, fire: () => void) => () => void;

export interface HeartbeatOptions {
  readonly leaseMs: number;
  readonly setTimer: SetTimer;
  /** It is time to say something. */
  readonly beat: () => void;
  /** The other side has been silent for the length of the lease. Called once. */
  readonly silent: () => void;
}

/** A lease that is watched. */
export interface Heartbeat {
  /** The other side has said something. */
  heard(): void;
  stop(): void;
}

const thirds = 3;

/**
 * Starts to watch. Silence is counted in turns of the timer, and never read off a clock: a process that
 * was itself stopped for a while finds what came meanwhile before it blames the other side.
 */
export function startHeartbeat({ leaseMs, setTimer, beat, silent }: HeartbeatOptions): Heartbeat {
  let missed = 0;
  let cancel: () => void;
  const turn = (): void => {
    if (++missed > thirds) {
      silent();
      return;
    }
    cancel = setTimer(leaseMs / thirds, turn);
    beat();
  };
  cancel = setTimer(leaseMs / thirds, turn);
  return {
    heard() {
      missed = 0;
    },
    stop: () => cancel(),
  };
}
