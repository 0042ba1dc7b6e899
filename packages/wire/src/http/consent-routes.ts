/** The routes of consent: approvals, interruptions, grants. */
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
import { ApprovalChanges, pageOf } from "../answers.ts";
import { httpMethod } from "./method.ts";
import { nothing, page } from "./route-parts.ts";
import { approvalSse } from "./sse.ts";

const openOnes = { request: ListApprovalsRequest, query: { ...page, runId: "text" } } as const;

export const approvals = {
  list: httpMethod("GET /v1/approvals", {
    summary: "What waits for a yes, oldest first.",
    response: pageOf(ApprovalView),
    ...openOnes,
  }),
  get: httpMethod("GET /v1/approvals/{id}", {
    summary: "One of them, with the call that a yes lets start.",
    request: ApprovalRequest,
    response: ApprovalView,
  }),
  approve: httpMethod("POST /v1/approvals/{id}/approve", {
    summary: "Says yes. For a call, to the one with the `hash` that was shown.",
    request: ApproveRequest,
    ...nothing,
  }),
  reject: httpMethod("POST /v1/approvals/{id}/reject", {
    summary: "Says no. The workflow goes on where it says what happens then.",
    request: RejectRequest,
    ...nothing,
  }),
  follow: httpMethod("GET /v1/approvals/follow", {
    summary: "What is open, then `current`, then what changes, as server-sent events.",
    request: FollowApprovalsRequest,
    response: ApprovalChanges,
    answer: "events",
    stream: approvalSse,
    query: { runId: "text" },
  }),
};

export const interruptions = {
  list: httpMethod("GET /v1/interruptions", {
    summary: "Questions whose answer is a value, oldest first.",
    response: pageOf(InterruptionView),
    ...openOnes,
  }),
  answer: httpMethod("POST /v1/interruptions/{id}/answer", {
    summary: "Answers one.",
    request: AnswerInterruptionRequest,
    jsonMembers: ["answer"],
    ...nothing,
  }),
  decline: httpMethod("POST /v1/interruptions/{id}/decline", {
    summary: "Leaves one without an answer. The workflow goes on where it says what happens then.",
    request: RejectRequest,
    ...nothing,
  }),
};

export const grants = {
  list: httpMethod("GET /v1/grants", {
    summary: "Calls that people agreed to beforehand; with `all`, also what holds no longer.",
    request: ListGrantsRequest,
    response: pageOf(GrantView),
    query: { ...page, all: "switch" },
  }),
  create: httpMethod("POST /v1/grants", {
    summary: "Agrees to a bounded set of calls, never wider than what the bundle was printed to reach.",
    request: GrantRequest,
    response: GrantView,
  }),
  revoke: httpMethod("POST /v1/grants/{id}/revoke", {
    summary: "Revokes a grant at once, and for good.",
    request: RevokeGrantRequest,
    ...nothing,
  }),
};
