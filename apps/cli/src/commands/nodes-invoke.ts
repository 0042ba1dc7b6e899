/** `heddle nodes invoke`: one node of a node server, as a run of its own. */
import { randomUUID } from "node:crypto";
import type { CommandSpec } from "../command.ts";
import { invokeAndStay } from "../follow/stay-with-run.ts";
import { namedValues } from "../named-values.ts";

export const nodesInvoke: CommandSpec = {
  name: "nodes invoke",
  args: "<uid>",
  summary: "Run a node of a node server and print what it gives",
  example: "heddle nodes invoke images/resize --input image=cat.png --param width=320",
  daemon: true,
  options: [
    { flags: "--server <name>", summary: "the package or uid of the server, where several offer the node" },
    { flags: "--input <port=value>", summary: "what goes into a port: JSON, or a text; a list is several values", repeat: true },
    { flags: "--param <name=value>", summary: "what the node is set to: JSON, or a text", repeat: true },
    { flags: "--idempotency-key <key>", summary: "the same key with the same call gives the same run" },
    { flags: "--detach", summary: "print the id of the run, and do not wait" },
  ],
  run(invocation) {
    const { args, options } = invocation;
    const [node = ""] = args;
    const server = options.text("server");
    const inputs = namedValues({ option: "input", pairs: options.texts("input") });
    const parameters = namedValues({ option: "param", pairs: options.texts("param") });
    const request = {
      node,
      inputs,
      idempotencyKey: options.text("idempotency-key") ?? randomUUID(),
      ...(server === undefined ? {} : { server }),
      ...(Object.keys(parameters).length === 0 ? {} : { parameters }),
    };
    return invokeAndStay(invocation, node, (client, signal) => client.nodes.invoke(request, { signal }));
  },
};
