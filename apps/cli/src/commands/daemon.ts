/** `heddle daemon`: this process becomes heddled. Its flags are read there, so help alone comes from here. */
import type { CommandSpec } from "../command.ts";

export const daemon: CommandSpec = {
  name: "daemon",
  args: "[flags...]",
  summary: "Start a daemon in the foreground",
  example: "heddle daemon --data ./.heddle",
  run: ({ context }) => context.becomeDaemon(context.argv.slice(1)),
};
