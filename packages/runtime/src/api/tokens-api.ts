/**
 * Tokens: who may call. A secret is shown once; what is stored is its hash, as events of a stream, so
 * that making and revoking one is journalled like everything else.
 */
import { createHash, randomBytes } from "node:crypto";
import { defaultTenant, HeddleError, mintId, type Principal, type TenantId, type TokensApi, type TokenView } from "@heddle/core";
import type { Clock, Random, Store, StreamRow } from "@heddle/ports";

interface TokenRecord {
  readonly view: TokenView;
  readonly secretHash: string;
}

export interface Tokens {
  readonly api: TokensApi;
  /** Reads every token of the store. Called once, before the first authentication. */
  open(): Promise<void>;
  authenticate(secret: string): Principal | undefined;
  /** An admin token of the default tenant, unless `known` is one already; its secret. */
  ensureAdmin(known: string | undefined): Promise<string | undefined>;
}

const pageRows = 500;

export function createTokens(store: Store, clock: Clock, random: Random, epoch: () => number): Tokens {
  const byHash = new Map<string, TokenRecord>();
  const streamOf = (id: string): string => `token:${id}`;

  const write = async (record: TokenRecord, kind: "token-created" | "token-revoked", expectedSeq: number): Promise<void> => {
    const { view } = record;
    const outcome = await store.journal.append([
      {
        stream: streamOf(view.id),
        // Tokens are looked up before any tenant is known, so their streams belong to the default one.
        tenant: defaultTenant,
        expectedSeq,
        epoch: epoch(),
        events: [{ atMs: clock.nowMs(), text: JSON.stringify({ kind, token: view.id }) }],
        summary: {
          kind: "token",
          status: view.revokedAtMs === undefined ? "live" : "revoked",
          name: view.tenant,
          createdAtMs: view.createdAtMs,
          data: JSON.stringify(record),
        },
      },
    ]);
    if (outcome.kind !== "appended") throw new HeddleError("journal-contended", `token ${view.id} was changed by somebody else`);
    byHash.set(record.secretHash, record);
  };

  const create = async (subject: string, roles: TokenView["roles"], tenant: TenantId): Promise<{ token: TokenView; secret: string }> => {
    const nowMs = clock.nowMs();
    const secret = `hdl_${randomBytes(32).toString("base64url")}`;
    const token: TokenView = { id: mintId("tok", nowMs, random.bytes(10)), subject, tenant, roles, createdAtMs: nowMs };
    await write({ view: token, secretHash: hashOf(secret) }, "token-created", 0);
    return { token, secret };
  };

  const pages = async function* (name: TenantId | undefined): AsyncGenerator<readonly StreamRow[]> {
    for (let cursor: string | undefined; ; ) {
      const page = await store.journal.list({
        tenant: defaultTenant,
        kind: "token",
        limit: pageRows,
        ...(name === undefined ? {} : { name }),
        ...(cursor === undefined ? {} : { cursor }),
      });
      yield page.rows;
      if (page.cursor === undefined) return;
      cursor = page.cursor;
    }
  };

  const api: TokensApi = {
    create(request, { principal }) {
      const tenant = request.tenant ?? principal.tenant;
      if (tenant !== principal.tenant && principal.tenant !== defaultTenant) {
        throw new HeddleError("permission-denied", `only an admin of tenant ${defaultTenant} may make tokens of another`);
      }
      return create(request.subject, request.roles, tenant);
    },
    async list(request, { principal }) {
      const page = await store.journal.list({
        tenant: defaultTenant,
        kind: "token",
        name: principal.tenant,
        limit: request.limit ?? 50,
        ...(request.cursor === undefined ? {} : { cursor: request.cursor }),
      });
      return { rows: page.rows.map((row) => recordOf(row).view), ...(page.cursor === undefined ? {} : { cursor: page.cursor }) };
    },
    async revoke({ id }, { principal }) {
      const row = await store.journal.get(streamOf(id), defaultTenant);
      const record = row === undefined ? undefined : recordOf(row);
      if (row === undefined || record?.view.tenant !== principal.tenant)
        throw new HeddleError("token-not-found", `no token has the id ${id}`, { details: { id } });
      if (record.view.revokedAtMs !== undefined) return;
      await write({ ...record, view: { ...record.view, revokedAtMs: clock.nowMs() } }, "token-revoked", row.seq);
    },
  };

  const authenticate = (secret: string): Principal | undefined => {
    const record = byHash.get(hashOf(secret));
    if (record === undefined || record.view.revokedAtMs !== undefined) return undefined;
    const { subject, tenant, roles } = record.view;
    return { subject, tenant, roles };
  };

  return {
    api,
    authenticate,
    async open() {
      for await (const rows of pages(undefined)) for (const row of rows) byHash.set(recordOf(row).secretHash, recordOf(row));
    },
    async ensureAdmin(known) {
      const principal = known === undefined ? undefined : authenticate(known);
      if (principal?.roles.includes("admin") === true) return undefined;
      return (await create("admin", ["admin", "operator", "engineer"], defaultTenant)).secret;
    },
  };
}

function recordOf(row: StreamRow): TokenRecord {
  return JSON.parse(row.data) as TokenRecord;
}

function hashOf(secret: string): string {
  return createHash("sha256").update(secret).digest("hex");
}
