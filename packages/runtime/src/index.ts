/** The durable engine, embeddable in any Node process. */
export {
  createToolRegistry,
  defineTool,
  type Tool,
  type ToolContext,
  type ToolDefinition,
  type ToolRegistry,
} from "@heddle/core";
export { createRuntime, type RunOptions, type Runtime, type RuntimeOptions, type Succeeded } from "./create-runtime.ts";
export type { MethodOf } from "./executors/class-instances.ts";
export type { HandlerProcessOptions } from "./executors/handlers.ts";
export type { HostLocalOptions } from "./executors/host-local/host-local.ts";
export type { HandlerFunction } from "./executors/in-process.ts";
export { openingHere } from "./guards/files/file-guard.ts";
export { probeSandbox } from "./guards/sandbox/probe.ts";
export type { Confine, Sandbox, SandboxAbility, Sandboxed, SandboxPath, SandboxProbe, SandboxWish } from "./guards/sandbox/sandbox.ts";
export type { HookCall } from "./hooks/hook-book.ts";
export type { HookFunction } from "./hooks/hooks.ts";
export { systemClock, systemRandom } from "./shell/system.ts";
export { createMemoryDisk, type MemoryDisk } from "./store-memory/disk.ts";
export { createMemoryStore } from "./store-memory/memory-store.ts";
