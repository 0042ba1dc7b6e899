/**
 * Hears that something changed beside the sources. Folders are watched and not files, since editors put a new file in
 * the place of the old one. What the change was is not told: whoever listens reads again, and compares.
 */
import { existsSync, type FSWatcher, watch } from "node:fs";
import { basename, dirname } from "node:path";
import { HeddleError } from "@heddle/core";

/** Changes so close to each other are one: an editor writes in several steps. */
const quietMs = 50;

export class SourceWatcher implements Disposable {
  readonly #watchers = new Map<string, FSWatcher>();
  readonly #ignored: ReadonlySet<string>;
  #changed = false;
  #timer: NodeJS.Timeout | undefined;
  #wake: (() => void) | undefined;

  /** Names that change without being sources: folders of data, for instance. */
  constructor(ignored: readonly string[]) {
    this.#ignored = new Set([...ignored.map((path) => basename(path)), "node_modules", ".git"]);
  }

  /** Watches the folders of these paths and no others, and says whether one of them is new. Errors: `request-invalid`. */
  watch(paths: Iterable<string>): boolean {
    const folders = new Set([...paths].map((path) => nearestFolder(dirname(path))));
    for (const [folder, watcher] of this.#watchers) {
      if (folders.has(folder)) continue;
      watcher.close();
      this.#watchers.delete(folder);
    }
    const fresh = [...folders].filter((folder) => !this.#watchers.has(folder));
    for (const folder of fresh) this.#open(folder);
    return fresh.length > 0;
  }

  /** Waits for a change that was not waited for yet, and for the quiet after it. Returns at once when the signal says so. */
  async changed(signal: AbortSignal): Promise<void> {
    const stop = () => this.#wake?.();
    signal.addEventListener("abort", stop, { once: true });
    while (!signal.aborted && (!this.#changed || this.#timer !== undefined)) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    signal.removeEventListener("abort", stop);
    this.#changed = false;
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
    for (const watcher of this.#watchers.values()) watcher.close();
    this.#watchers.clear();
  }

  #open(folder: string): void {
    let watcher: FSWatcher;
    try {
      watcher = watch(folder, (_, name) => {
        if (name === null || !this.#ignored.has(name)) this.#note();
      });
    } catch (error) {
      const { code } = error as { code?: unknown };
      if (code !== "ENOENT") {
        throw new HeddleError("request-invalid", `the folder ${folder} cannot be watched (${String(code)})`, { cause: error });
      }
      // It went away in this moment: the next look finds the nearest one that is there.
      this.#note();
      return;
    }
    watcher.on("error", () => {
      watcher.close();
      this.#watchers.delete(folder);
      this.#note();
    });
    this.#watchers.set(folder, watcher);
  }

  #note(): void {
    this.#changed = true;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#wake?.();
    }, quietMs);
  }
}

function nearestFolder(folder: string): string {
  for (let at = folder; ; at = dirname(at)) if (existsSync(at) || dirname(at) === at) return at;
}
