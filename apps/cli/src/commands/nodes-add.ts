/** `heddle nodes add`: a node server that the daemon connects to, and stays connected to. */
import { text as textOf } from "node:stream/consumers";
import { type CommandSpec, UsageError } from "../command.ts";
import { withClient } from "../connect.ts";
import { plainText } from "../style.ts";

export const nodesAdd: CommandSpec = {
  name: "nodes add",
  args: "<url>",
  summary: "Add a node server, and keep it over restarts",
  example: "heddle nodes add ws://127.0.0.1:8080/",
  daemon: true,
  options: [{ flags: "--token <secret>", summary: "what the server wants to be told; - reads it from standard input" }],
  async run(invocation) {
    const { args, options, printer, context } = invocation;
    const given = options.text("token");
    const token = given === "-" ? (await textOf(context.stdin)).trim() : given;
    if (token === "") throw new UsageError("the token is empty", "leave --token out where the server wants none");
    return withClient(invocation, async (client) => {
      const server = await client.nodes.add({ url: args[0] ?? "", ...(token === undefined ? {} : { token }) });
      const { url, status, message, nodes } = server;
      printer.answer(server, () => [
        status === "connected"
          ? `node server ${url} is connected, with ${nodes.length === 1 ? "one node" : `${nodes.length} nodes`}`
          : `node server ${url} is kept, and not connected yet${message === undefined ? "" : `: ${plainText(message)}`}`,
      ]);
      return 0;
    });
  },
};
