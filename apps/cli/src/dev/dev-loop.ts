/**
 * `heddle dev`: compile, tell, load, run; then wait for a change, and again. Nothing that an author saves ends it. A
 * change that compiles to the same bundle, and says the same, is not worth a word.
 */
import { randomUUID } from "node:crypto";
import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { ensureBundle, workflowOf } from "../bundle-source.ts";
import { type Invocation, UsageError } from "../command.ts";
import { bundleOf, type CompiledInputs, compileFiles, type SoundBundle, tellFindings } from "../compiled-inputs.ts";
import { connectOrServe, isAway, type Session } from "../connect.ts";
import { stayWithRun } from "../follow/stay-with-run.ts";
import { reportError } from "../report-error.ts";
import { readRunInput } from "../run-input.ts";
import type { SourceWatcher } from "./source-watcher.ts";
import { watchedFiles } from "./watched-files.ts";

/** Times that sources are read in a row because folders were found that nobody watched yet. */
const turnsMax = 5;

export interface DevOptions {
  readonly invocation: Invocation;
  /** As it was given. */
  readonly file: string;
  /** Run each bundle that is loaded. */
  readonly runs: boolean;
  readonly watcher: SourceWatcher;
  /** Ends it. */
  readonly signal: AbortSignal;
}

/** The run that is shown at the moment. */
interface Shown {
  readonly done: Promise<void>;
  leave(): void;
}

export class DevLoop implements AsyncDisposable {
  readonly #options: DevOptions;
  readonly #path: string;
  readonly #failed = new AbortController();
  #session: Session | undefined;
  #problem: Error | undefined;
  #loaded: SoundBundle | undefined;
  /** What was told last: a change that leads to the same says nothing. */
  #told = "";
  #shown: Shown | undefined;

  constructor(options: DevOptions) {
    this.#options = options;
    this.#path = resolve(options.invocation.context.cwd, options.file);
  }

