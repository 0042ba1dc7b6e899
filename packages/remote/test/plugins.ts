/** What tests of plugins are made of: tasks, plugins inside and outside, and a host that dials in memory. */
import { type ContentHash, type JsonObject, type JsonValue, type Permission, PluginInfo, type RunId, type TenantId } from "@heddle/core";
import type { LocalPlugin, Outcome, Task } from "@heddle/ports";
import { VirtualClock } from "@heddle/testkit/simulator";
import { type ServingOutcome, type ServingSession, type ServingWork, startServing, streamProtocol } from "@heddle/wire";
import { CallAbort } from "../src/plugins/call-abort.ts";
import { createPluginHost, type PluginHostOptions } from "../src/plugins/plugin-host.ts";
import { streamPair } from "./stream-pair.ts";

export const tenant = "default" as TenantId;

/** A plugin of two actions: `look` reads, `change` modifies. */
export function infoOf(name: string, over: Partial<PluginInfo> = {}): PluginInfo {
  const input = [
    { name: "city", type: "string" },
    { name: "days", type: "integer", default: 3 },
  ];
  return PluginInfo.parse({
    name,
    version: "1.0.0",
    description: "Looks and changes",
    permission: "read",
    stages: ["observe"],
    actions: [
      { name: "look", description: "Looks", permission: "read", input, output: [{ name: "seen", type: "string" }] },
      { name: "change", description: "Changes", permission: "modify" },
    ],
    ...over,
  });
}

export interface Call {
  readonly tool: string;
  readonly permission?: Permission;
  readonly input?: JsonObject;
  readonly timeoutMs?: number;
  readonly tenant?: TenantId;
  readonly activation?: number;
}

/** A host, the calls made through it, and what they said while they waited. */
export class PluginWorld {
  readonly clock = new VirtualClock();
  readonly processes: PluginProcess[] = [];
  readonly host;
  readonly logged: string[] = [];
  waiting: string | undefined;
  abort = new CallAbort();
  /** Whether nobody listens where plugins are dialled. */
  isDeaf = false;

  constructor(options: Omit<PluginHostOptions, "clock"> = {}) {
    this.host = createPluginHost({
      clock: this.clock,
      dial: (address) => {
        const { a, b } = streamPair();
        const process = this.processes.find((one) => one.address === address);
        if (process === undefined || this.isDeaf) setImmediate(() => b.end());
        else process.answer(b);
        return { stream: a, hangUp: () => undefined };
      },
      ...options,
    });
  }

  /** A process that serves, and registers under its address. */
  async start(info: PluginInfo, address: string, perform: PluginProcess["perform"], slots = 8): Promise<PluginProcess> {
    const process = new PluginProcess(info.name, address, perform, slots);
    this.processes.push(process);
    await this.host.register({ tenant, info, address, instance: process.instance });
    return process;
  }

  call({ tool, permission = "read", input = {}, timeoutMs, tenant: of = tenant, activation = 1 }: Call): Promise<Outcome> {
    const task: Task = {
      run: "run_1" as RunId,
      tenant: of,
      bundle: "sha256:0" as ContentHash,
      node: { kind: "tool", id: "call", capability: tool, tool, permission, ...(timeoutMs === undefined ? {} : { timeoutMs }) },
      activation,
      attempt: 1,
      incarnation: "inc_1",
      idempotencyKey: `run_1/${activation}`,
      input,
      services: {
        once: () => undefined,
        recorded: () => ({}),
        recordOnce: () => Promise.resolve(),
        call: () => Promise.resolve({ kind: "succeeded", result: null }),
        waiting: (reason) => {
          this.waiting = reason === undefined ? undefined : `${reason.kind}: ${reason.message}`;
        },
        log: ({ level, text }) => void this.logged.push(`${level} ${text}`),
      },
    };
    this.abort = new CallAbort();
    return this.host.execute(task, this.abort);
  }
}

/** Another process, in this one. */
export class PluginProcess {
  readonly plugin: string;
  readonly address: string;
  readonly instance: string;
  readonly perform: (work: ServingWork) => ServingOutcome | Promise<ServingOutcome>;
  readonly slots: number;
  /** Who it says it is. */
  says: string;
  session: ServingSession | undefined;
  end: { cut(): void } | undefined;

  constructor(plugin: string, address: string, perform: PluginProcess["perform"], slots: number) {
    this.plugin = plugin;
    this.says = plugin;
    this.address = address;
    this.instance = `inst_${address}`;
    this.perform = perform;
    this.slots = slots;
  }

  answer(stream: Parameters<typeof startServing>[0]["stream"]): void {
    this.end = stream;
    this.session = startServing({
      stream,
      hello: {
        protocol: streamProtocol,
        name: this.plugin,
        instance: this.instance,
        slots: this.slots,
        handlers: [],
        plugin: this.says,
        bundles: [],
        version: "1",
      },
      perform: this.perform,
      onEnd: () => undefined,
      setTimer: () => () => undefined,
    });
  }

  /** Its end of the line is cut, as by `kill -9`. */
  die(): void {
    this.session?.close();
  }
}

/** A plugin inside the daemon. */
export function localOf(
  info: PluginInfo,
  execute: (params: JsonObject, signal: AbortSignal) => unknown,
  more: Partial<LocalPlugin> = {},
): LocalPlugin {
  return { info, execute: async (request, signal) => execute(request.params, signal), ...more };
}

export const seen = (text: string): { readonly seen: JsonValue } => ({ seen: text });

/** Lets everything that is on its way arrive. */
export async function settled(): Promise<void> {
  for (let i = 0; i < 10; i++) await new Promise(setImmediate);
}
