/** The tools service. */
import { InvokeToolRequest, ListToolsRequest, type ToolView } from "@heddle/core";
import { StartedRun, Tools } from "./answers.ts";
import { type Tool, ToolsServiceService } from "./gen/heddle/tools/v1/tools.js";
import { present, wireMethod } from "./method.ts";
import { answerJson, requestJson } from "./scalars.ts";

/** Every method of `ToolsApi`, by its name there. */
export const toolsWire = {
  list: wireMethod(ToolsServiceService.listTools, {
    request: ListToolsRequest,
    response: Tools,
    toRequest: (message) => present(message),
    fromRequest: ({ capability }) => ({ capability }),
    toResponse: ({ tools }) => tools.map(toTool),
    fromResponse: (views) => ({ tools: views.map(fromTool) }),
  }),
  invoke: wireMethod(ToolsServiceService.invokeTool, {
    request: InvokeToolRequest,
    response: StartedRun,
    jsonMembers: ["args"],
    toRequest: ({ tool, argsJson, idempotencyKey }) => present({ tool, args: requestJson("args_json", argsJson), idempotencyKey }),
    fromRequest: ({ tool, args, idempotencyKey }) => ({ tool, argsJson: JSON.stringify(args), idempotencyKey }),
    toResponse: ({ runId, existing }) => ({ runId, existing }),
    fromResponse: ({ runId, existing }) => ({ runId, existing }),
  }),
};

function toTool({ name, capability, permission, description, parameters, inputSchemaJson }: Tool): unknown {
  return { name, capability, permission, description, parameters, inputSchema: answerJson(inputSchemaJson) };
}

function fromTool({ name, capability, permission, description, parameters, inputSchema }: ToolView): Tool {
  return { name, capability, permission, description, parameters: [...parameters], inputSchemaJson: JSON.stringify(inputSchema) };
}
