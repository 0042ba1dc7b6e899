/** A node server: nodes with ports, over one WebSocket. The daemon connects to it. */
import { createNodeServer, defineNode } from "@heddle/node-server";

const barcode = defineNode({
  uid: "barcode",
  name: "Barcode",
  category: "Print",
  version: "1.0.0",
  inputs: [{ name: "code", type: "string" }],
  outputs: [{ name: "bars", type: "string" }],
  parameters: [],
  execute: ({ inputLists }) => ({
    bars: (inputLists.code ?? []).map((code) => [...code].map((letter) => "|".repeat(1 + ((letter.codePointAt(0) ?? 0) % 3))).join(" ")),
  }),
});

const settings = { domain: "local.example", serverName: "Print shop", serverUid: "print-shop" };
const server = createNodeServer(settings, { nodes: [barcode] });
const { url } = await server.start();
console.log(`node server at ${url}`);
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => void server.stop());
