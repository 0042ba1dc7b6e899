/** The dead letters of a run, read from its events. Pure. */
import type { DeadLetterView, EventRecord, SentMessage } from "@heddle/core";

/** A dead letter with the message that it is. */
export interface DeadLetter {
  readonly view: Omit<DeadLetterView, "run">;
  readonly message: SentMessage;
  /** The node that it was for; undefined where no edge took it. */
  readonly node: string | undefined;
}

interface Burial {
  readonly letter: number;
  readonly message: number;
  readonly node: string | undefined;
  readonly code: string;
  readonly reason: string;
  readonly atMs: number;
}

/** Oldest first. */
export function deadLettersOf(records: readonly EventRecord[]): readonly DeadLetter[] {
  const burials = new Map<number, Burial>();
  const replayed = new Map<number, number>();
  for (const { event, atMs } of records) {
    for (const sent of sentBy(event)) {
      if (sent.letter === undefined) continue;
      const reason = `no edge of ${sent.from ?? "the run"} takes this message of type ${sent.type}`;
      burials.set(sent.letter, { letter: sent.letter, message: sent.message, node: undefined, code: "unroutable", reason, atMs });
    }
    if (event.kind === "activation-failed")
      for (const letter of event.letters ?? [])
        burials.set(letter.letter, { ...letter, code: event.failure.code, reason: event.failure.message, atMs });
    else if (event.kind === "messages-dead-lettered")
      for (const letter of event.letters) burials.set(letter.letter, { ...letter, code: event.code, reason: event.reason, atMs });
    else if (event.kind === "letters-replayed") for (const letter of event.letters) replayed.set(letter, atMs);
  }
  const wanted = new Set([...burials.values()].map(({ message }) => message));
  const messages = new Map<number, SentMessage>();
  for (const { event } of records) for (const sent of sentBy(event)) if (wanted.has(sent.message)) messages.set(sent.message, sent);
  return [...burials.values()]
    .sort((a, b) => a.letter - b.letter)
    .flatMap((burial) => {
      const message = messages.get(burial.message);
      return message === undefined ? [] : [letterOf(burial, message, replayed.get(burial.letter))];
    });
}

function letterOf(burial: Burial, message: SentMessage, replayedAtMs: number | undefined): DeadLetter {
  return {
    message,
    node: burial.node,
    view: {
      letter: burial.letter,
      ...(message.from === undefined ? {} : { from: message.from }),
      ...(burial.node === undefined ? {} : { to: burial.node }),
      messageType: message.type,
      code: burial.code,
      reason: burial.reason,
      body: message.body,
      atMs: burial.atMs,
      ...(replayedAtMs === undefined ? {} : { replayedAtMs }),
    },
  };
}

function sentBy(event: EventRecord["event"]): readonly SentMessage[] {
  return "sent" in event ? (event.sent ?? []) : [];
}
