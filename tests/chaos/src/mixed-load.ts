/**
 * The load: mixed runs, through the client and through the command line, and the operator who answers
 * their questions and settles their calls. What fails because the daemon is away is tried again.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import type { Client } from "@heddle/client";
import { type ContentHash, HeddleError, type JsonValue } from "@heddle/core";
import { next } from "./mixed-act.ts";
import { steps } from "./mixed-flow.ts";
import { decide, placeOf, resultIn } from "./mixed-ledger.ts";

const cli = fileURLToPath(new URL("../../../apps/cli/bin/heddle.js", import.meta.url));
const flow = fileURLToPath(new URL("./mixed-flow.ts", import.meta.url));
const later = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

const passing = (error: unknown): boolean =>
  ["daemon-unreachable", "shutting-down", "deadline-exceeded", "retry-later"].some((code) => HeddleError.is(error, code as never));

/** What a run must give. */
export const expectedOf = (value: number): number => [...steps.outer, ...steps.inner].reduce(next, value);

export interface MixedLoadOptions {
  readonly client: Client;
  readonly bundle: ContentHash;
  readonly logs: string;
  /** Runs that are open at the same time. */
  readonly open: number;
  readonly env: Readonly<Record<string, string>>;
  readonly target: string;
}

export class MixedLoad {
  readonly wrong: string[] = [];
  /** Ids of the runs that were started here, with the value of each. */
  readonly runs = new Map<string, number>();
  /** Attempts that were decided to be repeated, by key. */
  readonly retries = new Map<string, number>();
  readonly settled = { succeeded: new Set<string>(), retried: new Set<string>() };
  answered = 0;
  commandLines = 0;
  readonly #options: MixedLoadOptions;
  readonly #pending = new Set<Promise<void>>();
  #next = 0;
  #refilling = true;
  #operating = true;

  constructor(options: MixedLoadOptions) {
    this.#options = options;
  }

  get open(): number {
    return this.#pending.size;
  }

  fill(): void {
    while (this.#refilling && this.#pending.size < this.#options.open) {
      const number = this.#next++;
      const run = number % 8 === 3 ? this.#typed(number) : this.#driven(number);
      const one = run
        .catch((error: unknown) => {
          this.wrong.push(`run ${number}: ${error instanceof Error ? error.message : String(error)}`);
        })
        .finally(() => {
          this.#pending.delete(one);
          this.fill();
        });
      this.#pending.add(one);
    }
  }

  /** Starts nothing more, and waits until all have ended; what has not by then is wrong. */
  async finish(waitMs: number): Promise<void> {
    this.#refilling = false;
    const untilMs = Date.now() + waitMs;
    while (this.#pending.size > 0 && Date.now() < untilMs) await later(50);
    this.#operating = false;
    if (this.#pending.size === 0) return;
    this.wrong.push(`${this.#pending.size} runs had not ended ${waitMs} ms after the last kill`);
    for (const status of ["parked", "waiting", "running"] as const) {
      for (const { id: runId } of (await this.#options.client.runs.list({ status, limit: 20 })).rows)
        this.wrong.push(`${runId} is ${status}: ${JSON.stringify(await this.#options.client.runs.why({ runId }))}`);
    }
  }

  async #driven(number: number): Promise<void> {
    const { client, bundle, logs } = this.#options;
    const input = { logs, value: number };
    const { runId } = await this.#patiently(() => client.runs.start({ bundle, input, idempotencyKey: `mixed-${number}` }));
    this.runs.set(runId, number);
    const ended = await client.runs.result({ runId });
    if (ended.status !== "succeeded" || ended.output !== expectedOf(number)) this.wrong.push(`${runId}: ${JSON.stringify(ended)}`);
  }

  /** A run of somebody who types `heddle run`, and who tries again under the same key while nobody answers. */
  async #typed(number: number): Promise<void> {
    const { env, target, logs } = this.#options;
    const inputs = ["--input", `logs=${logs}`, "--input", `value=${number}`];
    const argv = [cli, "run", flow, ...inputs, "--yes", "--json", "--target", target, "--idempotency-key", `mixed-${number}`];
    this.commandLines++;
    for (let tries = 0; tries < 100; tries++) {
      const child = spawn(process.execPath, argv, { env: { ...process.env, ...env }, stdio: ["ignore", "pipe", "pipe"] });
      let out = "";
      let err = "";
      child.stdout.on("data", (text: Buffer) => {
        out += text.toString();
      });
      child.stderr.on("data", (text: Buffer) => {
        err += text.toString();
      });
      const [code] = (await once(child, "close")) as [number | null];
      const last = JSON.parse(out.trim().split("\n").at(-1) || "{}") as { status?: string; output?: number; error?: { code: string } };
      const runId = /run_[0-9a-z]{26}/.exec(out)?.[0];
      if (runId !== undefined) this.runs.set(runId, number);
      if (code === 0 && last.status === "succeeded" && last.output === expectedOf(number)) return;
      if (last.error?.code !== "daemon-unreachable" && last.error?.code !== "shutting-down" && last.error?.code !== "deadline-exceeded") {
        this.wrong.push(`heddle run ended with ${code}: ${JSON.stringify(last)} ${err.slice(-1_000)}`);
        return;
      }
      await later(100);
    }
    this.wrong.push(`heddle run never came through for run ${number}`);
  }

  /** Answers what is asked and settles what is unknown, until the load has finished. */
  async operate(): Promise<void> {
    while (this.#operating) {
      try {
        await this.#answer();
        await this.#settle();
      } catch (error) {
        if (!passing(error)) this.wrong.push(`the operator: ${error instanceof Error ? error.message : String(error)}`);
      }
      await later(60);
    }
  }

  async #answer(): Promise<void> {
    const { client } = this.#options;
    for (const { id: runId } of (await client.runs.list({ status: "waiting", limit: 200 })).rows) {
      const value = this.runs.get(runId);
      // A run of the command line is answered there.
      if (value === undefined || value % 8 === 3) continue;
      for (const { activation } of (await client.runs.get({ runId })).questions) {
        await client.runs.answer({ runId, activation, answer: true });
        this.answered++;
      }
    }
  }

  async #settle(): Promise<void> {
    const { client, logs } = this.#options;
    const { rows } = await client.calls.list({ status: "outcome-unknown", limit: 200 });
    for (const { id, node, attempt } of rows) {
      const place = placeOf[node];
      if (place === undefined) throw new Error(`a call of ${node} is unknown`);
      const outcome = decide(logs, node, id, attempt);
      const decision = `${id} ${attempt}`;
      if (outcome === "not-executed") {
        if (!this.settled.retried.has(decision)) this.retries.set(id, (this.retries.get(id) ?? 0) + 1);
        this.settled.retried.add(decision);
        await client.calls.settle({ call: id, as: "retry" });
      } else {
        this.settled.succeeded.add(decision);
        await client.calls.settle({ call: id, as: "succeeded", result: resultIn(place, outcome) as JsonValue });
      }
    }
  }

  async #patiently<Value>(ask: () => Promise<Value>): Promise<Value> {
    for (let tries = 0; ; tries++) {
      try {
        return await ask();
      } catch (error) {
        if (!passing(error) || tries > 1_000) throw error;
        await later(50);
      }
    }
  }
}
