/**
 * Which faults a seed brings. Each place where something may go wrong has a name, and whether it does follows from the
 * seed and that name alone: leaving one fault out changes none of the others, so that a failure can be reduced to the few
 * faults behind it.
 */
import { SeededRandom, seedOf } from "./seeded-random.ts";

/** What may go wrong, in families of which a seed draws some. */
export const faultFamilies = ["crash", "attempt", "visit", "slow", "person", "signal", "operator", "clock"] as const;
export type FaultFamily = (typeof faultFamilies)[number];

/** A fault that happened. */
export interface Fault {
  /** Where: names of nodes, activations, attempts and requests. */
  readonly site: string;
  readonly kind: string;
  /** Virtual milliseconds since the start. */
  readonly atMs: number;
  /** One clause for people. */
  readonly text: string;
}

/** A fault that was decided on; `dice` are its own. */
export interface Drawn<Kind extends string> {
  readonly kind: Kind;
  readonly dice: SeededRandom;
}

/** More would test patience, and not the workflow. */
const faultsMax = 24;

export class FaultPlan {
  readonly faults: Fault[] = [];
  readonly #seed: number;
  readonly #only: ReadonlySet<string> | undefined;
  readonly #families = new Set<FaultFamily>();
  readonly #rate: number;

  /**
   * @param only the faults that may happen, as {@link keyOfFault} names them; absent: all that the seed brings
   * @param calm nothing goes wrong but what {@link happened} is told
   */
  constructor(seed: number, only?: ReadonlySet<string>, calm = false) {
    const dice = new SeededRandom(seedOf(seed, "families"));
    this.#seed = seed;
    this.#only = only;
    // A few kinds of trouble at a time, and seldom or often: seeds that are all alike find the same things.
    this.#rate = dice.pick([0.04, 0.1, 0.25, 0.5]);
    for (const family of faultFamilies) if (!calm && dice.chance(0.6)) this.#families.add(family);
  }

  /** Dice of a place, the same for every play of the seed. */
  diceOf(site: string): SeededRandom {
    return new SeededRandom(seedOf(this.#seed, site));
  }

  /** Whether something goes wrong at a place. `rate`: how likely, where the family is drawn; default: as the seed has it. */
  draw<Kind extends string>(
    family: FaultFamily,
    site: string,
    weights: Readonly<Record<Kind, number>>,
    rate = this.#rate,
  ): Drawn<Kind> | undefined {
    if (!this.#families.has(family) || this.faults.length >= faultsMax) return undefined;
    const dice = this.diceOf(site);
    if (!dice.chance(rate)) return undefined;
    const kind = dice.weighted(weights);
    return this.allows(site, kind) ? { kind, dice } : undefined;
  }

  allows(site: string, kind: string): boolean {
    return this.#only === undefined || this.#only.has(keyOfFault({ site, kind }));
  }

  happened(fault: Fault): void {
    this.faults.push(fault);
  }
}

/** What names a fault across plays of one seed. */
export function keyOfFault({ site, kind }: Pick<Fault, "site" | "kind">): string {
  return `${site}\n${kind}`;
}
