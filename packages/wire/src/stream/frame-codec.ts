/** Frames to bytes and back. What does not fit is refused whole: a side that sends such a frame speaks another language. */
import { HeddleError } from "@heddle/core";
import * as pb from "../gen/heddle/stream/v1/stream.js";
import { guarded, parsed, present } from "../method.ts";
import { type RuntimeFrame, type ServingFrame, StreamHello, type StreamResult, type StreamTask } from "./frames.ts";

/** The paths of the two services, as HTTP/2 names them. */
export const workerStreamPath: string = pb.WorkerServiceService.serve.path;
/** The daemon dials this one of a plugin. */
export const pluginStreamPath: string = pb.PluginStreamServiceService.open.path;

export function encodeRuntimeFrame(frame: RuntimeFrame): Buffer {
  return bufferOf(
    pb.RuntimeFrame.encode({
      welcome: frame.welcome,
      recorded: frame.recorded.map(({ task, name, error }) => ({ task: BigInt(task), name, error })),
      tasks: frame.tasks.map(fromTask),
      aborts: frame.aborts.map(({ task, reason }) => ({ task: BigInt(task), reason })),
      drain: frame.drain,
      end: frame.end,
    }).finish(),
  );
}

/** @throws HeddleError `request-invalid` for bytes that are no such frame. */
export function decodeRuntimeFrame(bytes: Buffer): RuntimeFrame {
  return guarded("request-invalid", "the frame", () => {
    const { welcome, recorded, tasks, aborts, drain, end } = pb.RuntimeFrame.decode(bytes);
    return {
      ...(welcome === undefined ? {} : { welcome }),
      recorded: recorded.map(({ task, name, error }) => ({ task: idOf(task), name, ...(error === undefined ? {} : { error }) })),
      tasks: tasks.map(toTask),
      aborts: aborts.map(({ task, reason }) => ({ task: idOf(task), reason })),
      drain,
      ...(end === undefined ? {} : { end }),
    };
  });
}

export function encodeServingFrame(frame: ServingFrame): Buffer {
  const { hello } = frame;
  return bufferOf(
    pb.ServingFrame.encode({
      hello: hello && { ...hello, plugin: hello.plugin },
      logs: frame.logs.map((log) => ({ ...log, task: BigInt(log.task) })),
      progress: frame.progress.map((progress) => ({ ...progress, task: BigInt(progress.task) })),
      records: frame.records.map(({ task, name, valueJson }) => ({ task: BigInt(task), name, valueJson })),
      results: frame.results.map(fromResult),
      draining: frame.draining,
      end: frame.end,
    }).finish(),
  );
}

/** @throws HeddleError `request-invalid` for bytes that are no such frame, and for a hello that is not valid. */
export function decodeServingFrame(bytes: Buffer): ServingFrame {
  return guarded("request-invalid", "the frame", () => {
    const { hello, logs, progress, records, results, draining, end } = pb.ServingFrame.decode(bytes);
    return {
      ...(hello === undefined ? {} : { hello: parsed(StreamHello, present(hello), "request-invalid", "the hello") }),
      logs: logs.map(({ task, level, source, text, fieldsJson }) => ({
        task: idOf(task),
        level,
        source,
        text,
        ...(fieldsJson === undefined ? {} : { fieldsJson }),
      })),
      progress: progress.map(({ task, message, step, total }) => ({
        task: idOf(task),
        message,
        ...(step === undefined ? {} : { step }),
        ...(total === undefined ? {} : { total }),
      })),
      records: records.map(({ task, name, valueJson }) => ({ task: idOf(task), name, valueJson })),
      results: results.map(toResult),
      draining,
      ...(end === undefined ? {} : { end }),
    };
  });
}

/** The writer's bytes are its own: no copy. */
function bufferOf(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function idOf(id: bigint): number {
  const number = Number(id);
  if (Number.isSafeInteger(number)) return number;
  throw new HeddleError("request-invalid", `the frame has the number ${id}, which is too large`);
}

function fromTask(task: StreamTask): pb.Task {
  return {
    id: BigInt(task.id),
    run: task.run,
    node: task.node,
    name: task.name,
    activation: BigInt(task.activation),
    attempt: task.attempt,
    idempotencyKey: task.idempotencyKey,
    incarnation: task.incarnation,
    inputJson: task.inputJson,
    positional: task.positional,
    once: task.once as pb.OnceValue[],
    timeoutMs: task.timeoutMs === undefined ? undefined : BigInt(task.timeoutMs),
    bundle: task.bundle,
    tenant: task.tenant,
    timeRangeJson: task.timeRangeJson,
  };
}

function toTask(task: pb.Task): StreamTask {
  const { timeoutMs, timeRangeJson } = task;
  return {
    id: idOf(task.id),
    run: task.run,
    node: task.node,
    name: task.name,
    activation: idOf(task.activation),
    attempt: task.attempt,
    idempotencyKey: task.idempotencyKey,
    incarnation: task.incarnation,
    inputJson: task.inputJson,
    positional: task.positional,
    once: task.once,
    ...(timeoutMs === undefined ? {} : { timeoutMs: idOf(timeoutMs) }),
    bundle: task.bundle,
    tenant: task.tenant,
    ...(timeRangeJson === undefined ? {} : { timeRangeJson }),
  };
}

function fromResult(result: StreamResult): pb.TaskResult {
  const task = BigInt(result.task);
  switch (result.kind) {
    case "succeeded":
      return { task, outcome: { $case: "succeededJson", value: result.json } };
    case "failed":
      return { task, outcome: { $case: "failedJson", value: result.json } };
    default:
      return { task, outcome: { $case: "aborted", value: true } };
  }
}

function toResult({ task, outcome }: pb.TaskResult): StreamResult {
  const id = idOf(task);
  switch (outcome?.$case) {
    case "succeededJson":
      return { task: id, kind: "succeeded", json: outcome.value };
    case "failedJson":
      return { task: id, kind: "failed", json: outcome.value };
    case "aborted":
      return { task: id, kind: "aborted" };
    default:
      throw new HeddleError("request-invalid", `the result of task ${id} has no outcome`);
  }
}
