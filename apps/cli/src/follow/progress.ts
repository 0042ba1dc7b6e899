/**
 * How a run is shown while it goes on, on standard error. Off a terminal a line for each change; on one,
 * a line for each activation that ended and below them a single line, rewritten in place, with what is open.
 */
import { formatDuration, formatInstant } from "@heddle/core";
import type { CliContext } from "../context.ts";
import { shortened } from "../printer.ts";
import { type Colour, createPaint, type Paint, plainText } from "../style.ts";
import type { Change, OpenActivation, Outcome } from "./activity.ts";

const colours: Readonly<Record<Outcome, Colour>> = {
  succeeded: "green",
  failed: "red",
  timeout: "red",
  rejected: "yellow",
  "taken-back": "dim",
};

const outcomeWords: Readonly<Record<Outcome, string>> = {
  succeeded: "done",
  failed: "failed",
  timeout: "timed out",
  rejected: "rejected",
  "taken-back": "cancelled",
};

export class Progress {
  readonly #context: CliContext;
  readonly #paint: Paint;
  readonly #live: boolean;
  #below = "";
  #held = false;

  constructor(context: CliContext) {
    this.#context = context;
    this.#paint = createPaint(context.isTerminal.stderr, context.env);
    this.#live = context.isTerminal.stderr && context.env["TERM"] !== "dumb";
  }

  /** A line that stays. */
  line(text: string): void {
    const below = this.#live && this.#below !== "";
    this.#context.stderr.write(below ? `\r\u001b[K${text}\n${this.#held ? "" : this.#below}` : `${text}\n`);
  }

  /** Shows a change. `within` names the child run that it belongs to. */
  change(change: Change, within: string): void {
    const text = this.#textOf(change, within);
    if (text !== undefined) this.line(text);
  }

  /** What is open now, for the line that is rewritten. */
  open(open: readonly OpenActivation[]): void {
    if (!this.#live) return;
    const counts = new Map<string, number>();
    for (const { node, does } of open) {
      if (does?.kind === "region") continue;
      const what = does === undefined || does.kind === "execute" ? node : `${node} ${waitingWords(does)}`;
      counts.set(what, (counts.get(what) ?? 0) + 1);
    }
    const text = [...counts].map(([what, count]) => (count === 1 ? what : `${what} (${count})`)).join(", ");
    this.#redraw(text === "" ? "" : this.#paint("cyan", `  … ${shortened(text, Math.max(10, this.#context.columns() - 5))}`));
  }

  /** While a question is on the screen, nothing is rewritten. */
  hold(held: boolean): void {
    if (held) this.#redraw("");
    this.#held = held;
  }

  /** Takes the rewritten line away. */
  end(): void {
    this.#held = false;
    this.#redraw("");
  }

  #redraw(text: string): void {
    if (!this.#live || this.#held || text === this.#below) return;
    this.#below = text;
    this.#context.stderr.write(`\r\u001b[K${text}`);
  }

  #textOf(change: Change, within: string): string | undefined {
    const nameOf = (of: OpenActivation) => `  ${within}${of.node}#${of.activation}`;
    switch (change.kind) {
      case "opened": {
        if (this.#live || change.of.does?.kind === "region") return undefined;
        const { does } = change.of;
        return `${nameOf(change.of)} ${does === undefined || does.kind === "execute" ? "started" : waitingWords(does)}`;
      }
      case "ended": {
        const { of, outcome, tookMs, failure, by } = change;
        const why = failure === undefined ? "" : `: ${shortened(failure.message, 300)} (${plainText(failure.code)})`;
        const who = by === undefined || of.does?.kind !== "ask" ? "" : ` by ${plainText(by)}`;
        return `${nameOf(of)} ${this.#paint(colours[outcome], outcomeWords[outcome])} in ${formatDuration(tookMs)}${who}${why}`;
      }
      case "retrying": {
        const { of, attempt, failure, inMs } = change;
        const why = `${shortened(failure.message, 300)} (${plainText(failure.code)})`;
        return `${nameOf(of)} ${this.#paint("yellow", `attempt ${attempt} failed`)}, again in ${formatDuration(inMs)}: ${why}`;
      }
      case "turned":
        return this.#live || change.of.does?.kind !== "ask" ? undefined : `${nameOf(change.of)} asks`;
      case "approved":
        return `${nameOf(change.of)} ${this.#paint("green", "approved")}${change.by === undefined ? "" : ` by ${plainText(change.by)}`}`;
      case "parked":
        return `${nameOf(change.of)} ${this.#paint("yellow", "is parked")}: nobody knows how attempt ${change.attempt} ended`;
      case "told":
        return `  ${this.#paint("yellow", `the run ${plainText(change.text)}`)}`;
    }
  }
}

function waitingWords(does: NonNullable<OpenActivation["does"]>): string {
  switch (does.kind) {
    case "ask":
      return "asks";
    case "sleep":
      return `waits until ${formatInstant(does.untilMs)}`;
    case "signal":
      return `waits for the signal ${does.name}`;
    case "child":
      return `runs ${does.workflow}`;
    default:
      return "started";
  }
}
