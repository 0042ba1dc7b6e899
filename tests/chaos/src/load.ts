/**
 * The load: keeps a number of runs open by starting a new one for each that ended, across every kill
 * of the daemon. A start that got no answer is repeated under the same key, so it is never a second run.
 */
import type { Client } from "@heddle/client";
import { type ContentHash, HeddleError } from "@heddle/core";
import { stepCount } from "./workload.ts";

export interface Followed {
  readonly runId: string;
  readonly seqs: number[];
  readonly kinds: string[];
  done: boolean;
}

/** Of how many runs one is followed from its first event to its last. */
const followEvery = 20;

export class Load {
  readonly started = new Map<string, string>();
  readonly wrong: string[] = [];
  readonly followed: Followed[] = [];
  #open = 0;
  #next = 0;
  #refilling = true;
  readonly #client: Client;
  readonly #bundle: ContentHash;
  readonly #target: number;
  readonly #pending = new Set<Promise<void>>();

  constructor(client: Client, bundle: ContentHash, target: number) {
    this.#client = client;
    this.#bundle = bundle;
    this.#target = target;
  }

  /** Runs that the client knows to be started and not to have ended. */
  get open(): number {
    return this.#open;
  }

  fill(): void {
    while (this.#refilling && this.#pending.size < this.#target) {
      const one = this.#run(this.#next++).finally(() => {
        this.#pending.delete(one);
        this.fill();
      });
      this.#pending.add(one);
    }
  }

  /** Starts nothing more, and waits until everything that was started has ended; what has not by then is wrong. */
  async finish(waitMs: number): Promise<void> {
    this.#refilling = false;
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<"late">((resolve) => {
      timer = setTimeout(() => resolve("late"), waitMs);
    });
    const ended = await Promise.race([Promise.all(this.#pending), late]);
    clearTimeout(timer);
    if (ended === "late") this.wrong.push(`${this.#pending.size} runs had not ended ${waitMs} ms after the last kill`);
  }

  async #run(number: number): Promise<void> {
    const key = `chaos-${number}`;
    try {
      const { runId } = await this.#start(key);
      this.started.set(key, runId);
      this.#open++;
      try {
        if (number % followEvery === 0) await this.#follow(runId);
        const ended = await this.#client.runs.result({ runId });
        if (ended.status !== "succeeded" || ended.output !== stepCount) this.wrong.push(`${runId}: ${JSON.stringify(ended)}`);
      } finally {
        this.#open--;
      }
    } catch (error) {
      this.wrong.push(`${key}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }

  async #start(key: string): Promise<{ runId: string }> {
    for (;;) {
      try {
        return await this.#client.runs.start({ bundle: this.#bundle, input: { first: 0 }, idempotencyKey: key });
      } catch (error) {
        const passing =
          HeddleError.is(error, "daemon-unreachable") ||
          HeddleError.is(error, "shutting-down") ||
          HeddleError.is(error, "deadline-exceeded");
        if (!passing) throw error;
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    }
  }

  async #follow(runId: string): Promise<void> {
    const seen: Followed = { runId, seqs: [], kinds: [], done: false };
    this.followed.push(seen);
    for await (const batch of this.#client.runs.follow({ runId })) {
      for (const record of batch) {
        seen.seqs.push(record.seq);
        seen.kinds.push(record.event.kind);
      }
    }
    seen.done = true;
  }
}
