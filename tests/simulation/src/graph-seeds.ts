/** Which seeds the comparisons of graphs play: HEDDLE_SEEDS=<count> plays more or fewer, HEDDLE_SEED=<seed> that one alone. */
import type { Story } from "./graph-play.ts";

/** Under the number of seeds that the histograms speak of, nothing is said about how often things occur. */
export const graphSeedsDefault = 2_000;

export function graphSeeds(): { readonly list: readonly number[]; readonly whole: boolean } {
  const { HEDDLE_SEED: one, HEDDLE_SEEDS: count } = process.env;
  if (one !== undefined) return { list: [Number(one)], whole: false };
  const length = count === undefined ? graphSeedsDefault : Number(count);
  return { list: Array.from({ length }, (_, i) => i + 1), whole: length >= graphSeedsDefault };
}

/** The error of a story, with what is needed to see it again. */
export function failureOfStory({ seed, ir, steps }: Story, error: unknown): TypeError {
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  const lines = [
    ...ir.nodes.map((node) => `  node ${JSON.stringify(node)}`),
    ...ir.edges.map((edge) => `  edge ${JSON.stringify(edge)}`),
    ...(["seeds", "type", "backpressure", "limits", "restart", "reschedule"] as const).flatMap((name) =>
      ir[name] === undefined ? [] : [`  ${name} ${JSON.stringify(ir[name])}`],
    ),
    ...steps.map((step) => `  ${step}`),
  ];
  return new TypeError(`${text}\nHEDDLE_SEED=${seed} plays it again:\n${lines.join("\n")}`, { cause: error });
}

/** Occurrences that a sound comparison has: fewer mean that it has lost its teeth. */
export const graphHappenings: readonly string[] = [
  ...["settle", "answer", "time", "message", "message-refused", "signal", "replay", "cancel"],
  ...["succeeded", "cancelled", "graph-incomplete", "limit-exceeded", "flaky", "rejected"].map((name) => `ends-${name}`),
  ...["unroutable", "run-completed", "stream-repeated", "join-repeated", "join-late", "graph-incomplete", "flaky"].map(
    (name) => `letter-${name}`,
  ),
  ...["node-passed", "messages-gathered", "gathering-ended", "node-restarted", "pressure-changed", "messages-dead-lettered"].map(
    (name) => `event-${name}`,
  ),
  ...["letters-replayed", "run-completing", "run-failing", "activations-aborting", "attempt-failed"].map((name) => `event-${name}`),
];
