/** The typed client for browsers, edge runtimes and Node: every method of the runtime, over HTTP. */
export { type ErrorCode, HeddleError } from "@heddle/core";
export type { Remote, RemoteApi, RunsSugar } from "../remote.ts";
export type { CallOptions } from "../transport.ts";
export { createHttpClient, type HttpClient, type HttpClientOptions } from "./client.ts";
