/** The dead letters service. */
import { type DeadLetterView, ListDeadLettersRequest, ReplayDeadLettersRequest } from "@heddle/core";
import { DeadLetters, Replayed } from "./answers.ts";
import { type DeadLetter, DeadLettersServiceService } from "./gen/heddle/deadletters/v1/deadletters.js";
import { present, wireMethod } from "./method.ts";
import { answerJson, int, intOrAbsent, num, numOrAbsent } from "./scalars.ts";

/** Every method of `DeadLettersApi`, by its name there. */
export const deadLettersWire = {
  list: wireMethod(DeadLettersServiceService.listDeadLetters, {
    request: ListDeadLettersRequest,
    response: DeadLetters,
    toRequest: ({ runId }) => ({ runId }),
    fromRequest: ({ runId }) => ({ runId }),
    toResponse: ({ letters }) => letters.map(toLetter),
    fromResponse: (views) => ({ letters: views.map(fromLetter) }),
  }),
  replay: wireMethod(DeadLettersServiceService.replayDeadLetters, {
    request: ReplayDeadLettersRequest,
    response: Replayed,
    // A list without members is one that was left out: the schema knows no empty one.
    toRequest: ({ runId, letters }) => present({ runId, letters: letters.length === 0 ? undefined : letters.map(num) }),
    fromRequest: ({ runId, letters = [] }) => ({ runId, letters: letters.map(int) }),
    toResponse: ({ replayed }) => ({ replayed: num(replayed) }),
    fromResponse: ({ replayed }) => ({ replayed: int(replayed) }),
  }),
};

function toLetter(message: DeadLetter): unknown {
  const { run, letter, from, to, messageType, code, reason, bodyJson, atMs, replayedAtMs } = message;
  const between = { from, to, messageType };
  const times = { atMs: num(atMs), replayedAtMs: numOrAbsent(replayedAtMs) };
  return present({ run, letter: num(letter), ...between, code, reason, body: answerJson(bodyJson), ...times });
}

function fromLetter(view: DeadLetterView): DeadLetter {
  const { run, letter, from, to, messageType, code, reason, body, atMs, replayedAtMs } = view;
  const times = { atMs: int(atMs), replayedAtMs: intOrAbsent(replayedAtMs) };
  return { run, letter: int(letter), from, to, messageType, code, reason, bodyJson: JSON.stringify(body), ...times };
}
