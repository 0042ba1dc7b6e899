// Numbers that are reported, not enforced: how long files are, and how often the sources overrule the compiler.
import { calm } from "./rules.mjs";
import { isTest } from "./tree.mjs";

function quantile(sorted, share) {
  return sorted.length === 0 ? 0 : sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];
}

/** Casts in blanked code: `x as T`, without `as const`, renames in import and export lists, and namespace imports. */
export function castsIn(code) {
  const statements = /\b(?:import|export)\b\s*(?:type\s*)?(?:[\w$]+\s*,\s*)?(?:\{[^}]*\}|\*\s*as\s+[\w$]+)/g;
  const rest = code.replace(statements, "");
  return [...rest.matchAll(/[\w$)\]}'"`!>]\s+as\s+(?!const\b)(?=[\w${[('"`])/g)].length;
}

/** One line per number, each beside what it should be about. */
export function measure(tree) {
  const files = tree.sources.filter(({ path }) => /^(?:packages|apps|plugins)\/[^/]+\/src\//.test(path) && !isTest(path));
  const lengths = files.map(({ lines }) => lines).sort((a, b) => a - b);
  const total = lengths.reduce((sum, lines) => sum + lines, 0);
  const casts = files.reduce((sum, { code }) => sum + castsIn(code), 0);
  const perThousand = total === 0 ? 0 : (casts / total) * 1000;
  return [
    `${files.length} source files, ${total} lines`,
    `file length: median ${quantile(lengths, 0.5)} (calm: ${calm.medianLines}), p95 ${quantile(lengths, 0.95)} (calm: ${calm.p95Lines})`,
    `casts: ${casts}, ${perThousand.toFixed(1)} per thousand lines (calm: ${calm.castsPerThousandLines})`,
  ];
}
