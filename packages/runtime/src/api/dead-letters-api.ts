/** The deadLetters group of RuntimeApi: messages of a run that could not be delivered, and sending them again. */
import { type DeadLettersApi, HeddleError, type RunId, type TenantId } from "@heddle/core";
import { type DeadLetter, deadLettersOf } from "../machine/index.ts";
import type { Engine } from "../shell/engine.ts";
import { allEvents } from "../shell/journal-reader.ts";
import { driverOfRun, rowOfRun } from "./open-run.ts";

export function createDeadLettersApi(engine: Engine): DeadLettersApi {
  const lettersOf = async (stream: string, tenant: TenantId): Promise<readonly DeadLetter[]> =>
    deadLettersOf(await allEvents(engine.store, stream, tenant));
  return {
    async list({ runId }, { principal: { tenant } }) {
      const { stream } = await rowOfRun(engine, runId, tenant);
      return (await lettersOf(stream, tenant)).map(({ view }) => ({ run: runId, ...view }));
    },
    async replay({ runId, letters }, { principal: { tenant, subject } }) {
      const driver = await driverOfRun(engine, runId, tenant);
      const known = new Map((await lettersOf(driver.stream, tenant)).map((letter) => [letter.view.letter, letter]));
      const left = [...known.values()].filter(({ view }) => view.replayedAtMs === undefined).map(({ view }) => view.letter);
      const wanted = letters === undefined ? left : [...new Set(letters)];
      if (wanted.length === 0) throw noneLeft(runId);
      const found = wanted.map((number) => {
        const letter = known.get(number);
        if (letter !== undefined && letter.view.replayedAtMs === undefined) return letter;
        const why = letter === undefined ? "does not exist" : "was replayed already";
        throw new HeddleError("dead-letter-not-found", `dead letter ${number} of run ${runId} ${why}`, {
          details: { runId, letter: number },
        });
      });
      await driver.submit({
        kind: "replay-letters",
        letters: found.map(({ view, message, node }) => ({ letter: view.letter, message, ...(node === undefined ? {} : { node }) })),
        by: subject,
      });
      return { replayed: wanted.length };
    },
  };
}

function noneLeft(runId: RunId): HeddleError {
  return new HeddleError("dead-letter-not-found", `run ${runId} has no dead letter that was not replayed yet`, { details: { runId } });
}
