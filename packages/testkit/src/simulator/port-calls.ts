/**
 * The calls that one incarnation makes through its ports, counted in order, and its death at one of
 * them. What a dead incarnation calls never takes effect and never answers: it hangs, as a process
 * that was killed does. A call that was under way when it died may still take effect, unanswered.
 */

/** Where an incarnation dies: at its n-th port call, before the call took effect or after. */
export interface Death {
  /** From 1. */
  readonly n: number;
  readonly mode: "before" | "after";
}

/** The calls of one incarnation. */
export class PortCalls {
  readonly #death: Death | undefined;
  readonly #onDeath: (() => void)[] = [];
  #count = 0;
  #inFlight = 0;
  #alive = true;
  #diedAt: string | undefined;

  constructor(death?: Death) {
    this.#death = death;
  }

  get alive(): boolean {
    return this.#alive;
  }

  /** Calls made so far. */
  get count(): number {
    return this.#count;
  }

  /** Calls that have not answered yet. Calls that are answered by the simulated world itself are not counted. */
  get inFlight(): number {
    return this.#inFlight;
  }

  /** The port call that it died at; undefined while it lives and where it was killed from outside. */
  get diedAt(): string | undefined {
    return this.#diedAt;
  }

  /** Ends the incarnation. */
  kill(): void {
    if (!this.#alive) return;
    this.#alive = false;
    for (const then of this.#onDeath.splice(0)) then();
  }

  onDeath(then: () => void): void {
    this.#onDeath.push(then);
  }

  /** A call with an answer. `counted` false: the world answers it, some time. */
  call<Answer>(name: string, act: () => Promise<Answer>, counted = true): Promise<Answer> {
    const mode = this.#arrive(name);
    if (mode === "dead") return never();
    if (counted) this.#inFlight++;
    return new Promise((resolve, reject) => {
      const answered = (): boolean => {
        if (counted) this.#inFlight--;
        if (mode === "after") this.#die(name);
        return this.#alive;
      };
      if (mode === "after" && !counted) {
        // The work begins, and whoever asked for it is gone.
        act().catch(() => undefined);
        this.#die(name);
        return;
      }
      act().then(
        (answer) => {
          if (answered()) resolve(answer);
        },
        (error: unknown) => {
          if (answered()) reject(error as Error);
        },
      );
    });
  }

  /** A call without an answer to wait for. */
  tell<Answer>(name: string, act: () => Answer, otherwise: Answer): Answer {
    const mode = this.#arrive(name);
    if (mode === "dead") return otherwise;
    const answer = act();
    if (mode === "after") this.#die(name);
    return answer;
  }

  #arrive(name: string): "dead" | "alive" | "after" {
    if (!this.#alive) return "dead";
    this.#count++;
    if (this.#death?.n !== this.#count) return "alive";
    if (this.#death.mode === "after") return "after";
    this.#die(name);
    return "dead";
  }

  #die(name: string): void {
    if (!this.#alive) return;
    this.#diedAt = name;
    this.kill();
  }
}

function never<Answer>(): Promise<Answer> {
  return new Promise(() => undefined);
}
