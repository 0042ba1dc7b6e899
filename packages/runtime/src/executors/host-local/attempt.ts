/**
 * One attempt at a `process` node, from its input to its outcome: folder, environment, command,
 * program, result.
 */
import { hostname } from "node:os";
import { basename } from "node:path";
import {
  failureOf,
  HeddleError,
  type JsonObject,
  outcomeOfResult,
  type PayloadFile,
  type ProcessNode,
  type ProcessResult,
  passedVariablesOf,
  processOutputBytesDefault,
  processOutputBytesMax,
  uploadsOf,
} from "@heddle/core";
import type { AbortHandle, Clock, Outcome, Task } from "@heddle/ports";
import { inSandbox, programPaths, provideSandbox, sandboxed } from "../../guards/sandbox/provide.ts";
import type { SandboxProbe } from "../../guards/sandbox/sandbox.ts";
import type { Secrets } from "../../secrets/secrets.ts";
import { type AttemptFolder, makeAttemptFolder, workdirOf } from "./attempt-folder.ts";
import { commandLine, findProgram, limited } from "./command.ts";
import { environmentOf, givenOf, type ProgramEnvironment } from "./environment.ts";
import { failedOutcome, type Told, timeoutFailure, tooMuchFailure, unstartedFailure } from "./failures.ts";
import { agentType, failedBy, type MessageFiles, messageFilesOf } from "./message-files.ts";
import { type ProgramEnd, runProgram } from "./program.ts";
import { understand } from "./result.ts";

export interface AttemptOptions {
  readonly clock: Clock;
  readonly graceMs: number;
  readonly memoryMb: number;
  readonly hostEnvironment: Readonly<Record<string, string | undefined>>;
  readonly secrets: Secrets;
  readonly sandbox: SandboxProbe;
  /** The files of its bundle, and where they are; undefined where they are not laid out. */
  readonly payloads: { readonly folder: string; readonly files: readonly PayloadFile[] } | undefined;
}

/** Settles exactly once; never rejects. */
export async function runAttempt(task: Task, node: ProcessNode, abort: AbortHandle, options: AttemptOptions): Promise<Outcome> {
  const passed = passedVariablesOf(node);
  if (!("length" in passed)) return { kind: "failed", failure: passed };
  const uploads = uploadsOf(node, options.payloads?.files ?? []);
  if (!("length" in uploads)) return { kind: "failed", failure: uploads };
  let folder: AttemptFolder | undefined;
  try {
    const given = await options.secrets.fill(givenOf(node));
    const message = messageFilesOf(task, node, options.clock.nowMs());
    folder = await makeAttemptFolder(prefixOf(node), options.payloads?.folder, uploads, message.files);
    return await runIn({ task, node, options, folder, message, passed, given }, abort);
  } catch (error) {
    if (HeddleError.is(error)) return failedBy(error, node.id);
    // The file system refused: no room, no right.
    const text = error instanceof Error ? error.message : "unknown error";
    const failure = failureOf("executor-unavailable", `${node.id} cannot be prepared: ${text}`, "transient", {
      retryable: true,
      node: node.id,
    });
    return { kind: "failed", failure };
  } finally {
    // What cannot be removed is left to the system, which owns the temporary folder.
    await folder?.remove().catch(() => undefined);
  }
}

/** An attempt whose folder is made. */
interface Prepared {
  readonly task: Task;
  readonly node: ProcessNode;
  readonly options: AttemptOptions;
  readonly folder: AttemptFolder;
  readonly message: MessageFiles;
  readonly passed: readonly string[];
  /** What the node sets, with the values of its secrets. */
  readonly given: Readonly<Record<string, string>>;
}

async function runIn(prepared: Prepared, abort: AbortHandle): Promise<Outcome> {
  const { task, node, options, folder } = prepared;
  const { config } = node;
  const workdir = await workdirOf(config.workdir, folder.path);
  const environment = environmentOf(
    prepared.given,
    prepared.passed,
    options.hostEnvironment,
    contractOf(prepared, workdir),
    options.secrets.redactor,
  );
  if (config.command === undefined || config.command.length === 0)
    return finishedOutcome(prepared, { stdout: "No command configured for host-local worker\n", stderr: "" });
  const line = commandLine(config.command, {
    input_file: folder.paths.input,
    context_file: folder.paths.context,
    message_file: folder.paths.message,
    body_file: folder.paths.body,
    workdir,
    job_id: task.run,
    agent_id: node.id,
  });
  const [name = "", ...args] = line;
  const program = await findProgram(name, workdir, environment.variables["PATH"]);
  if (program === undefined) return unstarted(node, `there is no program ${JSON.stringify(name)} that may be run`, "ENOENT");
  if (abort.aborted) return { kind: "aborted" };
  const whole = limited([program, ...args], Math.min(config.max_memory_mb ?? options.memoryMb, options.memoryMb));
  const started = await confined(prepared, { program, line: whole, workdir, environment: environment.variables });
  const ended = await runProgram(
    {
      ...started,
      folder: workdir,
      redaction: environment.redaction,
      mark: `MN_INPUT_FILE=${folder.paths.input}`,
      clock: options.clock,
      graceMs: options.graceMs,
      timeoutMs: timeoutOf(node),
      stdoutBytesMax: outputBytesMaxOf(node),
      log: (record) => task.services.log(record),
    },
    abort,
  );
  return badOutcome(ended, environment, task, node) ?? finishedOutcome(prepared, ended);
}

