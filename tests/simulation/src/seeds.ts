/** Which seeds a test plays: HEDDLE_SEEDS=<count> plays more or fewer, HEDDLE_SEED=<seed> that one alone. */
import { printed } from "./print.ts";
import { programOf } from "./program.ts";

/** Under the number of seeds that the histograms speak of, nothing is said about how often things occur. */
export const seedsDefault = 10_000;

export function seeds(): { readonly list: readonly number[]; readonly whole: boolean } {
  const { HEDDLE_SEED: one, HEDDLE_SEEDS: count } = process.env;
  if (one !== undefined) return { list: [Number(one)], whole: false };
  const length = count === undefined ? seedsDefault : Number(count);
  return { list: Array.from({ length }, (_, i) => i + 1), whole: length >= seedsDefault };
}

/** The error of a seed, with what is needed to see it again. */
export function failureOfSeed(seed: number, error: unknown): TypeError {
  const text = error instanceof Error ? error.message : String(error);
  return new TypeError(`${text}\nHEDDLE_SEED=${seed} plays it again:\n${printed(programOf(seed))}`, { cause: error });
}

/** How many programs each thing occurred in. */
export class Histogram {
  readonly #counts = new Map<string, number>();

  add(names: Iterable<string>): void {
    for (const name of names) this.#counts.set(name, (this.#counts.get(name) ?? 0) + 1);
  }

  under(least: number, names: Iterable<string> = this.#counts.keys()): readonly string[] {
    return [...names].filter((name) => (this.#counts.get(name) ?? 0) < least).map((name) => `${name}: ${this.#counts.get(name) ?? 0}`);
  }

  toString(): string {
    return [...this.#counts]
      .sort(([, a], [, b]) => b - a)
      .map(([name, count]) => `${name} ${count}`)
      .join(", ");
  }
}
