/** Events, one line each, for `runs events` and `runs follow`. It remembers which node an activation belongs to. */
import type { EventRecord, Failure, JsonValue, Opened, RunEvent, SentMessage } from "@heddle/core";
import { shortened } from "../printer.ts";

/** The node of each activation that was seen being opened. */
type Names = Map<number, string>;

/** Tells events in their order: `seq  time  kind  what`. */
export function createEventTeller(): (record: EventRecord) => string {
  const names: Names = new Map();
  return ({ seq, atMs, event }) => {
    remember(event, names);
    const what = partsOf(event, names)
      .filter((part) => part !== "")
      .join("  ");
    return `${String(seq).padStart(5)}  ${new Date(atMs).toISOString()}  ${event.kind}${what === "" ? "" : `  ${what}`}`;
  };
}

function remember(event: RunEvent, names: Names): void {
  const opened = event.kind === "frames-opened" ? event.frames.map(({ open }) => open) : "open" in event ? [event.open] : [];
  for (const one of opened) if (one !== undefined) names.set(one.activation, one.node);
  if (event.kind === "run-retried") names.set(event.from, event.node);
}

function partsOf(event: RunEvent, names: Names): readonly string[] {
  switch (event.kind) {
    case "run-started":
      return [event.workflow, valueText(event.input), openedText(event.open)];
    case "router-passed":
      return [event.node, openedText(event.open)];
    case "activation-succeeded":
      return [
        attemptText(event, names),
        event.result === undefined ? "" : valueText(event.result),
        byText(event.by),
        openedText(event.open),
        sentText(event.sent),
      ];
    case "activation-failed":
      return [attemptText(event, names), failureText(event.failure), byText(event.by), openedText(event.open), sentText(event.sent)];
    case "call-prepared":
      return [attemptText(event, names), event.prepared.tool, event.hash];
    case "need-satisfied":
      return [activationText(event.activation, names), event.key];
    case "approval-given":
    case "call-approved":
      return [activationText(event.activation, names), event.comment ?? "", byText(event.by)];
    case "attempt-failed":
      return [attemptText(event, names), failureText(event.failure)];
    case "attempt-started":
    case "outcome-unknown":
    case "activation-cancelled":
      return [attemptText(event, names)];
    case "outcome-settled":
      return [attemptText(event, names), `as ${event.as}`, byText(event.by)];
    case "once-recorded":
      return [activationText(event.activation, names), event.name, valueText(event.value)];
    case "handler-called":
      return [attemptText(event, names), event.tool, event.outcome, event.failure === undefined ? "" : failureText(event.failure)];
    case "frames-opened":
      return [
        activationText(event.region, names),
        ...event.frames.map(({ slot, index, open }) => `${slot}[${index}] ${openedText(open)}`.trim()),
      ];
    case "frame-failed":
      return [`frame ${event.frame}`, failureText(event.failure)];
    case "unwinding-started":
      return [event.cause, event.region === undefined ? "the whole run" : activationText(event.region, names)];
    case "frame-closed":
      return [`frame ${event.frame}`];
    case "messages-sent":
      return [sentText(event.sent), byText(event.by)];
    case "node-fired":
      return [openedText(event.open), event.takes === 1 ? "" : `${event.takes} messages`];
    case "node-passed":
      return [event.node, sentText(event.sent)];
    case "messages-gathered":
      return [activationText(event.activation, names)];
    case "gathering-ended":
      return [activationText(event.activation, names), event.why];
    case "node-restarted":
      return [event.node, `${event.window} ${event.count}`, `at ${new Date(event.restartAtMs).toISOString()}`];
    case "pressure-changed":
      return [event.node, event.level, `${event.depth} messages`];
    case "messages-dead-lettered":
      return [event.node, `${event.code}: ${event.reason}`, event.letters.map(({ letter }) => `letter ${letter}`).join(" ")];
    case "letters-replayed":
      return [event.letters.map((letter) => `letter ${letter}`).join(" "), sentText(event.sent), byText(event.by)];
    case "run-completing":
      return [event.node, valueText(event.output)];
    case "run-failing":
      return [failureText(event.failure)];
    case "activations-aborting":
      return [event.cause, [...event.activations, ...event.closed].map((activation) => activationText(activation, names)).join(" ")];
    case "signal-received":
      return [event.name, valueText(event.value), byText(event.by)];
    case "waits-hastened":
      return [event.activations.map((activation) => activationText(activation, names)).join(" "), byText(event.by)];
    case "run-paused":
    case "run-cancelling":
      return [event.reason ?? "", byText(event.by)];
    case "run-resumed":
      return [byText(event.by)];
    case "run-limited":
    case "run-failed":
      return [failureText(event.failure)];
    case "run-succeeded":
      return [valueText(event.output)];
    case "run-cancelled":
      return [event.reason ?? ""];
    case "run-retried":
      return [activationText(event.from, names), byText(event.by)];
  }
}

function activationText(activation: number, names: Names): string {
  const node = names.get(activation);
  return node === undefined ? `activation ${activation}` : `${node}#${activation}`;
}

function attemptText({ activation, attempt }: { readonly activation: number; readonly attempt?: number }, names: Names): string {
  const text = activationText(activation, names);
  return attempt === undefined ? text : `${text} attempt ${attempt}`;
}

function openedText(opened: Opened | undefined): string {
  return opened === undefined ? "" : `-> ${opened.node}#${opened.activation}`;
}

function failureText({ code, message }: Failure): string {
  return `${shortened(message, 160)} (${code})`;
}

function byText(by: string | undefined): string {
  return by === undefined ? "" : `by ${by}`;
}

function valueText(value: JsonValue): string {
  return shortened(JSON.stringify(value), 120);
}

/** Messages of a graph: what type goes where; one that goes nowhere as the dead letter that it is. */
function sentText(sent: readonly SentMessage[] | undefined): string {
  return (sent ?? [])
    .map(({ type, to, letter }) => {
      if (letter !== undefined) return `${type} is dead letter ${letter}`;
      return to.length === 0 ? `gives ${type}` : `${type} to ${to.map(({ node }) => node).join(", ")}`;
    })
    .join("; ");
}
