/** The services of consent: approvals, interruptions, grants. */
import {
  AnswerInterruptionRequest,
  ApprovalRequest,
  ApprovalView,
  ApproveRequest,
  FollowApprovalsRequest,
  GrantRequest,
  GrantView,
  InterruptionView,
  ListApprovalsRequest,
  ListGrantsRequest,
  RejectRequest,
  RevokeGrantRequest,
} from "@heddle/core";
import { ApprovalChanges, pageOf } from "./answers.ts";
import {
  fromApproval,
  fromChange,
  fromGrant,
  fromInterruption,
  fromTerms,
  toApproval,
  toChange,
  toGrant,
  toInterruption,
  toTerms,
} from "./consent-views.ts";
import { ApprovalsServiceService, GrantsServiceService, InterruptionsServiceService } from "./gen/heddle/consent/v1/consent.js";
import { present, wireMethod } from "./method.ts";
import { emptyAnswer } from "./pages.ts";
import { requestJson } from "./scalars.ts";

const openOnes = {
  toRequest: (message: { runId?: string | undefined; limit?: number | undefined; cursor?: string | undefined }) => present(message),
  fromRequest: ({ runId, limit, cursor }: { readonly runId?: string; readonly limit?: number; readonly cursor?: string }) => ({
    runId,
    limit,
    cursor,
  }),
};

const withComment = {
  toRequest: (message: { id: string; comment?: string | undefined }) => present(message),
  fromRequest: ({ id, comment }: { readonly id: string; readonly comment?: string }) => ({ id, comment }),
};

/** Every method of `ApprovalsApi`, by its name there. */
export const approvalsWire = {
  list: wireMethod(ApprovalsServiceService.listApprovals, {
    request: ListApprovalsRequest,
    response: pageOf(ApprovalView),
    ...openOnes,
    toResponse: ({ approvals, cursor }) => present({ rows: approvals.map(toApproval), cursor }),
    fromResponse: ({ rows, cursor }) => ({ approvals: rows.map(fromApproval), cursor }),
  }),
  get: wireMethod(ApprovalsServiceService.getApproval, {
    request: ApprovalRequest,
    response: ApprovalView,
    toRequest: ({ id }) => ({ id }),
    fromRequest: ({ id }) => ({ id }),
    toResponse: ({ approval }) => approval && toApproval(approval),
    fromResponse: (view) => ({ approval: fromApproval(view) }),
  }),
  approve: wireMethod(ApprovalsServiceService.approve, {
    request: ApproveRequest,
    toRequest: (message) => present(message),
    fromRequest: ({ id, hash, comment }) => ({ id, hash, comment }),
    ...emptyAnswer,
  }),
  reject: wireMethod(ApprovalsServiceService.reject, { request: RejectRequest, ...withComment, ...emptyAnswer }),
  follow: wireMethod(ApprovalsServiceService.followApprovals, {
    request: FollowApprovalsRequest,
    response: ApprovalChanges,
    toRequest: (message) => present(message),
    fromRequest: ({ runId }) => ({ runId }),
    toResponse: ({ changes }) => changes.map(toChange),
    fromResponse: (changes) => ({ changes: changes.map(fromChange) }),
  }),
};

/** Every method of `InterruptionsApi`, by its name there. */
export const interruptionsWire = {
  list: wireMethod(InterruptionsServiceService.listInterruptions, {
    request: ListApprovalsRequest,
    response: pageOf(InterruptionView),
    ...openOnes,
    toResponse: ({ interruptions, cursor }) => present({ rows: interruptions.map(toInterruption), cursor }),
    fromResponse: ({ rows, cursor }) => ({ interruptions: rows.map(fromInterruption), cursor }),
  }),
  answer: wireMethod(InterruptionsServiceService.answerInterruption, {
    request: AnswerInterruptionRequest,
    jsonMembers: ["answer"],
    toRequest: ({ id, answerJson, comment }) => present({ id, answer: requestJson("answer_json", answerJson), comment }),
    fromRequest: ({ id, answer, comment }) => ({ id, answerJson: JSON.stringify(answer), comment }),
    ...emptyAnswer,
  }),
  decline: wireMethod(InterruptionsServiceService.declineInterruption, { request: RejectRequest, ...withComment, ...emptyAnswer }),
};

/** Every method of `GrantsApi`, by its name there. */
export const grantsWire = {
  list: wireMethod(GrantsServiceService.listGrants, {
    request: ListGrantsRequest,
    response: pageOf(GrantView),
    toRequest: (message) => present(message),
    fromRequest: ({ all, limit, cursor }) => ({ all, limit, cursor }),
    toResponse: ({ grants, cursor }) => present({ rows: grants.map(toGrant), cursor }),
    fromResponse: ({ rows, cursor }) => ({ grants: rows.map(fromGrant), cursor }),
  }),
  create: wireMethod(GrantsServiceService.createGrant, {
    request: GrantRequest,
    response: GrantView,
    toRequest: ({ terms }) => (terms === undefined ? {} : toTerms(terms)),
    fromRequest: (request) => ({ terms: fromTerms(request) }),
    toResponse: ({ grant }) => grant && toGrant(grant),
    fromResponse: (view) => ({ grant: fromGrant(view) }),
  }),
  revoke: wireMethod(GrantsServiceService.revokeGrant, {
    request: RevokeGrantRequest,
    toRequest: ({ id }) => ({ id }),
    fromRequest: ({ id }) => ({ id }),
    ...emptyAnswer,
  }),
};
