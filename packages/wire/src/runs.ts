/** The runs service. */
import {
  AnswerRunRequest,
  CancelRunRequest,
  EventRecord,
  JsonValueSchema,
  ListEventsRequest,
  ListLogsRequest,
  ListRunsRequest,
  LogRecord,
  PauseRunRequest,
  QueryRunRequest,
  ResumeRunRequest,
  RetryRunRequest,
  RunRequest,
  RunResult,
  RunSummary,
  RunView,
  SignalRunRequest,
  StartRunRequest,
} from "@heddle/core";
import type * as z from "zod";
import { EventBatch, Explanations, pageOf, partOf, RetriedRun, StartedRun } from "./answers.ts";
import { fromEvent, toEvent } from "./events.ts";
import { RunsServiceService } from "./gen/heddle/runs/v1/runs.js";
import { present, wireMethod } from "./method.ts";
import { cutEvents, cutLogs, emptyAnswer } from "./pages.ts";
import { answerJson, int, intOrAbsent, jsonOrAbsent, num, numOrAbsent, requestJson, requestJsonOrAbsent } from "./scalars.ts";
import { fromExplanation, fromLog, fromResult, fromRun, fromSummary, toExplanation, toLog, toResult, toRun, toSummary } from "./views.ts";

const byRunId = {
  toRequest: ({ runId }: { runId: string }) => ({ runId }),
  fromRequest: ({ runId }: { readonly runId: string }) => ({ runId }),
};

const byPosition = {
  toRequest: ({ runId, after, limit }: { runId: string; after?: bigint | undefined; limit?: number | undefined }) =>
    present({ runId, after: numOrAbsent(after), limit }),
  fromRequest: ({ runId, after, limit }: Position) => ({ runId, after: intOrAbsent(after), limit }),
};

type Position = z.infer<typeof ListEventsRequest>;

const withReason = {
  toRequest: (message: { runId: string; reason?: string | undefined }) => present(message),
  fromRequest: ({ runId, reason }: z.infer<typeof PauseRunRequest>) => ({ runId, reason }),
};

