/** The manifests under `fixtures/manifests`, and copies of them with one place changed. */
import { readdirSync, readFileSync } from "node:fs";
import { join, relative, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { payloadsOf } from "../src/frontends/manifest/check-payloads.ts";

export const manifestsFolder = fileURLToPath(new URL("../fixtures/manifests/", import.meta.url));
export const fixtureNames: readonly string[] = readdirSync(manifestsFolder).sort();

export function fixtureText(name: string): string {
  return readFileSync(join(manifestsFolder, name, "manifest.json"), "utf8");
}

export function fixturePayloads(name: string) {
  const root = join(manifestsFolder, name, "payloads");
  const files = readdirSync(root, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return payloadsOf(files.map((entry) => relative(root, join(entry.parentPath, entry.name)).split(sep).join("/")));
}

type Place = Record<string, unknown>;

/** A document with the value at a dotted path replaced; `undefined` removes it. Numbers are indices, `+` appends. */
export function changed(text: string, changes: readonly (readonly [path: string, value: unknown])[]): string {
  const document: unknown = JSON.parse(text);
  for (const [path, value] of changes) {
    const steps = path.split(".");
    const last = steps.pop() ?? "";
    let at = document as Place;
    for (const step of steps) {
      at[step] ??= {};
      at = at[step] as Place;
    }
    if (last === "+") (at as unknown as unknown[]).push(value);
    else if (value === undefined) delete at[last];
    else at[last] = value;
  }
  return JSON.stringify(document);
}
