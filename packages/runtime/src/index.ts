/** The durable engine, embeddable in any Node process. */
export { createRuntime, type RunOptions, type Runtime, type RuntimeOptions, type Succeeded } from "./create-runtime.ts";
export type { HandlerProcessOptions } from "./executors/handlers.ts";
export type { HostLocalOptions } from "./executors/host-local/host-local.ts";
export type { HandlerFunction } from "./executors/in-process.ts";
export { systemClock, systemRandom } from "./shell/system.ts";
export { createMemoryDisk, type MemoryDisk } from "./store-memory/disk.ts";
export { createMemoryStore } from "./store-memory/memory-store.ts";
