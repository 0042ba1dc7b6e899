// `npm run tidy`: prints every fault with its place, then the numbers. Exits with 1 when there is a fault.
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { measure } from "./measure.mjs";
import { tidy } from "./tidy.mjs";

const root = join(fileURLToPath(new URL(".", import.meta.url)), "..", "..");
const started = performance.now();
const { faults, tree } = tidy(root);
for (const { path, line, rule, message } of faults) {
  process.stderr.write(`${path}${line === undefined ? "" : `:${line}`}: ${rule}: ${message}\n`);
}
for (const line of measure(tree)) process.stdout.write(`tidy: ${line}\n`);
const seconds = ((performance.now() - started) / 1000).toFixed(2);
process.stdout.write(`tidy: ${faults.length} faults in ${tree.texts.size} files, ${seconds} s\n`);
process.exitCode = faults.length > 0 ? 1 : 0;
