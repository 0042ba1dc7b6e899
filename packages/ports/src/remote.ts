/**
 * Hosts of work that is carried out elsewhere, as the API sees them. Each is an executor too: the gate
 * reaches it as any other.
 */
import type { ExecuteRequest, JsonValue, NodeServerView, PluginInfo, PluginView, TenantId } from "@heddle/core";
import type { Executor } from "./executor.ts";

/** A process that wants to serve a plugin's actions. */
export interface PluginRegistration {
  readonly tenant: TenantId;
  readonly info: PluginInfo;
  /** Where it listens: `host:port`. */
  readonly address: string;
  /** New for each start of the process. */
  readonly instance: string;
}

/** The plugins of this daemon: executes nodes of kind `tool`. */
export interface PluginHost extends Executor {
  /** Resolves once the plugin was called back and its stream stands. Errors: `plugin-invalid` with every violation, `plugin-unreachable`. */
  register(registration: PluginRegistration): Promise<{ readonly heartbeatIntervalMs: number }>;
  /** False: unknown here, and to be registered again. */
  heartbeat(tenant: TenantId, plugin: string, instance: string): boolean;
  /** Drains it, then forgets it. An unknown one is forgotten already. */
  deregister(tenant: TenantId, plugin: string, instance: string): Promise<void>;
  /** Asks them whether they can do their work, for a moment; `list` shows what they said. */
  checkHealth?(tenant: TenantId): Promise<void>;
  /** Those of this tenant and of the workspace, by name. */
  list(tenant: TenantId): readonly PluginView[];
}

/** A plugin that runs inside this process. */
export interface LocalPlugin {
  readonly info: PluginInfo;
  /** Carries out one call. What it throws fails the call, never the process. */
  execute(
    request: ExecuteRequest,
    signal: AbortSignal,
    log: (level: "debug" | "info" | "warn" | "error", text: string, fields?: Readonly<Record<string, JsonValue>>) => void,
  ): Promise<unknown>;
  /** Throws when it cannot do its work now; the message is shown beside it. */
  healthCheck?(): Promise<void>;
  close?(): Promise<void>;
}

/** A node server to connect to. */
export interface NodeServerAddress {
  readonly tenant: TenantId;
  /** `ws://host:port/` */
  readonly url: string;
  readonly token?: string;
}

/** The node servers of this daemon: executes nodes of kind `remote`. */
export interface NodeServerHost extends Executor {
  /** Connects, and stays connected. Resolves with how that went first: a server that does not answer is kept and tried again. */
  add(server: NodeServerAddress, addedAtMs: number): Promise<NodeServerView>;
  remove(tenant: TenantId, url: string): Promise<void>;
  list(tenant: TenantId): readonly NodeServerView[];
}
