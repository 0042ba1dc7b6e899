/** One request and one answer for every method of RuntimeApi, with every optional field set somewhere. */
import {
  type ApprovalsApi,
  type ApprovalView,
  type AuditApi,
  anonymousBundle,
  BundleManifest,
  type BundlesApi,
  bundleHash,
  type Caller,
  type CallsApi,
  type DeadLettersApi,
  type EventRecord,
  type GrantsApi,
  type GrantView,
  type HooksApi,
  hashBytes,
  type InterruptionsApi,
  type NodesApi,
  type PluginsApi,
  type PluginView,
  type RunsApi,
  type RuntimeGroupApi,
  type TokensApi,
  type ToolsApi,
  WorkflowIr,
} from "@heddle/core";
import { auditSamples } from "./audit-samples.ts";

type Sample<Method> = Method extends (request: infer Request, caller: Caller) => infer Answer
  ? { readonly request: Request; readonly answer: Awaited<Answer> }
  : never;
export type Samples<Api> = { readonly [Method in keyof Api]: Sample<Api[Method]> };

export const hash = `sha256:${"0123456789abcdef".repeat(4)}`;
export const runId = `run_${"0123456789abcdefghjkmnpqrs"}`;
export const tokenId = `tok_${"0123456789abcdefghjkmnpqrs"}`;

/** Text and numbers that wires like to damage. */
export const awkward = {
  text: 'snow ☃, rocket \u{1f680}, lone \ud800, nul \u0000, quote " and \\',
  numbers: [0, -1, 0.1, 1e308, Number.MAX_SAFE_INTEGER, Number.MIN_VALUE],
  nested: { list: [null, true, [], {}], "": { "a.b": "c" } },
};

const failure = { code: "handler-failed", message: "no", class: "handler", retryable: false, node: "a", details: awkward } as const;
const summary = { id: runId, tenant: "default", workflow: "flow", bundle: hash, status: "failed", startedAtMs: 1, seq: 12 } as const;

export function eventAt(seq: number, text = "x"): EventRecord {
  const event = { kind: "signal-received", signal: seq, name: "tick", value: { text }, key: `k${seq}` } as const;
  return { seq, atMs: 1_700_000_000_000 + seq, event };
}

export function lastEventAt(seq: number): EventRecord {
  return { seq, atMs: 1_700_000_000_000 + seq, event: { kind: "run-succeeded", output: awkward } };
}

/** A manifest with one workflow, and the payload files that go with it. */
export const files = [
  { path: "code/main.js", bytes: Buffer.from("export const a = 1;") },
  { path: "empty.txt", bytes: Buffer.alloc(0) },
  { path: "large.bin", bytes: Buffer.alloc(900_001, "heddle") },
];

export const manifest = BundleManifest.parse({
  ...anonymousBundle([
    WorkflowIr.parse({
      ir: "heddle.ir/v1",
      id: "flow",
      discipline: "stages",
      inputs: [],
      entry: "a",
      nodes: [{ id: "a", kind: "handler", handler: "work" }],
      edges: [],
    }),
  ]),
  files: files.map(({ path, bytes }) => ({ path, hash: hashBytes(bytes), bytes: bytes.length })),
});

export const bundleView = {
  hash: bundleHash(manifest),
  main: "flow",
  workflows: ["flow"],
  files: 3,
  bytes: 900_020,
  storedAtMs: 3,
};

const bundles: Samples<Omit<BundlesApi, "put" | "get">> = {
  list: {
    request: { limit: 3, cursor: "c1" },
    answer: { rows: [{ hash, main: "flow", workflows: ["flow", "other"], files: 2, bytes: 70_000_000_000, storedAtMs: 7 }], cursor: "c2" },
  },
  delete: { request: { hash }, answer: undefined },
};

