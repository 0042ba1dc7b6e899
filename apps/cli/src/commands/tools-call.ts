/** `heddle tools call`: one tool, as a run of its own. */
import { randomUUID } from "node:crypto";
import { isJsonObject, type ToolView } from "@heddle/core";
import type { CommandSpec } from "../command.ts";
import { invokeAndStay } from "../follow/stay-with-run.ts";
import { namedValues, objectOption } from "../named-values.ts";

export const toolsCall: CommandSpec = {
  name: "tools call",
  args: "<tool>",
  summary: "Call a tool and print what it gives",
  example: "heddle tools call readFile --arg path=README.md --arg limit=5",
  daemon: true,
  options: [
    { flags: "--arg <name=value>", summary: "an argument: JSON, or a text where a text is wanted", repeat: true },
    { flags: "--args <json>", summary: "arguments as a JSON object; --arg wins over it" },
    { flags: "--idempotency-key <key>", summary: "the same key with the same call gives the same run" },
    { flags: "--detach", summary: "print the id of the run, and do not wait" },
  ],
  run(invocation) {
    const { args, options } = invocation;
    const [tool = ""] = args;
    const pairs = options.texts("arg");
    const given = objectOption("args", options.text("args"));
    // What is wrong with the pairs is told before any daemon is asked.
    namedValues({ option: "arg", pairs });
    const idempotencyKey = options.text("idempotency-key") ?? randomUUID();
    return invokeAndStay(invocation, tool, async (client, signal) => {
      const known = pairs.length === 0 ? [] : await client.tools.list({}, { signal });
      const texts = textsOf(known.find(({ name }) => name === tool));
      return client.tools.invoke({ tool, args: namedValues({ option: "arg", pairs, texts }, given), idempotencyKey }, { signal });
    });
  },
};

/** The arguments whose value is a text, as the tool's schema says. */
function textsOf(tool: ToolView | undefined): ReadonlySet<string> {
  const properties = tool?.inputSchema["properties"];
  if (!isJsonObject(properties)) return new Set();
  return new Set(
    Object.entries(properties).flatMap(([name, schema]) => (isJsonObject(schema) && schema["type"] === "string" ? [name] : [])),
  );
}
