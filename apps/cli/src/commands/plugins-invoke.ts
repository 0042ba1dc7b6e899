/** `heddle plugins invoke`: one action of a plugin, as a run of its own. */
import { randomUUID } from "node:crypto";
import type { CommandSpec } from "../command.ts";
import { invokeAndStay } from "../follow/stay-with-run.ts";
import { namedValues, objectOption } from "../named-values.ts";

export const pluginsInvoke: CommandSpec = {
  name: "plugins invoke",
  args: "<plugin> <action>",
  summary: "Call an action of a plugin and print what it gives",
  example: "heddle plugins invoke weather forecast --param city=Oslo --param days=3",
  daemon: true,
  options: [
    { flags: "--param <name=value>", summary: "a parameter: JSON, or a text where a text is wanted", repeat: true },
    { flags: "--params <json>", summary: "parameters as a JSON object; --param wins over it" },
    { flags: "--idempotency-key <key>", summary: "the same key with the same call gives the same run" },
    { flags: "--detach", summary: "print the id of the run, and do not wait" },
  ],
  run(invocation) {
    const { args, options } = invocation;
    const [plugin = "", action = ""] = args;
    const pairs = options.texts("param");
    const given = objectOption("params", options.text("params"));
    // What is wrong with the pairs is told before any daemon is asked.
    namedValues({ option: "param", pairs });
    const idempotencyKey = options.text("idempotency-key") ?? randomUUID();
    return invokeAndStay(invocation, `${plugin}.${action}`, async (client, signal) => {
      const known = pairs.length === 0 ? [] : await client.plugins.list({}, { signal });
      const declared = known.find(({ name }) => name === plugin)?.actions.find(({ name }) => name === action)?.input ?? [];
      const texts = new Set(declared.filter(({ type }) => type === "string").map(({ name }) => name));
      const params = namedValues({ option: "param", pairs, texts }, given);
      return client.plugins.invoke({ plugin, action, params, idempotencyKey }, { signal });
    });
  },
};
