/**
 * What is owed. Machines differ and are noisy, so a bar is a ratio to the bare journal of the same run
 * wherever one makes sense. A bar in milliseconds is meant for the machine on which the bare journal
 * gives the reference figures below; elsewhere what was measured is scaled by how the bare journal does.
 */
export const reference = {
  /** The bare journal, milliseconds: p50 of one workflow of 1 and of 10 steps, of 1,000 items and their reduction, and 1,000 recovered after a kill. */
  w2Ms: { 1: 0.21, 10: 0.87 },
  w3Ms: 4.5,
  w5Ms: 213,
} as const;

export const owed = {
  /** Of the workflows per second of the bare journal, at 256 at a time and 64 bytes. */
  w1Share: 0.2,
  w1ShareAim: 0.5,
  /** Through the gRPC API with a worker in another process, 256 at a time and 1 KiB. */
  w1WorkerStepsPerSecond: 10_000,
  w2Ms: { 1: 1, 10: 4 },
  w3Ms: 40,
  w3MsAim: 10,
  /** Events to one follower, and deliveries to a hundred. */
  w4PerSecond: 30_000,
  w4DeliveriesPerSecond: 60_000,
  w5Ms: 1_500,
  w5TwicePerRun: 1,
  w7Growth: 1.1,
  /** How far the resident set may exceed what it was after the first tenth. */
  w7RssGrowth: 1.1,
  w7BytesPerStep: 1_024,
  /** A step by an action in this process, over one by a handler. */
  w9LocalUs: 50,
  w9PluginMs: 1.5,
  /** At 64 workflows at a time. */
  w9PluginPerSecond: 5_000,
  w9NodeMs: 2,
} as const;

/** Milliseconds as they would be on the machine of the reference figures. */
export function scaled(ms: number, bareMs: number, referenceMs: number): number {
  return (ms * referenceMs) / bareMs;
}
