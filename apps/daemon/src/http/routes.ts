/** Every method of RuntimeApi as a route. A method that is missing here, or in the table, is a compile error. */
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
import { approvalSse, httpRoutes, runSse, unpackUpload } from "@heddle/wire/http";
import { type HttpRoute, json, within } from "./edge.ts";
import { events } from "./sse.ts";

type Routes<Api> = { readonly [Method in keyof Api]: HttpRoute };

/** All routes, over one runtime. */
export function routesOf(api: RuntimeApi): readonly HttpRoute[] {
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
  return groups.flatMap((group) => Object.values<HttpRoute>(group));
}

function bundleRoutes(api: BundlesApi): Routes<BundlesApi> {
  const { put, get, list, delete: remove } = httpRoutes.bundles;
  return {
    put: json(put, (body, caller) => api.put(unpackUpload(body), caller)),
    get: json(get, (request, caller) => api.get(request, caller)),
    list: json(list, (request, caller) => api.list(request, caller)),
    delete: json(remove, (request, caller) => api.delete(request, caller)),
  };
}

function runRoutes(api: RunsApi): Routes<RunsApi> {
  const { runs } = httpRoutes;
  return {
    start: json(runs.start, (request, caller) => api.start(request, caller)),
    get: json(runs.get, (request, caller) => api.get(request, caller)),
    list: json(runs.list, (request, caller) => api.list(request, caller)),
    events: json(runs.events, async (request, caller) => whole(await api.events(request, caller))),
    follow: events(runs.follow, runSse, (request, caller) => api.follow(request, caller)),
    logs: json(runs.logs, async (request, caller) => whole(await api.logs(request, caller))),
    result: json(runs.result, ({ waitMs, ...request }, caller) => within(caller, waitMs, (waiting) => api.result(request, waiting)), {
      waits: true,
    }),
    pause: json(runs.pause, (request, caller) => api.pause(request, caller)),
    resume: json(runs.resume, (request, caller) => api.resume(request, caller)),
    cancel: json(runs.cancel, (request, caller) => api.cancel(request, caller)),
    signal: json(runs.signal, (request, caller) => api.signal(request, caller)),
    answer: json(runs.answer, (request, caller) => api.answer(request, caller)),
    query: json(runs.query, (request, caller) => api.query(request, caller)),
    retry: json(runs.retry, (request, caller) => api.retry(request, caller)),
    delete: json(runs.delete, (request, caller) => api.delete(request, caller)),
    why: json(runs.why, (request, caller) => api.why(request, caller)),
  };
}

function callRoutes(api: CallsApi): Routes<CallsApi> {
  const { list, settle } = httpRoutes.calls;
  return {
    list: json(list, (request, caller) => api.list(request, caller)),
    settle: json(settle, (request, caller) => api.settle(request, caller)),
  };
}

function approvalRoutes(api: ApprovalsApi): Routes<ApprovalsApi> {
  const { list, get, approve, reject, follow } = httpRoutes.approvals;
  return {
    list: json(list, (request, caller) => api.list(request, caller)),
    get: json(get, (request, caller) => api.get(request, caller)),
    approve: json(approve, (request, caller) => api.approve(request, caller)),
    reject: json(reject, (request, caller) => api.reject(request, caller)),
    follow: events(follow, approvalSse, (request, caller) => api.follow(request, caller)),
  };
}

function interruptionRoutes(api: InterruptionsApi): Routes<InterruptionsApi> {
  const { list, answer, decline } = httpRoutes.interruptions;
  return {
    list: json(list, (request, caller) => api.list(request, caller)),
    answer: json(answer, (request, caller) => api.answer(request, caller)),
    decline: json(decline, (request, caller) => api.decline(request, caller)),
  };
}

function grantRoutes(api: GrantsApi): Routes<GrantsApi> {
  const { list, create, revoke } = httpRoutes.grants;
  return {
    list: json(list, (request, caller) => api.list(request, caller)),
    create: json(create, (request, caller) => api.create(request, caller)),
    revoke: json(revoke, (request, caller) => api.revoke(request, caller)),
  };
}

function toolRoutes(api: ToolsApi): Routes<ToolsApi> {
  const { list, invoke } = httpRoutes.tools;
  return {
    list: json(list, (request, caller) => api.list(request, caller)),
    invoke: json(invoke, (request, caller) => api.invoke(request, caller)),
  };
}

function hookRoutes(api: HooksApi): Routes<HooksApi> {
  const { list, register, delete: remove } = httpRoutes.hooks;
  return {
    list: json(list, (request, caller) => api.list(request, caller)),
    register: json(register, (request, caller) => api.register(request, caller)),
    delete: json(remove, (request, caller) => api.delete(request, caller)),
  };
}

function deadLetterRoutes(api: DeadLettersApi): Routes<DeadLettersApi> {
  const { list, replay } = httpRoutes.deadLetters;
  return {
    list: json(list, (request, caller) => api.list(request, caller)),
    replay: json(replay, (request, caller) => api.replay(request, caller)),
  };
}

function pluginRoutes(api: PluginsApi): Routes<PluginsApi> {
  const { list, register, heartbeat, deregister, invoke } = httpRoutes.plugins;
  return {
    list: json(list, (request, caller) => api.list(request, caller)),
    register: json(register, (request, caller) => api.register(request, caller)),
    heartbeat: json(heartbeat, (request, caller) => api.heartbeat(request, caller)),
    deregister: json(deregister, (request, caller) => api.deregister(request, caller)),
    invoke: json(invoke, (request, caller) => api.invoke(request, caller)),
  };
}

function nodeRoutes(api: NodesApi): Routes<NodesApi> {
  const { add, list, remove, invoke } = httpRoutes.nodes;
  return {
    add: json(add, (request, caller) => api.add(request, caller)),
    list: json(list, (request, caller) => api.list(request, caller)),
    remove: json(remove, (request, caller) => api.remove(request, caller)),
    invoke: json(invoke, (request, caller) => api.invoke(request, caller)),
  };
}

function tokenRoutes(api: TokensApi): Routes<TokensApi> {
  const { create, list, revoke } = httpRoutes.tokens;
  return {
    create: json(create, (request, caller) => api.create(request, caller)),
    list: json(list, (request, caller) => api.list(request, caller)),
    revoke: json(revoke, (request, caller) => api.revoke(request, caller)),
  };
}

function auditRoutes(api: AuditApi): Routes<AuditApi> {
  const { head, export: part, explain } = httpRoutes.audit;
  return {
    head: json(head, (request, caller) => api.head(request, caller)),
    export: json(part, (request, caller) => api.export(request, caller)),
    explain: json(explain, (request, caller) => api.explain(request, caller)),
  };
}

function runtimeRoutes(api: RuntimeGroupApi): Routes<RuntimeGroupApi> {
  return { status: json(httpRoutes.runtime.status, (request, caller) => api.status(request, caller)) };
}

/** A whole list; encoding cuts it where one answer ends, and says so. */
function whole<Row>(rows: readonly Row[]): { readonly rows: readonly Row[]; readonly truncated: boolean } {
  return { rows, truncated: false };
}
