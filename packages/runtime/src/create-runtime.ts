/**
 * The runtime, put together: store, gate, executors, engine and API. Used by the daemon, and alone.
 *
 * `createRuntime` returns at once and opens in the background; every method waits for that. Without
 * options it keeps everything in memory, opens no port and reads no file.
 */
import { availableParallelism } from "node:os";
import { join } from "node:path";
import {
  type BundleView,
  type Confinement,
  defaultTenant,
  type EventRecord,
  HeddleError,
  type JsonObject,
  type JsonValue,
  type Principal,
  type RunId,
  type RuntimeApi,
  runFailedError,
  type SecretSource,
  type WorkflowIr,
} from "@heddle/core";
import type { Clock, Executor, NodeServerHost, PluginHost, Random, Store } from "@heddle/ports";
import { createApprovalsApi, createInterruptionsApi } from "./api/approvals-api.ts";
import { createAuditApi } from "./api/audit-api.ts";
import { createBundlesApi } from "./api/bundles-api.ts";
import { createCallsApi } from "./api/calls-api.ts";
import { createDeadLettersApi } from "./api/dead-letters-api.ts";
import { createGrantsApi } from "./api/grants-api.ts";
import { guardedApi } from "./api/guarded-api.ts";
import { createHooksApi } from "./api/hooks-api.ts";
import { createNodes, nodeServerHostOf } from "./api/nodes-api.ts";
import { createPluginsApi, pluginHostOf } from "./api/plugins-api.ts";
import { createRunsApi } from "./api/runs-api.ts";
import { createTokens } from "./api/tokens-api.ts";
import { createToolsApi } from "./api/tools-api.ts";
import { statusOfDriver } from "./api/views.ts";
import { createAuditSigner } from "./audit/audit-key.ts";
import { Auditor } from "./audit/auditor.ts";
import type { MethodOf } from "./executors/class-instances.ts";
import { createHandlersExecutor, type HandlerProcessOptions } from "./executors/handlers.ts";
import { createHostLocalExecutor, type HostLocalOptions, hostLocalDefaults } from "./executors/host-local/host-local.ts";
import { createInProcessExecutor, type HandlerFunction, handlerFunctions } from "./executors/in-process.ts";
import { createCalls } from "./gate/calls.ts";
import { createGate } from "./gate/gate.ts";
import type { BuiltinApprovals } from "./gate/judge/index.ts";
import { createHttpGuard } from "./guards/destinations/http-guard.ts";
import { probeSandbox } from "./guards/sandbox/probe.ts";
import type { SandboxProbe } from "./guards/sandbox/sandbox.ts";
import { type HookFunction, Hooks } from "./hooks/hooks.ts";
import { redactingExecutor } from "./secrets/redacting-executor.ts";
import { createSecrets } from "./secrets/secrets.ts";
import { bundleFolder, layOutBundle } from "./shell/bundle-folder.ts";
import { Engine } from "./shell/engine.ts";
import { Grants } from "./shell/grants.ts";
import { defaultPool } from "./shell/node-flow.ts";
import { systemClock, systemRandom } from "./shell/system.ts";
import { createMemoryStore } from "./store-memory/memory-store.ts";
import { type ToolOptions, toolParts } from "./tool-parts.ts";

