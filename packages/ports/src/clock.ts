/** Time, ids and randomness: inputs of everything that decides. */

export interface Clock {
  /** Milliseconds since the epoch. May jump; nothing relies on its order. */
  nowMs(): number;
  /**
   * Calls back once `delayMs` have passed by a clock that does not jump; at once (in a later turn)
   * for 0 or less. Returns the way to cancel.
   */
  setTimer(delayMs: number, fire: () => void): () => void;
}

export interface Random {
  /** Uniform in [0, 1). */
  unit(): number;
  bytes(count: number): Uint8Array;
}
