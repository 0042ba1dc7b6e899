/**
 * The questions of a run's human nodes, as `heddle run` handles them: answered yes by itself (`--yes`),
 * asked on the terminal one after the other, or told together with the command that answers. Whoever
 * answers elsewhere is faster without harm: the question then leaves the screen.
 */
import { setTimeout as sleep } from "node:timers/promises";
import type { Client } from "@heddle/client";
import { type BundleManifest, HeddleError, type JsonValue, type OpenQuestion, showType, type ValueType } from "@heddle/core";
import type { CliContext } from "../context.ts";
import { plainText } from "../style.ts";
import { answerCommands, answerOf, answerTypeOf, yesOrNo } from "./answers.ts";
import { LineReader } from "./line-reader.ts";
import type { Progress } from "./progress.ts";

export interface QuestionsOptions {
  readonly context: CliContext;
  readonly progress: Progress;
  /** The client of this moment: the daemon may change while a run goes on. */
  readonly client: () => Client;
  /** Behind printed commands. */
  readonly flags: () => string;
  readonly yes: boolean;
  /** Told of an answer that could not be given. */
  readonly onError: (error: unknown) => void;
}

interface Pending {
  readonly run: string;
  readonly question: OpenQuestion;
  readonly over: AbortController;
  /** It was asked, answered or told. */
  handled: boolean;
}

/** Somebody else was faster: the run tells what is true. */
const harmless = ["not-waiting", "run-ended", "cancelled"];
/** The daemon is away: a moment later it, or another one, takes the answer. */
const passing = ["daemon-unreachable", "shutting-down"];
const againMs = 500;

export class Questions {
  readonly #options: QuestionsOptions;
  readonly #interactive: boolean;
  readonly #pending = new Map<string, Pending>();
  readonly #reader: LineReader;
  #working = false;

  constructor(options: QuestionsOptions) {
    const { isTerminal, stdin } = options.context;
    this.#options = options;
    this.#interactive = isTerminal.stdin && isTerminal.stderr;
    this.#reader = new LineReader(stdin);
  }

  /** A node asks. */
  offer(run: string, question: OpenQuestion): void {
    const key = `${run}/${question.activation}`;
    if (this.#pending.has(key)) return;
    this.#pending.set(key, { run, question, over: new AbortController(), handled: false });
    void this.#work();
  }

  /** A question has its answer, or needs none any more. */
  settled(run: string, activation: number): void {
    const key = `${run}/${activation}`;
    this.#pending.get(key)?.over.abort();
    this.#pending.delete(key);
  }

  /** Stops asking. */
  close(): void {
    for (const { over } of this.#pending.values()) over.abort();
    this.#pending.clear();
    this.#reader.close();
  }

  async #work(): Promise<void> {
    if (this.#working) return;
    this.#working = true;
    try {
      for (;;) {
        const next = [...this.#pending.values()].find(({ handled }) => !handled);
        if (next === undefined) return;
        next.handled = true;
        await this.#handle(next);
      }
    } catch (error) {
      this.#options.onError(error);
    } finally {
      this.#working = false;
    }
  }

  async #handle(pending: Pending): Promise<void> {
    const { yes, progress } = this.#options;
    const { question } = pending;
    if (yes && question.mode === "approve") {
      progress.line(`  answering yes, as --yes says: ${plainText(question.prompt)}`);
      await this.#give(pending, true);
    } else if (!this.#interactive) {
      this.#tell(pending);
    } else {
      progress.hold(true);
      try {
        await this.#ask(pending);
      } finally {
        progress.hold(false);
      }
    }
  }

  #tell({ run, question }: Pending): void {
    const { progress, flags } = this.#options;
    progress.line(`  ${question.node} asks: ${plainText(question.prompt)}`);
    if (question.details !== undefined) progress.line(indented(detailsText(question)));
    progress.line("  answer it with:");
    for (const command of answerCommands(run, question, flags())) progress.line(`    ${command}`);
  }

  async #ask(pending: Pending): Promise<void> {
    const { progress, context } = this.#options;
    const { run, question, over } = pending;
    const type = question.mode === "answer" ? await this.#typeOf(pending) : undefined;
    progress.line(`? ${plainText(question.prompt)}`);
    if (question.details !== undefined) progress.line(indented(detailsText(question)));
    const wanted = question.mode === "approve" ? "yes or no" : `${type === undefined ? "a value" : showType(type)}, or !decline`;
    // A line typed too early may not answer a question that nobody has read.
    this.#reader.discard();
    for (;;) {
      context.stderr.write(`  ${wanted}: `);
      const line = await this.#reader.next(over.signal);
      if (over.signal.aborted) {
        if (this.#pending.size > 0 || line === undefined) context.stderr.write("\n");
        return;
      }
      if (line === undefined) {
        context.stderr.write("\n");
        for (const command of answerCommands(run, question, this.#options.flags())) progress.line(`    ${command}`);
        return;
      }
      if (line.trim() === "" || (question.mode === "approve" && yesOrNo(line) === undefined)) continue;
      const declined = question.mode === "answer" && line.trim() === "!decline";
      if (await this.#give(pending, declined ? undefined : answerOf(line.trim(), question.mode, type))) return;
    }
  }

  /** False: the answer does not fit, and was told so. */
  async #give({ run, question, over }: Pending, answer: JsonValue | undefined): Promise<boolean> {
    const { activation } = question;
    while (!over.signal.aborted) {
      try {
        await this.#options.client().runs.answer({ runId: run, activation, ...(answer === undefined ? {} : { answer }) });
        return true;
      } catch (error) {
        if (!HeddleError.is(error)) throw error;
        if (harmless.includes(error.code)) return true;
        if (error.code === "answer-invalid") {
          this.#options.progress.line(`  ${plainText(error.message)}`);
          return false;
        }
        if (!passing.includes(error.code)) throw error;
        await sleep(againMs, undefined, { signal: over.signal }).catch(() => undefined);
      }
    }
    return true;
  }

  async #typeOf({ run, question }: Pending): Promise<ValueType | undefined> {
    const client = this.#options.client();
    return typeOfQuestion(client, run, question.node);
  }
}

/** The type of the answer that a node of a run wants; undefined where it says none. */
export async function typeOfQuestion(client: Client, run: string, node: string): Promise<ValueType | undefined> {
  const { bundle, workflow } = await client.runs.get({ runId: run });
  const { manifest }: { readonly manifest: BundleManifest } = await client.bundles.get({ hash: bundle });
  return answerTypeOf(manifest, workflow, node);
}

function detailsText({ details }: OpenQuestion): string {
  return plainText(typeof details === "string" ? details : JSON.stringify(details, null, 2));
}

function indented(text: string): string {
  return text
    .split("\n")
    .map((line) => `    ${line}`)
    .join("\n");
}
