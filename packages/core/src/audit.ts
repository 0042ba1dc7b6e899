/**
 * The audit chain: what its records are, how they hang together, and how an export of them is verified.
 *
 * Each record names its predecessor by hash and holds a Merkle root over digests of what was decided, so that nothing
 * can be changed, taken out, put in or reordered without a hash that does not fit. A signed head says how far the chain
 * went: with it, a chain that was cut short is found too. Digests alone: what was asked for, answered or returned is
 * not in a chain, and erasing it leaves the chain valid. Signatures are checked by a function of the caller's, since
 * browsers and servers have different ones.
 */
import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex, concatBytes, utf8ToBytes } from "@noble/hashes/utils.js";
import * as z from "zod";
import { ContentHash, hashJson } from "./hash.ts";
import { CallId, RunId, TenantId } from "./ids.ts";
import { canonicalJson, type JsonObject, type JsonValue } from "./json.ts";

/** The first line of an export names it. */
export const auditFormat = "heddle.audit/v1";

/** Leaves of one record, at most: what was decided at once beyond that goes into the next one. */
export const auditLeavesMax = 256;

/** An Ed25519 public key, as `ed25519:` and 64 lower-case hex digits. */
export const AuditKey = z.string().regex(/^ed25519:[0-9a-f]{64}$/, "expected ed25519: and 64 hex digits");
export type AuditKey = z.infer<typeof AuditKey>;

/** One event of the journal that says something about a call or a grant. */
export const AuditLeaf = z.strictObject({
  stream: z.string().min(1),
  seq: z.number().int().min(1),
  /** As {@link auditLeaf} makes it. */
  digest: ContentHash,
});
export type AuditLeaf = z.infer<typeof AuditLeaf>;

export const AuditRecord = z.strictObject({
  /** From 1, without gaps. */
  n: z.number().int().min(1),
  /** The hash of the record before; of the first, {@link auditOrigin}. */
  previous: ContentHash,
  /** Over the leaves, in order. */
  root: ContentHash,
  leaves: z.array(AuditLeaf).min(1).max(auditLeavesMax),
  /** The journal's position up to which every such event is in this record or in one before. */
  through: z.number().int().min(0),
  atMs: z.number().int(),
});
export type AuditRecord = z.infer<typeof AuditRecord>;

/** How far a chain went. `n` 0: nothing was recorded yet, and `hash` is {@link auditOrigin}. */
export const AuditHead = z.strictObject({ tenant: TenantId, n: z.number().int().min(0), hash: ContentHash, atMs: z.number().int() });
export type AuditHead = z.infer<typeof AuditHead>;

/** A head with the signature of {@link auditHeadBytes}, as 128 lower-case hex digits. */
export const SignedAuditHead = z.strictObject({
  head: AuditHead,
  publicKey: AuditKey,
  signature: z.string().regex(/^[0-9a-f]{128}$/, "expected 128 hex digits"),
});
export type SignedAuditHead = z.infer<typeof SignedAuditHead>;

/** The first line of an export. */
export const AuditExportStart = z.strictObject({ format: z.literal(auditFormat), tenant: TenantId, publicKey: AuditKey });
export type AuditExportStart = z.infer<typeof AuditExportStart>;

/** A step in the life of a call, as its run's journal has it, and where the chain holds it. */
export const AuditDecision = z.strictObject({
  stream: z.string(),
  seq: z.number().int().min(1),
  atMs: z.number(),
  /** The kind of the event: `call-prepared`, `call-approved`, `grant-used`, … */
  kind: z.string(),
  /** Who, where a person did it. */
  by: z.string().exactOptional(),
  comment: z.string().exactOptional(),
  /** The call as it was prepared, where the event names it. */
  hash: ContentHash.exactOptional(),
  grant: z.string().exactOptional(),
  attempt: z.number().int().exactOptional(),
  /** The set of policies that judged it. */
  policies: ContentHash.exactOptional(),
  /** One sentence: what was asked for, satisfied, refused or found. */
  says: z.string(),
  /** The record of the chain that holds it; absent while it is on its way there. */
  record: z.number().int().min(1).exactOptional(),
  /** `pending`: not in the chain yet. `changed`: the event, the record or its link is not what was recorded. */
  status: z.enum(["verified", "pending", "changed"]),
});
export type AuditDecision = z.infer<typeof AuditDecision>;

