/** One request and one answer for every method of RuntimeApi, with every optional field set somewhere. */
import {
  anonymousBundle,
  BundleManifest,
  type BundlesApi,
  bundleHash,
  type Caller,
  type CallsApi,
  type DeadLettersApi,
  type EventRecord,
  hashBytes,
  type NodesApi,
  type PluginsApi,
  type PluginView,
  type RunsApi,
  type RuntimeGroupApi,
  type TokensApi,
  WorkflowIr,
} from "@heddle/core";

type Sample<Method> = Method extends (request: infer Request, caller: Caller) => infer Answer
  ? { readonly request: Request; readonly answer: Awaited<Answer> }
  : never;
type Samples<Api> = { readonly [Method in keyof Api]: Sample<Api[Method]> };

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
      questions: [{ activation: 2, node: "ask", mode: "approve", prompt: "ok?", details: awkward, deadlineMs: 99 }],
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
  answer: { request: { runId, node: "ask", activation: 2, answer: false, comment: "no ☃" }, answer: undefined },
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

/** By group and method. `bundles.put`, `bundles.get` and `runs.follow` have tests of their own. */
export const samples = { bundles, runs, calls, deadLetters, plugins, nodes, tokens, runtime } as const;
