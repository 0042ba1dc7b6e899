/** `heddle plugins list`: which plugins there are, what they offer, and how they are. */
import { OperationStage, type PluginView } from "@heddle/core";
import type { CommandSpec } from "../command.ts";
import { withClient } from "../connect.ts";
import { shortened } from "../printer.ts";

export const pluginsList: CommandSpec = {
  name: "plugins list",
  summary: "List plugins with their actions, and how they are",
  example: "heddle plugins list --stage observe",
  daemon: true,
  options: [{ flags: "--stage <stage>", summary: `those of one stage: ${OperationStage.options.join(", ")}` }],
  run: (invocation) =>
    withClient(invocation, async (client) => {
      const { options, printer } = invocation;
      const stage = options.choice("stage", OperationStage.options);
      const rows = await client.plugins.list(stage === undefined ? {} : { stage });
      printer.list(
        { rows },
        ["plugin", "version", "origin", "stages", "status", "actions"],
        (plugin) => [
          plugin.name,
          plugin.version,
          plugin.origin,
          plugin.stages.join(","),
          statusOf(plugin),
          plugin.actions.map(({ name, permission }) => `${name} (${permission})`).join(", "),
        ],
        (cell, column, plugin) => (column === 4 && !isWell(plugin) ? printer.paint("yellow", cell) : cell),
      );
      return 0;
    }),
};

function isWell({ instances }: PluginView): boolean {
  return instances.some(({ status, message }) => status === "connected" && message === undefined);
}

/** `connected`, `2 connected, 1 draining`, and what is wrong, where something is. */
function statusOf({ instances }: PluginView): string {
  if (instances.length === 0) return "nobody serves it";
  const counts = new Map<string, number>();
  for (const { status } of instances) counts.set(status, (counts.get(status) ?? 0) + 1);
  const [only] = counts.keys();
  const told = instances.length === 1 ? (only ?? "") : [...counts].map(([status, count]) => `${count} ${status}`).join(", ");
  const message = instances.find((each) => each.message !== undefined)?.message;
  return message === undefined ? told : `${told}: ${shortened(message, 80)}`;
}
