/** Executors that live elsewhere: workers, plugins and node servers. */
export type { DialNodeServer, NodeServerSocket, NodeServerSocketEvents } from "./node-servers/dial.ts";
export { createNodeServers, type NodeServersOptions } from "./node-servers/node-servers.ts";
export { createPluginHost, type DaemonPluginHost, type PluginHostOptions, type UnloadedPlugin } from "./plugins/plugin-host.ts";
export type { DialPlugin, PluginLine } from "./plugins/remote-instance.ts";
export { RuntimeSession, type RuntimeSessionOptions } from "./session/runtime-session.ts";
export type { SessionWork } from "./session/sent-task.ts";
export { createWorkerHub, type WorkerHub, type WorkerHubOptions, type WorkerView } from "./workers/worker-hub.ts";
