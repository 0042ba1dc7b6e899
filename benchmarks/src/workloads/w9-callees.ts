/**
 * What W9 calls: an action of a plugin and a node of a node server, which do what the handler `step` of the
 * other workloads does; and the two processes that serve them.
 */
import { appendFileSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { JsonObject } from "@heddle/core";
import { createNodeServer, defineNode } from "@heddle/node-server";
import { defineAction, definePlugin, serve } from "@heddle/plugin-sdk";
import { say } from "../jobs.ts";
import { actionName, nodeUid, pluginName } from "../workflows.ts";

/** Where the daemon of a folder listens, and its token. */
export interface Served {
  readonly target: string;
  readonly token: string;
}

const payload = "x".repeat(64);

/** With a declared result, so that what comes back is checked as it usually is. */
export const benchPlugin = definePlugin({
  name: pluginName,
  version: "1.0.0",
  description: "Does what the handler of the benchmarks does",
  permission: "read",
  stages: ["observe"],
  actions: {
    [actionName]: defineAction({
      description: "Counts one up",
      input: { n: "integer" },
      output: { n: "integer", payload: "string" },
      execute: ({ params }) => ({ n: params.n + 1, payload }),
    }),
  },
});

const benchNode = defineNode({
  uid: nodeUid,
  name: "Step",
  category: "Benchmarks",
  version: "1.0.0",
  inputs: [{ name: "n", type: "number" }],
  outputs: [
    { name: "n", type: "number" },
    { name: "payload", type: "string" },
  ],
  parameters: [],
  execute: ({ inputLists }) => ({ n: Number(inputLists.n?.[0]) + 1, payload }),
});

const servedFile = "served.json";
const nodesFile = "nodes.json";

export function keepServed(folder: string, served: Served): void {
  writeFileSync(join(folder, servedFile), JSON.stringify(served));
}

/** In the job: serves the plugin until the process is killed. */
export async function servePlugin(folder: string): Promise<unknown> {
  const served = JSON.parse(readFileSync(join(folder, servedFile), "utf8")) as Served;
  const log = (line: string): void => appendFileSync(join(folder, "plugin.log"), `${line}\n`);
  await serve(benchPlugin, { ...served, log, ownsProcess: false });
  return new Promise(() => undefined);
}

/** In the job: serves the node until the process is killed. */
export async function serveNodes(folder: string): Promise<unknown> {
  const server = createNodeServer(
    { domain: "bench.local", serverName: "Benchmarks", serverUid: "bench", serverPackageId: "bench", port: 0, autoWatch: false },
    { nodes: [benchNode], environment: {} },
  );
  const { url } = await server.start();
  writeFileSync(join(folder, nodesFile), JSON.stringify({ url }));
  say("ready");
  return new Promise(() => undefined);
}

/** Where the node server of a folder listens. */
export function nodesUrl(folder: string): string {
  return (JSON.parse(readFileSync(join(folder, nodesFile), "utf8")) as { readonly url: string }).url;
}

/** The `n` of a result: a number, or the list of one that a node server makes of it. */
export function countIn(result: unknown): unknown {
  const { n } = result as JsonObject;
  return Array.isArray(n) ? n[0] : n;
}
