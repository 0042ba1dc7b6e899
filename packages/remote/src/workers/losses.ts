/** Losses of workers, by what they ran: a few within a while count against nobody. */
const lossesMax = 3;
const windowMs = 10 * 60_000;

/** Counts the losses of one kind of work each. */
export class Losses {
  readonly #byWork = new Map<string, number[]>();

  /** Counts one, and says whether it is one too many. */
  count(work: string, nowMs: number): boolean {
    for (const [key, times] of this.#byWork) if ((times.at(-1) ?? 0) < nowMs - windowMs) this.#byWork.delete(key);
    const recent = (this.#byWork.get(work) ?? []).filter((timeMs) => timeMs >= nowMs - windowMs);
    recent.push(nowMs);
    this.#byWork.set(work, recent.slice(-lossesMax - 1));
    return recent.length > lossesMax;
  }
}
