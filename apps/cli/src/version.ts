/** The version of this package, as its package.json says. */
import { readFileSync } from "node:fs";

function readVersion(): string {
  const file: unknown = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8"));
  return typeof file === "object" && file !== null && "version" in file ? String(file.version) : "unknown";
}

/** As in `0.1.0`. */
export const cliVersion: string = readVersion();
