/**
 * What a workload asks of a system under test. The bare journal and Heddle both offer it, so that
 * every workload is written once and asks the same of both.
 */
export interface System {
  /** As the measured connection says, not as it was asked for. */
  readonly settings: Readonly<Record<string, string>>;
  /** Runs one workflow whose steps follow each other; resolves once its end is durable and its output is checked. */
  runWorkflow(steps: number): Promise<void>;
  /** Runs one workflow that works on so many items at once and sums up what they gave; resolves as `runWorkflow` does. */
  mapReduce(items: number): Promise<void>;
  /** Starts the workflow of a key, or takes it up again; `started` is told, once that is durable, whether it was there already. */
  attach(key: string, steps: number, started: (existing: boolean) => void): Promise<void>;
  /** How often the journal holds each step of the workflow of a key. */
  committed(key: string, steps: number): Promise<readonly number[]>;
  close(): Promise<void>;
}

export interface SystemOptions {
  readonly folder: string;
  /** Length of the text that each step gives. */
  readonly resultBytes: number;
  /** Called by each execution of a step. */
  readonly onStep?: ((run: string, step: number) => void) | undefined;
}

export type SystemName = "bare" | "heddle";

/** Refuses a connection that does not sync every commit: its figures would not be comparable. */
export function assertDurable(settings: Readonly<Record<string, string>>): void {
  const { journal_mode: mode, synchronous } = settings;
  if (mode === "wal" && synchronous === "2") return;
  throw new Error(`not measured: journal_mode is ${mode}, synchronous is ${synchronous}, and wal with FULL (2) is asked for`);
}
