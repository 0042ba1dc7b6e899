/** The official tools. Each is also an entry of its own (`@heddle/tools/read-file`), which loads nothing of the others. */
export { askUser, createAskUser } from "./ask-user.ts";
export { confirmUser, createConfirmUser } from "./confirm-user.ts";
export { editFile } from "./edit-file.ts";
export { globFiles } from "./glob-files.ts";
export { grepFiles } from "./grep-files.ts";
export { httpFetch } from "./http-fetch.ts";
export { createKeyValueTools, createStorageTools, type KeyValueOptions, type KeyValueScope, type KeyValueStore } from "./key-value.ts";
export { createFileKeyValueStore, createMemoryKeyValueStore, type KeyValueStoreOptions } from "./key-value-stores.ts";
export { listFiles } from "./list-files.ts";
export { readFile } from "./read-file.ts";
export { runScript } from "./run-script.ts";
export { runShell } from "./run-shell.ts";
export type { Terminal } from "./terminal.ts";
export { webFetch } from "./web-fetch.ts";
export { writeFile } from "./write-file.ts";