export const AuditExplanation = z.strictObject({
  call: CallId,
  runId: RunId,
  node: z.string(),
  tool: z.string().exactOptional(),
  capability: z.string().exactOptional(),
  /** Who started the run, as its first event says. */
  requestedBy: z.string().exactOptional(),
  requestedAtMs: z.number(),
  /** In the order in which they became true. */
  decisions: z.array(AuditDecision),
});
export type AuditExplanation = z.infer<typeof AuditExplanation>;

/** A part of a chain, and the newest head: the part is the last one where it reaches `head.head.n`. */
export const AuditPart = z.strictObject({ records: z.array(AuditRecord), head: SignedAuditHead });
export type AuditPart = z.infer<typeof AuditPart>;

/** What `previous` of a tenant's first record is. */
export function auditOrigin(tenant: TenantId): ContentHash {
  return hashJson({ format: auditFormat, tenant });
}

/** SHA-256 of bytes. The one of this package runs anywhere; who makes many records gives one that is faster. */
export type AuditHasher = (bytes: Uint8Array) => Uint8Array;

function digestOf(value: JsonValue, hasher: AuditHasher): ContentHash {
  return `sha256:${bytesToHex(hasher(utf8ToBytes(canonicalJson(value))))}`;
}

/** An event as a leaf: its digest is of its place, its kind, its text, and what it decided, which holds no value of the workflow. */
export function auditLeaf(stream: string, seq: number, event: ContentHash, decision: JsonObject, hasher: AuditHasher = sha256): AuditLeaf {
  return {
    stream,
    seq,
    digest: digestOf({ decision: digestOf(decision, hasher), event, kind: decision["kind"] ?? "", seq, stream }, hasher),
  };
}

/** The root of the Merkle tree over leaves, in order. Leaves and inner nodes are hashed apart, as RFC 6962 has it. */
export function auditRoot(leaves: readonly AuditLeaf[], hasher: AuditHasher = sha256): ContentHash {
  let level = leaves.map(({ stream, seq, digest }) => {
    const text = canonicalJson({ digest, seq, stream });
    return hasher(concatBytes(leafMark, utf8ToBytes(text)));
  });
  while (level.length > 1) {
    const next: typeof level = [];
    for (let i = 0; i < level.length; i += 2) {
      const [left, right] = [level[i] as (typeof level)[number], level[i + 1]];
      next.push(right === undefined ? left : hasher(concatBytes(nodeMark, left, right)));
    }
    level = next;
  }
  return `sha256:${bytesToHex(level[0] ?? hasher(new Uint8Array()))}`;
}

const leafMark = new Uint8Array([0]);
const nodeMark = new Uint8Array([1]);

/** What the record after it, or a head, names it by. */
export function auditRecordHash(tenant: TenantId, { n, previous, root, leaves, through, atMs }: AuditRecord): ContentHash {
  return hashJson({ atMs, leaves: leaves.length, n, previous, root, tenant, through });
}

/** The bytes that a head's signature is of. */
export function auditHeadBytes(head: AuditHead): Uint8Array {
  return utf8ToBytes(canonicalJson({ format: auditFormat, ...head }));
}

/** A line of an export, without its end. */
export function auditLine(value: AuditExportStart | AuditRecord | SignedAuditHead): string {
  return canonicalJson(value as unknown as JsonValue);
}

/** Whether a signature of {@link auditHeadBytes} is by that key. A browser's, which answers later, may be asked afterwards of `heads`. */
export type AuditSignatureCheck = (publicKey: AuditKey, bytes: Uint8Array, signature: string) => boolean;
