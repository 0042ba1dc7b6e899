/**
 * `heddle run`: from a path to the output of a run. Compiles, finds or brings a daemon, starts, follows,
 * asks, and prints the output alone on standard output.
 */
import { randomUUID } from "node:crypto";
import { HeddleError } from "@heddle/core";
import { ensureBundle, loadBundle, type SoundBundle, workflowOf } from "../bundle-source.ts";
import { type CommandSpec, type Invocation, UsageError } from "../command.ts";
import { connectOrEmbed, type Session } from "../connect.ts";
import { interruptible, stayWithRun } from "../follow/stay-with-run.ts";
import { missingParts } from "../missing-parts.ts";
import { problemLines } from "../report-error.ts";
import { readRunInput } from "../run-input.ts";
import { requiredRunId } from "../typed-ids.ts";

export const run: CommandSpec = {
  name: "run",
  args: "[target]",
  summary: "Run a workflow (a bundle folder, or a .ts, .js, .heddle or .nemo file) and print its output",
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
  run: (invocation) => interruptible(invocation.context, (signal, stopped) => runOrAttach(invocation, signal, stopped)),
};

async function runOrAttach(invocation: Invocation, signal: AbortSignal, stopped: () => number): Promise<number> {
  const { args, options } = invocation;
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
    return await stayWithRun(invocation, {
      session: () => session,
      renew: async () => {
        session = await connectOrEmbed(invocation, options.flag("embedded"));
        return session;
      },
      runId,
      history: attach === undefined ? 0 : view.seq,
      yes: options.flag("yes"),
      signal,
      stopped,
    });
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
async function prepare({ context, options, printer }: Invocation, path: string, signal: AbortSignal): Promise<Prepared | undefined> {
  const bundle = await loadBundle(context, path, signal);
  for (const line of problemLines(bundle.problems)) printer.note(line);
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
  for (const line of await missingParts(client, bundle.manifest, signal)) printer.note(`note: ${line}`);
  const idempotencyKey = options.text("idempotency-key") ?? randomUUID();
  const { runId, existing } = await client.runs.start({ bundle: bundle.hash, workflow, input, idempotencyKey }, { signal });
  printer.note(existing ? `run ${runId} of ${workflow} was started before, under this key` : `run ${runId} of ${workflow} started`);
  return runId;
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
