/** `heddle hooks register`: has somebody asked before calls, or told after them. */
import type { RegisterHookRequest } from "@heddle/core";
import { type CommandSpec, type Options, UsageError } from "../command.ts";
import { withClient } from "../connect.ts";

export const hooksRegister: CommandSpec = {
  name: "hooks register",
  args: "<owner> <name>",
  summary: "Register a hook; registered again, it keeps its place and gets a new secret",
  example: "heddle hooks register security review --phase pre --url https://hooks.example/calls --tool 'write*' --closed",
  daemon: true,
  options: [
    { flags: "--phase <phase>", summary: "pre or post (pre)" },
    { flags: "--url <url>", summary: "called with POST for each call" },
    { flags: "--tool <pattern>", summary: "calls of this tool; * at the end for all that begin so (all)", repeat: true },
    { flags: "--node <pattern>", summary: "calls of this node; * at the end for all that begin so (all)", repeat: true },
    { flags: "--closed", summary: "refuse calls while it does not answer" },
    { flags: "--timeout-ms <n>", summary: "how long it may take to answer (5000)" },
  ],
  run: (invocation) => {
    const request = requestOf(invocation.args, invocation.options);
    return withClient(invocation, async (client) => {
      const registered = await client.hooks.register(request);
      const { hook, secret } = registered;
      invocation.printer.answer(registered, () => [
        `registered ${hook.owner}/${hook.name} as ${hook.id}`,
        `its callbacks are signed with this secret, which is shown once: ${secret}`,
        `  heddle hooks delete ${hook.id}`,
      ]);
      return 0;
    });
  },
};

function requestOf([owner = "", name = ""]: readonly (string | undefined)[], options: Options): RegisterHookRequest {
  const url = options.text("url");
  if (url === undefined) throw new UsageError("say whom to ask: --url <url>");
  const [tools, nodes] = [options.texts("tool"), options.texts("node")];
  const timeoutMs = options.count("timeout-ms", 1, 60_000);
  return {
    owner,
    name,
    phase: options.choice("phase", ["pre", "post"]) ?? "pre",
    url,
    ...(tools.length === 0 ? {} : { tools: [...tools] }),
    ...(nodes.length === 0 ? {} : { nodes: [...nodes] }),
    ...(options.flag("closed") ? { failMode: "closed" } : {}),
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
  };
}