  /** Goes round until the signal. Errors: those of the first look that no change of a source can mend, and a store that fails. */
  async run(): Promise<void> {
    const { watcher } = this.#options;
    const signal = AbortSignal.any([this.#options.signal, this.#failed.signal]);
    this.#session = await this.#open();
    for (let first = true; !signal.aborted; first = false) {
      await this.#look(signal, first);
      await watcher.changed(signal);
    }
    if (this.#problem !== undefined) throw this.#problem;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#shown?.done;
    await this.#session?.close();
  }

  async #open(): Promise<Session> {
    const session = await connectOrServe(this.#options.invocation);
    void session.failed?.then((error) => {
      this.#problem = error;
      this.#failed.abort();
    });
    return session;
  }

  /** One turn. What goes wrong in a later one is told, and the next change is waited for. */
  async #look(signal: AbortSignal, first: boolean): Promise<void> {
    const { printer } = this.#options.invocation;
    try {
      const compiled = await this.#compile(signal);
      if (signal.aborted) return;
      const [input] = compiled.inputs;
      if (compiled.failed || input === undefined) await this.#refuse(compiled);
      else await this.#load(await bundleOf(input), compiled, signal);
    } catch (error) {
      if (signal.aborted) return;
      if (first && error instanceof UsageError) throw error;
      this.#told = "";
      reportError(printer, error);
    }
  }

  /** Compiles until all that was read is also watched: what changes from then on is heard. */
  async #compile(signal: AbortSignal): Promise<CompiledInputs> {
    const { watcher, file, invocation } = this.#options;
    const { cwd } = invocation.context;
    watcher.watch([this.#path]);
    for (let turn = 1; ; turn++) {
      const compiled = await compileFiles([file], { cwd, target: { purpose: "run", signal } });
      const fresh = watcher.watch(await watchedFiles(this.#path, compiled.inputs[0]));
      if (!fresh || signal.aborted || turn === turnsMax) return compiled;
    }
  }

  async #refuse(compiled: CompiledInputs): Promise<void> {
    const { invocation, file } = this.#options;
    const { printer } = invocation;
    const { diagnostics, problems } = compiled;
    if (this.#isTold({ diagnostics, problems })) return;
    if (printer.json) return printer.jsonLine({ kind: "refused", diagnostics, problems });
    if (existsSync(this.#path)) await tellFindings(invocation, compiled);
    const what = existsSync(this.#path) ? `${file} does not compile` : `${file} is gone`;
    const stays = this.#loaded === undefined ? "" : `; ${shortHash(this.#loaded)} stays loaded`;
    printer.note(`${printer.notePaint("red", what)}${stays}. Waiting for a change`);
  }

  async #load(bundle: SoundBundle, compiled: CompiledInputs, signal: AbortSignal): Promise<void> {
    const { invocation, file, runs } = this.#options;
    const { printer, options } = invocation;
    const { diagnostics, problems } = compiled;
    if (this.#isTold({ hash: bundle.hash, diagnostics, problems })) return;
    if (!printer.json) await tellFindings(invocation, compiled);
    const before = this.#loaded;
    const workflow = workflowOf(bundle.manifest, options.text("workflow"));
    await this.#withSession((session) => ensureBundle(session.client, bundle, signal));
    this.#loaded = bundle;
    const word = before === undefined ? "loaded" : before.hash === bundle.hash ? "unchanged" : "reloaded";
    if (printer.json) printer.jsonLine({ kind: word, hash: bundle.hash, workflow: workflow.id, diagnostics, problems });
    else printer.note(`${printer.notePaint("green", `${word} ${shortHash(bundle)}`)} (${workflow.id} of ${file})`);
    if (!runs || before?.hash === bundle.hash) return;
    const input = await readRunInput(
      invocation.context,
      { pairs: options.texts("input"), file: options.text("input-file") },
      workflow.inputs,
    );
    await this.#start(bundle, workflow.id, input, signal);
  }

  /** Lets go of the run before, which goes on with its own bundle, and shows a new one. */
  async #start(bundle: SoundBundle, workflow: string, input: Awaited<ReturnType<typeof readRunInput>>, signal: AbortSignal): Promise<void> {
    const { invocation } = this.#options;
    const { printer } = invocation;
    this.#shown?.leave();
    await this.#shown?.done;
    this.#shown = undefined;
    const request = { bundle: bundle.hash, workflow, input, idempotencyKey: randomUUID() };
    const { runId } = await this.#withSession((session) => session.client.runs.start(request, { signal }));
    printer.note(`run ${runId} of ${workflow} started`);
    const next = new AbortController();
    const left = async () =>
      printer.note(
        `run ${runId} goes on with ${shortHash(bundle)}. Come back to it:\n  heddle run --attach ${runId}${this.#current.flags}`,
      );
    const done = stayWithRun(invocation, {
      session: () => this.#current,
      renew: () => this.#renew(this.#current),
      runId,
      history: 0,
      yes: invocation.options.flag("yes"),
      signal: AbortSignal.any([signal, next.signal]),
      stopped: () => 0,
      serves: true,
      logs: "all",
      leave: () => (next.signal.aborted ? left() : undefined),
    });
    this.#shown = {
      done: done.then(
        () => undefined,
        (error: unknown) => {
          if (!signal.aborted) reportError(printer, error, runId);
        },
      ),
      leave: () => next.abort(),
    };
  }

  get #current(): Session {
    if (this.#session === undefined) throw new UsageError("no daemon is there yet");
    return this.#session;
  }

  /** Does something at the daemon, and once more at another one where the first has gone. */
  async #withSession<Result>(use: (session: Session) => Promise<Result>): Promise<Result> {
    const session = this.#current;
    try {
      return await use(session);
    } catch (error) {
      if (!isAway(error) || session.kind === "embedded") throw error;
      return use(await this.#renew(session));
    }
  }

  async #renew(lost: Session): Promise<Session> {
    if (this.#session !== lost) return this.#current;
    await lost.close();
    this.#session = await this.#open();
    return this.#session;
  }

  #isTold(what: unknown): boolean {
    const text = JSON.stringify(what);
    const same = text === this.#told;
    this.#told = text;
    return same;
  }
}

function shortHash({ hash }: SoundBundle): string {
  return hash.slice(hash.indexOf(":") + 1).slice(0, 8);
}