const runs: Samples<Omit<RunsApi, "follow">> = {
  start: {
    request: { bundle: hash, workflow: "flow", input: { awkward }, idempotencyKey: "once" },
    answer: { runId, existing: true },
  },
  get: {
    request: { runId },
    answer: {
      ...summary,
      endedAtMs: 9,
      parent: runId,
      input: awkward,
      output: null,
      failure,
      steps: 3,
      questions: [
        {
          ...{ activation: 2, node: "ask", mode: "approve", prompt: "ok?", details: awkward, deadlineMs: 99 },
          ...{ rule: { roles: ["admin"], quorum: 2, notRequester: true, expiresMs: 5 }, approvedBy: ["ann ☃"], call: hash },
        },
        { activation: 3, node: "name", mode: "answer", prompt: "", answers: "string" },
      ],
    },
  },
  list: { request: { limit: 2, cursor: "x", status: "waiting", workflow: "flow" }, answer: { rows: [summary, summary] } },
  events: { request: { runId, after: 4, limit: 100 }, answer: [eventAt(5, awkward.text), lastEventAt(6)] },
  logs: {
    request: { runId, after: 1, limit: 10 },
    answer: [
      { n: 2, atMs: 5, node: "a", activation: 1, attempt: 2, level: "warn", source: "stdout", text: "hi ☃", fields: awkward },
      { n: 3, atMs: 6, level: "debug", source: "runtime", text: "" },
    ],
  },
  result: { request: { runId }, answer: { runId, status: "failed", output: false, failure } },
  pause: { request: { runId, reason: "lunch" }, answer: undefined },
  resume: { request: { runId, now: false }, answer: undefined },
  cancel: { request: { runId }, answer: undefined },
  signal: { request: { runId, name: "go", value: null, idempotencyKey: "k" }, answer: undefined },
  answer: { request: { runId, node: "ask", activation: 2, answer: false, comment: "no ☃", hash }, answer: undefined },
  query: { request: { runId, name: "progress" }, answer: awkward },
  retry: { request: { runId, from: 7 }, answer: { from: 7, node: "a" } },
  delete: { request: { runId }, answer: undefined },
  why: {
    request: { runId },
    answer: [
      { run: runId, kind: "timer", message: "sleeps", activation: 3, node: "nap", untilMs: 12, commands: ["heddle runs resume --now"] },
      { run: runId, kind: "signal", message: "waits", child: runId, signal: "go", commands: [] },
    ],
  },
};

const calls: Samples<CallsApi> = {
  list: {
    request: { status: "outcome-unknown" },
    answer: { rows: [{ id: `${runId}/3`, run: runId, node: "pay", attempt: 1, status: "outcome-unknown", startedAtMs: 4 }] },
  },
  settle: { request: { call: `${runId}/3`, as: "succeeded", result: awkward, message: "seen" }, answer: undefined },
};

const question = {
  ...{ id: `${runId}/3`, runId, workflow: "flow", node: "save", prompt: "may it ☃?", details: awkward },
  ...{ requestedBy: "ann", askedAtMs: 7, deadlineMs: 99 },
};
const leanQuestion = { id: `${runId}/4`, runId, workflow: "flow", node: "ask", prompt: "", askedAtMs: 8 };

export const approval: ApprovalView = {
  ...question,
  call: { hash, tool: "writeFile", capability: "fs.write", permission: "modify" },
  rule: { roles: ["admin", "engineer"], quorum: 2, notRequester: true, expiresMs: 60_000 },
  approvedBy: ["ann", "bob ☃"],
};
export const leanApproval: ApprovalView = { ...leanQuestion, approvedBy: [] };

const approvals: Samples<Omit<ApprovalsApi, "follow">> = {
  list: { request: { runId, limit: 2, cursor: `${runId}/1` }, answer: { rows: [approval, leanApproval], cursor: `${runId}/4` } },
  get: { request: { id: `${runId}/3` }, answer: approval },
  approve: { request: { id: `${runId}/3`, hash, comment: "fine ☃" }, answer: undefined },
  reject: { request: { id: `${runId}/3`, comment: "" }, answer: undefined },
};

const interruptions: Samples<InterruptionsApi> = {
  list: { request: {}, answer: { rows: [{ ...question, answers: "boolean" }, leanQuestion] } },
  answer: { request: { id: `${runId}/3`, answer: awkward, comment: "so" }, answer: undefined },
  decline: { request: { id: `${runId}/3` }, answer: undefined },
};

