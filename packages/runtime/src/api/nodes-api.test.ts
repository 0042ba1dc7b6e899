import { defaultTenant, type NodeServerView, type Principal } from "@heddle/core";
import type { NodeServerAddress, NodeServerHost } from "@heddle/ports";
import { afterEach, beforeEach, expect, test } from "vitest";
import { createRuntime, type Runtime } from "../create-runtime.ts";
import { createMemoryDisk, type MemoryDisk } from "../store-memory/disk.ts";
import { createMemoryStore } from "../store-memory/memory-store.ts";

const principal: Principal = { subject: "ada", tenant: defaultTenant, roles: ["admin"] };
const caller = { principal };
const url = "ws://127.0.0.1:1/";

let disk: MemoryDisk;
let told: NodeServerAddress[];
const runtimes: Runtime[] = [];
beforeEach(() => {
  disk = createMemoryDisk();
  told = [];
});
afterEach(async () => {
  for (const runtime of runtimes.splice(0)) await runtime.close({ graceMs: 0 });
});

function open(environment: Record<string, string>): Runtime {
  const host: NodeServerHost = {
    add(server) {
      told.push(server);
      return Promise.resolve({ url: server.url } as NodeServerView);
    },
    remove: () => Promise.resolve(),
    list: () => [],
    execute: () => Promise.resolve({ kind: "aborted" }),
    close: () => Promise.resolve(),
  };
  const runtime = createRuntime({
    store: createMemoryStore(disk),
    executors: { remotes: host },
    secrets: { looms: { env: "LOOMS" } },
    environment,
  });
  runtimes.push(runtime);
  return runtime;
}

test("the token of a node server may be a reference: the store holds that alone, also after a restart", async () => {
  const first = open({ LOOMS: "canary-0123456789" });
  await first.api.nodes.add({ url, token: "secret://looms" }, caller);
  expect(told).toEqual([{ tenant: "default", url, token: "canary-0123456789" }]);
  await first.close({ graceMs: 0 });
  const stored = JSON.stringify(disk, (_, value: unknown) => (value instanceof Map ? [...value] : value));
  expect(stored).toContain("secret://looms");
  expect(stored).not.toContain("canary");
  const second = open({ LOOMS: "another-0123456789" });
  await second.ready();
  expect(told.at(-1)).toEqual({ tenant: "default", url, token: "another-0123456789" });
});

test("one that cannot be resolved is not kept, and a server whose token is gone is connected to without", async () => {
  const runtime = open({});
  await expect(runtime.api.nodes.add({ url, token: "secret://looms" }, caller)).rejects.toMatchObject({ code: "secret-unresolved" });
  expect(told).toEqual([]);
  await runtime.close({ graceMs: 0 });
  const known = open({ LOOMS: "canary-0123456789" });
  await known.api.nodes.add({ url, token: "secret://looms" }, caller);
  await known.close({ graceMs: 0 });
  await open({}).ready();
  expect(told.at(-1)).toEqual({ tenant: "default", url });
});

test("a token that is given as it is stays what it is", async () => {
  await open({}).api.nodes.add({ url, token: "plain-token" }, caller);
  expect(told).toEqual([{ tenant: "default", url, token: "plain-token" }]);
});
