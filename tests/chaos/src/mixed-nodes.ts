/** The node server of the mixed workflow, at the port that `PORT` names. */
import { createNodeServer, defineNode } from "@heddle/node-server";
import { act } from "./mixed-act.ts";

const node = (step: string) =>
  defineNode({
    uid: step,
    name: step,
    category: "Mixed",
    version: "1.0.0",
    inputs: [
      { name: "logs", type: "string" },
      { name: "value", type: "number" },
    ],
    outputs: [{ name: "value", type: "number" }],
    parameters: [],
    async execute({ inputLists, instanceId, signal }) {
      const [logs = ""] = inputLists.logs ?? [];
      const [value = 0] = inputLists.value ?? [];
      return { value: [await act({ logs, value }, { place: "nodes", step, key: instanceId, attempt: 0, signal })] };
    },
  });

const server = createNodeServer(
  { domain: "local.example", serverName: "Mixed", serverUid: "mixed" },
  { nodes: [node("blend"), node("tint")] },
);
await server.start();
console.log("ready");
process.once("SIGTERM", () => void server.stop());