export interface RuntimeOptions extends ToolOptions {
  /** Where everything is kept. Default: memory. The runtime closes it. */
  readonly store?: Store;
  /** The folder that bundles are laid out in. Default: a temporary one, removed on close. */
  readonly dataDir?: string;
  /** Functions of this program, by handler name; `{ of: Agents, method: "review" }` for a method, of an instance that is made at the first call. */
  readonly handlers?: Readonly<Record<string, HandlerFunction | MethodOf>>;
  /** Whether calls that may change something ask a person, where no policy of the workflow decides. Plugins' always ask. Default `ask`. */
  readonly approvals?: { readonly builtin?: BuiltinApprovals };
  /** Answered with `unimplemented` until model nodes run. */
  readonly models?: unknown;
  /** Answers approvals of `human` nodes in this process: true approves, false rejects. Without it they wait. */
  readonly confirm?: (question: {
    readonly runId: RunId;
    readonly node: string;
    readonly prompt: string;
    readonly details?: JsonValue;
  }) => boolean | Promise<boolean>;
  /** Hooks of this program, ahead of those that are registered: they hear of the calls of every tenant. */
  readonly hooks?: readonly HookFunction[];
  /** Owners of hooks that may let a call reach hosts besides `allowedHosts`: an owner, or `<tenant>:<owner>`. Default: none. */
  readonly permitHostWidening?: readonly string[];
  readonly handlerProcesses?: HandlerProcessOptions;
  /** How the programs of `process` nodes are run. */
  readonly processes?: Partial<HostLocalOptions>;
  /** Slots by name of pool. `default` is that of programs whose node names none: twice as many as there are cores, unless it is named here. */
  readonly pools?: Readonly<Record<string, number>>;
  /** What carries out work elsewhere. A node that needs one that is not here is refused with `handler-not-found` when it is its turn. */
  readonly executors?: {
    /** Handlers that a bundle declares without code. */
    readonly workers?: Executor;
    /** Nodes of kind `tool`. A host of plugins serves the API's `plugins` too. */
    readonly tools?: PluginHost | Executor;
    /** Nodes of kind `remote`. A host of node servers serves the API's `nodes` too. */
    readonly remotes?: NodeServerHost | Executor;
  };
  /** Open runs beyond which a start is refused with `retry-later`. Default: no bound. */
  readonly openRunsMax?: number;
  /** The least confinement that bundle code is loaded with. Default `process`. */
  readonly confinementMin?: Confinement;
  /** Where secrets are found that bundles, calls and node servers name, as in `secret://github`. Default none. */
  readonly secrets?: Readonly<Record<string, SecretSource>>;
  /** Where variables of secrets are found. Default: the environment of this process. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
  /** What of a sandbox there is. Default: bubblewrap, where this machine lets it work. */
  readonly sandbox?: SandboxProbe;
  readonly version?: string;
  /** The store failed, or another process took it over. Default: the error is kept, and every call rejects with it. */
  readonly onFatal?: (error: Error) => void;
  /** A bug stopped one run. */
  readonly onBug?: (runId: RunId, bug: unknown) => void;
  readonly clock?: Clock;
  readonly random?: Random;
  /** Wraps each executor: for tests that count or fail what reaches them. */
  readonly wrapExecutor?: (executor: Executor) => Executor;
}

export interface RunOptions {
  readonly idempotencyKey?: string;
  /** Stops waiting; the run goes on. */
  readonly signal?: AbortSignal;
}

/** How a run ended well. */
export interface Succeeded {
  readonly runId: RunId;
  readonly output: JsonValue;
}

export interface Runtime extends AsyncDisposable {
  readonly api: RuntimeApi;
  /** Resolves once open runs have been taken up. Rejects with why the store could not be opened. */
  ready(): Promise<void>;
  /** Starts a workflow and waits for its end. Errors: `run-failed` with the failure's code, `cancelled`, those of `runs.start`. */
  run(ir: WorkflowIr | readonly WorkflowIr[], input: JsonObject, options?: RunOptions): Promise<Succeeded>;
  /** Starts a workflow and yields its events, the first one included, until it has ended. */
  stream(ir: WorkflowIr | readonly WorkflowIr[], input: JsonObject, options?: RunOptions): AsyncIterable<EventRecord>;
  authenticate(secret: string): Promise<Principal | undefined>;
  /** The secret of a fresh admin token, unless `known` is one already. */
  ensureAdminToken(known?: string): Promise<string | undefined>;
  /** Process ids of warm handler processes: for tests that end them. */
  handlerPids(): readonly number[];
  /** Waits up to `graceMs` for what runs, then lets go. What had not ended is done again after the next start. */
  close(options?: { readonly graceMs?: number }): Promise<void>;
}

const handlerDefaults: HandlerProcessOptions = { count: 0, memoryMb: 512, graceMs: 2_000 };

/** Who an embedding program is, to its own runtime. */
const embedded: Principal = { subject: "embedded", tenant: defaultTenant, roles: ["admin", "operator", "engineer"] };

