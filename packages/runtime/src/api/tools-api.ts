/** The tools group of RuntimeApi: what this runtime was given to call, and one call of a tool as a run. */
import { HeddleError, Name, nearestName, type RunsApi, type Tool, type ToolRegistry, type ToolsApi, type ToolView } from "@heddle/core";
import type { Engine } from "../shell/engine.ts";
import { startSingle } from "./single-node.ts";

export function createToolsApi(engine: Engine, runs: Pick<RunsApi, "start">, registry: ToolRegistry): ToolsApi {
  const views = registry.tools.map(viewOf).sort((a, b) => (a.name < b.name ? -1 : 1));
  return {
    list({ capability }) {
      return Promise.resolve(capability === undefined ? views : views.filter((view) => view.capability === capability));
    },
    async invoke({ tool: name, args, idempotencyKey }, caller) {
      const tool = registry.get(name);
      if (tool === undefined) {
        throw new HeddleError("tool-not-found", `no tool has the name ${name}; ${whatThereIs(views, name)}`, { details: { tool: name } });
      }
      const parsed = tool.parse(args);
      if ("problem" in parsed) throw new HeddleError("input-invalid", `${name} cannot be called so: ${parsed.problem}`);
      // What the tool fills in by itself is filled in at the call: the run shows what was asked for.
      const { capability } = tool;
      const node = { kind: "tool", id: Name.parse(name), capability, tool: name } as const;
      return startSingle(engine, runs, { workflow: name, node, values: args, idempotencyKey }, caller);
    },
  };
}

function viewOf({ name, capability, permission, description, parameters, inputSchema }: Tool): ToolView {
  return { name, capability, permission, description, parameters: parameters.map((each) => ({ ...each })), inputSchema };
}

/** `there are the tools readFile, writeFile (did you mean readFile?)`. */
function whatThereIs(views: readonly ToolView[], wanted: string): string {
  if (views.length === 0) return "there are no tools: name them under tools in the configuration of the daemon";
  const names = views.map(({ name }) => name);
  const near = nearestName(wanted, names);
  const more = names.length > 20 ? ` and ${names.length - 20} more` : "";
  return `there are the tools ${names.slice(0, 20).join(", ")}${more}${near === undefined ? "" : ` (did you mean ${near}?)`}`;
}