const grant: GrantView = {
  id: `grt_${"0123456789abcdefghjkmnpqrs"}`,
  capability: "fs.write",
  tool: "writeFile",
  permission: "modify",
  paths: ["workspace:out/"],
  destinations: [],
  where: { kind: "eq", left: { kind: "ref", scope: "bound", name: "mode" }, right: { kind: "literal", value: awkward.nested } },
  scope: { kind: "run", runId },
  count: 3,
  expiresAtMs: 9,
  reason: "a migration ☃",
  by: "ann",
  createdAtMs: 5,
  uses: 0,
  revokedAtMs: 8,
  revokedBy: "bob",
};
const { id: _, by: __, createdAtMs: ___, uses: ____, revokedAtMs: _____, revokedBy: ______, ...terms } = grant;
const leanTerms = { capability: "net.fetch", scope: { kind: "bundle", bundle: hash }, reason: "x" } as const;
const grants: Samples<GrantsApi> = {
  list: {
    request: { all: false, limit: 3 },
    answer: { rows: [grant, { ...leanTerms, id: grant.id, by: "", createdAtMs: 1, uses: 7 }] },
  },
  create: { request: terms, answer: grant },
  revoke: { request: { id: grant.id }, answer: undefined },
};

const hook = {
  ...{ id: `hook_${"0".repeat(26)}`, owner: "team", name: "audit", phase: "pre" as const, url: "https://hooks.example/☃" },
  ...{ tools: ["read*", "write"], nodes: ["it"], failMode: "closed" as const, timeoutMs: 60_000, by: "ada", registeredAtMs: 5 },
};
const { id: hookId, by: hookBy, registeredAtMs, ...hookTerms } = hook;
const leanHook = { owner: "team", name: "told", phase: "post", url: "https://hooks.example" } as const;
const hooks: Samples<HooksApi> = {
  list: { request: {}, answer: [hook, { id: hookId, ...leanHook, by: hookBy, registeredAtMs }] },
  register: { request: hookTerms, answer: { hook, secret: "hks_x" } },
  delete: { request: { id: hookId }, answer: undefined },
};

const tools: Samples<ToolsApi> = {
  list: {
    request: { capability: "fs.read" },
    answer: [
      {
        ...{
          name: "readFile",
          capability: "fs.read",
          permission: "read",
          description: "reads ☃",
          inputSchema: { type: "object", awkward },
        },
        parameters: [
          { name: "path", kind: "path", required: true },
          { name: "limit", kind: "value", required: false },
        ],
      },
      { name: "none", capability: "x.y", permission: "admin", description: "", inputSchema: {}, parameters: [] },
    ],
  },
  invoke: { request: { tool: "readFile", args: { path: "a", awkward }, idempotencyKey: "once" }, answer: { runId, existing: true } },
};

const letter = {
  run: runId,
  letter: 2,
  from: "classify",
  to: "archive",
  messageType: "order.paid",
  code: "unroutable",
  reason: "no edge takes it ☃",
  body: awkward,
  atMs: 6,
  replayedAtMs: 8,
};
const deadLetters: Samples<DeadLettersApi> = {
  list: { request: { runId }, answer: [letter, { ...lean(letter), letter: 3, body: null }] },
  replay: { request: { runId, letters: [2, 7] }, answer: { replayed: 2 } },
};

/** Without what may be absent. */
function lean({ run, letter: n, messageType, code, reason, body, atMs }: typeof letter) {
  return { run, letter: n, messageType, code, reason, body, atMs };
}

