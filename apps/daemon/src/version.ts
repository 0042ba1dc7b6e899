/** The version of this package, as its package.json says. */
import { readFileSync } from "node:fs";
import * as z from "zod";

const PackageFile = z.object({ version: z.string() });

/** As in `0.1.0`. */
export const daemonVersion: string = PackageFile.parse(
  JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8")),
).version;
