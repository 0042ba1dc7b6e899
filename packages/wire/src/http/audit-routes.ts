/** The routes of the audit. */
import { AuditExplanation, AuditPart, ExplainCallRequest, ExportAuditRequest, SignedAuditHead } from "@heddle/core";
import { NoFields } from "../answers.ts";
import { httpMethod } from "./method.ts";

export const audit = {
  head: httpMethod("GET /v1/audit/head", {
    summary: "The newest head of the audit chain, signed now.",
    request: NoFields,
    response: SignedAuditHead,
  }),
  export: httpMethod("GET /v1/audit/export", {
    summary: "The audit chain in parts: ask again `after` the last record, until it is the head's.",
    request: ExportAuditRequest,
    response: AuditPart,
    query: { after: "number", limit: "number" },
  }),
  explain: httpMethod("GET /v1/audit/explain/{call}", {
    summary: "Every decision about one call, with its record in the chain.",
    request: ExplainCallRequest,
    response: AuditExplanation,
  }),
};
