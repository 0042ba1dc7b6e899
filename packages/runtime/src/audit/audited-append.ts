/** How a driver appends: what says something about a call is told to the auditor first, so that no commit is missed. */
import type { RunEvent, TenantId } from "@heddle/core";
import type { AppendOutcome, Journal, StreamAppend } from "@heddle/ports";
import type { LiveRun } from "../machine/index.ts";
import type { AuditFact, AuditTrail } from "./audit-trail.ts";
import { type CallActivations, decisionOf, isCallFact } from "./call-facts.ts";

/** The run of which events are appended, as it was before them. */
interface Appending {
  readonly stream: string;
  readonly tenant: TenantId;
  readonly live: LiveRun;
  /** Whether nodes of its workflow make calls. */
  readonly workflow: { readonly makesCalls: boolean };
}

/** Appends, and has what concerns calls audited. Without such events it costs a look at their kinds. */
export function createAuditedAppend(journal: Journal, trail: AuditTrail) {
  return (run: Appending, events: readonly RunEvent[], item: StreamAppend): Promise<AppendOutcome> => {
    const facts = run.workflow.makesCalls || events.some(isOfCode) ? factsOf(run.live, events, item) : [];
    return facts.length === 0 ? journal.append([item]) : appendFacts(journal, trail, item, facts);
  };
}

export type AuditedAppend = ReturnType<typeof createAuditedAppend>;

/** Appends to one stream, and has these of its events audited: for `tenant`, where the stream is kept under another one's name. */
export async function appendFacts(
  journal: Journal,
  trail: AuditTrail,
  item: StreamAppend,
  facts: readonly AuditFact[],
  tenant = item.tenant,
): Promise<AppendOutcome> {
  trail.expect(item.stream, tenant, facts);
  let outcome: AppendOutcome | undefined;
  try {
    outcome = await journal.append([item]);
    return outcome;
  } finally {
    if (outcome?.kind !== "appended") trail.forget(item.stream, item.expectedSeq + 1);
  }
}

/** Calls that are made by code, and not by a tool node. */
function isOfCode({ kind }: RunEvent): boolean {
  return kind === "handler-called";
}

function factsOf(live: LiveRun, events: readonly RunEvent[], { events: encoded, expectedSeq }: StreamAppend): readonly AuditFact[] {
  const facts: AuditFact[] = [];
  const calls = callsOf(live);
  for (let i = 0; i < events.length; i++) {
    const event = events[i] as RunEvent;
    if (isCallFact(event, calls)) facts.push({ seq: expectedSeq + 1 + i, text: encoded[i]?.text ?? "", decision: decisionOf(event) });
  }
  return facts;
}

/** What the state knows, and what the events add to it. */
function callsOf(live: LiveRun): CallActivations {
  const requested = new Set<number>();
  return {
    has: (id) => {
      const activation = live.activation(id);
      return activation?.call !== undefined || activation?.does?.kind === "call" || requested.has(id);
    },
    add: (id) => requested.add(id),
  };
}
