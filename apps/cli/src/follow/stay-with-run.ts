/**
 * What commands that start a run have in common: they stay with it to its end and print its output alone on
 * standard output, or leave it and say how to come back.
 */
import type { Client } from "@heddle/client";
import { HeddleError, isTerminalStatus, type RunId, type RunResult, type RunStatus } from "@heddle/core";
import type { Invocation } from "../command.ts";
import { connect, type Session, shellWord } from "../connect.ts";
import { type CliContext, type Interrupt, interruptedCode } from "../context.ts";
import { plainText } from "../style.ts";
import { answerCommands } from "./answers.ts";
import { followRun } from "./run-follower.ts";
import type { LogsShown } from "./run-logs.ts";

/** Runs work that the first interrupt asks to stop. `stopped` is the exit code then. */
export async function interruptible(
  context: CliContext,
  work: (signal: AbortSignal, stopped: () => number) => Promise<number>,
): Promise<number> {
  const stop = new AbortController();
  let why: Interrupt = "SIGINT";
  const ignore = context.onInterrupt((given) => {
    why = given;
    stop.abort();
  });
  try {
    return await work(stop.signal, () => interruptedCode(why));
  } catch (error) {
    // What was cut short has nothing to say about itself.
    if (stop.signal.aborted && (HeddleError.is(error, "cancelled") || HeddleError.is(error, "bundle-invalid"))) return interruptedCode(why);
    throw error;
  } finally {
    ignore();
  }
}

export interface StayOptions {
  /** The session of this moment. */
  readonly session: () => Session;
  /** Another one, from then on that of this moment. */
  readonly renew: () => Promise<Session>;
  readonly runId: RunId;
  /** Events up to this one are history, and not shown. */
  readonly history: number;
  readonly yes: boolean;
  readonly signal: AbortSignal;
  readonly stopped: () => number;
  /** The session outlives the run, so that other commands find its daemon. */
  readonly serves?: true;
  /** What of its handlers' logs is shown. Default: errors, with where they were thrown. With `--json`, nothing is. */
  readonly logs?: LogsShown;
  /** Says what becomes of a run that is left. Where it gives nothing: how to come back to it, as the command ends. */
  readonly leave?: () => Promise<void> | undefined;
}

/** Follows a run to its end or until the signal, and returns the exit code. */
export async function stayWithRun(invocation: Invocation, options: StayOptions): Promise<number> {
  const { printer, context } = invocation;
  const { session, renew, runId, history, yes, signal, logs = "errors" } = options;
  const onEvent = printer.json ? { onEvent: (record: unknown) => printer.jsonLine(record) } : { logs };
  const result = await followRun({ context, session: session(), renew, runId, history, yes, signal, ...onEvent });
  if (result !== undefined) return finish(invocation, result, session(), options.serves === true);
  await (options.leave?.() ?? detach(invocation, session(), runId));
  return options.stopped();
}

/** Starts a run at a daemon, by one call of the API, and stays with it unless `--detach` says otherwise. */
export function invokeAndStay(
  invocation: Invocation,
  what: string,
  start: (client: Client, signal: AbortSignal) => Promise<{ readonly runId: RunId; readonly existing: boolean }>,
): Promise<number> {
  const { options, printer, context } = invocation;
  return interruptible(context, async (signal, stopped) => {
    let session = await connect(invocation);
    try {
      if (options.flag("detach") && session.kind === "guest") {
        throw new HeddleError("daemon-unreachable", "--detach needs a daemon that stays; start one with: heddle daemon");
      }
      const { runId, existing } = await start(session.client, signal);
      printer.note(existing ? `run ${runId} of ${what} was started before, under this key` : `run ${runId} of ${what} started`);
      if (options.flag("detach")) {
        await tellQuestions(invocation, session, runId);
        printer.answer({ runId }, () => [runId]);
        return 0;
      }
      const renew = async () => {
        session = await connect(invocation);
        return session;
      };
      return await stayWithRun(invocation, { session: () => session, renew, runId, history: 0, yes: false, signal, stopped });
    } finally {
      await session.close();
    }
  });
}

/** Tells what a run asks already, with the commands that answer. */
async function tellQuestions({ printer }: Invocation, { client, flags }: Session, runId: RunId): Promise<void> {
  const { questions } = await client.runs.get({ runId });
  for (const question of questions) {
    printer.note(`  ${question.node} asks: ${plainText(question.prompt)}`);
    printer.note("  answer it with:");
    for (const command of answerCommands(runId, question, flags)) printer.note(`    ${command}`);
  }
}

function finish({ printer }: Invocation, { runId, status, output, failure }: RunResult, session: Session, serves: boolean): number {
  if (printer.json) {
    printer.jsonLine({ status, ...(output === undefined ? {} : { output }), ...(failure === undefined ? {} : { failure }) });
    return status === "succeeded" ? 0 : 1;
  }
  if (status === "succeeded") {
    printer.note(`run ${runId} ${printer.notePaint("green", "succeeded")}`);
    printer.value(output ?? null);
    return 0;
  }
  const what =
    failure === undefined
      ? `run ${runId} was cancelled (cancelled)`
      : `run ${runId} failed: ${plainText(failure.message)} (${failure.code})`;
  printer.note(`${printer.notePaint("red", "error:")} ${what}`);
  const at =
    (session.kind === "embedded" && !serves) || session.kind === "guest"
      ? `, with a daemon on that folder: heddle daemon --data ${shellWord(session.dataShown)}`
      : "";
  printer.note(`  see what happened: heddle runs events ${runId}${session.flags}${at}`);
  return 1;
}

/** Says how to come back; an embedded daemon is closed by whoever opened the session. */
async function detach({ printer, context }: Invocation, session: Session, runId: RunId): Promise<void> {
  const status = await statusOf(session, runId);
  if (status !== undefined && isTerminalStatus(status)) printer.note(`run ${runId} has ended: ${status}`);
  else if (session.kind === "embedded") {
    const again = `heddle run --attach ${runId} --data ${shellWord(session.dataShown)}${hasTarget(context) ? " --embedded" : ""}`;
    printer.note(`stopping; the run stays in ${session.dataShown}. Go on with it:\n  ${again}`);
  } else printer.note(`detached; the run goes on. Come back to it:\n  heddle run --attach ${runId}${session.flags}`);
  if (printer.json) printer.jsonLine({ status: status ?? "running", detached: true, runId });
}

function hasTarget({ env }: CliContext): boolean {
  return (env["HEDDLE_TARGET"] ?? "") !== "" || (env["MN_GRPC_TARGET"] ?? "") !== "";
}

async function statusOf(session: Session, runId: RunId): Promise<RunStatus | undefined> {
  try {
    return (await session.client.runs.get({ runId }, { timeoutMs: 2_000 })).status;
  } catch {
    return undefined;
  }
}
