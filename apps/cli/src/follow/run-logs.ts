/**
 * What handlers say while their run is shown, between its events: everything, or only what went wrong, which is where a
 * stack trace stands. It is beside the run: logs that cannot be read are no reason to end anything.
 */
import { setTimeout as sleep } from "node:timers/promises";
import type { Client } from "@heddle/client";
import type { LogRecord } from "@heddle/core";
import { type Colour, type Paint, plainText } from "../style.ts";

/** `errors`: read when something failed. `all`: also read again and again, since handlers speak between events. */
export type LogsShown = "all" | "errors";

export interface RunLogsOptions {
  readonly runId: string;
  readonly shown: LogsShown;
  readonly client: () => Client;
  readonly paint: Paint;
  readonly line: (text: string) => void;
}

const batch = 1_000;
const lookAgainMs = 300;
const colours: Readonly<Partial<Record<string, Colour>>> = { error: "red", warn: "yellow" };

export class RunLogs {
  readonly #options: RunLogsOptions;
  /** Where to go on; unknown before the first look. */
  #after: number | undefined;
  #turn: Promise<void> = Promise.resolve();
  /** What an activation said last: a retry that fails in the same way says the same. */
  readonly #last = new Map<string, string>();

  constructor(options: RunLogsOptions) {
    this.#options = options;
  }

  /** Passes over what was said before somebody looked. */
  skip(): Promise<void> {
    return this.#look(() => undefined);
  }

  /** Shows what was said since the last look. */
  show(): Promise<void> {
    return this.#look((record) => this.#tell(record));
  }

  /** Where all is shown, shows it until the signal. */
  async keepShowing(signal: AbortSignal): Promise<void> {
    if (this.#options.shown !== "all") return;
    while (!signal.aborted) {
      await sleep(lookAgainMs, undefined, { signal }).catch(() => undefined);
      if (!signal.aborted) await this.show();
    }
  }

  /** One look at a time. */
  #look(take: (record: LogRecord) => void): Promise<void> {
    this.#turn = this.#turn.then(() => this.#read(take)).catch(() => undefined);
    return this.#turn;
  }

  async #read(take: (record: LogRecord) => void): Promise<void> {
    const { client, runId } = this.#options;
    for (;;) {
      const records = await client().runs.logs({ runId, after: this.#after ?? 0, limit: batch });
      for (const record of records) take(record);
      this.#after = records.at(-1)?.n ?? this.#after ?? 0;
      if (records.length < batch) return;
    }
  }

  #tell({ level, node, activation, text, fields }: LogRecord): void {
    const { shown, line, paint } = this.#options;
    if (shown === "errors" && level !== "error") return;
    const from = node === undefined ? "" : `${node}${activation === undefined ? "" : `#${activation}`} `;
    const said = `${plainText(text).trimEnd()}${fields === undefined ? "" : `  ${JSON.stringify(fields)}`}`;
    if (level === "error" && this.#last.get(from) === said) return;
    this.#last.set(from, said);
    const colour = colours[level];
    const word = colour === undefined ? level : paint(colour, level);
    line(`  ${from}${word}: ${said.replaceAll("\n", "\n    ")}`);
  }
}
