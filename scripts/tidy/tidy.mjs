// All checks over one tree, and the exceptions that were granted. Both the command and its self-test start here.
import { importFaults } from "./check-imports.mjs";
import { purityFaults } from "./check-purity.mjs";
import { styleFaults } from "./check-style.mjs";
import { textFaults } from "./check-texts.mjs";
import { lineAt } from "./lex.mjs";
import { readTree } from "./tree.mjs";

const exceptionsPath = "scripts/tidy/exceptions.json";

/**
 * An exception lets one rule pass in one file, for a written reason; for file-length it also names the cap that holds
 * instead. One that is no longer needed is itself a fault, so that the list only ever describes the present.
 */
function applyExceptions(faults, exceptions, tree) {
  const used = new Set();
  const kept = faults.filter((fault) => {
    const granted = exceptions.find(({ rule, path }) => rule === fault.rule && path === fault.path);
    if (granted === undefined) return true;
    used.add(granted);
    if (granted.maxLines === undefined) return false;
    return (tree.sources.find(({ path }) => path === fault.path)?.lines ?? 0) > granted.maxLines;
  });
  for (const granted of exceptions) {
    const about = `${granted.rule} in ${granted.path}`;
    const fault = (message) => ({ rule: "exceptions", path: exceptionsPath, message });
    if (!granted.reason) kept.push(fault(`${about}: without a reason`));
    if (granted.rule === "file-length" && granted.maxLines === undefined) kept.push(fault(`${about}: without maxLines`));
    if (!used.has(granted)) kept.push(fault(`${about}: no longer needed`));
  }
  return kept;
}

/** @returns {{ faults: { rule: string, path: string, line?: number, message: string }[], tree: ReturnType<typeof readTree> }} */
export function tidy(root) {
  const tree = readTree(root);
  const exceptions = JSON.parse(tree.texts.get(exceptionsPath) ?? "[]");
  const found = [...importFaults(tree), ...purityFaults(tree), ...styleFaults(tree), ...textFaults(tree)];
  const faults = applyExceptions(found, exceptions, tree).map(({ at, ...fault }) => ({
    ...fault,
    ...(at === undefined ? {} : { line: lineAt(tree.texts.get(fault.path) ?? "", at) }),
  }));
  faults.sort((a, b) => a.path.localeCompare(b.path) || (a.line ?? 0) - (b.line ?? 0));
  return { faults, tree };
}
