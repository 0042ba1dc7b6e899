/** The daemon as a function, for programs that embed it. */
export { type ConfigSources, type LoadedConfig, loadConfig } from "./config.ts";
export { type Daemon, type DaemonEnd, type DaemonOptions, startDaemon } from "./daemon.ts";
export type { Engine, EngineOptions } from "./engine.ts";
export { type DataFolderLock, LockRecord, liveDaemonOf, lockDataFolder } from "./lock.ts";
export { createLog, type Log } from "./log.ts";
export { type MachineGuards, machineGuards } from "./machine-guards.ts";
