/** Blobs by content hash: kept once for all tenants, read through a reference of the reader's own. */
import type { Blobs } from "@heddle/ports";
import type { SqliteConnection } from "./driver.ts";
import type { Lifetime } from "./lifetime.ts";
import type { Writer } from "./writer.ts";

export function createBlobs(connection: SqliteConnection, lifetime: Lifetime, writer: Writer): Blobs {
  const select = connection.prepare(
    `SELECT bytes FROM blobs WHERE hash = ?
     AND EXISTS (SELECT 1 FROM blob_refs JOIN streams ON streams.no = stream WHERE blob = blobs.no AND tenant = ?)`,
  );
  const orphans = "FROM blobs WHERE NOT EXISTS (SELECT 1 FROM blob_refs WHERE blob = no)";
  const count = connection.prepare(`SELECT count(*) AS count ${orphans}`);
  const remove = connection.prepare(`DELETE ${orphans}`);
  return {
    get: (hash, tenant) =>
      lifetime.read(() => {
        const bytes = select.get(hash, tenant)?.["bytes"];
        return bytes instanceof Uint8Array ? bytes : undefined;
      }),
    collect: () =>
      writer.act(() => {
        const found = Number(count.get()?.["count"]);
        if (found > 0) remove.run();
        return found;
      }),
  };
}
