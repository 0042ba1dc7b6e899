/** The nodes service. */
import { AddNodeServerRequest, InvokeNodeRequest, NodeServerRequest, NodeServerView } from "@heddle/core";
import { NodeServers, NoFields, StartedRun } from "./answers.ts";
import { type NodeServer, NodesServiceService } from "./gen/heddle/nodes/v1/nodes.js";
import { present, wireMethod } from "./method.ts";
import { emptyAnswer } from "./pages.ts";
import { int, jsonOrAbsent, num, requestJson, requestJsonOrAbsent } from "./scalars.ts";

/** Every method of `NodesApi`, by its name there. */
export const nodesWire = {
  add: wireMethod(NodesServiceService.addNodeServer, {
    request: AddNodeServerRequest,
    response: NodeServerView,
    toRequest: (message) => present(message),
    fromRequest: ({ url, token }) => ({ url, token }),
    toResponse: ({ server }) => server && toServer(server),
    fromResponse: (view) => ({ server: fromServer(view) }),
  }),
  list: wireMethod(NodesServiceService.listNodeServers, {
    request: NoFields,
    response: NodeServers,
    toRequest: () => ({}),
    fromRequest: () => ({}),
    toResponse: ({ servers }) => servers.map(toServer),
    fromResponse: (views) => ({ servers: views.map(fromServer) }),
  }),
  remove: wireMethod(NodesServiceService.removeNodeServer, {
    request: NodeServerRequest,
    toRequest: ({ url }) => ({ url }),
    fromRequest: ({ url }) => ({ url }),
    ...emptyAnswer,
  }),
  invoke: wireMethod(NodesServiceService.invokeNode, {
    request: InvokeNodeRequest,
    response: StartedRun,
    jsonMembers: ["parameters", "inputs"],
    toRequest: ({ node, server, parametersJson, inputsJson, idempotencyKey }) =>
      present({
        node,
        server,
        parameters: requestJsonOrAbsent("parameters_json", parametersJson),
        inputs: requestJson("inputs_json", inputsJson),
        idempotencyKey,
      }),
    fromRequest: ({ node, server, parameters, inputs, idempotencyKey }) => ({
      node,
      server,
      parametersJson: jsonOrAbsent(parameters),
      inputsJson: JSON.stringify(inputs),
      idempotencyKey,
    }),
    toResponse: ({ runId, existing }) => ({ runId, existing }),
    fromResponse: ({ runId, existing }) => ({ runId, existing }),
  }),
};

function toServer(message: NodeServer): unknown {
  const { url, status, serverUid, serverPackageId, displayName, nodes, inFlight, addedAtMs } = message;
  const told = { message: message.message, serverUid, serverPackageId, displayName };
  return present({ url, status, ...told, nodes, inFlight: num(inFlight), addedAtMs: num(addedAtMs) });
}

function fromServer(view: NodeServerView): NodeServer {
  const { url, status, message, serverUid, serverPackageId, displayName, nodes, inFlight, addedAtMs } = view;
  const told = { message, serverUid, serverPackageId, displayName };
  return { url, status, ...told, nodes: [...nodes], inFlight: int(inFlight), addedAtMs: int(addedAtMs) };
}
