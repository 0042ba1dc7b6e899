import { copyFileSync, existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describeStore } from "@heddle/testkit/contracts";
import { openSqliteStore } from "./open-sqlite-store.ts";

describeStore("sqlite", async () => {
  const folder = await mkdtemp(join(tmpdir(), "store-sqlite-"));
  const path = join(folder, "store.db");
  let crashes = 0;
  return {
    open: () => openSqliteStore({ path }),
    openAfterCrash() {
      const copy = join(folder, `crash-${++crashes}.db`);
      copyFileSync(path, copy);
      if (existsSync(`${path}-wal`)) copyFileSync(`${path}-wal`, `${copy}-wal`);
      return openSqliteStore({ path: copy });
    },
    destroy: () => rm(folder, { recursive: true }),
  };
});
