/** Two stores for the key-value tools: in memory, and in a folder that outlives the process. */
import { mkdir, open, readdir, readFile, rename, unlink } from "node:fs/promises";
import { join } from "node:path";
import { hashJson, isJsonObject, type JsonValue, parseJson } from "@heddle/core";
import type { KeyValueScope, KeyValueStore } from "./key-value.ts";
import { toolFailure } from "./tool-failure.ts";

export interface KeyValueStoreOptions {
  /** Keys of all scopes together; one more is refused with `tool-failed`. Default 10,000. */
  readonly keysMax?: number;
}

const keysMaxDefault = 10_000;

function identityOf({ tenant, run }: KeyValueScope, key: string): JsonValue {
  return [tenant, run ?? null, key];
}

function full(keysMax: number): Error {
  return toolFailure(`the store has ${keysMax} keys, which is all that it keeps: write under a key that there is`);
}

/** Values until the process ends. */
export function createMemoryKeyValueStore({ keysMax = keysMaxDefault }: KeyValueStoreOptions = {}): KeyValueStore {
  const values = new Map<string, JsonValue>();
  return {
    get: (scope, key) => Promise.resolve(values.get(JSON.stringify(identityOf(scope, key)))),
    async set(scope, key, value) {
      const identity = JSON.stringify(identityOf(scope, key));
      const replaced = values.has(identity);
      if (!replaced && values.size >= keysMax) throw full(keysMax);
      values.set(identity, value);
      return { replaced };
    },
  };
}

/**
 * Values in files of one folder, which is made when it is first written to. A write is whole or has not happened, also
 * when the power goes; several processes may share the folder, and the last write wins.
 */
export function createFileKeyValueStore(folder: string, { keysMax = keysMaxDefault }: KeyValueStoreOptions = {}): KeyValueStore {
  let written = 0;
  const nameOf = (scope: KeyValueScope, key: string): string => `${hashJson(identityOf(scope, key)).replace(/\W/g, "-")}.json`;
  return {
    async get(scope, key) {
      const text = await readFile(join(folder, nameOf(scope, key)), "utf8").catch((error: unknown) => {
        if (codeOf(error) === "ENOENT") return undefined;
        throw unreadable(key, codeOf(error));
      });
      return text === undefined ? undefined : keptValue(text, key);
    },
    async set(scope, key, value) {
      const name = nameOf(scope, key);
      const temporary = join(folder, `${name}.${process.pid}-${written++}.tmp`);
      try {
        await mkdir(folder, { recursive: true, mode: 0o700 });
        const names = await readdir(folder);
        const replaced = names.includes(name);
        if (!replaced && names.filter((each) => each.endsWith(".json")).length >= keysMax) throw full(keysMax);
        await writeWhole(temporary, JSON.stringify({ key, value }));
        await rename(temporary, join(folder, name));
        await syncFolder(folder);
        return { replaced };
      } catch (error) {
        await unlink(temporary).catch(() => undefined);
        const code = codeOf(error);
        throw code === undefined || !/^E[A-Z]+$/.test(code)
          ? error
          : toolFailure(`the value of ${JSON.stringify(key)} cannot be written (${code})`);
      }
    },
  };
}

async function writeWhole(path: string, text: string): Promise<void> {
  const handle = await open(path, "wx", 0o600);
  try {
    await handle.writeFile(text);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Makes the new name durable; systems that cannot do that for a folder do it by themselves. */
async function syncFolder(folder: string): Promise<void> {
  if (process.platform === "win32") return;
  const handle = await open(folder, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

function keptValue(text: string, key: string): JsonValue {
  try {
    const kept = parseJson(text);
    const value = isJsonObject(kept) ? kept["value"] : undefined;
    if (value !== undefined) return value;
  } catch {
    // Told below.
  }
  throw unreadable(key, undefined);
}

function unreadable(key: string, code: string | undefined): Error {
  return toolFailure(
    `the value of ${JSON.stringify(key)} cannot be read${code === undefined ? ": its file is damaged; write it anew" : ` (${code})`}`,
  );
}

function codeOf(error: unknown): string | undefined {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : undefined;
}
