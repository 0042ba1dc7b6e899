/** What the steps hand to each other: plain data, so that every value can be journalled. */

/** A commit as git tells of it. */
export interface Commit {
  readonly hash: string;
  readonly author: string;
  /** RFC 3339. */
  readonly date: string;
  readonly subject: string;
  readonly body: string;
}

/** Which part of a history the notes are about. */
export interface Stretch {
  /** The branch, or `detached at <hash>`; null when there are no commits at all. */
  readonly head: string | null;
  readonly since: string | null;
  /** There are more commits than were asked for. */
  readonly truncated: boolean;
  /** The repository does not hold its whole history. */
  readonly shallow: boolean;
}

/** That part, with its commits. */
export interface History extends Stretch {
  /** Newest first. */
  readonly commits: readonly Commit[];
}

export type Section = "breaking" | "features" | "fixes" | "performance" | "documentation" | "maintenance";

/** The sections of the notes, in their order. */
export const sections: readonly Section[] = ["breaking", "features", "fixes", "performance", "documentation", "maintenance"];

/** A commit as it stands in the notes. */
export interface Entry {
  readonly section: Section;
  readonly subject: string;
  readonly scope: string | null;
  readonly author: string;
  readonly hash: string;
  readonly date: string;
}

/** A failure that trying again does not change. Its code is what failure edges and people see. */
export class ReleaseNotesError extends Error {
  readonly code: string;
  readonly retryable = false;

  constructor(code: string, message: string) {
    super(message);
    this.name = "ReleaseNotesError";
    this.code = code;
  }
}
