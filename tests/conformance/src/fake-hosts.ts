/** Hosts of plugins and of node servers that keep everything in memory and answer by themselves: the far ends of the API. */
import type { JsonObject, NodeServerView, PluginInfo, PluginInstance, PluginView } from "@heddle/core";
import { failureOf, HeddleError, partsOfTool } from "@heddle/core";
import type { AbortHandle, NodeServerAddress, NodeServerHost, Outcome, PluginHost, PluginRegistration, Task } from "@heddle/ports";

/** What both do with a task. */
class FakeExecutor {
  /** Tasks that reached it. */
  readonly tasks: Task[] = [];

  async execute(task: Task, _: AbortHandle): Promise<Outcome> {
    this.tasks.push(task);
    if (task.input["fail"] === true) return { kind: "failed", failure: failureOf("node-failed", "told to fail", "handler") };
    return { kind: "succeeded", result: { ...task.input } satisfies JsonObject };
  }

  async close(): Promise<void> {}
}

interface Registered {
  readonly tenant: string;
  readonly info: PluginInfo;
  readonly instances: PluginInstance[];
}

/** Actions give back what they are called with. */
export class FakePluginHost extends FakeExecutor implements PluginHost {
  readonly #plugins = new Map<string, Registered>();

  async register({ tenant, info, address, instance }: PluginRegistration): Promise<{ readonly heartbeatIntervalMs: number }> {
    if (address === "localhost:1") throw new HeddleError("plugin-unreachable", `nobody answers at ${address}`);
    if (info.actions.length === 0) throw new HeddleError("plugin-invalid", "actions is empty: a plugin offers at least one");
    this.#plugins.set(`${tenant}/${info.name}`, {
      tenant,
      info,
      instances: [{ id: instance, address, status: "connected", inFlight: 0, sinceMs: 1 }],
    });
    return { heartbeatIntervalMs: 4_000 };
  }

  heartbeat(tenant: string, plugin: string, instance: string): boolean {
    return this.#plugins.get(`${tenant}/${plugin}`)?.instances.some(({ id }) => id === instance) ?? false;
  }

  async deregister(tenant: string, plugin: string): Promise<void> {
    this.#plugins.delete(`${tenant}/${plugin}`);
  }

  list(tenant: string): readonly PluginView[] {
    return [...this.#plugins.values()]
      .filter((plugin) => plugin.tenant === tenant)
      .map(({ info, instances }) => ({ ...info, origin: "registered", instances }));
  }

  /** The names of the actions that were called. */
  get called(): readonly string[] {
    return this.tasks.map(({ node }) => (node.kind === "tool" ? (partsOfTool(node.tool ?? "")?.action ?? "") : node.kind));
  }
}

/** Every server offers two nodes, which give back what goes in; one at port 1 does not answer. */
export class FakeNodeServerHost extends FakeExecutor implements NodeServerHost {
  /** What it was told, in order. */
  readonly told: (
    | ({ readonly act: "add"; readonly addedAtMs: number } & NodeServerAddress)
    | { readonly act: "remove"; readonly url: string }
  )[] = [];
  readonly #servers = new Map<string, { readonly tenant: string; readonly view: NodeServerView }>();

  async add(server: NodeServerAddress, addedAtMs: number): Promise<NodeServerView> {
    this.told.push({ act: "add", addedAtMs, ...server });
    const { tenant, url } = server;
    const away = new URL(url).port === "1";
    const node = (name: string) => ({ uid: `pack/${name}`, name, category: "test", version: "1.0.0" });
    const view: NodeServerView = {
      url,
      status: away ? "failed" : "connected",
      ...(away ? { message: "connection refused" } : { serverUid: `uid-${new URL(url).port}`, serverPackageId: "pack" }),
      nodes: away ? [] : [node("echo"), node("resize")],
      inFlight: 0,
      addedAtMs,
    };
    this.#servers.set(`${tenant} ${url}`, { tenant, view });
    return view;
  }

  async remove(tenant: string, url: string): Promise<void> {
    this.told.push({ act: "remove", url });
    this.#servers.delete(`${tenant} ${url}`);
  }

  list(tenant: string): readonly NodeServerView[] {
    return [...this.#servers.values()].filter((server) => server.tenant === tenant).map(({ view }) => view);
  }
}

/** A plugin with an action that reads and one that modifies. */
export const weather: PluginInfo = {
  name: "weather",
  version: "1.0.0",
  description: "tells the weather, and makes it",
  permission: "read",
  stages: ["observe"],
  actions: [
    {
      name: "forecast",
      description: "tells",
      permission: "read",
      stages: [],
      input: [
        { name: "city", type: "string", required: true, description: "", enum: [] },
        { name: "days ahead", type: "integer", required: false, description: "", default: 1, enum: [] },
      ],
      output: [],
      intents: [],
    },
    { name: "rain", description: "makes", permission: "modify", stages: ["operate"], input: [], output: [], intents: [] },
  ],
  intents: [],
  prompts: [],
  config: [],
  metadata: {},
};