interface Started {
  readonly line: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly instructions?: Uint8Array;
}

/** As its node wants it confined. Errors: `capability-denied`, `path-escape` for a workdir that the sandbox does not have. */
async function confined(
  { node, options, folder }: Prepared,
  { program, workdir, line, environment }: Started & { readonly program: string; readonly workdir: string },
): Promise<Started> {
  if (node.confinement !== "sandbox") return { line, environment };
  const isWithin = workdir === folder.path || workdir.startsWith(`${folder.path}/`);
  if (!isWithin)
    throw new HeddleError("path-escape", `the workdir ${workdir} is outside of the sandbox, which has the folder of the attempt alone`);
  const read = program.startsWith(`${folder.path}/`) ? [] : await programPaths(program);
  return sandboxed(await provideSandbox(options.sandbox), {
    argv: line,
    folder: workdir,
    environment: inSandbox(environment),
    files: { read, write: [{ source: folder.path }] },
    network: "none",
    fd: 3,
  });
}

/** The shorter of both limits. */
function timeoutOf(node: ProcessNode): number | undefined {
  const limits = [node.timeoutMs, node.config.timeout_seconds === undefined ? undefined : node.config.timeout_seconds * 1_000];
  const given = limits.filter((limit) => limit !== undefined);
  return given.length === 0 ? undefined : Math.min(...given);
}

function outputBytesMaxOf({ config }: ProcessNode): number {
  return Math.min(config.max_output_bytes ?? processOutputBytesDefault, processOutputBytesMax);
}

/** How it went wrong; undefined where it did not. */
function badOutcome(ended: ProgramEnd, { redaction }: ProgramEnvironment, task: Task, node: ProcessNode): Outcome | undefined {
  const { end, cause } = ended;
  if (end.kind === "unstarted") return unstarted(node, end.message, end.code);
  const told: Told = {
    node: node.id,
    attempt: task.attempt,
    stdout: redaction.inTelling(ended.stdout),
    stderr: redaction.inTelling(ended.stderr),
  };
  if (cause === "aborted") return { kind: "aborted" };
  if (cause === "timeout") return { kind: "failed", failure: timeoutFailure(timeoutOf(node) ?? 0, told) };
  if (cause === "too-much") return { kind: "failed", failure: tooMuchFailure(outputBytesMaxOf(node), told) };
  return end.kind === "exited" && end.exitCode === 0 ? undefined : failedOutcome(end, told);
}

function unstarted(node: ProcessNode, message: string, code: string | undefined): Outcome {
  return { kind: "failed", failure: unstartedFailure({ kind: "unstarted", message, code }, node.id) };
}

function finishedOutcome(prepared: Prepared, { stdout, stderr }: Pick<ProgramEnd, "stdout" | "stderr">): Outcome {
  const { task, node, folder } = prepared;
  const understood = understand({ node: node.id, stdout, requireObject: node.config.require_json_object === true });
  if (understood.kind === "misunderstood") return { kind: "failed", failure: understood.failure };
  const result: ProcessResult = {
    agent_id: node.id,
    sandbox: {
      sandbox_name: basename(folder.path),
      remote_dir: folder.path,
      exit_code: 0,
      runner_exit_code: 0,
      stdout,
      stderr,
      logs: "",
      raw_output: stdout,
      runner: "host_local",
      node_name: hostname(),
      attempts: task.attempt,
      lease: leaseOf(task, node),
    },
    input: prepared.message.body,
    ...understood.said,
  };
  return outcomeOfResult(result, node.id);
}

function leaseOf(task: Task, node: ProcessNode): JsonObject {
  return {
    lease_id: attemptIdOf(task),
    pool: task.lease?.pool ?? node.pool ?? node.config.pool ?? "default",
    slots: task.lease?.slots ?? node.config.pool_slots ?? 1,
    queue_wait_ms: task.lease?.waitedMs ?? 0,
  };
}

function attemptIdOf(task: Task): string {
  return `${task.idempotencyKey}/${task.attempt}`;
}

/** What the contract tells a program, by name without prefix. */
function contractOf({ task, node, folder, message }: Prepared, workdir: string): Readonly<Record<string, string>> {
  return {
    INPUT_FILE: folder.paths.input,
    MESSAGE_FILE: folder.paths.message,
    BODY_FILE: folder.paths.body,
    CONTEXT_FILE: folder.paths.context,
    BODY_CONTENT_TYPE: message.contentType,
    BODY_CONTENT_ENCODING: message.contentEncoding,
    AGENT_TYPE: agentType,
    AGENT_TEMPLATE: node.template ?? "generic",
    JOB_ID: task.run,
    AGENT_ID: node.id,
    WORKDIR: workdir,
    RUN_ID: task.run,
    ATTEMPT_ID: attemptIdOf(task),
    IDEMPOTENCY_KEY: task.idempotencyKey,
  };
}

/** The beginning of the folder's name: of letters that every system takes. */
function prefixOf(node: ProcessNode): string {
  return (node.config.name_prefix ?? "heddle-process").replace(/[^\w.-]/g, "-").slice(0, 64);
}