export function createRuntime(options: RuntimeOptions = {}): Runtime {
  refuseUnimplemented(options);
  const clock = options.clock ?? systemClock;
  const random = options.random ?? systemRandom;
  const store = options.store ?? createMemoryStore();
  const functions = handlerFunctions(options.handlers ?? {});
  const processOptions = options.handlerProcesses ?? handlerDefaults;
  const environment = options.environment ?? process.env;
  const secrets = createSecrets({ sources: options.secrets ?? {}, environment, clock });
  const wrap = (executor: Executor): Executor => {
    const wrapped = options.wrapExecutor?.(executor) ?? executor;
    return secrets.none ? wrapped : redactingExecutor(wrapped, secrets.redactor);
  };
  const sandbox = options.sandbox ?? probeSandbox;
  const processes = createHandlersExecutor(clock, processOptions, process.env, { secrets, sandbox });
  const inProcess = wrap(createInProcessExecutor({ clock, graceMs: processOptions.graceMs, handler: (name) => functions.get(name) }));
  const inProcesses = wrap(processes);
  const hostLocal = createHostLocalExecutor(clock, { ...hostLocalDefaults, ...options.processes }, process.env, secrets, sandbox);
  const programs = wrap(hostLocal);
  const elsewhere = Object.fromEntries(
    Object.entries(options.executors ?? {}).map(([kind, executor]) => [kind, wrap(executor)]),
  ) as NonNullable<RuntimeOptions["executors"]>;
  const auditor = new Auditor({ store, clock, epoch: () => engine.epoch, onBug: (bug) => options.onBug?.("audit", bug) });
  const grants = new Grants(store, clock, random, () => engine.epoch, auditor);
  const tools = toolParts(options, clock, random);
  const builtIn = wrap(tools.executor(processOptions.graceMs, { secrets, sandbox, sandboxed: options.confinementMin === "sandbox" }));
  const hooks = new Hooks({
    store,
    clock,
    random,
    http: createHttpGuard({ clock }),
    destinations: tools.preparing.destinations,
    epoch: () => engine.epoch,
    functions: options.hooks ?? [],
    permitHostWidening: options.permitHostWidening ?? [],
  });
  const gate = createGate({
    clock,
    hooks,
    registry: tools.preparing.registry,
    calls: createCalls({
      ...tools.preparing,
      plugins: options.executors?.tools !== undefined,
      builtin: options.approvals?.builtin ?? "ask",
      grants,
      hooks,
      clock,
    }),
    route: ({ bundle, node, call }) => {
      switch (node.kind) {
        case "process":
          return programs;
        case "tool":
          return call?.prepared.plugin === true ? elsewhere.tools : builtIn;
        case "remote":
          return elsewhere.remotes;
        case "handler":
          if (functions.has(node.handler)) return inProcess;
          return elsewhere.workers === undefined || processes.serves(bundle, node.handler) ? inProcesses : elsewhere.workers;
        default:
          return undefined;
      }
    },
  });
  const pools = new Map(Object.entries({ [defaultPool]: 2 * availableParallelism(), ...options.pools }));
  const folder = bundleFolder(options.dataDir);
  let fatal: Error | undefined;
  const engine = new Engine({
    store,
    clock,
    random,
    gate,
    audit: auditor,
    pools,
    ...(options.openRunsMax === undefined ? {} : { openRunsMax: options.openRunsMax }),
    rules: {
      pools,
      confinementMin: options.confinementMin ?? "process",
      provided: new Set(functions.keys()),
      refuseSecrets: (node) => secrets.refuse(node),
      sandbox,
      workers: options.executors?.workers !== undefined,
    },
    layOut: async (hash, manifest, payload) => {
      const payloads = await layOutBundle(await folder.path(), hash, manifest, payload);
      processes.register(hash, manifest, payloads);
      hostLocal.register(hash, manifest, payloads);
    },
    onFatal: (error) => {
      fatal = error;
      options.onFatal?.(error);
    },
    onBug: (run, bug) => options.onBug?.(run, bug),
  });
  const tokens = createTokens(store, clock, random, () => engine.epoch);
  const runs = createRunsApi(engine, clock, random, () => auditor.settled());
  const nodes = createNodes(engine, clock, runs, nodeServerHostOf(options.executors?.remotes), secrets);
  const opened = (async () => {
    // Before any run goes on that may need one.
    await nodes.open();
    await grants.open();
    await hooks.open();
    await engine.open();
    await tokens.open();
    await auditor.open();
  })();
  // Whoever calls a method learns of a failed start; nobody has to.
  opened.catch(() => undefined);

  const api: RuntimeApi = guardedApi(opened, {
    bundles: createBundlesApi(engine),
    runs,
    calls: createCallsApi(engine),
    approvals: createApprovalsApi(engine),
    interruptions: createInterruptionsApi(engine),
    grants: createGrantsApi(engine, grants, clock),
    hooks: createHooksApi(hooks),
    deadLetters: createDeadLettersApi(engine),
    tools: createToolsApi(engine, runs, tools.preparing.registry),
    plugins: createPluginsApi(engine, runs, pluginHostOf(options.executors?.tools)),
    nodes: nodes.api,
    tokens: tokens.api,
    audit: createAuditApi({ store, auditor, signer: createAuditSigner(auditKeyPath(options)) }),
    runtime: {
      status: () => {
        const openRuns: Record<string, number> = {};
        for (const driver of engine.drivers()) openRuns[statusOfDriver(driver)] = (openRuns[statusOfDriver(driver)] ?? 0) + 1;
        const { kind, settings } = store.info();
        return Promise.resolve({
          version: options.version ?? "0.0.0",
          incarnation: engine.incarnation,
          startedAtMs: engine.startedAtMs,
          openRuns,
          storage: {
            kind,
            healthy: fatal === undefined,
            settings: { ...settings },
            ...(fatal === undefined ? {} : { message: fatal.message }),
          },
        });
      },
    },
  });

  let closing: Promise<void> | undefined;
  const close = (graceMs: number): Promise<void> => {
    closing ??= (async () => {
      await opened.catch(() => undefined);
      await engine.close(graceMs);
      await Promise.all([processes, hostLocal, ...Object.values(elsewhere)].map((executor) => executor.close()));
      await auditor.close();
      await store.close();
      await folder.remove();
    })();
    return closing;
  };

  // An IR is data: the same object is the same bundle, and is not hashed again for each run.
  const anonymous = new WeakMap<object, Promise<BundleView>>();
  const startAnonymous = async (ir: WorkflowIr | readonly WorkflowIr[], input: JsonObject, runOptions: RunOptions): Promise<RunId> => {
    await opened;
    let stored = anonymous.get(ir);
    if (stored === undefined) {
      stored = engine.bundles.putAnonymous("length" in ir ? ir : [ir], defaultTenant);
      anonymous.set(ir, stored);
      stored.catch(() => anonymous.delete(ir));
    }
    const bundle = await stored;
    const { runId } = await api.runs.start(
      { bundle: bundle.hash, input, ...(runOptions.idempotencyKey === undefined ? {} : { idempotencyKey: runOptions.idempotencyKey }) },
      { principal: embedded },
    );
    if (options.confirm !== undefined) void answerQuestions(api, runId, options.confirm);
    return runId;
  };

  return {
    api,
    ready: () => opened,
    async run(ir, input, runOptions = {}) {
      const runId = await startAnonymous(ir, input, runOptions);
      const result = await api.runs.result(
        { runId },
        { principal: embedded, ...(runOptions.signal === undefined ? {} : { signal: runOptions.signal }) },
      );
      if (result.failure !== undefined) throw runFailedError(runId, result.failure);
      if (result.status !== "succeeded") throw new HeddleError("cancelled", `run ${runId} was cancelled`, { details: { runId } });
      return { runId, output: result.output ?? null };
    },
    async *stream(ir, input, runOptions = {}) {
      const runId = await startAnonymous(ir, input, runOptions);
      const caller = { principal: embedded, ...(runOptions.signal === undefined ? {} : { signal: runOptions.signal }) };
      for await (const batch of api.runs.follow({ runId }, caller)) yield* batch;
    },
    async authenticate(secret) {
      await opened;
      return tokens.authenticate(secret);
    },
    async ensureAdminToken(known) {
      await opened;
      return tokens.ensureAdmin(known);
    },
    handlerPids: () => processes.pids(),
    close: ({ graceMs = 5_000 } = {}) => close(graceMs),
    [Symbol.asyncDispose]: () => close(0),
  };
}

function refuseUnimplemented(options: RuntimeOptions): void {
  for (const name of ["models"] as const) {
    if (options[name] !== undefined) throw new HeddleError("unimplemented", `createRuntime does not take ${name} yet`);
  }
}

/** Answers each approval that a run asks for, as this program says. */
async function answerQuestions(api: RuntimeApi, runId: RunId, confirm: NonNullable<RuntimeOptions["confirm"]>): Promise<void> {
  const caller = { principal: embedded };
  const asked = new Set<number>();
  try {
    for await (const _ of api.runs.follow({ runId }, caller)) {
      const view = await api.runs.get({ runId }, caller);
      for (const { activation, node, prompt, details, mode } of view.questions) {
        if (mode !== "approve" || asked.has(activation)) continue;
        asked.add(activation);
        const answer = await confirm({ runId, node, prompt, ...(details === undefined ? {} : { details }) });
        await api.runs.answer({ runId, activation, answer: answer === true }, caller);
      }
    }
  } catch {
    // The run ended, or the runtime did: there is nobody left to answer.
  }
}

function auditKeyPath({ dataDir }: RuntimeOptions): string | undefined {
  return dataDir === undefined ? undefined : join(dataDir, "audit-key.pem");
}
