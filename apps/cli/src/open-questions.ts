/**
 * Which open approval or question a command line means: by its id, by its run where that asks one thing, or by the
 * beginning or the end of either. What fits several is told with all of them, and never guessed.
 */
import { HeddleError, type PageOf } from "@heddle/core";
import { UsageError } from "./command.ts";
import { readPages } from "./pages.ts";

/** What all of them have. */
interface Asked {
  readonly id: string;
  readonly runId: string;
  readonly node: string;
  readonly prompt: string;
}

/** Shorter parts of an id fit by accident. */
const partLengthMin = 4;

/** The open one that is meant. Errors: `UsageError` where several are; `approval-not-found`. */
export async function openQuestion<Row extends Asked>(
  text: string | undefined,
  what: "approvals" | "interruptions",
  list: (request: { limit: number; cursor?: string }) => Promise<PageOf<Row>>,
): Promise<Row> {
  const given = text ?? "";
  const { rows } = await readPages("all", list);
  const exact = rows.filter(({ id, runId }) => id === given || runId === given);
  const meant = exact.length > 0 ? exact : rows.filter((row) => given.length >= partLengthMin && isPart(given, row));
  const [first, ...others] = meant;
  if (first !== undefined && others.length === 0) return first;
  if (first === undefined) {
    throw new HeddleError("approval-not-found", `none of the open ${what} has the id ${JSON.stringify(given)}`, { details: { id: given } });
  }
  const each = meant.slice(0, 5).map(({ id, node }) => `${id} (${node})`);
  const more = meant.length > each.length ? ` and ${meant.length - each.length} more` : "";
  throw new UsageError(`${JSON.stringify(given)} means several: ${each.join(", ")}${more}`, "say more of the id");
}

/** `run_01jd…`, `01jd…`, `…0000`, each also with `/<activation>` behind it. */
function isPart(given: string, { id, runId }: Asked): boolean {
  const [run = "", activation] = given.split("/");
  if (activation !== undefined && id !== `${runId}/${activation}`) return false;
  return runId.startsWith(run) || runId.startsWith(`run_${run}`) || runId.endsWith(run);
}
