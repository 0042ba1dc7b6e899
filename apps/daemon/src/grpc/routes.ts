/** Every method of RuntimeApi as a route. A method that is missing here is a compile error. */
import type {
  ApprovalsApi,
  AuditApi,
  BundlesApi,
  CallsApi,
  DeadLettersApi,
  GrantsApi,
  HooksApi,
  InterruptionsApi,
  NodesApi,
  PluginsApi,
  RunsApi,
  RuntimeApi,
  RuntimeGroupApi,
  TokensApi,
  ToolsApi,
} from "@heddle/core";
import {
  approvalMessages,
  approvalsWire,
  auditWire,
  bundlesWire,
  callsWire,
  deadLettersWire,
  eventMessages,
  grantsWire,
  hooksWire,
  interruptionsWire,
  joinUpload,
  nodesWire,
  pluginsWire,
  runsWire,
  runtimeWire,
  tokensWire,
  toolsWire,
} from "@heddle/wire";
import { clientStream, type Route, serverStream, unary } from "./edge.ts";

type Routes<Api> = { readonly [Method in keyof Api]: Route };

/** All routes, over one runtime. */
export function routesOf(api: RuntimeApi): readonly Route[] {
  const groups = [
    bundleRoutes(api.bundles),
    runRoutes(api.runs),
    callRoutes(api.calls),
    approvalRoutes(api.approvals),
    interruptionRoutes(api.interruptions),
    grantRoutes(api.grants),
    hookRoutes(api.hooks),
    deadLetterRoutes(api.deadLetters),
    toolRoutes(api.tools),
    pluginRoutes(api.plugins),
    nodeRoutes(api.nodes),
    tokenRoutes(api.tokens),
    auditRoutes(api.audit),
    runtimeRoutes(api.runtime),
  ];
  return groups.flatMap((group) => Object.values<Route>(group));
}

function bundleRoutes(api: BundlesApi): Routes<BundlesApi> {
  return {
    put: clientStream(bundlesWire.put, async (parts, caller) => api.put(await joinUpload(parts), caller)),
    get: unary(bundlesWire.get, (request, caller) => api.get(request, caller)),
    list: unary(bundlesWire.list, (request, caller) => api.list(request, caller)),
    delete: unary(bundlesWire.delete, (request, caller) => api.delete(request, caller)),
  };
}

function runRoutes(api: RunsApi): Routes<RunsApi> {
  return {
    start: unary(runsWire.start, (request, caller) => api.start(request, caller)),
    get: unary(runsWire.get, (request, caller) => api.get(request, caller)),
    list: unary(runsWire.list, (request, caller) => api.list(request, caller)),
    events: unary(runsWire.events, async (request, caller) => whole(await api.events(request, caller))),
    follow: serverStream(runsWire.follow, async function* (request, caller) {
      for await (const batch of api.follow(request, caller)) yield eventMessages(batch);
    }),
    logs: unary(runsWire.logs, async (request, caller) => whole(await api.logs(request, caller))),
    result: unary(runsWire.result, (request, caller) => api.result(request, caller), { waits: true }),
    pause: unary(runsWire.pause, (request, caller) => api.pause(request, caller)),
    resume: unary(runsWire.resume, (request, caller) => api.resume(request, caller)),
    cancel: unary(runsWire.cancel, (request, caller) => api.cancel(request, caller)),
    signal: unary(runsWire.signal, (request, caller) => api.signal(request, caller)),
    answer: unary(runsWire.answer, (request, caller) => api.answer(request, caller)),
    query: unary(runsWire.query, (request, caller) => api.query(request, caller)),
    retry: unary(runsWire.retry, (request, caller) => api.retry(request, caller)),
    delete: unary(runsWire.delete, (request, caller) => api.delete(request, caller)),
    why: unary(runsWire.why, (request, caller) => api.why(request, caller)),
  };
}

function callRoutes(api: CallsApi): Routes<CallsApi> {
  return {
    list: unary(callsWire.list, (request, caller) => api.list(request, caller)),
    settle: unary(callsWire.settle, (request, caller) => api.settle(request, caller)),
  };
}

