/** Lists, page by page. */
import type { PageOf } from "@heddle/core";
import { type Options, UsageError } from "./command.ts";

/** `all`, or how many rows are wanted. */
export type PageLimit = "all" | number | undefined;

const rowsOfPageMax = 1_000;
const rowsDefault = 50;

/** What `--limit` and `--all` say. Errors: `UsageError`. */
export function pageLimit(options: Options): PageLimit {
  const limit = options.count("limit", 1, 1_000_000);
  if (limit !== undefined && options.flag("all")) throw new UsageError("--limit and --all exclude each other");
  return options.flag("all") ? "all" : limit;
}

/** Reads as many pages as it takes. The answer has a cursor where more is left. */
export async function readPages<Row>(
  limit: PageLimit,
  read: (request: { limit: number; cursor?: string }) => Promise<PageOf<Row>>,
): Promise<PageOf<Row>> {
  const rows: Row[] = [];
  const wanted = limit === "all" ? Number.POSITIVE_INFINITY : (limit ?? rowsDefault);
  let cursor: string | undefined;
  do {
    const page = await read({ limit: Math.min(rowsOfPageMax, wanted - rows.length), ...(cursor === undefined ? {} : { cursor }) });
    rows.push(...page.rows);
    cursor = page.cursor;
  } while (cursor !== undefined && rows.length < wanted);
  return { rows, ...(cursor === undefined ? {} : { cursor }) };
}
