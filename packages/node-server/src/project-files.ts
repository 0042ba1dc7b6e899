/** What the folder of a node server says of it: `nanoserver.json`, and the name of its package. */
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { HeddleError } from "@heddle/core";

/** The configuration in `nanoserver.json`. Throws `config-invalid` where there is none, or it is not JSON. */
export function readServerFile(folder: string): unknown {
  const path = join(folder, "nanoserver.json");
  const text = textOf(path);
  if (text === undefined) throw new HeddleError("config-invalid", "give a configuration, or start in a folder with a nanoserver.json");
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new HeddleError("config-invalid", "nanoserver.json is not JSON", { cause: error });
  }
}

/** The name in the nearest `package.json`, from this folder upwards; undefined where there is none. */
export function readPackageName(folder: string): string | undefined {
  for (let at = folder; ; at = dirname(at)) {
    const name = nameIn(textOf(join(at, "package.json")));
    if (name !== undefined) return name;
    if (dirname(at) === at) return undefined;
  }
}

function nameIn(text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  try {
    const manifest: unknown = JSON.parse(text);
    if (typeof manifest !== "object" || manifest === null || !("name" in manifest)) return undefined;
    return typeof manifest.name === "string" && manifest.name !== "" ? manifest.name : undefined;
  } catch {
    // One that cannot be read names nothing.
    return undefined;
  }
}

function textOf(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}
