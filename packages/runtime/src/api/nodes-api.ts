/**
 * The nodes group of RuntimeApi: node servers that were added, and one call of a node as a run.
 *
 * A server is a stream of its own, in status `open` while it is added, so that a restart finds it. Its token
 * has to be said to the server again and again. As a reference to a secret it is kept as that; another token is kept
 * as it is: in the row of the stream alone, never in an event, and no longer than the server is added.
 */
import {
  HeddleError,
  hashText,
  type NodeServerView,
  type NodesApi,
  nearestName,
  nodeValuesOf,
  type RunsApi,
  type TenantId,
} from "@heddle/core";
import type { Clock, Executor, NodeServerHost, StreamRow } from "@heddle/ports";
import type { Secrets } from "../secrets/secrets.ts";
import type { Engine } from "../shell/engine.ts";
import { startSingle } from "./single-node.ts";

interface StoredServer {
  readonly url: string;
  readonly token?: string;
  readonly addedAtMs: number;
}

/** The nodes group, and what it does when the runtime opens. */
export interface Nodes {
  readonly api: NodesApi;
  /** Tells the host of every server that was added before. Does not wait for their connections. */
  open(): Promise<void>;
}

/** The host of node servers among executors; undefined where it only executes. */
export function nodeServerHostOf(executor: Executor | NodeServerHost | undefined): NodeServerHost | undefined {
  return executor !== undefined && "add" in executor && "remove" in executor && "list" in executor ? executor : undefined;
}

const kind = "node-server";

export function createNodes(
  engine: Engine,
  clock: Clock,
  runs: Pick<RunsApi, "start">,
  host: NodeServerHost | undefined,
  secrets: Secrets,
): Nodes {
  const { journal } = engine.store;

  const hosting = (): NodeServerHost => {
    if (host !== undefined) return host;
    throw new HeddleError("unimplemented", "this runtime has no node servers: it was made without a host of them (executors.remotes)");
  };

  const write = async (
    server: StoredServer,
    tenant: TenantId,
    row: StreamRow | undefined,
    change: "node-server-added" | "node-server-removed",
  ): Promise<void> => {
    const { url, addedAtMs } = server;
    const outcome = await journal.append([
      {
        stream: streamOf(url, tenant),
        tenant,
        expectedSeq: row?.seq ?? 0,
        epoch: engine.epoch,
        events: [{ atMs: clock.nowMs(), text: JSON.stringify({ kind: change, url }) }],
        summary: {
          kind,
          status: change === "node-server-added" ? "open" : "removed",
          name: "",
          createdAtMs: addedAtMs,
          data: JSON.stringify(change === "node-server-added" ? server : { url, addedAtMs }),
        },
      },
    ]);
    if (outcome.kind === "fenced") throw new HeddleError("journal-fenced", "another process has taken over the store");
    if (outcome.kind === "conflict") throw new HeddleError("journal-contended", `node server ${url} was changed by somebody else`);
  };

  const api: NodesApi = {
    async add({ url: given, token }, { principal: { tenant } }) {
      const to = hosting();
      const url = urlOf(given);
      const row = await journal.get(streamOf(url, tenant), tenant);
      const addedAtMs = row?.status === "open" ? storedOf(row).addedAtMs : clock.nowMs();
      // One that cannot be resolved is not kept.
      const value = token === undefined ? undefined : await secrets.value(token);
      await write({ url, ...(token === undefined ? {} : { token }), addedAtMs }, tenant, row, "node-server-added");
      return to.add({ tenant, url, ...(value === undefined ? {} : { token: value }) }, addedAtMs);
    },
    async list(_, { principal }) {
      return hosting().list(principal.tenant);
    },
    async remove({ url: given }, { principal: { tenant } }) {
      const from = hosting();
      const url = urlOf(given);
      const row = await journal.get(streamOf(url, tenant), tenant);
      if (row?.status !== "open") {
        const there = from.list(tenant).map((server) => server.url);
        const message = `no node server was added under ${url}; ${there.length === 0 ? "there are none" : `there are ${there.join(", ")}`}`;
        throw new HeddleError("node-server-not-found", message, { details: { url } });
      }
      await write(storedOf(row), tenant, row, "node-server-removed");
      await from.remove(tenant, url);
    },
    async invoke({ inputs, idempotencyKey, ...remote }, caller) {
      assertOffered(hosting().list(caller.principal.tenant), remote.node, remote.server);
      const id = nameOf(remote.node);
      const values = nodeValuesOf(inputs);
      return startSingle(engine, runs, { workflow: id, node: { kind: "remote", id, remote }, values, idempotencyKey }, caller);
    },
  };

  return {
    api,
    async open() {
      if (host === undefined) return;
      for (const row of await journal.listOpen(kind)) {
        const { addedAtMs, token, url } = storedOf(row);
        // Without its secret a server is connected to without a token, which it refuses: that shows in the list.
        const value = token === undefined ? undefined : await secrets.value(token).catch(() => undefined);
        // A server that does not answer is the host's to try again; whoever asks for the list sees how it stands.
        host.add({ tenant: row.tenant, url, ...(value === undefined ? {} : { token: value }) }, addedAtMs).catch(() => undefined);
      }
    },
  };
}

function streamOf(url: string, tenant: TenantId): string {
  return `${kind}:${tenant}:${hashText(url)}`;
}

function storedOf(row: StreamRow): StoredServer {
  return JSON.parse(row.data) as StoredServer;
}

/** The URL in its one form. Errors: `request-invalid`. */
function urlOf(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const refuse = (why: string) => new HeddleError("request-invalid", `the URL of a node server is like ws://host:port/; this one ${why}`);
  if (url === undefined) throw refuse("is none");
  if (url.protocol !== "ws:" && url.protocol !== "wss:") throw refuse(`begins with ${url.protocol}`);
  if (url.username !== "" || url.password !== "") throw refuse("has a user or a password in it, which is what the token is for");
  if (url.hash !== "") throw refuse("ends with a #fragment");
  return url.href;
}

/** Errors: `node-not-found`, naming what there is. */
function assertOffered(servers: readonly NodeServerView[], node: string, wanted: string | undefined): void {
  const asked = servers.filter((server) => wanted === undefined || server.serverUid === wanted || server.serverPackageId === wanted);
  const uids = [...new Set(asked.flatMap((server) => server.nodes.map(({ uid }) => uid)))];
  if (uids.includes(node)) return;
  const nobody = wanted === undefined ? "no node server offers" : `node server ${wanted} does not offer`;
  const who = wanted !== undefined && asked.length === 0 ? `there is no node server ${wanted}, so that nobody offers` : nobody;
  const near = nearestName(node, uids);
  const more = uids.length > 20 ? ` and ${uids.length - 20} more` : "";
  const there = uids.length === 0 ? "there are no nodes" : `there are ${uids.slice(0, 20).join(", ")}${more}`;
  throw new HeddleError("node-not-found", `${who} the node ${node}; ${there}${near === undefined ? "" : ` (did you mean ${near}?)`}`, {
    details: { node, ...(wanted === undefined ? {} : { server: wanted }) },
  });
}

/** The uid of a node as a name in a workflow. */
function nameOf(uid: string): string {
  const plain = uid.replaceAll(/[^A-Za-z0-9_.-]/g, "_").slice(0, 120);
  return /^[A-Za-z]/.test(plain) ? plain : `node${plain}`;
}
