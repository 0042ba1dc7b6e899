/** The life of one call as its journal has it, one sentence for each decision. Pure. */
import type { AuditDecision, CallNeed, EventRecord, Failure, HookRan, RunEvent } from "@heddle/core";
import { isCallFact } from "./call-facts.ts";

type Said = Omit<AuditDecision, "stream" | "record" | "status">;

export interface CallStory {
  readonly node: string;
  readonly requestedBy: string | undefined;
  readonly requestedAtMs: number;
  readonly tool: string | undefined;
  readonly capability: string | undefined;
  readonly decisions: readonly Said[];
  /** Grants that stood in for a person. */
  readonly grants: readonly string[];
}

/** What the events of a run say about the call of an activation. Undefined: it makes none. */
export function storyOf(records: readonly EventRecord[], activation: number): CallStory | undefined {
  const calls = new Set<number>();
  const decisions: Said[] = [];
  const grants = new Set<string>();
  let requestedBy: string | undefined;
  let requested: { readonly node: string; readonly atMs: number } | undefined;
  let prepared: { readonly tool: string; readonly capability: string } | undefined;
  for (const { seq, atMs, event } of records) {
    if (event.kind === "run-started") requestedBy = event.by;
    const node = nodeOpened(event, activation);
    if (node !== undefined) requested = { node, atMs };
    if (!isCallFact(event, calls) || !concerns(event, activation)) continue;
    decisions.push({ seq, atMs, kind: event.kind, ...membersOf(event), says: says(event) });
    if ("grant" in event && event.grant !== undefined) grants.add(event.grant);
    if (event.kind === "call-prepared") prepared = event.prepared;
    else if (event.kind === "handler-called") prepared ??= event.prepared;
  }
  if (decisions.length === 0 && !calls.has(activation)) return undefined;
  return {
    node: requested?.node ?? "",
    requestedBy,
    requestedAtMs: requested?.atMs ?? 0,
    tool: prepared?.tool,
    capability: prepared?.capability,
    decisions,
    grants: [...grants],
  };
}

function concerns(event: RunEvent, activation: number): boolean {
  if ("activation" in event) return event.activation === activation;
  return "closed" in event && event.closed.includes(activation);
}

function nodeOpened(event: RunEvent, activation: number): string | undefined {
  if ("open" in event && event.open?.activation === activation) return event.open.node;
  if (event.kind !== "frames-opened") return undefined;
  return event.frames.find(({ open }) => open?.activation === activation)?.open?.node;
}

function membersOf(event: RunEvent): Partial<Said> {
  const found: { -readonly [Key in keyof Said]?: Said[Key] } = {};
  if ("by" in event && event.by !== undefined) found.by = event.by;
  if ("comment" in event && event.comment !== undefined) found.comment = event.comment;
  if ("hash" in event) found.hash = event.hash;
  if (event.kind === "handler-called" && event.call !== undefined) found.hash = event.call;
  if ("grant" in event && event.grant !== undefined) found.grant = event.grant;
  if ("attempt" in event && event.attempt !== undefined) found.attempt = event.attempt;
  if ("prepared" in event && event.prepared !== undefined) found.policies = event.prepared.policies;
  return found;
}

function says(event: RunEvent): string {
  switch (event.kind) {
    case "call-prepared": {
      const { tool, capability, permission } = event.prepared;
      return `prepared: ${tool} (${capability}, ${permission})${hooksOf(event.hooks)}; ${nextOf(event.does, event.grant)}`;
    }
    case "need-satisfied":
      return `what it needs first holds; ${nextOf(event.does, undefined)}`;
    case "approval-given":
      return "approved by one of those who must agree";
    case "call-approved":
      return `approved; ${nextOf(event.does, undefined)}`;
    case "attempt-started":
      return `attempt ${event.attempt} was started`;
    case "attempt-failed":
      return `attempt ${event.attempt} failed: ${ofFailure(event.failure)}`;
    case "outcome-unknown":
      return `nobody knows how attempt ${event.attempt} ended`;
    case "outcome-settled":
      return `settled as ${event.as}`;
    case "handler-called":
      return `code called ${event.tool}: ${event.outcome}${event.failure === undefined ? "" : `, ${ofFailure(event.failure)}`}`;
    case "activation-succeeded":
      return "succeeded";
    case "activation-failed":
      return `${event.on === "failure" ? "failed" : event.on}: ${ofFailure(event.failure)}`;
    case "activation-cancelled":
      return `cancelled${event.outcome === undefined ? "" : `; its executor said last: ${event.outcome}`}`;
    default:
      return "closed with its run or region, before it was started";
  }
}

/** What hooks did before the call was prepared. Those that let it pass as it was are not worth a word. */
function hooksOf(hooks: readonly HookRan[] | undefined): string {
  const told = (hooks ?? []).filter(({ did }) => did !== "passed").map(({ owner, name, did }) => `; the hook ${name} of ${owner} ${did}`);
  return told.join("");
}

interface Next {
  readonly kind: string;
  readonly needs?: readonly CallNeed[];
  readonly details?: unknown;
}

function nextOf(does: Next | undefined, grant: string | undefined): string {
  if (grant !== undefined) return `the grant ${grant} stands in for a person`;
  switch (does?.kind) {
    case "ask":
      return `a person has to answer${whyOf(does.details)}`;
    case "call": {
      const [need] = does.needs ?? [];
      return need?.kind === "call" ? `policy ${need.policy} needs ${need.capability} first` : "something has to hold first";
    }
    default:
      return "it may start";
  }
}

/** A question says for whom it asks. */
function whyOf(details: unknown): string {
  if (typeof details !== "object" || details === null) return "";
  const { why, policy } = details as { readonly why?: unknown; readonly policy?: unknown };
  if (typeof policy === "string") return `, by policy ${policy}`;
  return typeof why === "string" ? `, by ${why}` : "";
}

function ofFailure({ code, message, details }: Failure): string {
  const policy = typeof details === "object" && details !== null && "policy" in details ? ` by policy ${String(details["policy"])}` : "";
  return `${message} (${code}${policy})`;
}