/** Every method of `RunsApi`, by its name there. */
export const runsWire = {
  start: wireMethod(RunsServiceService.startRun, {
    request: StartRunRequest,
    jsonMembers: ["input"],
    response: StartedRun,
    toRequest: ({ bundle, workflow, inputJson, idempotencyKey }) =>
      present({ bundle, workflow, input: requestJson("input_json", inputJson), idempotencyKey }),
    fromRequest: ({ bundle, workflow, input, idempotencyKey }) => ({
      bundle,
      workflow,
      inputJson: JSON.stringify(input),
      idempotencyKey,
    }),
    toResponse: ({ runId, existing }) => ({ runId, existing }),
    fromResponse: ({ runId, existing }) => ({ runId, existing }),
  }),
  get: wireMethod(RunsServiceService.getRun, {
    request: RunRequest,
    response: RunView,
    ...byRunId,
    toResponse: ({ run }) => run && toRun(run),
    fromResponse: (view) => ({ run: fromRun(view) }),
  }),
  list: wireMethod(RunsServiceService.listRuns, {
    request: ListRunsRequest,
    response: pageOf(RunSummary),
    toRequest: (message) => present(message),
    fromRequest: ({ limit, cursor, status, workflow }) => ({ limit, cursor, status, workflow }),
    toResponse: ({ runs, cursor }) => present({ rows: runs.map(toSummary), cursor }),
    fromResponse: ({ rows, cursor }) => ({ runs: rows.map(fromSummary), cursor }),
  }),
  events: wireMethod(RunsServiceService.listRunEvents, {
    request: ListEventsRequest,
    response: partOf(EventRecord),
    ...byPosition,
    toResponse: ({ events, truncated }) => ({ rows: events.map(toEvent), truncated }),
    fromResponse: (part) => {
      const { rows, truncated } = cutEvents(part);
      return { events: rows.map(fromEvent), truncated };
    },
  }),
  follow: wireMethod(RunsServiceService.followRun, {
    request: ListEventsRequest,
    response: EventBatch,
    ...byPosition,
    toResponse: ({ events }) => events.map(toEvent),
    fromResponse: (batch) => ({ events: batch.map(fromEvent) }),
  }),
  logs: wireMethod(RunsServiceService.listRunLogs, {
    request: ListLogsRequest,
    response: partOf(LogRecord),
    ...byPosition,
    toResponse: ({ records, truncated }) => ({ rows: records.map(toLog), truncated }),
    fromResponse: (part) => {
      const { rows, truncated } = cutLogs(part);
      return { records: rows.map(fromLog), truncated };
    },
  }),
  result: wireMethod(RunsServiceService.getRunResult, {
    request: RunRequest,
    response: RunResult,
    ...byRunId,
    toResponse: toResult,
    fromResponse: fromResult,
  }),
  pause: wireMethod(RunsServiceService.pauseRun, { request: PauseRunRequest, ...withReason, ...emptyAnswer }),
  resume: wireMethod(RunsServiceService.resumeRun, {
    request: ResumeRunRequest,
    toRequest: (message) => present(message),
    fromRequest: ({ runId, now }) => ({ runId, now }),
    ...emptyAnswer,
  }),
  cancel: wireMethod(RunsServiceService.cancelRun, { request: CancelRunRequest, ...withReason, ...emptyAnswer }),
  signal: wireMethod(RunsServiceService.signalRun, {
    request: SignalRunRequest,
    jsonMembers: ["value"],
    toRequest: ({ runId, name, valueJson, idempotencyKey }) =>
      present({ runId, name, value: requestJson("value_json", valueJson), idempotencyKey }),
    fromRequest: ({ runId, name, value, idempotencyKey }) => ({
      runId,
      name,
      valueJson: JSON.stringify(value),
      idempotencyKey,
    }),
    ...emptyAnswer,
  }),
  answer: wireMethod(RunsServiceService.answerRun, {
    request: AnswerRunRequest,
    jsonMembers: ["answer"],
    toRequest: ({ runId, node, activation, answerJson: answer, comment, hash }) =>
      present({
        runId,
        node,
        activation: numOrAbsent(activation),
        answer: requestJsonOrAbsent("answer_json", answer),
        comment,
        hash,
      }),
    fromRequest: ({ runId, node, activation, answer, comment, hash }) => ({
      runId,
      node,
      activation: intOrAbsent(activation),
      answerJson: jsonOrAbsent(answer),
      comment,
      hash,
    }),
    ...emptyAnswer,
  }),
  query: wireMethod(RunsServiceService.queryRun, {
    request: QueryRunRequest,
    response: JsonValueSchema,
    toRequest: ({ runId, name }) => ({ runId, name }),
    fromRequest: ({ runId, name }) => ({ runId, name }),
    toResponse: ({ valueJson }) => answerJson(valueJson),
    fromResponse: (value) => ({ valueJson: JSON.stringify(value) }),
  }),
  retry: wireMethod(RunsServiceService.retryRun, {
    request: RetryRunRequest,
    response: RetriedRun,
    toRequest: ({ runId, from }) => present({ runId, from: from?.$case === "activation" ? num(from.value) : from?.value }),
    fromRequest: ({ runId, from }) => ({
      runId,
      from:
        from === undefined
          ? undefined
          : typeof from === "number"
            ? { $case: "activation" as const, value: int(from) }
            : { $case: "node" as const, value: from },
    }),
    toResponse: ({ from, node }) => ({ from: num(from), node }),
    fromResponse: ({ from, node }) => ({ from: int(from), node }),
  }),
  delete: wireMethod(RunsServiceService.deleteRun, { request: RunRequest, ...byRunId, ...emptyAnswer }),
  why: wireMethod(RunsServiceService.explainRun, {
    request: RunRequest,
    response: Explanations,
    ...byRunId,
    toResponse: ({ explanations }) => explanations.map(toExplanation),
    fromResponse: (explanations) => ({ explanations: explanations.map(fromExplanation) }),
  }),
};
