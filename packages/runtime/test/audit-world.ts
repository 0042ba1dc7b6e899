/** Runs of calls, and the chain that they leave: for tests of the audit. */
import { createPublicKey, verify } from "node:crypto";
import {
  type AuditRecord,
  type AuditVerification,
  auditFormat,
  auditLine,
  type Caller,
  defaultTenant,
  defineTool,
  type JsonValue,
  type Principal,
  type RuntimeApi,
  verifyAuditExport,
  type WorkflowIr,
} from "@heddle/core";
import * as z from "zod";
import { literal, variable, workflowOf } from "./small-ir.ts";

export const who = (subject: string, tenant: string = defaultTenant, ...roles: Principal["roles"]): Caller => ({
  principal: { subject, tenant, roles: roles.length === 0 ? ["engineer"] : roles },
});

/** What tools were given, in order. */
export interface Called {
  readonly tool: string;
  readonly input: JsonValue;
}

/** A tool that reads, and one that modifies. */
export function auditTools(called: Called[]) {
  const look = defineTool({
    name: "look",
    capability: "fs.read",
    description: "looks",
    input: z.strictObject({ path: z.string() }),
    handler: (input) => {
      called.push({ tool: "look", input });
      return "seen";
    },
  });
  const save = defineTool({
    name: "save",
    capability: "fs.write",
    description: "saves",
    input: z.strictObject({ path: z.string(), content: z.string() }),
    handler: (input) => {
      called.push({ tool: "save", input });
      return null;
    },
  });
  return [look, save];
}

const inputs: WorkflowIr["inputs"] = [{ name: "path", type: { kind: "string" } }];

export const looking: WorkflowIr = workflowOf(
  "looking",
  [{ kind: "tool", id: "look", capability: "fs.read", reads: [{ name: "path", value: variable("path") }] }],
  { inputs },
);

/** Reads, and then writes, which asks a person. */
export const saving: WorkflowIr = workflowOf(
  "saving",
  [
    { kind: "tool", id: "look", capability: "fs.read", reads: [{ name: "path", value: variable("path") }] },
    {
      kind: "tool",
      id: "save",
      capability: "fs.write",
      reads: [
        { name: "path", value: variable("path") },
        { name: "content", value: literal("the secret content") },
      ],
    },
  ],
  { inputs },
);

export async function putWorkflow(api: RuntimeApi, ir: WorkflowIr, caller: Caller): Promise<`sha256:${string}`> {
  const manifest = { format: "heddle.bundle/v1" as const, main: ir.id, workflows: [ir], handlers: [], files: [] };
  return (await api.bundles.put({ manifest, files: [] }, caller)).hash as `sha256:${string}`;
}

/** The first approval that is asked for; undefined where the run ends without. */
export async function approvalOf(
  api: RuntimeApi,
  runId: string,
  caller: Caller,
): Promise<{ id: string; hash: `sha256:${string}` } | undefined> {
  const stop = new AbortController();
  const ended = api.runs.result({ runId }, { ...caller, signal: stop.signal }).then(
    () => stop.abort(),
    () => undefined,
  );
  try {
    for await (const changes of api.approvals.follow({ runId }, { ...caller, signal: stop.signal })) {
      for (const change of changes) {
        if (change.kind !== "asked" || change.approval.call === undefined) continue;
        return { id: change.approval.id, hash: change.approval.call.hash as `sha256:${string}` };
      }
    }
    return undefined;
  } finally {
    stop.abort();
    await ended;
  }
}

/** The whole chain of a tenant, as an export has it. */
export async function exportOf(
  api: RuntimeApi,
  caller: Caller,
  limit = 3,
): Promise<{ readonly lines: string[]; readonly records: AuditRecord[] }> {
  const records: AuditRecord[] = [];
  for (;;) {
    const part = await api.audit.export({ after: records.length, limit }, caller);
    records.push(...part.records);
    if (records.length < part.head.head.n) continue;
    const start = auditLine({ format: auditFormat, tenant: caller.principal.tenant, publicKey: part.head.publicKey });
    return { records, lines: [start, ...records.map(auditLine), auditLine(part.head)] };
  }
}

export function verifySignature(publicKey: string, bytes: Uint8Array, signature: string): boolean {
  const x = Buffer.from(publicKey.slice("ed25519:".length), "hex").toString("base64url");
  return verify(null, bytes, createPublicKey({ key: { kty: "OKP", crv: "Ed25519", x }, format: "jwk" }), Buffer.from(signature, "hex"));
}

export function verified(lines: readonly string[]): AuditVerification {
  return verifyAuditExport(lines, { verifySignature });
}
