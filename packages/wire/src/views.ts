/** Runs, failures, questions, reasons and logs, between core and messages. */
import type { Explanation, Failure, JsonValue, LogRecord, OpenQuestion, RunResult, RunSummary, RunView } from "@heddle/core";
import type * as pb from "./gen/heddle/runs/v1/runs.js";
import { present } from "./method.ts";
import { answerJson, answerJsonOrAbsent, int, intOrAbsent, jsonOrAbsent, num, numOrAbsent } from "./scalars.ts";

export function toSummary(message: pb.RunSummary): Record<string, unknown> {
  const { id, tenant, workflow, bundle, status, startedAtMs, endedAtMs, parent, seq } = message;
  const times = { startedAtMs: num(startedAtMs), endedAtMs: numOrAbsent(endedAtMs) };
  return present({ id, tenant, workflow, bundle, status, ...times, parent, seq: num(seq) });
}

export function fromSummary(view: RunSummary): pb.RunSummary {
  const { id, tenant, workflow, bundle, status, startedAtMs, endedAtMs, parent, seq } = view;
  const times = { startedAtMs: int(startedAtMs), endedAtMs: intOrAbsent(endedAtMs) };
  return { id, tenant, workflow, bundle, status, ...times, parent, seq: int(seq) };
}

export function toRun(message: pb.Run): unknown {
  const { summary, inputJson, outputJson, failure, steps, questions } = message;
  return present({
    ...(summary && toSummary(summary)),
    input: answerJson(inputJson),
    output: answerJsonOrAbsent(outputJson),
    failure: failure && toFailure(failure),
    steps: num(steps),
    questions: questions.map(toQuestion),
  });
}

export function fromRun(view: RunView): pb.Run {
  return {
    summary: fromSummary(view),
    inputJson: JSON.stringify(view.input),
    outputJson: jsonOrAbsent(view.output),
    failure: view.failure && fromFailure(view.failure),
    steps: int(view.steps),
    questions: view.questions.map(fromQuestion),
  };
}

export function toResult(message: pb.GetRunResultResponse): unknown {
  const { runId, status, outputJson, failure } = message;
  return present({ runId, status, output: answerJsonOrAbsent(outputJson), failure: failure && toFailure(failure) });
}

export function fromResult(result: RunResult): pb.GetRunResultResponse {
  const { runId, status, output, failure } = result;
  return { runId, status, outputJson: jsonOrAbsent(output), failure: failure && fromFailure(failure) };
}

export function toExplanation(message: pb.Explanation): unknown {
  const { run, kind, activation, node, untilMs, child, signal, commands } = message;
  const about = { activation: numOrAbsent(activation), node, untilMs: numOrAbsent(untilMs), child, signal };
  return present({ run, kind, message: message.message, ...about, commands });
}

export function fromExplanation(view: Explanation): pb.Explanation {
  const { run, kind, message, activation, node, untilMs, child, signal, commands } = view;
  const about = { activation: intOrAbsent(activation), node, untilMs: intOrAbsent(untilMs), child, signal };
  return { run, kind, message, ...about, commands: [...commands] };
}

export function toLog(message: pb.LogRecord): unknown {
  const { n, atMs, node, activation, attempt, level, source, text, fieldsJson } = message;
  const from = { node, activation: numOrAbsent(activation), attempt: numOrAbsent(attempt) };
  return present({ n: num(n), atMs: num(atMs), ...from, level, source, text, fields: answerJsonOrAbsent(fieldsJson) });
}

export function fromLog(record: LogRecord): pb.LogRecord {
  const { n, atMs, node, activation, attempt, level, source, text, fields } = record;
  const from = { node, activation: intOrAbsent(activation), attempt: intOrAbsent(attempt) };
  return { n: int(n), atMs: int(atMs), ...from, level, source, text, fieldsJson: jsonOrAbsent(fields) };
}

function toFailure(message: pb.Failure): unknown {
  const { code, class: failureClass, retryable, node, detailsJson, retryAfterMs } = message;
  const rest = { details: answerJsonOrAbsent(detailsJson), retryAfterMs: numOrAbsent(retryAfterMs) };
  return present({ code, message: message.message, class: failureClass, retryable, node, ...rest });
}

function fromFailure(failure: Failure): pb.Failure {
  const { code, message, class: failureClass, retryable, node, details, retryAfterMs } = failure;
  const rest = { detailsJson: jsonOrAbsent(details), retryAfterMs: intOrAbsent(retryAfterMs) };
  return { code, message, class: failureClass, retryable, node, ...rest };
}

function toQuestion(message: pb.OpenQuestion): unknown {
  const { activation, node, mode, prompt, detailsJson, deadlineMs, ruleJson, approvedBy, answers, call } = message;
  const rest = {
    details: answerJsonOrAbsent(detailsJson),
    deadlineMs: numOrAbsent(deadlineMs),
    rule: answerJsonOrAbsent(ruleJson),
    ...(approvedBy.length === 0 ? {} : { approvedBy }),
    answers,
    call,
  };
  return present({ activation: num(activation), node, mode, prompt, ...rest });
}

function fromQuestion(question: OpenQuestion): pb.OpenQuestion {
  const { activation, node, mode, prompt, details, deadlineMs, rule, approvedBy = [], answers, call } = question;
  const rest = {
    detailsJson: jsonOrAbsent(details),
    deadlineMs: intOrAbsent(deadlineMs),
    ruleJson: jsonOrAbsent(rule as JsonValue | undefined),
    approvedBy: [...approvedBy],
    answers,
    call,
  };
  return { activation: int(activation), node, mode, prompt, ...rest };
}
