/** Approvals, interruptions and grants, between core and messages. */
import type { ApprovalChange, ApprovalView, GrantRequest, GrantView, InterruptionView, JsonValue } from "@heddle/core";
import type * as pb from "./gen/heddle/consent/v1/consent.js";
import { present } from "./method.ts";
import { answerJsonOrAbsent, int, intOrAbsent, jsonOrAbsent, num, numOrAbsent, requestJsonOrAbsent } from "./scalars.ts";

export function toApproval({ question, call, ruleJson, approvedBy }: pb.Approval): unknown {
  return present({ ...(question && toQuestion(question)), call, rule: answerJsonOrAbsent(ruleJson), approvedBy });
}

export function fromApproval(view: ApprovalView): pb.Approval {
  const { call, rule, approvedBy } = view;
  return { question: fromQuestion(view), call, ruleJson: jsonOrAbsent(rule as JsonValue | undefined), approvedBy: [...approvedBy] };
}

export function toInterruption({ question, answers }: pb.Interruption): unknown {
  return present({ ...(question && toQuestion(question)), answers });
}

export function fromInterruption(view: InterruptionView): pb.Interruption {
  return { question: fromQuestion(view), answers: view.answers };
}

function toQuestion(message: pb.Question): Record<string, unknown> {
  const { id, runId, workflow, node, prompt, detailsJson, requestedBy, askedAtMs, deadlineMs } = message;
  const times = { askedAtMs: num(askedAtMs), deadlineMs: numOrAbsent(deadlineMs) };
  return present({ id, runId, workflow, node, prompt, details: answerJsonOrAbsent(detailsJson), requestedBy, ...times });
}

function fromQuestion(view: ApprovalView | InterruptionView): pb.Question {
  const { id, runId, workflow, node, prompt, details, requestedBy, askedAtMs, deadlineMs } = view;
  const times = { askedAtMs: int(askedAtMs), deadlineMs: intOrAbsent(deadlineMs) };
  return { id, runId, workflow, node, prompt, detailsJson: jsonOrAbsent(details), requestedBy, ...times };
}

export function toChange({ change }: pb.ApprovalChange): unknown {
  switch (change?.$case) {
    case "asked":
      return { kind: "asked", approval: toApproval(change.value) };
    case "closed":
      return { kind: "closed", id: change.value };
    case "current":
      return { kind: "current" };
    default:
      // Of a later contract: the schema behind this refuses it.
      return {};
  }
}

export function fromChange(change: ApprovalChange): pb.ApprovalChange {
  switch (change.kind) {
    case "asked":
      return { change: { $case: "asked", value: fromApproval(change.approval) } };
    case "closed":
      return { change: { $case: "closed", value: change.id } };
    case "current":
      return { change: { $case: "current", value: {} } };
  }
}

export function toTerms(message: pb.GrantTerms): Record<string, unknown> {
  const { capability, tool, permission, paths, destinations, whereJson, scope, count, expiresAtMs, reason } = message;
  return present({
    capability,
    tool,
    permission,
    paths: paths?.scopes,
    destinations: destinations?.scopes,
    where: requestJsonOrAbsent("where_json", whereJson),
    scope: scope && (scope.$case === "runId" ? { kind: "run", runId: scope.value } : { kind: "bundle", bundle: scope.value }),
    count: numOrAbsent(count),
    expiresAtMs: numOrAbsent(expiresAtMs),
    reason,
  });
}

export function fromTerms(request: GrantRequest): pb.GrantTerms {
  const { capability, tool, permission, paths, destinations, where, scope, count, expiresAtMs, reason } = request;
  return {
    capability,
    tool,
    permission,
    paths: paths && { scopes: [...paths] },
    destinations: destinations && { scopes: [...destinations] },
    whereJson: where && JSON.stringify(where),
    scope: scope.kind === "run" ? { $case: "runId", value: scope.runId } : { $case: "bundle", value: scope.bundle },
    count: intOrAbsent(count),
    expiresAtMs: intOrAbsent(expiresAtMs),
    reason,
  };
}

export function toGrant(message: pb.Grant): unknown {
  const { id, terms, by, createdAtMs, uses, revokedAtMs, revokedBy } = message;
  const times = { createdAtMs: num(createdAtMs), uses: num(uses), revokedAtMs: numOrAbsent(revokedAtMs), revokedBy };
  return present({ id, ...(terms && toTerms(terms)), by, ...times });
}

export function fromGrant(view: GrantView): pb.Grant {
  const { id, by, createdAtMs, uses, revokedAtMs, revokedBy } = view;
  const times = { createdAtMs: int(createdAtMs), uses: int(uses), revokedAtMs: intOrAbsent(revokedAtMs), revokedBy };
  return { id, terms: fromTerms(view), by, ...times };
}
