/** The files that process nodes name as file URLs: found beside the author's code, and named anew as payloads. */
import { fileURLToPath } from "node:url";
import { isJsonObject, type JsonValue } from "@heddle/core";
import type { Problem } from "../problem.ts";
import { fileAt } from "./source-closure.ts";

/** The members of a workflow, a node or a body that hold nodes, or lead to them. */
export const bodySlots: ReadonlySet<string> = new Set(["nodes", "body", "branches", "catch", "finally"]);

/** The real path of each file that an upload of these workflows names by a file URL. What is not there is a problem at `path`. */
export function programFilesOf(workflows: readonly unknown[], path: string, problems: Problem[]): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  const look = (value: unknown): void => {
    if (typeof value !== "object" || value === null) return;
    if (Array.isArray(value)) for (const item of value) look(item);
    for (const source of fileUrlsOf(value)) {
      if (found.has(source)) continue;
      const place = fileURLToPath(source);
      const file = fileAt(place);
      if (file !== undefined) found.set(source, file);
      else problems.push({ path, message: `a process is to be given ${place}, which is not a file` });
    }
    for (const [name, member] of Object.entries(value)) if (bodySlots.has(name)) look(member);
  };
  for (const workflow of workflows) look(workflow);
  return found;
}

/** Uploads whose file URLs are paths of payloads. */
export function uploadsAsPayloads(uploads: readonly JsonValue[], pathOf: (source: string) => string | undefined): readonly JsonValue[] {
  return uploads.map((upload) => {
    const source = isJsonObject(upload) ? upload["source"] : undefined;
    const path = typeof source === "string" ? pathOf(source) : undefined;
    return path === undefined ? upload : { ...(upload as object), source: path };
  });
}

function fileUrlsOf(node: object): readonly string[] {
  const { kind, uploads } = node as { readonly kind?: unknown; readonly uploads?: readonly JsonValue[] };
  if (kind !== "process" || !Array.isArray(uploads)) return [];
  return uploads
    .map((upload: JsonValue) => (isJsonObject(upload) ? upload["source"] : undefined))
    .filter((source): source is string => typeof source === "string" && source.startsWith("file:"));
}
