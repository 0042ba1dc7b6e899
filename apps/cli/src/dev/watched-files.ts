/** The files that a compilation depends on: those that were read, those that are missing, and what the bundle took along. */
import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import type { CompiledInput } from "../compiled-inputs.ts";

/** Absolute paths. Some may name nothing yet. */
export async function watchedFiles(path: string, input: CompiledInput | undefined): Promise<ReadonlySet<string>> {
  const { readPlainSources } = await import("@heddle/compiler");
  const read = readPlainSources(path);
  const files = new Set([path, ...(read === undefined ? [join(path, "manifest.json")] : [...read.files.keys(), ...read.referred])]);
  const folder = read?.folder ?? join(path, "payloads");
  for (const payload of input?.bundle?.files.keys() ?? []) {
    const file = resolve(folder, ...payload.split("/"));
    if (!payload.startsWith("node_modules/") && existsSync(file)) files.add(file);
  }
  return files;
}