const parameter = {
  name: "city",
  type: "string",
  required: true,
  description: "where ☃",
  default: awkward.nested,
  enum: ["a", null, 1],
} as const;
const { origin, instances, ...info } = {
  name: "weather",
  version: "1.2.3",
  description: "tells the weather",
  permission: "read",
  stages: ["observe", "plan"],
  actions: [
    {
      name: "forecast",
      description: "for tomorrow",
      permission: "modify",
      stages: ["operate"],
      input: [
        { ...parameter, enum: [...parameter.enum] },
        { name: "days", type: "integer", required: false, description: "", enum: [] },
      ],
      output: [{ name: "text", type: "json", required: false, description: "", enum: [] }],
      intents: [{ pattern: "will it rain", action: "forecast", description: "", priority: -5 }],
    },
  ],
  intents: [{ pattern: "weather", description: "all of it", priority: 3 }],
  prompts: [{ name: "tell", description: "", content: "Tell ☃" }],
  config: [
    { key: "key", type: "string", required: true, description: "", secret: true },
    { key: "every", type: "duration", required: false, default: "5m", description: "how often", secret: false },
  ],
  metadata: { team: "skies", "a.b": "" },
  origin: "registered",
  instances: [
    { id: "i1", address: "127.0.0.1:9", status: "connecting", message: "no answer", inFlight: 0, sinceMs: 4 },
    { id: "i2", status: "connected", inFlight: 3, sinceMs: 5 },
  ],
} satisfies PluginView;
const plugins: Samples<PluginsApi> = {
  list: { request: { stage: "observe" }, answer: [{ ...info, origin, instances }] },
  register: { request: { info, address: "127.0.0.1:9", instance: "i1" }, answer: { heartbeatIntervalMs: 10_000 } },
  heartbeat: { request: { plugin: "weather", instance: "i1" }, answer: { registered: false, heartbeatIntervalMs: 10_000 } },
  deregister: { request: { plugin: "weather", instance: "i1" }, answer: undefined },
  invoke: {
    request: { plugin: "weather", action: "forecast", params: { city: awkward }, idempotencyKey: "once" },
    answer: { runId, existing: true },
  },
};

const nodeServer = { url: "ws://127.0.0.1:9/", status: "failed", nodes: [], inFlight: 0, addedAtMs: 4 } as const;
const nodes: Samples<NodesApi> = {
  add: {
    request: { url: "ws://127.0.0.1:9/?a=b", token: "shh" },
    answer: {
      ...nodeServer,
      message: "refused",
      serverUid: "s1",
      serverPackageId: "pack",
      displayName: "☃",
      nodes: [{ uid: "pack/resize", name: "Resize", category: "image", version: "1.0.0" }],
    },
  },
  list: { request: {}, answer: [{ ...nodeServer, nodes: [] }] },
  remove: { request: { url: "ws://127.0.0.1:9/?a=b&c=☃" }, answer: undefined },
  invoke: {
    request: { node: "pack/resize", server: "pack", parameters: { width: 3 }, inputs: { image: awkward }, idempotencyKey: "once" },
    answer: { runId, existing: false },
  },
};

const token = {
  id: tokenId,
  subject: "ann",
  tenant: "default",
  roles: ["operator", "engineer"] as ("operator" | "engineer")[],
  createdAtMs: 5,
};
const tokens: Samples<TokensApi> = {
  create: { request: { subject: "ann", roles: ["operator"], tenant: "acme" }, answer: { token, secret: "shh" } },
  list: { request: {}, answer: { rows: [{ ...token, revokedAtMs: 8 }, token] } },
  revoke: { request: { id: tokenId }, answer: undefined },
};

const runtime: Samples<RuntimeGroupApi> = {
  status: {
    request: {},
    answer: {
      version: "1.2.3",
      incarnation: "inc_1",
      startedAtMs: 4,
      openRuns: { waiting: 3, parked: 1 },
      storage: { kind: "sqlite", healthy: false, message: "full", settings: { synchronous: "FULL" } },
    },
  },
};

const audit: Samples<AuditApi> = auditSamples;

/** By group and method. `bundles.put`, `bundles.get`, `runs.follow` and `approvals.follow` have tests of their own. */
export const samples = {
  bundles,
  runs,
  calls,
  approvals,
  interruptions,
  grants,
  hooks,
  deadLetters,
  tools,
  plugins,
  nodes,
  tokens,
  audit,
  runtime,
} as const;
