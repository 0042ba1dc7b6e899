/** The typed client for Node: every method of the runtime, over gRPC. */
export { type ErrorCode, HeddleError } from "@heddle/core";
export { defaultTarget, readTokenFile, tokenFilePath, writeTokenFile } from "@heddle/wire";
export { type Client, createClient } from "./client.ts";
export type { Remote, RemoteApi, RunsSugar } from "./remote.ts";
export type { ClientOptions } from "./settings.ts";
export type { CallOptions } from "./transport.ts";
