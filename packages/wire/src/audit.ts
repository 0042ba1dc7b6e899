/** The audit service. */
import {
  type AuditDecision,
  AuditExplanation,
  AuditPart,
  type AuditRecord,
  ExplainCallRequest,
  ExportAuditRequest,
  SignedAuditHead,
} from "@heddle/core";
import { NoFields } from "./answers.ts";
import { AuditServiceService, type Decision, type Record as RecordMessage, type SignedHead } from "./gen/heddle/audit/v1/audit.js";
import { present, wireMethod } from "./method.ts";
import { int, intOrAbsent, num, numOrAbsent } from "./scalars.ts";

/** Every method of `AuditApi`, by its name there. */
export const auditWire = {
  head: wireMethod(AuditServiceService.getAuditHead, {
    request: NoFields,
    response: SignedAuditHead,
    toRequest: () => ({}),
    fromRequest: () => ({}),
    toResponse: ({ head }) => head && toHead(head),
    fromResponse: (head) => ({ head: fromHead(head) }),
  }),
  export: wireMethod(AuditServiceService.exportAudit, {
    request: ExportAuditRequest,
    response: AuditPart,
    toRequest: ({ after, limit }) => present({ after: numOrAbsent(after), limit: numOrAbsent(limit) }),
    fromRequest: ({ after, limit }) => ({ after: intOrAbsent(after), limit: intOrAbsent(limit) }),
    toResponse: ({ records, head }) => ({ records: records.map(toRecord), head: head && toHead(head) }),
    fromResponse: ({ records, head }) => ({ records: records.map(fromRecord), head: fromHead(head) }),
  }),
  explain: wireMethod(AuditServiceService.explainCall, {
    request: ExplainCallRequest,
    response: AuditExplanation,
    toRequest: ({ call }) => ({ call }),
    fromRequest: ({ call }) => ({ call }),
    toResponse: ({ requestedAtMs, decisions, ...rest }) =>
      present({ ...rest, requestedAtMs: num(requestedAtMs), decisions: decisions.map(toDecision) }),
    fromResponse: ({ call, runId, node, tool, capability, requestedBy, requestedAtMs, decisions }) => ({
      ...{ call, runId, node, tool, capability, requestedBy },
      requestedAtMs: int(requestedAtMs),
      decisions: decisions.map(fromDecision),
    }),
  }),
};

function toHead({ tenant, n, hash, atMs, publicKey, signature }: SignedHead): unknown {
  return { head: { tenant, n: num(n), hash, atMs: num(atMs) }, publicKey, signature };
}

function fromHead({ head: { tenant, n, hash, atMs }, publicKey, signature }: SignedAuditHead): SignedHead {
  return { tenant, n: int(n), hash, atMs: int(atMs), publicKey, signature };
}

function toRecord({ n, previous, root, leaves, through, atMs }: RecordMessage): unknown {
  const held = leaves.map(({ stream, seq, digest }) => ({ stream, seq: num(seq), digest }));
  return { n: num(n), previous, root, leaves: held, through: num(through), atMs: num(atMs) };
}

function fromRecord({ n, previous, root, leaves, through, atMs }: AuditRecord): RecordMessage {
  const held = leaves.map(({ stream, seq, digest }) => ({ stream, seq: int(seq), digest }));
  return { n: int(n), previous, root, leaves: held, through: int(through), atMs: int(atMs) };
}

function toDecision({ seq, atMs, attempt, record, ...rest }: Decision): unknown {
  return present({ ...rest, seq: num(seq), atMs: num(atMs), attempt: numOrAbsent(attempt), record: numOrAbsent(record) });
}

function fromDecision(decision: AuditDecision): Decision {
  const { stream, seq, atMs, kind, by, comment, hash, grant, attempt, policies, says, record, status } = decision;
  const numbers = { seq: int(seq), atMs: int(atMs), attempt: intOrAbsent(attempt), record: intOrAbsent(record) };
  return { stream, kind, by, comment, hash, grant, policies, says, status, ...numbers };
}
