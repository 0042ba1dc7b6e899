/**
 * Who imports what, as the bundler comes across it: so that what is wrong deep in a package is told where the author's own
 * code leads there.
 */
import type { Span } from "../diagnostics/index.ts";
import { pathFrom } from "./package-files.ts";
import type { OwnFile } from "./plain-closure.ts";

export interface ImportTrail {
  /** Remembers that one module names another. */
  add(importer: string, specifier: string, id: string): void;
  /** Where one of the author's files names a specifier. */
  spanOf(importer: string, specifier: string): Span | undefined;
  /** Where the author's code leads to a module, by the shortest way; the same for the same modules. */
  spanTo(id: string): Span | undefined;
}

export function createImportTrail(base: string, files: ReadonlyMap<string, OwnFile>): ImportTrail {
  const importers = new Map<string, { readonly importer: string; readonly specifier: string }[]>();
  const spanOf = (importer: string, specifier: string): Span | undefined => {
    const file = files.get(importer);
    const found = file?.module?.references.find((one) => one.specifier === specifier && one.kind !== "type" && one.kind !== "asset");
    return file === undefined || found === undefined ? undefined : file.source.span(found.start, found.end);
  };
  return {
    spanOf,
    add(importer, specifier, id) {
      const known = importers.get(id) ?? [];
      known.push({ importer, specifier });
      importers.set(id, known);
    },
    spanTo(id) {
      const seen = new Set([id]);
      for (let level = [id]; level.length > 0; ) {
        const before = level
          .flatMap((one) => importers.get(one) ?? [])
          .sort((a, b) => compare(pathFrom(base, a.importer), pathFrom(base, b.importer)) || compare(a.specifier, b.specifier));
        for (const { importer, specifier } of before) {
          const span = spanOf(importer, specifier);
          if (span !== undefined) return span;
        }
        level = before.map(({ importer }) => importer).filter((one) => !seen.has(one) && seen.add(one));
      }
      return undefined;
    },
  };
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
