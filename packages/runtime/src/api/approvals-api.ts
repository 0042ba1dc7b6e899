/** The approvals and interruptions groups of RuntimeApi: the inbox of people, over the questions of open runs. */
import {
  type ApprovalChange,
  type ApprovalsApi,
  type Caller,
  type ContentHash,
  HeddleError,
  type InterruptionsApi,
  type JsonValue,
} from "@heddle/core";
import type { Engine } from "../shell/engine.ts";
import { type Asking, approvalView, interruptionView, type Mode, pageOf, questionOf, questionsOf } from "./questions.ts";

export function createApprovalsApi(engine: Engine): ApprovalsApi {
  return {
    async list({ runId, ...page }, { principal }) {
      return pageOf(questionsOf(engine, principal.tenant, "approve", runId).map(approvalView), page);
    },
    async get({ id }, { principal }) {
      return approvalView(questionOf(engine, principal.tenant, "approve", id));
    },
    async approve({ id, hash, comment }, caller) {
      const asking = questionOf(engine, caller.principal.tenant, "approve", id);
      const { call } = approvalView(asking);
      if (call !== undefined && hash === undefined)
        throw new HeddleError("request-invalid", "an approval names the hash of the call that it is for", {
          details: { id, hash: call.hash },
        });
      await answer(engine, asking, caller, { answer: true, ...(hash === undefined ? {} : { hash }), ...commentOf(comment) });
    },
    async reject({ id, comment }, caller) {
      const asking = questionOf(engine, caller.principal.tenant, "approve", id);
      await answer(engine, asking, caller, { answer: false, ...commentOf(comment) });
    },
    follow({ runId }, caller) {
      return followApprovals(engine, caller, runId);
    },
  };
}

export function createInterruptionsApi(engine: Engine): InterruptionsApi {
  const mode: Mode = "answer";
  return {
    async list({ runId, ...page }, { principal }) {
      return pageOf(questionsOf(engine, principal.tenant, mode, runId).map(interruptionView), page);
    },
    async answer({ id, answer: value, comment }, caller) {
      await answer(engine, questionOf(engine, caller.principal.tenant, mode, id), caller, {
        answer: value,
        ...commentOf(comment),
      });
    },
    async decline({ id, comment }, caller) {
      await answer(engine, questionOf(engine, caller.principal.tenant, mode, id), caller, commentOf(comment));
    },
  };
}

interface Answer {
  readonly answer?: JsonValue;
  readonly comment?: string;
  readonly hash?: ContentHash;
}

async function answer(engine: Engine, { driver, activation }: Asking, { principal }: Caller, given: Answer): Promise<void> {
  const { subject: by, roles, tenant } = principal;
  await engine.driver(driver.id, tenant)?.submit({ kind: "answer", activation: activation.id, by, roles, ...given });
}

function commentOf(comment: string | undefined): { comment?: string } {
  return comment === undefined ? {} : { comment };
}

/** What was asked before, and each change after it, in order; a follower that is slow gets several at once. */
async function* followApprovals(
  engine: Engine,
  { principal, signal }: Caller,
  run: string | undefined,
): AsyncGenerator<readonly ApprovalChange[]> {
  const shown = new Set<string>();
  let changed: (() => void) | undefined;
  let dirty = true;
  let first = true;
  const stop = engine.inbox.watch(({ driver }) => {
    if (driver.tenant !== principal.tenant || (run !== undefined && driver.id !== run)) return;
    dirty = true;
    changed?.();
  });
  const ended = (): void => changed?.();
  signal?.addEventListener("abort", ended, { once: true });
  const closing = engine.inbox.onClose(ended);
  try {
    while (signal?.aborted !== true && !engine.closing) {
      if (!dirty) {
        await new Promise<void>((resolve) => {
          changed = resolve;
        });
        changed = undefined;
        continue;
      }
      dirty = false;
      const changes = changesSince(shown, questionsOf(engine, principal.tenant, "approve", run));
      if (first) yield [...changes, { kind: "current" }];
      else if (changes.length > 0) yield changes;
      first = false;
    }
  } finally {
    stop();
    closing();
    signal?.removeEventListener("abort", ended);
  }
}

function changesSince(shown: Set<string>, asking: readonly Asking[]): readonly ApprovalChange[] {
  const open = asking.map(approvalView);
  const keyOf = ({ id, approvedBy, call }: (typeof open)[number]): string => `${id}\n${call?.hash ?? ""}\n${approvedBy.length}`;
  const keys = new Set(open.map(keyOf));
  const changes: ApprovalChange[] = [];
  const ids = new Set(open.map(({ id }) => id));
  for (const key of shown) {
    if (keys.has(key)) continue;
    shown.delete(key);
    const [id = ""] = key.split("\n");
    if (!ids.has(id)) changes.push({ kind: "closed", id });
  }
  for (const approval of open) {
    const key = keyOf(approval);
    if (shown.has(key)) continue;
    shown.add(key);
    changes.push({ kind: "asked", approval });
  }
  return changes;
}
