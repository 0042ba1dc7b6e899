/** The plugin of the mixed workflow. */
import { defineAction, definePlugin, serve } from "@heddle/plugin-sdk";
import { act } from "./mixed-act.ts";

const action = (step: string, permission: "read" | "modify") =>
  defineAction({
    description: `Carries out the step ${step} and writes it to the log of the plugin.`,
    permission,
    input: { logs: "string", value: "integer" },
    output: { value: "integer" },
    execute: async ({ params, idempotencyKey, attempt, signal }) => ({
      value: await act(params, { place: "plugin", step, key: idempotencyKey, attempt, signal }),
    }),
  });

const mixed = definePlugin({
  name: "mixed",
  version: "1.0.0",
  description: "Steps of the mixed workflow",
  permission: "read",
  stages: ["test"],
  actions: { look: action("look", "read"), post: action("post", "modify") },
});

await serve(mixed, { retry: { firstMs: 50, maxMs: 200 } });
console.log("ready");
