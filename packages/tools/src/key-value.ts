/**
 * Values by key that outlive a call, in a store that the program gives.
 *
 * Whose values they are is never an argument: keys are of the tenant of the run, and of the run alone where the tools
 * were made so. No call can name another tenant's.
 */
import { defineTool, type JsonValue, type RunId, type TenantId, type Tool, type ToolContext } from "@heddle/core";
import * as z from "zod";
import { toolFailure } from "./tool-failure.ts";

/** Whose values: with `run` those of one run. */
export interface KeyValueScope {
  readonly tenant: TenantId;
  readonly run?: RunId;
}

/** Where values are kept. Writing replaces; a write that has resolved is seen by every read that begins later. */
export interface KeyValueStore {
  get(scope: KeyValueScope, key: string): Promise<JsonValue | undefined>;
  set(scope: KeyValueScope, key: string, value: JsonValue): Promise<{ readonly replaced: boolean }>;
}

export interface KeyValueOptions {
  /** `tenant` (default): all runs of a tenant share their values. `run`: each run has its own. */
  readonly scope?: "tenant" | "run";
}

/** Of a value, as JSON text. */
export const valueCharactersMax = 256 * 1024;

const key = z.string().min(1).max(512).describe("The name of the value");

interface Names {
  readonly read: { readonly name: string; readonly capability: string };
  readonly write: { readonly name: string; readonly capability: string };
}

/** `kvRead` and `kvWrite` (capabilities `kv.read` and `kv.write`) on a store. Failures: `tool-failed` for a value that is too large, and a store that is full. */
export function createKeyValueTools(
  store: KeyValueStore,
  options: KeyValueOptions = {},
): { readonly kvRead: Tool; readonly kvWrite: Tool } {
  const { read, write } = toolsOn(store, options, {
    read: { name: "kvRead", capability: "kv.read" },
    write: { name: "kvWrite", capability: "kv.write" },
  });
  return { kvRead: read, kvWrite: write };
}

/** The same as `storageRead` and `storageWrite`, for texts that name `browser.storage.read` and `browser.storage.write`. */
export function createStorageTools(
  store: KeyValueStore,
  options: KeyValueOptions = {},
): { readonly storageRead: Tool; readonly storageWrite: Tool } {
  const { read, write } = toolsOn(store, options, {
    read: { name: "storageRead", capability: "browser.storage.read" },
    write: { name: "storageWrite", capability: "browser.storage.write" },
  });
  return { storageRead: read, storageWrite: write };
}

function toolsOn(store: KeyValueStore, { scope = "tenant" }: KeyValueOptions, names: Names): { readonly read: Tool; readonly write: Tool } {
  const scopeOf = ({ tenant, run }: ToolContext): KeyValueScope => (scope === "run" ? { tenant, run } : { tenant });
  const read = defineTool({
    ...names.read,
    description: "Reads the value that was written under a key. `found` is false where there is none.",
    input: z.strictObject({ key }),
    handler: async ({ key: name }, context) => {
      const value = await store.get(scopeOf(context), name);
      return { key: name, found: value !== undefined, value: value ?? null };
    },
  });
  const write = defineTool({
    ...names.write,
    description: "Writes a value under a key, in the place of the one that was there.",
    input: z.strictObject({ key, value: z.unknown().refine((value) => value !== undefined, "a value is needed; null is one") }),
    handler: async ({ key: name, value }, context) => {
      const text = JSON.stringify(value);
      if (text.length > valueCharactersMax)
        throw toolFailure(
          `the value has ${text.length} characters as JSON, and at most ${valueCharactersMax} are kept: write it to a file`,
        );
      const { replaced } = await store.set(scopeOf(context), name, value as JsonValue);
      return { key: name, replaced };
    },
  });
  return { read, write };
}
