/** The official tools that a configuration names, each loaded only when it is named. */
import { join } from "node:path";
import { HeddleError, nearestName, type Tool } from "@heddle/core";

/** Where tools keep what outlives a call: a folder of the daemon's data. */
type Load = (dataDir: string) => Promise<Tool>;

const loaders: Readonly<Record<string, Load>> = {
  readFile: async () => (await import("@heddle/tools/read-file")).readFile,
  writeFile: async () => (await import("@heddle/tools/write-file")).writeFile,
  editFile: async () => (await import("@heddle/tools/edit-file")).editFile,
  listFiles: async () => (await import("@heddle/tools/list-files")).listFiles,
  globFiles: async () => (await import("@heddle/tools/glob-files")).globFiles,
  grepFiles: async () => (await import("@heddle/tools/grep-files")).grepFiles,
  httpFetch: async () => (await import("@heddle/tools/http-fetch")).httpFetch,
  webFetch: async () => (await import("@heddle/tools/web-fetch")).webFetch,
  runShell: async () => (await import("@heddle/tools/run-shell")).runShell,
  runScript: async () => (await import("@heddle/tools/run-script")).runScript,
  kvRead: async (dataDir) => (await keyValue(dataDir)).kvRead,
  kvWrite: async (dataDir) => (await keyValue(dataDir)).kvWrite,
  storageRead: async (dataDir) => (await storage(dataDir)).storageRead,
  storageWrite: async (dataDir) => (await storage(dataDir)).storageWrite,
};

/** They speak with whoever sits at the terminal of a process, and a daemon has none. */
const atTerminals: readonly string[] = ["askUser", "confirmUser"];

/** What `tools` of a configuration may name. */
export const officialTools: readonly string[] = Object.keys(loaders);

/**
 * The tools of these names, in their order.
 *
 * @throws HeddleError `config-invalid` for a name that none of them has, with the nearest one, and for one that is given twice.
 */
export async function loadOfficialTools(names: readonly string[], dataDir: string): Promise<readonly Tool[]> {
  const loading = names.map((name, i) => {
    const load = Object.hasOwn(loaders, name) ? loaders[name] : undefined;
    if (load === undefined) throw new HeddleError("config-invalid", `tools: ${whyNot(name)}`, { details: { tool: name } });
    if (names.indexOf(name) < i) throw new HeddleError("config-invalid", `tools: ${name} is named twice`, { details: { tool: name } });
    return load(dataDir);
  });
  return Promise.all(loading);
}

function whyNot(name: string): string {
  if (atTerminals.includes(name)) {
    return `${name} asks at a terminal, and a daemon has none: let the workflow ask, with an approval or a question`;
  }
  const near = nearestName(name, officialTools);
  return `there is no official tool ${name}${near === undefined ? "" : ` (did you mean ${near}?)`}; there are ${officialTools.join(", ")}`;
}

async function keyValue(dataDir: string) {
  const [{ createKeyValueTools }, { createFileKeyValueStore }] = await keyValueModules();
  return createKeyValueTools(createFileKeyValueStore(join(dataDir, "values")));
}

async function storage(dataDir: string) {
  const [{ createStorageTools }, { createFileKeyValueStore }] = await keyValueModules();
  return createStorageTools(createFileKeyValueStore(join(dataDir, "storage")));
}

function keyValueModules() {
  return Promise.all([import("@heddle/tools/key-value"), import("@heddle/tools/key-value-stores")]);
}
