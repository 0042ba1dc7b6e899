/** A node server in a process of its own, to be killed: `hold` waits until it is told to go on by `release`. */
import { createNodeServer, defineNode } from "@heddle/node-server";
import { gate } from "./gate.ts";

const base = { category: "Test", version: "1", parameters: [] } as const;
const { passed, open } = gate();

const hold = defineNode({
  ...base,
  uid: "hold",
  name: "Hold",
  inputs: [],
  outputs: [{ name: "pid", type: "number" }],
  async execute({ sendStatus }) {
    sendStatus({ type: "running", message: "holding" });
    await passed;
    return { pid: process.pid };
  },
});
const release = defineNode({ ...base, uid: "release", name: "Release", inputs: [], outputs: [], execute: () => open() });

const server = createNodeServer(
  { domain: "test.local", serverName: "Child", serverUid: "child", serverPackageId: "test/child", port: Number(process.argv[2]) },
  { nodes: [hold, release], environment: {} },
);
const { port } = await server.start();
console.log(port);