function approvalRoutes(api: ApprovalsApi): Routes<ApprovalsApi> {
  return {
    list: unary(approvalsWire.list, (request, caller) => api.list(request, caller)),
    get: unary(approvalsWire.get, (request, caller) => api.get(request, caller)),
    approve: unary(approvalsWire.approve, (request, caller) => api.approve(request, caller)),
    reject: unary(approvalsWire.reject, (request, caller) => api.reject(request, caller)),
    follow: serverStream(approvalsWire.follow, async function* (request, caller) {
      for await (const batch of api.follow(request, caller)) yield approvalMessages(batch);
    }),
  };
}

function interruptionRoutes(api: InterruptionsApi): Routes<InterruptionsApi> {
  return {
    list: unary(interruptionsWire.list, (request, caller) => api.list(request, caller)),
    answer: unary(interruptionsWire.answer, (request, caller) => api.answer(request, caller)),
    decline: unary(interruptionsWire.decline, (request, caller) => api.decline(request, caller)),
  };
}

function grantRoutes(api: GrantsApi): Routes<GrantsApi> {
  return {
    list: unary(grantsWire.list, (request, caller) => api.list(request, caller)),
    create: unary(grantsWire.create, (request, caller) => api.create(request, caller)),
    revoke: unary(grantsWire.revoke, (request, caller) => api.revoke(request, caller)),
  };
}

function toolRoutes(api: ToolsApi): Routes<ToolsApi> {
  return {
    list: unary(toolsWire.list, (request, caller) => api.list(request, caller)),
    invoke: unary(toolsWire.invoke, (request, caller) => api.invoke(request, caller)),
  };
}

function hookRoutes(api: HooksApi): Routes<HooksApi> {
  return {
    list: unary(hooksWire.list, (request, caller) => api.list(request, caller)),
    register: unary(hooksWire.register, (request, caller) => api.register(request, caller)),
    delete: unary(hooksWire.delete, (request, caller) => api.delete(request, caller)),
  };
}

function deadLetterRoutes(api: DeadLettersApi): Routes<DeadLettersApi> {
  return {
    list: unary(deadLettersWire.list, (request, caller) => api.list(request, caller)),
    replay: unary(deadLettersWire.replay, (request, caller) => api.replay(request, caller)),
  };
}

function pluginRoutes(api: PluginsApi): Routes<PluginsApi> {
  return {
    list: unary(pluginsWire.list, (request, caller) => api.list(request, caller)),
    register: unary(pluginsWire.register, (request, caller) => api.register(request, caller)),
    heartbeat: unary(pluginsWire.heartbeat, (request, caller) => api.heartbeat(request, caller)),
    deregister: unary(pluginsWire.deregister, (request, caller) => api.deregister(request, caller)),
    invoke: unary(pluginsWire.invoke, (request, caller) => api.invoke(request, caller)),
  };
}

function nodeRoutes(api: NodesApi): Routes<NodesApi> {
  return {
    add: unary(nodesWire.add, (request, caller) => api.add(request, caller)),
    list: unary(nodesWire.list, (request, caller) => api.list(request, caller)),
    remove: unary(nodesWire.remove, (request, caller) => api.remove(request, caller)),
    invoke: unary(nodesWire.invoke, (request, caller) => api.invoke(request, caller)),
  };
}

function tokenRoutes(api: TokensApi): Routes<TokensApi> {
  return {
    create: unary(tokensWire.create, (request, caller) => api.create(request, caller)),
    list: unary(tokensWire.list, (request, caller) => api.list(request, caller)),
    revoke: unary(tokensWire.revoke, (request, caller) => api.revoke(request, caller)),
  };
}

function auditRoutes(api: AuditApi): Routes<AuditApi> {
  return {
    head: unary(auditWire.head, (request, caller) => api.head(request, caller)),
    export: unary(auditWire.export, (request, caller) => api.export(request, caller)),
    explain: unary(auditWire.explain, (request, caller) => api.explain(request, caller)),
  };
}

function runtimeRoutes(api: RuntimeGroupApi): Routes<RuntimeGroupApi> {
  return { status: unary(runtimeWire.status, (request, caller) => api.status(request, caller)) };
}

/** A whole list; encoding cuts it where one message ends, and says so. */
function whole<Row>(rows: readonly Row[]): { readonly rows: readonly Row[]; readonly truncated: boolean } {
  return { rows, truncated: false };
}
