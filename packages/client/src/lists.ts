/** Lists that come in as many answers as they need. */
import type { CallOptions } from "./transport.ts";

/** As many rows as fitted into one answer. */
interface Part<Row> {
  readonly rows: readonly Row[];
  readonly truncated: boolean;
}

/** A method that asks on until it has what the request's limit allows. */
export function listed<Request extends { readonly after?: number; readonly limit?: number }, Row>(
  ask: (request?: Request, call?: CallOptions) => Promise<Part<Row>>,
  positionOf: (row: Row) => number,
): (request: Request, call?: CallOptions) => Promise<readonly Row[]> {
  return async (request, call) => {
    const { limit } = request;
    let part = await ask(request, call);
    const rows = [...part.rows];
    while (part.truncated && limit !== undefined && rows.length < limit) {
      const after = positionOf(rows.at(-1) as Row);
      part = await ask({ ...request, after, limit: limit - rows.length }, call);
      rows.push(...part.rows);
    }
    return rows;
  };
}
