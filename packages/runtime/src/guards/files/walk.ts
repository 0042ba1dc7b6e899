/**
 * What is beneath a folder, one folder at a time and in the order of names, for whoever searches it. Links
 * are named and never followed; every bound is on what the walk itself costs.
 */
import { join } from "node:path";
import { isRefusal, type Refusal, refuse, shown } from "../refusal.ts";
import type { Ground } from "./beneath.ts";
import { refusalOfError } from "./file-errors.ts";
import type { EntryKind, Folder } from "./folder.ts";
import { type ReadFile, readFileIn } from "./read-file.ts";

export interface WalkEntry {
  /** Beneath the folder that is walked, with `/`. */
  readonly relative: string;
  readonly name: string;
  readonly kind: EntryKind;
  /** Of what is directly in the folder: 1. */
  readonly depth: number;
  /** The beginning of a file, within both this bound and what is left of the walk's; only during the visit. */
  read(bytesMax: number): Promise<ReadFile | Refusal>;
}

/** `skip`: a folder is not entered; `stop`: the walk is over. */
export type WalkAnswer = "skip" | "stop" | undefined;

export interface WalkOptions {
  readonly entriesMax: number;
  readonly depthMax: number;
  /** Of all that visits read. */
  readonly bytesMax: number;
  readonly signal?: AbortSignal;
  readonly visit: (entry: WalkEntry) => WalkAnswer | Promise<WalkAnswer>;
}

export interface Walked {
  readonly entries: number;
  readonly bytesRead: number;
  /** Files and folders that no path may name, that may not be opened, or that went away. */
  readonly passedOver: number;
  /** A folder was not entered, because it is too deep. */
  readonly tooDeep: boolean;
  /** What ended the walk before its end; undefined where nothing did. */
  readonly stopped?: "entries" | "bytes" | "visit";
}

/** Entries that one folder may have in memory at a time are those that the walk may still visit. Codes: `aborted`. */
export async function walkFolder(
  ground: Pick<Ground, "afterStep">,
  folder: Folder,
  options: WalkOptions,
  hardLinks: "allow" | "refuse",
): Promise<Walked | Refusal> {
  const walk = new Walk(ground, options, hardLinks);
  const refused = await walk.through(folder, "", 1);
  return refused ?? walk.walked();
}

class Walk {
  readonly #ground: Pick<Ground, "afterStep">;
  readonly #options: WalkOptions;
  readonly #hardLinks: "allow" | "refuse";
  #entries = 0;
  #bytesRead = 0;
  #passedOver = 0;
  #tooDeep = false;
  #stopped: Walked["stopped"];

  constructor(ground: Pick<Ground, "afterStep">, options: WalkOptions, hardLinks: "allow" | "refuse") {
    this.#ground = ground;
    this.#options = options;
    this.#hardLinks = hardLinks;
  }

  walked(): Walked {
    return {
      entries: this.#entries,
      bytesRead: this.#bytesRead,
      passedOver: this.#passedOver,
      tooDeep: this.#tooDeep,
      ...(this.#stopped === undefined ? {} : { stopped: this.#stopped }),
    };
  }

  /** A refusal ends the whole walk. */
  async through(folder: Folder, prefix: string, depth: number): Promise<Refusal | undefined> {
    const listing = await folder.list(this.#options.entriesMax - this.#entries);
    if (isRefusal(listing)) return listing;
    this.#passedOver += listing.unnameable;
    for (const { name, kind } of listing.entries) {
      if (this.#options.signal?.aborted === true) return refuse("aborted", `the walk through ${shown(folder.path)} was stopped`);
      if (this.#entries >= this.#options.entriesMax) {
        this.#stopped = "entries";
        return undefined;
      }
      this.#entries += 1;
      const entry = { relative: prefix + name, name, kind, depth, read: (bytesMax: number) => this.#read(folder, name, bytesMax) };
      const answer = await this.#options.visit(entry);
      if (answer === "stop") this.#stopped = "visit";
      if (this.#stopped !== undefined) return undefined;
      if (kind !== "folder" || answer === "skip") continue;
      const refused = await this.#enter(folder, entry);
      if (refused !== undefined || this.#stopped !== undefined) return refused;
    }
    if (listing.truncated) this.#stopped = "entries";
    return undefined;
  }

  async #enter(folder: Folder, entry: WalkEntry): Promise<Refusal | undefined> {
    if (entry.depth >= this.#options.depthMax) {
      this.#tooDeep = true;
      return undefined;
    }
    const entered = await folder.enter(entry.name).catch((error: unknown) => refusalOfError(error, join(folder.path, entry.name)));
    if (isRefusal(entered)) {
      this.#passedOver += 1;
      return undefined;
    }
    try {
      return await this.through(entered, `${entry.relative}/`, entry.depth + 1);
    } catch (error) {
      // A folder that may be entered and not read is passed over; what is no error of the system is thrown on.
      refusalOfError(error, entered.path);
      this.#passedOver += 1;
      return undefined;
    } finally {
      await entered.close();
    }
  }

  async #read(folder: Folder, name: string, bytesMax: number): Promise<ReadFile | Refusal> {
    const left = this.#options.bytesMax - this.#bytesRead;
    const path = join(folder.path, name);
    try {
      const options = { bytesMax: Math.min(bytesMax, left), whenLarger: "cut" } as const;
      const { signal } = this.#options;
      const read = await readFileIn(this.#ground, folder, name, { ...options, ...(signal && { signal }) }, this.#hardLinks);
      if (isRefusal(read)) return read;
      this.#bytesRead += read.bytes.length;
      if (read.truncated && left <= bytesMax) this.#stopped = "bytes";
      return read;
    } catch (error) {
      return refusalOfError(error, path);
    }
  }
}
