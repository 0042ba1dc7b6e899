/** Families of calls that must not be carried out, each case beside the nearest one that must. For tests alone. */
import type { RefusalCode } from "../refusal.ts";

export interface Family<Case> {
  readonly name: string;
  readonly cases: readonly Case[];
}

/** What is tried, why it is refused, and what differs as little as possible and is not refused. */
export interface EvilCase<Tried> {
  readonly evil: Tried;
  readonly refused: RefusalCode;
  readonly twin: Tried;
}

/** A character that cannot be seen, or that an editor would change, by its number. */
export function character(codePoint: number): string {
  return String.fromCharCode(codePoint);
}
