/**
 * `heddle run`: from a path to the output of a run. Compiles, finds or brings a daemon, starts, follows,
 * asks, and prints the output alone on standard output.
 */
import { randomUUID } from "node:crypto";
import { HeddleError, isTerminalStatus, type RunResult, type RunStatus } from "@heddle/core";
import { ensureBundle, loadBundle, type SoundBundle, workflowOf } from "../bundle-source.ts";
import { type CommandSpec, type Invocation, UsageError } from "../command.ts";
import { connectOrEmbed, type Session, shellWord } from "../connect.ts";
import { type CliContext, type Interrupt, interruptedCode } from "../context.ts";
import { followRun } from "../follow/run-follower.ts";
import { readRunInput } from "../run-input.ts";
import { plainText } from "../style.ts";
import { requiredRunId } from "../typed-ids.ts";

export const run: CommandSpec = {
  name: "run",
  args: "[target]",
  summary: "Run a workflow (a bundle folder, or a .ts or .js file) and print its output",
  example: "heddle run flow.ts --input name=world",
  daemon: true,
  options: [
    { flags: "--input <name=value>", summary: "an input: JSON, or a text where a text is wanted", repeat: true },
    { flags: "--input-file <file>", summary: "inputs as a JSON object; - reads standard input" },
    { flags: "--workflow <id>", summary: "another workflow of the bundle than its main one" },
    { flags: "--attach <run>", summary: "go on with a run instead of starting one" },
    { flags: "--embedded", summary: "run in this process, in the data folder, without a daemon" },
    { flags: "--yes", summary: "answer yes to every approval" },
    { flags: "--idempotency-key <key>", summary: "the same key with the same input gives the same run" },
    { flags: "--detach", summary: "start, print the id of the run, and do not wait" },
  ],
  async run(invocation) {
    const { context } = invocation;
    const stop = new AbortController();
    let why: Interrupt = "SIGINT";
    const ignore = context.onInterrupt((given) => {
      why = given;
      stop.abort();
    });
    try {
      return await runOrAttach(invocation, stop.signal, () => interruptedCode(why));
    } catch (error) {
      // What was cut short has nothing to say about itself.
      if (stop.signal.aborted && (HeddleError.is(error, "cancelled") || HeddleError.is(error, "bundle-invalid")))
        return interruptedCode(why);
      throw error;
    } finally {
      ignore();
    }
  },
};

async function runOrAttach(invocation: Invocation, signal: AbortSignal, stopped: () => number): Promise<number> {
  const { args, options, context } = invocation;
  const attach = options.text("attach");
  const [path] = args;
  assertUsage(path, attach, invocation);
  const wanted = attach === undefined ? undefined : requiredRunId(attach);
  const prepared = path === undefined ? undefined : await prepare(invocation, path, signal);
  if (signal.aborted) return stopped();
  let session = await connectOrEmbed(invocation, options.flag("embedded"));
  try {
    if (options.flag("detach") && session.kind !== "target" && session.kind !== "folder" && session.kind !== "default") {
      throw new HeddleError("daemon-unreachable", "--detach needs a daemon that stays; start one with: heddle daemon");
    }
    const runId = wanted ?? (await start(invocation, session, requiredPrepared(prepared), signal));
    if (options.flag("detach")) {
      invocation.printer.answer({ runId }, () => [runId]);
      return 0;
    }
    const view = await session.client.runs.get({ runId }, { signal });
    if (attach !== undefined) invocation.printer.note(`attached to run ${runId} of ${view.workflow} (${view.status})`);
    const result = await followRun({
      context,
      session,
      renew: async () => {
        session = await connectOrEmbed(invocation, options.flag("embedded"));
        return session;
      },
      runId,
      history: attach === undefined ? 0 : view.seq,
      yes: options.flag("yes"),
      signal,
      ...(invocation.printer.json ? { onEvent: (record) => invocation.printer.jsonLine(record) } : {}),
    });
    if (result !== undefined) return finish(invocation, result, session);
    await detach(invocation, session, runId);
    return stopped();
  } finally {
    await session.close();
  }
}

interface Prepared {
  readonly bundle: SoundBundle;
  readonly workflow: string;
  readonly input: Awaited<ReturnType<typeof readRunInput>>;
}

/** Everything that can be wrong before a daemon is spoken to. */
async function prepare({ context, options }: Invocation, path: string, signal: AbortSignal): Promise<Prepared | undefined> {
  const bundle = await loadBundle(context, path, signal);
  const workflow = workflowOf(bundle.manifest, options.text("workflow"));
  const input = await readRunInput(context, { pairs: options.texts("input"), file: options.text("input-file") }, workflow.inputs);
  return { bundle, workflow: workflow.id, input };
}

function requiredPrepared(prepared: Prepared | undefined): Prepared {
  if (prepared === undefined) throw new UsageError("nothing to run");
  return prepared;
}

async function start({ options, printer }: Invocation, session: Session, prepared: Prepared, signal: AbortSignal): Promise<string> {
  const { client } = session;
  const { bundle, workflow, input } = prepared;
  await ensureBundle(client, bundle, signal);
  const idempotencyKey = options.text("idempotency-key") ?? randomUUID();
  const { runId, existing } = await client.runs.start({ bundle: bundle.hash, workflow, input, idempotencyKey }, { signal });
  printer.note(existing ? `run ${runId} of ${workflow} was started before, under this key` : `run ${runId} of ${workflow} started`);
  return runId;
}

function finish({ printer }: Invocation, { runId, status, output, failure }: RunResult, session: Session): number {
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
    session.kind === "embedded" || session.kind === "guest"
      ? `, with a daemon on that folder: heddle daemon --data ${shellWord(session.dataShown)}`
      : "";
  printer.note(`  see what happened: heddle runs events ${runId}${session.flags}${at}`);
  return 1;
}

/** Says how to come back; an embedded daemon is closed by whoever opened the session. */
async function detach({ printer, context }: Invocation, session: Session, runId: string): Promise<void> {
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

async function statusOf(session: Session, runId: string): Promise<RunStatus | undefined> {
  try {
    return (await session.client.runs.get({ runId }, { timeoutMs: 2_000 })).status;
  } catch {
    return undefined;
  }
}

function assertUsage(path: string | undefined, attach: string | undefined, { options }: Invocation): void {
  const help = "write: heddle run flow.ts --input name=value";
  if (path === undefined && attach === undefined) throw new UsageError("name a bundle folder or an authoring file", help);
  if (path !== undefined && attach !== undefined)
    throw new UsageError("--attach goes on with a run and takes no file", `write: heddle run --attach ${attach}`);
  if (options.flag("embedded") && options.flag("detach"))
    throw new UsageError("--embedded ends with this command, so it cannot --detach", "start a daemon with: heddle daemon");
  if (attach === undefined) return;
  requiredRunId(attach);
  const unfit = ["input-file", "workflow", "idempotency-key"].filter((name) => options.text(name) !== undefined);
  if (options.texts("input").length > 0) unfit.unshift("input");
  if (unfit.length > 0) throw new UsageError(`--${unfit[0]} is for a new run, and --attach goes on with one`);
}
